"""Hand out opaque texts that only this shop can have made: cursors and upload addresses."""

import base64
import binascii
import hashlib

import msgspec

from bodega.api.errors import HttpError
from bodega.errors import Fault
from bodega.ports.keys import Keys
from bodega.values.page import Position

MAX_LENGTH = 4096
_SIGNATURE_BYTES = 32


def sign(keys: Keys, purpose: str, payload: bytes) -> str:
    """Return the payload with its signature, safe in URLs. It is not secret, only unforgeable."""
    return base64.urlsafe_b64encode(keys.sign(purpose, payload) + payload).rstrip(b"=").decode()


def unsign(keys: Keys, purpose: str, token: str) -> bytes | None:
    """Return the payload of what `sign` made for this purpose, None for anything else."""
    if len(token) > MAX_LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    return payload if keys.verify(purpose, payload, signature) else None


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    of: bytes
    position: Position


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Cursor).decode


class Cursors:
    """Cursors of lists. One belongs to the question it was given for, and to no other."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def write(self, position: Position | None, question: bytes) -> str | None:
        """Return a cursor for a position in the list that answers the question: its name, sort and filters."""
        if position is None:
            return None
        return sign(self._keys, "cursor", _encode(_Cursor(_digest(question), position)))

    def read(self, cursor: str | None, question: bytes) -> Position | None:
        """Return the position; 400 for a cursor that is forged or of another question."""
        if cursor is None:
            return None
        payload = unsign(self._keys, "cursor", cursor)
        if payload is not None:
            found = _decode(payload)
            if found.of == _digest(question):
                return found.position
        raise bad_cursor()


def bad_cursor() -> HttpError:
    """Return the refusal of a cursor that means nothing here."""
    detail = "this cursor does not belong to this list, its sort and its filters: start without one"
    return HttpError(400, "bad_cursor", detail, faults=[Fault("/cursor", "bad_cursor", detail)])


def _digest(question: bytes) -> bytes:
    return hashlib.blake2b(question, digest_size=8).digest()
