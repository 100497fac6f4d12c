"""Seal and sign under keys derived from a master: the same on one machine and on AWS, which differ in who holds it."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bodega.errors import InvalidError
from bodega.ports.keys import DataKey, UnsealError

KEY_BYTES = 32
_FORMAT = b"\x01"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + _SALT_BYTES + _NONCE_BYTES


class Signatures:
    """HMAC-SHA256 under a key for each purpose, derived from the master by HKDF."""

    def __init__(self, master: bytes) -> None:
        self._signing_key = lru_cache(256)(lambda purpose: _derive(master, f"sign:{purpose}"))

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a 32-byte HMAC-SHA256 under the purpose's own key."""
        return hmac.digest(self._signing_key(purpose), message, "sha256")

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Tell in constant time whether the signature is of this purpose and message."""
        return hmac.compare_digest(self.sign(purpose, message), signature)


class Sealing(Signatures):
    """AES-256-GCM as well, under keys derived likewise.

    Every seal has a key of its own, derived with a random salt, so that no number of seals wears the master out.
    """

    def __init__(self, master: bytes, *, unwrap: Callable[[DataKey], bytes]) -> None:
        """Take what opens a data key: UnsealError for one that was not made here for its owner."""
        super().__init__(master)
        self._sealing_key = _derive(master, "seal")
        self._unwrap = unwrap

    def seal(self, plaintext: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Encrypt for a context: 45 bytes longer than the plaintext."""
        key = self._sealing_key if data_key is None else self._unwrap(data_key)
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + salt + nonce + _cipher(key, salt).encrypt(nonce, plaintext, _canonical(context))

    def unseal(self, sealed: bytes, context: Mapping[str, str], *, data_key: DataKey | None = None) -> bytes:
        """Decrypt; UnsealError on any difference, without telling which."""
        key = self._sealing_key if data_key is None else self._unwrap(data_key)
        head, encrypted = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        salt, nonce = head[1 : 1 + _SALT_BYTES], head[1 + _SALT_BYTES :]
        if not head.startswith(_FORMAT) or len(nonce) != _NONCE_BYTES:
            raise UnsealError("these bytes were not sealed here")
        try:
            return _cipher(key, salt).decrypt(nonce, encrypted, _canonical(context))
        except (InvalidTag, InvalidError):
            raise UnsealError("these bytes were changed, or sealed for another context or with another key") from None


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, salt, hashlib.sha256))


def _canonical(context: Mapping[str, str]) -> bytes:
    try:
        return msgspec.json.encode(sorted(context.items()))
    except UnicodeEncodeError:
        raise InvalidError("a context must not contain broken Unicode") from None


def _derive(master: bytes, purpose: str) -> bytes:
    info = b"bodega:" + purpose.encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)
