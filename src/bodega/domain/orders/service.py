"""Keep orders: record those that were placed elsewhere, and find a customer's."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import msgspec

from bodega import schema
from bodega.domain.orders.model import Order, merged_lines
from bodega.ports.table import MAX_BATCH_GET, MAX_ITEM_BYTES, Event, Item, Key, Put, TableStore, scan_all
from bodega.values.times import format_time

_ORDER = msgspec.json.Decoder(Order)
_encode = msgspec.json.Encoder().encode
ORDER_RECORDED = "order.recorded"


MAX_DOCUMENT_BYTES = MAX_ITEM_BYTES - 4096
"""So large may an order be as JSON: an item's limit, less its keys."""


class Recorded(NamedTuple):
    """What became of orders that were to be recorded; `too_large` has the ids of those that no item can hold."""

    created: int
    changed: int
    unchanged: int
    too_large: tuple[str, ...] = ()


class Orders:
    """Orders by id and by customer."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def record_many(self, orders: Sequence[Order]) -> Recorded:
        """Store past orders, merging with those of the same id; say how many were new, changed, unchanged or too large.

        An order must not be in one call twice. Each is atomic on its own.
        """
        known = self._find_many([order.id for order in orders])
        written: list[tuple[Order, Item]] = []
        created = unchanged = 0
        too_large = []
        for order in orders:
            old = known.get(order.id)
            new = order if old is None else _merged(old, order)
            if new == old:
                unchanged += 1
                continue
            item = _item(new)
            if len(cast("bytes", item["doc"])) > MAX_DOCUMENT_BYTES:
                too_large.append(order.id)
                continue
            created += old is None
            written.append((new, item))
        self._table.load(([Put(schema.ORDERS, item)], [_recorded(order)]) for order, item in written)
        return Recorded(created, len(written) - created, unchanged, tuple(too_large))

    def find(self, order_id: str) -> Order | None:
        """Return an order or None."""
        item = self._table.get(schema.ORDERS, _key(order_id))
        return _read(item) if item else None

    def list_by_customer(self, customer_id: str, *, limit: int = 50) -> list[Order]:
        """Return a customer's newest orders, newest first."""
        page = self._table.query(schema.ORDERS, customer_id, index="by_customer", descending=True, limit=limit)
        return [_read(item) for item in page.items]

    def bought_by(self, customer_id: str) -> set[str]:
        """Return the ids of all products that a customer ever bought."""
        bought: set[str] = set()
        after: Key | None = None
        while True:
            page = self._table.query(schema.ORDERS, customer_id, index="by_customer", after=after, limit=1000)
            bought.update(line.product_id for item in page.items for line in _read(item).lines)
            if page.last is None:
                return bought
            after = page.last

    def all(self) -> Iterator[Order]:
        """Walk through every order there is, in no useful order: for training, exports and checks."""
        for item in scan_all(self._table, schema.ORDERS):
            yield _read(item)

    def _find_many(self, order_ids: Sequence[str]) -> dict[str, Order]:
        found: dict[str, Order] = {}
        for start in range(0, len(order_ids), MAX_BATCH_GET):
            keys = [_key(order_id) for order_id in order_ids[start : start + MAX_BATCH_GET]]
            for key, item in self._table.batch_get(schema.ORDERS, keys).items():
                found[key.partition] = _read(item)
        return found


def _merged(old: Order, new: Order) -> Order:
    """Return the old order with what the new one has beyond it; the old itself if that is nothing."""
    lines = merged_lines(old.lines, new.lines)
    placed_at, customer_id = min(old.placed_at, new.placed_at), new.customer_id or old.customer_id
    return msgspec.structs.replace(old, lines=lines, placed_at=placed_at, customer_id=customer_id)


def _key(order_id: str) -> Key:
    return Key(order_id, "order")


def _item(order: Order) -> Item:
    item: Item = {
        "order_id": order.id,
        "part": "order",
        "placed_at": format_time(order.placed_at),
        "doc": _encode(order),
    }
    if order.customer_id is not None:
        item["customer_id"] = order.customer_id
    return item


def _recorded(order: Order) -> Event:
    # The id follows from the order, so that recording it again announces the same fact.
    return Event(
        id=f"evt_{order.id}_{len(order.lines)}",
        name=ORDER_RECORDED,
        resource=order.id,
        version=len(order.lines),
        occurred_at=format_time(order.placed_at),
    )


def _read(item: Item) -> Order:
    return _ORDER.decode(cast("bytes", item["doc"]))
