"""Keep rendered pages of lists for as long as nothing at all has changed in the shop."""

from bodega.api.reply import Reply
from bodega.ports.table import TableStore

MAX_PAGES = 1000  # of about 10 KB each


class RenderedLists:
    """Replies by query string, all forgotten with the next committed event: a page is never older than the shop.

    Every change of a product, a price, a rating or a category announces an event in the transaction that makes it. Only
    pages of the read model may be kept: the search index follows the events a little later, and what it said before
    would be kept as if it were said after. For one thread, the server's own.
    """

    def __init__(self, table: TableStore) -> None:
        self._table = table
        self._position = -1
        self._replies: dict[bytes, Reply] = {}

    def find(self, raw_query: bytes) -> Reply | None:
        """Return the page if nothing changed since it was rendered."""
        position = self._table.last_position()
        if position != self._position:
            self._replies.clear()
            self._position = position
        return self._replies.get(raw_query)

    def keep(self, raw_query: bytes, reply: Reply) -> None:
        """Remember a page that was rendered after the last `find`."""
        if len(self._replies) >= MAX_PAGES:
            self._replies.clear()
        self._replies[raw_query] = reply
