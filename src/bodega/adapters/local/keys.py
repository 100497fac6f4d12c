"""Seal and sign under a master key that stays in one file of the data directory."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bodega.adapters.system.files import DurableFolders, sync_file, sync_folder
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.keys import DataKey, UnsealError

_KEY_FILE = re.compile(r"bodega-key-1:([0-9a-f]{64})\n")
_KEY_BYTES = 32
_FORMAT = b"\x01"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_WRAPPED = "data-key-of"
_HEAD_BYTES = len(_FORMAT) + _SALT_BYTES + _NONCE_BYTES


class KeyFileError(UnavailableError):
    """The key file cannot be used; the message says why and what to do. It is never replaced by a new one."""

    code = "key_file"


class LocalKeys:
    """AES-256-GCM and HMAC-SHA256 under keys derived from the master by HKDF; the file is made when missing.

    Every seal has a key of its own, derived with a random salt, so that no number of seals wears the master out.
    """

    def __init__(self, path: Path) -> None:
        try:
            master = _read(path) if path.exists() else _make(path)
        except OSError as exc:
            raise KeyFileError(
                f"cannot use the key file {path} ({exc.strerror}); it needs a writable folder on a local disk"
            ) from exc
        self._sealing_key = _derive(master, "seal")
        self._signing_key = lru_cache(256)(lambda purpose: _derive(master, f"sign:{purpose}"))

    def seal(self, plaintext: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Encrypt for a context: 45 bytes longer than the plaintext."""
        key = self._sealing_key if data_key is None else self._unwrapped(data_key)
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + salt + nonce + _cipher(key, salt).encrypt(nonce, plaintext, _canonical(context))

    def unseal(self, sealed: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Decrypt; UnsealError on any difference, without telling which."""
        key = self._sealing_key if data_key is None else self._unwrapped(data_key)
        head, encrypted = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        salt, nonce = head[1 : 1 + _SALT_BYTES], head[1 + _SALT_BYTES :]
        if not head.startswith(_FORMAT) or len(nonce) != _NONCE_BYTES:
            raise UnsealError("these bytes were not sealed here")
        try:
            return _cipher(key, salt).decrypt(nonce, encrypted, _canonical(context))
        except (InvalidTag, InvalidError):
            raise UnsealError("these bytes were changed, or sealed for another context or with another key") from None

    def make_data_key(self, owner: str) -> DataKey:
        """Return a new data key; it is wrapped by being sealed under the master."""
        return DataKey(owner, self.seal(secrets.token_bytes(_KEY_BYTES), {_WRAPPED: owner}))

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a 32-byte HMAC-SHA256 under the purpose's own key."""
        return hmac.digest(self._signing_key(purpose), message, "sha256")

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Tell in constant time whether the signature is of this purpose and message."""
        return hmac.compare_digest(self.sign(purpose, message), signature)

    def _unwrapped(self, data_key: DataKey) -> bytes:
        return self.unseal(data_key.wrapped, {_WRAPPED: data_key.owner})


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, salt, hashlib.sha256))


def _canonical(context: Mapping[str, str]) -> bytes:
    try:
        return msgspec.json.encode(sorted(context.items()))
    except UnicodeEncodeError:
        raise InvalidError("a context must not contain broken Unicode") from None


def _derive(master: bytes, purpose: str) -> bytes:
    info = b"bodega:" + purpose.encode()
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(master)


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise KeyFileError(f"the key file {path} is open to other users; close it with: chmod 600 {path}")
    text = path.read_bytes()[:1000].decode("ascii", "replace")
    found = _KEY_FILE.fullmatch(text)
    if found is None:
        raise KeyFileError(f"{path} is not a key file of this shop; restore it from a backup or name another place")
    return bytes.fromhex(found.group(1))


def _make(path: Path) -> bytes:
    """Write a new key under a passing name and link it to its own: of several starting processes one succeeds."""
    DurableFolders(path.parent)
    passing = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(f"bodega-key-1:{secrets.token_hex(_KEY_BYTES)}\n".encode())
            sync_file(handle)
        with suppress(FileExistsError):  # another process was first, and its key is the shop's
            path.hardlink_to(passing)
    finally:
        passing.unlink(missing_ok=True)
    sync_folder(path.parent)
    return _read(path)
