"""Lay orders out in items: the order, its places in the lists, its history, and its number."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import cast

import msgspec

from bodega.domain.orders.model import Entry, Order, OrderCard, card_of
from bodega.ports.table import MAX_ITEM_BYTES, Event, Item, Key
from bodega.values.times import format_time

SHARDS = 8
"""An index partition takes 1,000 writes a second, and all new orders go to the same few."""
MAX_DOCUMENT_BYTES = (MAX_ITEM_BYTES - 8192) // 2
"""So large may an order be as JSON; half an item, so that it has room to grow while it is fulfilled and refunded."""
MAX_RECORDED_BYTES = MAX_ITEM_BYTES - 8192
"""So large may an order from elsewhere be, which grows no more."""
NUMBER_PREFIX = "number:"

ORDER_PLACED = "order.placed"
ORDER_CHANGED = "order.changed"
ORDER_RECORDED = "order.recorded"
ORDER_EVENTS = frozenset({ORDER_PLACED, ORDER_CHANGED, ORDER_RECORDED})
"""One of them is announced whenever an order is written, but for what only the shop's own works know of it."""
_ORDER = msgspec.json.Decoder(Order)
_CARD = msgspec.json.Decoder(OrderCard)
_ENTRY = msgspec.json.Decoder(Entry)
_encode = msgspec.json.Encoder().encode


def order_key(order_id: str) -> Key:
    """Return the key of an order."""
    return Key(order_id, "order")


def shard_of(order_id: str) -> int:
    """Return the shard of the lists in which an order stands, the same in every process."""
    return blake2b(order_id.encode(), digest_size=1).digest()[0] % SHARDS


def partitions(name: str) -> Sequence[str]:
    """Return the index partitions that together are a list."""
    return [f"{name}.{shard}" for shard in range(SHARDS)]


def order_item(order: Order) -> Item:
    """Return an order as an item, with the attributes that put it into its lists."""
    shard = shard_of(order.id)
    item: Item = {
        "order_id": order.id,
        "part": "order",
        "version": order.version,
        "placed_at": format_time(order.placed_at),
        "time_shard": f"all.{shard}",
        "card": _encode(card_of(order)),
        "doc": _encode(order),
    }
    if order.customer_id is not None:
        item["customer_id"] = order.customer_id
    if order.sums is not None:
        # Orders from elsewhere are history: nobody works through them by state.
        item["state_shard"] = f"{order.state}.{shard}"
        if order.payment_state in {"refunded", "refunded_partly"}:
            item["refund_shard"] = f"{order.payment_state}.{shard}"
        if order.return_requested:
            item["request_shard"] = f"return_requested.{shard}"
        if order.owes and order.retry_at is not None:
            item["due_shard"] = f"due.{shard}"
            item["due_at"] = format_time(order.retry_at)
    return item


def read_order(item: Item) -> Order:
    """Read an order."""
    return _ORDER.decode(cast("bytes", item["doc"]))


def read_card(item: Item) -> OrderCard:
    """Read what a list shows."""
    return _CARD.decode(cast("bytes", item["card"]))


def entry_item(order_id: str, entry: Entry) -> Item:
    """Return an entry of an order's history as an item; entries sort by version."""
    return {"order_id": order_id, "entry": f"{entry.version:08d}", "doc": _encode(entry)}


def read_entry(item: Item) -> Entry:
    """Read an entry of a history."""
    return _ENTRY.decode(cast("bytes", item["doc"]))


def number_item(order: Order) -> Item:
    """Return the sentinel that makes a number unique and finds its order."""
    return {"order_id": NUMBER_PREFIX + order.number, "entry": "number", "id": order.id}


def event_of(order: Order, name: str, entry: Entry) -> Event:
    """Return what the world is told of a change."""
    data = {
        "id": order.id,
        "number": order.number,
        "state": order.state,
        "payment_state": order.payment_state,
        "total": order.total,
        "customer_id": order.customer_id,
        "what": entry.name,
    }
    return Event(
        id=f"evt_{order.id}_v{order.version}",
        name=name,
        resource=order.id,
        version=order.version,
        occurred_at=format_time(entry.at),
        data=_encode(data),
    )


def recorded_event(order: Order) -> Event:
    """Return what the world is told of an order from elsewhere; recording it again announces the same fact."""
    return Event(
        id=f"evt_{order.id}_{len(order.lines)}",
        name=ORDER_RECORDED,
        resource=order.id,
        version=len(order.lines),
        occurred_at=format_time(order.placed_at),
    )
