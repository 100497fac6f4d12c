"""Sign the places at which a list goes on, so that a shopper's address bar cannot make the index read nonsense."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from bodega.ports.keys import Keys

MAX_CURSOR_LENGTH = 4000
_PURPOSE = "web.cursor"
_SIGNATURE_BYTES = 32
_MAX_EARLIER = 8


class Trail(msgspec.Struct, frozen=True, array_like=True):
    """A page of a list: its number, the position it starts after ("" is the start), and where earlier pages started.

    The search index reads forwards only, so the way back is carried along, up to eight pages of it.
    """

    number: int = 1
    after: str = ""
    earlier: list[str] = []

    def onward(self, after: str) -> "Trail":
        """Return the page that starts after a position."""
        return Trail(self.number + 1, after, [*self.earlier, self.after][-_MAX_EARLIER:])

    def back(self) -> "Trail | None":
        """Return the page before this one, the first if the way back is forgotten, None on the first."""
        if not self.after:
            return None
        if not self.earlier or not self.earlier[-1]:
            return FIRST
        return Trail(self.number - 1, self.earlier[-1], self.earlier[:-1])


FIRST = Trail()
_decode = msgspec.json.Decoder(Trail).decode


def sign_cursor(keys: Keys, scope: str, trail: Trail) -> str:
    """Return the trail as text that only this list, named by its scope, accepts."""
    body = msgspec.json.encode(trail)
    return urlsafe_b64encode(keys.sign(_PURPOSE, _message(scope, body)) + body).rstrip(b"=").decode()


def read_cursor(keys: Keys, scope: str, text: str) -> Trail:
    """Return the trail; the first page for anything forged, damaged, or signed for another list or filter.

    A page is better than an error here: an old link then still shows the list, from its start.
    """
    if not text or len(text) > MAX_CURSOR_LENGTH or not text.isascii():
        return FIRST
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return FIRST
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not keys.verify(_PURPOSE, _message(scope, body), signature):
        return FIRST
    try:
        return _decode(body)
    except msgspec.MsgspecError:  # signed by another version of this file
        return FIRST


def _message(scope: str, body: bytes) -> bytes:
    return scope.encode() + b"\x00" + body
