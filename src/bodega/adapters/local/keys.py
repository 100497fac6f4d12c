"""Seal and sign under a master key that stays in one file of the data directory."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from bodega.adapters.rules.sealing import KEY_BYTES, Sealing
from bodega.adapters.system.files import DurableFolders, sync_file, sync_folder
from bodega.errors import UnavailableError
from bodega.ports.keys import DataKey

_KEY_FILE = re.compile(r"bodega-key-1:([0-9a-f]{64})\n")
_WRAPPED = "data-key-of"


class KeyFileError(UnavailableError):
    """The key file cannot be used; the message says why and what to do. It is never replaced by a new one."""

    code = "key_file"


class LocalKeys(Sealing):
    """Keys under a master that stays in one file of the data directory; the file is made when missing."""

    def __init__(self, path: Path) -> None:
        try:
            master = _read(path) if path.exists() else _make(path)
        except OSError as exc:
            raise KeyFileError(
                f"cannot use the key file {path} ({exc.strerror}); it needs a writable folder on a local disk"
            ) from exc
        super().__init__(master, unwrap=lambda data_key: self.unseal(data_key.wrapped, {_WRAPPED: data_key.owner}))

    def make_data_key(self, owner: str) -> DataKey:
        """Return a new data key; it is wrapped by being sealed under the master."""
        return DataKey(owner, self.seal(secrets.token_bytes(KEY_BYTES), {_WRAPPED: owner}))


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
            handle.write(f"bodega-key-1:{secrets.token_hex(KEY_BYTES)}\n".encode())
            sync_file(handle)
        with suppress(FileExistsError):  # another process was first, and its key is the shop's
            path.hardlink_to(passing)
    finally:
        passing.unlink(missing_ok=True)
    sync_folder(path.parent)
    return _read(path)
