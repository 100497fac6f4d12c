"""List products anew when the category tree above them changed."""

import msgspec

from bodega.domain.catalog.model import Card
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.ports.queue import Message, Queue
from bodega.values.page import Position

QUEUE = "relist"
_PAGE = 100  # products of one message: a category may hold all there are, and whoever works on it has minutes
_LEASE_SECONDS = 120.0
# A process may decide on a tree that is a second old and still be writing: what it wrote is looked at once more.
_AGAIN_SECONDS = 5.0


class _Change(msgspec.Struct, omit_defaults=True):
    """A category that changed; `after`: the last product that was seen to, `again`: whether it is the second time."""

    resource: str
    again: bool = False
    after: Position | None = None


class Relister:
    """Works off changes of categories: every product beneath one is projected anew.

    What that changes is announced, so that every search index hears of it, wherever it is.
    """

    def __init__(self, *, catalog: Catalog, queue: Queue) -> None:
        self._catalog = catalog
        self._queue = queue

    def work_once(self) -> int:
        """Handle what waits and return how many changes that were."""
        messages = self._queue.receive(QUEUE, limit=10, lease_seconds=_LEASE_SECONDS)
        for message in messages:
            self._handle(message)
        return len(messages)

    def _handle(self, message: Message) -> None:
        try:
            change = msgspec.json.decode(message.body, type=_Change)
            rest = self._relist(change.resource, change.after)
        except Exception as exc:
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_AGAIN_SECONDS)
            raise
        # What is left is a message of its own: whoever dies goes on there, and nobody has to do it all at once.
        if rest is not None:
            self._send(_Change(change.resource, change.again, rest), delay_seconds=0)
        elif not change.again:
            self._send(_Change(change.resource, again=True), delay_seconds=_AGAIN_SECONDS)
        self._queue.done(QUEUE, message.receipt)

    def _send(self, change: _Change, *, delay_seconds: float) -> None:
        self._queue.send(QUEUE, [msgspec.json.encode(change)], delay_seconds=delay_seconds)

    def _relist(self, category_id: str, after: Position | None) -> Position | None:
        """Project a page of a category's products anew, and return where the next begins; they stay in the category."""
        query = ShelfQuery(categories=(category_id,), sort="created_at", limit=_PAGE, audience="staff")
        page = self._catalog.shelves.find(query, after)
        for card in page.cards:
            self._catalog.products.reproject(msgspec.json.decode(card, type=Card).id)
        return page.next
