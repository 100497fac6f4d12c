"""Know the lines of all orders without reading orders again that did not change: from files, and what came since."""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bodega.domain.accounts.events import ERASED
from bodega.domain.flows.order_chunks import DamagedError, Head, OrderChunks, Pointer
from bodega.domain.flows.order_lines import OrderLines
from bodega.domain.orders.model import Order
from bodega.domain.orders.records import ORDER_EVENTS
from bodega.domain.orders.service import Orders
from bodega.ports.table import TableStore

_log = logging.getLogger(__name__)
_EVENTS_AT_ONCE = 1000
_ORDERS_AT_ONCE = 1000
_DEARER = 3
"""So many times as much does an order cost that is looked up as one that is met when all are walked through."""
_LAG = 5_000
"""So many events behind, the log is brought up to date before they are forgotten, training or not."""
_MOST_LAG = 1_000_000
"""Who is further behind than that reads everything anew: the stream is not kept for them."""


class _News(NamedTuple):
    """What the stream says since a position: whose orders may be others now, up to which event."""

    order_ids: Sequence[str]
    erased: Sequence[str]
    position: int
    event: str


class OrderLog:
    """What was read of orders, kept as files, and brought up to date by the stream of changes.

    The table of orders is the truth. Every change of an order is announced in the transaction that makes it, so the
    files and what the stream names since are all orders as they are. What is damaged, foreign or of another format, or
    so old that changes since are forgotten, is refused, and every order is read anew.

    Of a customer the files have what the table of orders has: an id. When one is erased their orders are read again and
    all files written anew, so that none knows more than the table does. Any process may read at any time.
    """

    def __init__(self, *, orders: Orders, chunks: OrderChunks, table: TableStore) -> None:
        self._orders = orders
        self._chunks = chunks
        self._table = table

    def read(self) -> OrderLines:
        """Return the lines of all orders as they are in the table, and keep them for the next time."""
        while True:
            pointer = self._chunks.pointer()
            try:
                lines = self._continued(pointer, pointer.head) if pointer.head is not None else None
            except DamagedError as exc:
                if self._chunks.pointer().edition != pointer.edition:
                    continue  # somebody published, and removed what counted before
                _log.warning("what was kept of orders is refused; all are read anew", extra={"problem": exc.message})
                lines = None
            return lines if lines is not None else self._anew(pointer)

    def keep_up(self) -> bool:
        """Bring what is kept up to date if the stream is far ahead of it; True if it was. Cheap if it is not."""
        head = self._chunks.pointer().head
        behind = head is not None and self._table.last_position() - head.position >= _LAG
        if behind:
            self.read()
        return behind

    def needed_from(self) -> int | None:
        """Return the position behind which changes are still needed; None if none are."""
        head = self._chunks.pointer().head
        if head is None or self._table.last_position() - head.position > _MOST_LAG:
            return None
        return head.position

    # -- inside

    def _anew(self, pointer: Pointer) -> OrderLines:
        # The position comes first: what changes while orders are read is read again the next time.
        position = self._table.last_position()
        event = self._event_at(position)
        lines = OrderLines.of(self._orders.all())
        self._chunks.publish(lines, after=pointer, position=position, event=event)
        return lines

    def _continued(self, pointer: Pointer, head: Head) -> OrderLines | None:
        """Return what is kept with what came since; None if that is not known, or is so much that all is cheaper."""
        news = self._news(head)
        if news is None:
            _log.info("changes of orders since they were kept are forgotten; all are read anew")
            return None
        if len(news.order_ids) * _DEARER > head.orders:
            return None
        known = self._chunks.read(head)
        everything = OrderLines.merged(known) if len(known) != 1 else known[0]
        left = everything.of_customers(news.erased)
        wanted = dict.fromkeys((*news.order_ids, *left))
        fresh = OrderLines.of(self._found(list(wanted)))
        gone = wanted.keys() - {bytes(order_id).decode() for order_id in fresh.order_ids}
        lines = OrderLines.merged([everything, fresh], without=gone) if wanted else everything
        if gone or left:
            self._chunks.publish(lines, after=pointer, position=news.position, event=news.event)
        elif news.position > head.position:
            self._chunks.append(fresh, after=pointer, known=known, position=news.position, event=news.event)
        return lines

    def _found(self, order_ids: Sequence[str]) -> Iterator[Order]:
        """Yield those orders that there are, few at a time in memory."""
        for start in range(0, len(order_ids), _ORDERS_AT_ONCE):
            yield from self._orders.find_many(order_ids[start : start + _ORDERS_AT_ONCE]).values()

    def _news(self, head: Head) -> _News | None:
        """Return what was announced since; None if that is forgotten, or if this is the stream of another shop."""
        end = self._table.last_position()
        same = end >= head.position and self._event_at(head.position) == head.event
        if not same or self._table.forgotten() > head.position:
            return None
        changed: dict[str, None] = {}
        erased: dict[str, None] = {}
        position, event = head.position, head.event
        while position < end and (announced := self._table.announced(position, limit=_EVENTS_AT_ONCE)):
            changed |= dict.fromkeys(one.event.resource for one in announced if one.event.name in ORDER_EVENTS)
            erased |= dict.fromkeys(one.event.resource for one in announced if one.event.name == ERASED)
            position, event = announced[-1].position, announced[-1].event.id
        return _News(list(changed), list(erased), position, event)

    def _event_at(self, position: int) -> str:
        """Return the id of the event at a position; "" if it is not there any more, or there was none yet."""
        found = self._table.announced(position - 1, limit=1) if position > 0 else ()
        return found[0].event.id if found and found[0].position == position else ""
