"""Keep the search index at the newest state of the catalog."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from bodega.domain.catalog.events import CATEGORY_CHANGED, PRODUCT_CHANGED
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.flows.search_snapshots import SearchSnapshots
from bodega.errors import ShopError, UnavailableError
from bodega.ports.search import SearchDocument, SearchIndex, SearchQuery
from bodega.ports.table import Event, TableStore

_log = logging.getLogger(__name__)
_BATCH = 10_000  # a commit costs 10 ms and leaves a segment that has to be merged
_PAGE = 250
_TRIES = 10
_UNLISTED = ("draft", "archived")


class NoSnapshotError(UnavailableError):
    """Nobody has published a snapshot that this index could begin with, and it may not begin without one."""

    code = "no_search_snapshot"


class Indexer:
    """Brings changes from the change stream into the search index. Any process may call it at any time."""

    def __init__(
        self,
        *,
        table: TableStore,
        search: SearchIndex,
        shelves: Shelves,
        sold: Callable[[], Mapping[str, int]],
        reproject: Callable[[str], object],
        snapshots: SearchSnapshots | None = None,
        walks: bool = True,
    ) -> None:
        """Take `sold`, which tells how many units of each product were sold in the recent past.

        `reproject` lists a product anew by the category tree as it is now. Without `snapshots` the index is shared with
        nobody beyond its folder. One that never `walks` through the whole catalog, because somebody waits for an answer
        meanwhile, begins with a snapshot or not at all.
        """
        self._sold = sold
        self._reproject = reproject
        self._table = table
        self._search = search
        self._shelves = shelves
        self._snapshots = snapshots
        self._walks = walks

    def catch_up(self) -> int:
        """Index every change announced so far and return how many products that were. Cheap when there is none.

        An index that is empty, or so old that changes since are forgotten, begins with the newest snapshot, or anew;
        NoSnapshotError where it may do neither.
        """
        indexed = self._begin() if self._search.position() < 0 else 0
        while True:
            position = self._search.position()
            announced = self._table.announced(position, limit=_BATCH)
            if not announced:
                return indexed
            if announced[0].position > position + 1 and self._table.forgotten() > position:
                indexed += self._begin()
                continue
            indexed += self._apply_announced([a.event for a in announced], announced[-1].position)

    def rebuild(self) -> int:
        """Build the index anew from the catalog, reads going on meanwhile; return how many products it has."""
        position = self._table.last_position()
        count = self._search.rebuild(self._everything(), position=position)
        _log.info("search index rebuilt", extra={"products": count, "position": position})
        return count

    def publish(self) -> bool:
        """Let others begin with this process's index, caught up and tidy; False if they could already."""
        self.catch_up()
        self.tidy()
        return self._snapshots is not None and self._snapshots.publish()

    def needed_from(self) -> int:
        """Return the position behind which changes are still needed: by the newest snapshot, or by this index alone."""
        published = self._snapshots.position() if self._snapshots is not None else None
        return self.position() if published is None else published

    def tidy(self) -> bool:
        """Build the index anew if changes have left more behind than is in use; True if they had."""
        overgrown = self._search.is_overgrown()
        if overgrown:
            self.rebuild()
        return overgrown

    def position(self) -> int:
        """Return the place in the change stream up to which the index reaches; -1 before the first time."""
        return self._search.position()

    def close(self) -> None:
        """Let go of the index."""
        self._search.close()

    def reindex(self, product_ids: Sequence[str]) -> None:
        """Index products anew although they did not change: something beside them did, such as how well they sell.

        UnavailableError if other processes change the index too fast for that.
        """
        for start in range(0, len(product_ids), _BATCH):
            self._reindex(product_ids[start : start + _BATCH])

    def _begin(self) -> int:
        """Begin with the newest snapshot, or else anew; return how many products that indexed."""
        if self._snapshots is not None and self._snapshots.adopt():
            return 0
        if not self._walks:
            raise NoSnapshotError("no snapshot of the search index fits yet: the next one will within minutes")
        return self.rebuild()

    def _reindex(self, product_ids: Sequence[str]) -> None:
        for _ in range(_TRIES):
            self.catch_up()
            position = self._search.position()
            self._apply(product_ids, position)
            # The index leaves out what lies behind it: if another process moved it on meanwhile, ours may not be in.
            if self._search.position() == position:
                return
        raise UnavailableError("the search index changes too fast to index these products anew")

    def _apply_announced(self, events: Sequence[Event], position: int) -> int:
        """Index what changed, and what stands in no list beneath categories that did.

        Whatever stands in a list is listed anew when the tree changes above it, and that is announced for each.
        """
        moved = dict.fromkeys(event.resource for event in events if event.name == CATEGORY_CHANGED)
        changed = dict.fromkeys(event.resource for event in events if event.name == PRODUCT_CHANGED)
        for category_id in moved:
            changed |= dict.fromkeys(self._unlisted_beneath(category_id))
        return self._apply(list(changed), position, current=bool(moved))

    def _unlisted_beneath(self, category_id: str) -> Iterator[str]:
        """Yield products beneath a category that no shopper sees, as this index knows them."""
        after: str | None = None
        while True:
            found = self._search.search(
                SearchQuery(statuses=_UNLISTED, categories=(category_id,), sort="created_at", limit=_PAGE, after=after)
            )
            yield from (hit.id for hit in found.hits)
            after = found.next
            if after is None:
                return

    def _apply(self, product_ids: Sequence[str], position: int, *, current: bool = False) -> int:
        documents, misplaced = self._shelves.documents(product_ids, self._sold(), current=current)
        self._put_right(misplaced)
        known = {document.id for document in documents}
        self._search.apply(documents, [i for i in product_ids if i not in known], position=position)
        return len(documents)

    def _put_right(self, product_ids: Sequence[str]) -> None:
        """List products anew that were written after the tree above them changed, by who had not heard of that.

        Whoever was held up between reading the tree and writing writes after the relister went by. But that write is
        announced as well, and so comes here.
        """
        for product_id in product_ids:
            try:
                self._reproject(product_id)
            except UnavailableError:
                raise  # and be tried again with all of them
            except ShopError as error:  # it is found all the same, and must not keep others from being found
                _log.warning("a product stays in its old lists", extra={"product": product_id, "problem": str(error)})

    def _everything(self) -> Iterator[SearchDocument]:
        return self._shelves.all_documents(self._sold())
