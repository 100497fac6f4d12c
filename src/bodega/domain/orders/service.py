"""Keep orders: record those that were placed elsewhere, and find a customer's."""

from collections.abc import Iterator, Sequence
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.orders.model import Order, merged_lines
from bodega.ports.table import MAX_BATCH_GET, Event, Item, Key, Put, TableStore, scan_all
from bodega.values.times import format_time

_ORDER = msgspec.json.Decoder(Order)
_encode = msgspec.json.Encoder().encode
ORDER_RECORDED = "order.recorded"


class Orders:
    """Orders by id and by customer."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def record_many(self, orders: Sequence[Order]) -> tuple[int, int]:
        """Store past orders, merging with those of the same id; return how many were new or changed, and how many not.

        An order must not be in one call twice. Each is atomic on its own.
        """
        known = self._find_many([order.id for order in orders])
        changed = []
        for order in orders:
            old = known.get(order.id)
            if old is not None:
                order = msgspec.structs.replace(order, lines=merged_lines(old.lines, order.lines))  # noqa: PLW2901
                if (
                    sorted(order.lines, key=repr) == sorted(old.lines, key=repr)
                    and order.customer_id == old.customer_id
                ):
                    continue
            changed.append(order)
        self._table.load(([Put(schema.ORDERS, _item(order))], [_recorded(order)]) for order in changed)
        return len(changed), len(orders) - len(changed)

    def find(self, order_id: str) -> Order | None:
        """Return an order or None."""
        item = self._table.get(schema.ORDERS, _key(order_id))
        return _read(item) if item else None

    def list_by_customer(self, customer_id: str, *, limit: int = 50) -> list[Order]:
        """Return a customer's newest orders, newest first."""
        page = self._table.query(schema.ORDERS, customer_id, index="by_customer", descending=True, limit=limit)
        return [_read(item) for item in page.items]

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
