"""Make and read the tokens by which somebody who forgot their password sets another: signed, short-lived, used once."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import msgspec

from bodega.errors import Fault, InvalidError
from bodega.ports.clock import Clock
from bodega.ports.keys import Keys

VALID = timedelta(hours=1)
_SIGNATURE_BYTES = 32
_MAX_LENGTH = 400


class BadResetTokenError(InvalidError):
    """The token was not made here, was used, is too old, or another password was set since it was made."""

    code = "bad_reset_token"

    def __init__(self) -> None:
        detail = "this link is not valid, or no longer; ask for a new one"
        super().__init__(detail, [Fault("/token", self.code, detail)])


class Reset(msgspec.Struct, frozen=True, array_like=True):
    """Whose password may be set, in place of which, until when in epoch seconds."""

    owner: str
    version: int
    until: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reset).decode


class Resets:
    """Tokens of a realm. Nothing is stored: one that was used names a password that is not the current one any more."""

    def __init__(self, *, realm: str, keys: Keys, clock: Clock) -> None:
        self._purpose = f"reset.{realm}"
        self._keys = keys
        self._clock = clock

    def issue(self, owner: str, version: int) -> str:
        """Return a token for replacing this version of an owner's password."""
        body = _encode(Reset(owner, version, int((self._clock.now() + VALID).timestamp())))
        return urlsafe_b64encode(self._keys.sign(self._purpose, body) + body).rstrip(b"=").decode()

    def read(self, token: str) -> Reset:
        """Return what a token allows; BadResetTokenError unless it was made here and its time is not over."""
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise BadResetTokenError
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise BadResetTokenError from None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not self._keys.verify(self._purpose, body, signature):
            raise BadResetTokenError
        reset = _decode(body)
        if self._clock.now().timestamp() >= reset.until:
            raise BadResetTokenError
        return reset
