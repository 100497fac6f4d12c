"""Bring a search index up to date where no worker does: what changed, and how well products sell."""

from collections.abc import Callable, Mapping

from bodega.domain.flows.indexing import Indexer

_AT_ONCE = 500  # somebody waits for the search that looks


class Follower:
    """Follows changes and trainings. For one thread at a time.

    A training counts what was sold on the machine that trains, and tells nobody product by product: whoever follows
    compares the counts before and after, and indexes those that differ a few at a time.
    """

    def __init__(self, *, indexer: Indexer, sold: Callable[[], Mapping[str, int]]) -> None:
        """Take `sold`, which returns the same mapping until another training has counted."""
        self._indexer = indexer
        self._sold = sold
        self._known: Mapping[str, int] | None = None
        self._waiting: list[str] = []

    def follow(self) -> None:
        """Index what changed, and some of what sells otherwise than before; UnavailableError if that cannot be now."""
        self._indexer.catch_up()
        sold = self._sold()
        if self._known is not None and sold is not self._known:
            self._waiting = list(dict.fromkeys((*self._waiting, *resold(self._known, sold))))
        self._known = sold
        if self._waiting:
            self._indexer.reindex(self._waiting[:_AT_ONCE])
            self._waiting = self._waiting[_AT_ONCE:]


def resold(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Return the products of which another number was sold.

    >>> resold({"mug": 1, "tea": 2}, {"tea": 2, "cup": 3})
    ['cup', 'mug']
    """
    return sorted(p for p in before.keys() | after.keys() if before.get(p, 0) != after.get(p, 0))
