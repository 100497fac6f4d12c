"""Carry committed events from the outbox to the bus, and forget them once everybody has seen them."""

from typing import cast

from bodega import schema
from bodega.domain.shop import Shop
from bodega.ports.table import Key, Put

_POSITION = Key("consumers", "relay")
_BATCH = 500
_KEPT = 10_000  # for whoever looks at the stream with their own eyes
_TRIMMED_AT_ONCE = 1_000


class Relay:
    """Publishes events at least once, in commit order, remembering in the table how far it got."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._table = shop.world.table
        self._trimmed = 0

    def work(self) -> bool:
        """Publish the next events; True if there were any. After a crash in between they are published again."""
        position = self._position()
        announced = self._table.announced(position, limit=_BATCH)
        if announced:
            self._shop.world.bus.publish([entry.event for entry in announced])
            position = announced[-1].position
            self._table.transact(
                [
                    Put(
                        schema.SYSTEM,
                        {"name": _POSITION.partition, "part": _POSITION.sort, "position": position},
                    )
                ]
            )
        self._trim(position)
        return bool(announced)

    def _trim(self, position: int) -> None:
        """Forget what the bus, the search index and the webhooks have; now and then, because each time is a write."""
        consumers = (self._shop.indexer.position(), self._shop.webhooks.fan_out.position())
        seen_by_all = min(position, *consumers) - _KEPT
        if seen_by_all - self._trimmed >= _TRIMMED_AT_ONCE:
            self._table.trim_announced(seen_by_all)
            self._trimmed = seen_by_all

    def _position(self) -> int:
        item = self._table.get(schema.SYSTEM, _POSITION)
        return cast("int", item["position"]) if item else 0
