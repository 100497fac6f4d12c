"""List products anew when the category tree above them changed."""

from collections.abc import Iterator

import msgspec

from bodega.domain.catalog.model import Card
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.ports.queue import Message, Queue

QUEUE = "relist"
_PAGE = 100
_LEASE_SECONDS = 120.0
# A process may decide on a tree that is a second old and still be writing: what it wrote is looked at once more.
_AGAIN_SECONDS = 5.0


class _Again(msgspec.Struct):
    resource: str
    again: bool = False


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

    def relist(self, category_id: str) -> int:
        """Project every product of a category anew and return how many there are."""
        count = 0
        for product_ids in self._products_below(category_id):
            for product_id in product_ids:
                self._catalog.products.reproject(product_id)
                count += 1
        return count

    def _handle(self, message: Message) -> None:
        try:
            change = msgspec.json.decode(message.body, type=_Again)
            self.relist(change.resource)
        except Exception as exc:
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_AGAIN_SECONDS)
            raise
        if not change.again:
            again = msgspec.json.encode(_Again(change.resource, again=True))
            self._queue.send(QUEUE, [again], delay_seconds=_AGAIN_SECONDS)
        self._queue.done(QUEUE, message.receipt)

    def _products_below(self, category_id: str) -> Iterator[list[str]]:
        """Yield the products of a category page by page. Reprojecting keeps them in it, so the pages stay whole."""
        position = None
        while True:
            query = ShelfQuery(categories=(category_id,), sort="created_at", limit=_PAGE, audience="staff")
            page = self._catalog.shelves.find(query, position)
            yield [msgspec.json.decode(card, type=Card).id for card in page.cards]
            position = page.next
            if position is None:
                return
