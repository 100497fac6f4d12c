"""Tell whether what was shown before would be shown again: what the answers of lists and of searches depend on."""

from bodega.domain.catalog.events import CATEGORY_CHANGED, PRODUCT_CHANGED
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.ports.search import SearchIndex
from bodega.ports.table import TableStore

_SHOWN_IN_LISTS = frozenset({PRODUCT_CHANGED, CATEGORY_CHANGED})
_LOOKED_THROUGH = 200


class Freshness:
    """States to compare: while one equals its predecessor, so does every answer that was made from it.

    Names of categories and collections are part of both, as old as the taxonomy lets a shopper's be. For one thread.
    """

    def __init__(self, *, table: TableStore, search: SearchIndex, taxonomy: Taxonomy) -> None:
        self._table = table
        self._search = search
        self._taxonomy = taxonomy
        self._position = -1
        self._changes = 0

    def lists(self) -> object:
        """Return the state of the read model: another one after every committed change of a product or category."""
        position = self._table.last_position()
        if position != self._position:
            if self._is_shown(self._position, position):
                self._changes += 1
            self._position = position
        return self._changes, self._taxonomy.tree(), self._taxonomy.collections()

    def searches(self) -> object:
        """Return the state of the search index, which follows the read model within two seconds."""
        return self._search.state(), self._taxonomy.tree(), self._taxonomy.collections()

    def _is_shown(self, before: int, now: int) -> bool:
        """Tell whether lists show anything of what was announced between; orders and stock are most of that."""
        if before < 0 or not 0 < now - before <= _LOOKED_THROUGH:
            return True
        found = self._table.announced(before, limit=now - before)
        # What was trimmed, or comes in pieces, could have been anything.
        return len(found) < now - before or any(a.event.name in _SHOWN_IN_LISTS for a in found)
