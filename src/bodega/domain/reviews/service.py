"""Keep reviews and count what they add up to."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import msgspec

from bodega import schema
from bodega.domain.reviews.model import Review
from bodega.ports.table import MAX_BATCH_GET, Item, Key, Put, TableStore, scan_all
from bodega.values.page import Page, Position
from bodega.values.times import format_time

_REVIEW = msgspec.json.Decoder(Review)
_encode = msgspec.json.Encoder().encode
_SEPARATOR = "\x1f"


class Recorded(NamedTuple):
    """What became of reviews that were to be recorded."""

    created: int
    changed: int
    unchanged: int


class Reviews:
    """Reviews by product and by customer."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def record_many(self, reviews: Sequence[Review]) -> Recorded:
        """Store reviews, replacing those of the same product and reviewer.

        Say how many were new, changed, unchanged.
        """
        known = self._find_many([_key(review) for review in reviews])
        changed = []
        created = 0
        for review in reviews:
            old = known.get(_key(review))
            if old != review:
                created += old is None
                changed.append(review)
                known[_key(review)] = review
        self._table.load(([Put(schema.REVIEWS, _item(review))], []) for review in changed)
        return Recorded(created, len(changed) - created, len(reviews) - len(changed))

    def list_published(self, product_id: str, *, position: Position | None = None, limit: int = 24) -> Page[Review]:
        """Return a product's published reviews, newest first."""
        after = _after(position.after) if position is not None else None
        page = self._table.query(
            schema.REVIEWS, product_id, index="by_product_time", descending=True, limit=limit, after=after
        )
        rows = [_read(item) for item in page.items]
        last = page.last
        following = _SEPARATOR.join((last.partition, last.index_sort or "", last.sort)) if last is not None else None
        return Page(rows=rows, next=Position(following) if following is not None else None)

    def tally(self, product_id: str) -> tuple[int, int]:
        """Return how many published reviews a product has and the sum of their stars."""
        count = total = 0
        after: Key | None = None
        while True:
            page = self._table.query(schema.REVIEWS, product_id, after=after, limit=1000)
            for review in map(_read, page.items):
                if review.status == "published":
                    count, total = count + 1, total + review.rating
            if page.last is None:
                return count, total
            after = page.last

    def all(self) -> Iterator[Review]:
        """Walk through every review there is: for exports, training and checks."""
        for item in scan_all(self._table, schema.REVIEWS):
            yield _read(item)

    def _find_many(self, keys: Sequence[Key]) -> dict[Key, Review]:
        found: dict[Key, Review] = {}
        unique = list(dict.fromkeys(keys))
        for start in range(0, len(unique), MAX_BATCH_GET):
            page = self._table.batch_get(schema.REVIEWS, unique[start : start + MAX_BATCH_GET])
            found |= {key: _read(item) for key, item in page.items()}
        return found


def _after(text: str) -> Key:
    """Return the place that a position names; the reviewer's key stands last because anything may be in it."""
    partition, index_sort, sort = text.split(_SEPARATOR, 2)
    return Key(partition, sort, index_sort)


def _key(review: Review) -> Key:
    return Key(review.product_id, review.reviewer)


def _item(review: Review) -> Item:
    item: Item = {
        "product_id": review.product_id,
        "review_key": review.reviewer,
        "created_at": format_time(review.created_at),
        "doc": _encode(review),
    }
    if review.status == "published":
        item["shown_product_id"] = review.product_id
    if review.customer_id is not None:
        item["customer_id"] = review.customer_id
    return item


def _read(item: Item) -> Review:
    return _REVIEW.decode(cast("bytes", item["doc"]))
