"""Let a list's request id be its own receipt: signed, with all that is needed to account for what shoppers do with it.

So nothing is written down when a list is served, and what clients report cannot be about lists that never were.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from bodega.domain.recommendations.model import Strip
from bodega.errors import Fault, InvalidError
from bodega.ports.keys import Signing

PREFIX = "rec_"
MAX_LENGTH = 2_000
LIFETIME_SECONDS = 30 * 24 * 3600
"""What is reported of a list older than this does not count."""
_PURPOSE = "recommendations.receipt"
_SIGNATURE_BYTES = 16
_MARK_BYTES = 4


class Place(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What stands at a place of a list: a digest of the product, and how it got there.

    `team` 0 is nobody's. `pool` is the number of items that might as likely have been drawn here, 0 where nothing was;
    then `usual` tells whether it is what would have stood here anyway, and `rival` whether the other version of a duel
    would have drawn it from this pool.
    """

    mark: bytes
    team: int = 0
    pool: int = 0
    usual: bool = False
    rival: bool = False


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """A list that was served: where and when (epoch seconds), from which version, and in which duel if any."""

    nonce: str
    strip: Strip
    served_at: int
    version: str
    duel: str
    places: tuple[Place, ...]

    def place_of(self, product_id: str) -> Place | None:
        """Return where a product stands, None if it is not in the list."""
        mark = mark_of(product_id, self.nonce)
        return next((place for place in self.places if place.mark == mark), None)


class Receipts:
    """Writes and reads request ids."""

    def __init__(self, keys: Signing) -> None:
        self._keys = keys

    def write(self, receipt: Receipt) -> str:
        """Return the request id of a list."""
        body = _encode(receipt)
        signature = self._keys.sign(_PURPOSE, body)[:_SIGNATURE_BYTES]
        return PREFIX + urlsafe_b64encode(signature + body).rstrip(b"=").decode()

    def read(self, request_id: str) -> Receipt:
        """Return the receipt; InvalidError for an id that is not ours."""
        receipt = self.find(request_id)
        if receipt is None:
            detail = "this is no request id of a list of recommendations"
            raise InvalidError(detail, [Fault("/request_id", "unknown_request_id", detail)])
        return receipt

    def find(self, request_id: str) -> Receipt | None:
        """Return the receipt, or None for an id that is not ours."""
        text = request_id.removeprefix(PREFIX)
        if not (request_id.startswith(PREFIX) and text.isascii() and len(text) <= MAX_LENGTH):
            return None
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._keys.sign(_PURPOSE, body)[:_SIGNATURE_BYTES]):
            return None
        try:
            return _DECODE(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # signed by another version of this file
            return None


def mark_of(product_id: str, nonce: str) -> bytes:
    """Return the digest by which a list remembers a product: four bytes, different in every list."""
    data = product_id.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_MARK_BYTES, key=nonce.encode()[:64]).digest()


def places_of(
    product_ids: Sequence[str], nonce: str, teams: Sequence[int], pools: Sequence[tuple[int, bool, bool]]
) -> tuple[Place, ...]:
    """Return the places of a list from parallel sequences; `pools` are (pool, usual, rival)."""
    return tuple(
        Place(mark_of(product_id, nonce), team, *pool)
        for product_id, team, pool in zip(product_ids, teams, pools, strict=True)
    )


_encode = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Receipt).decode
