"""Carry committed events from the outbox to the bus, and forget them once everybody has seen them."""

from typing import cast

from bodega import schema
from bodega.domain.shop import Shop
from bodega.ports.table import ConditionFailedError, Equals, Item, Key, Missing, Put

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
            position = self._advance(position, announced[-1].position)
        self._trim(position)
        return bool(announced)

    def _advance(self, position: int, to: int) -> int:
        """Remember how far we got, unless another relay was faster: functions run several at once."""
        item: Item = {"name": _POSITION.partition, "part": _POSITION.sort, "position": to}
        try:
            self._table.transact(
                [Put(schema.SYSTEM, item, Equals("position", position) if position else Missing("position"))]
            )
        except ConditionFailedError:
            return position
        return to

    def _trim(self, position: int) -> None:
        """Forget what bus, webhooks, search indexes and training have; now and then, because each time is a write."""
        up_to = min(position, self._shop.webhooks.fan_out.position()) - _KEPT
        if up_to - self._trimmed >= _TRIMMED_AT_ONCE:
            needed = (self._shop.indexer.needed_from(), self._shop.trainer.needed_from())
            up_to = min(up_to, *(position - _KEPT for position in needed if position is not None))
        if up_to - self._trimmed >= _TRIMMED_AT_ONCE:
            self._table.trim_announced(up_to)
            self._trimmed = up_to

    def _position(self) -> int:
        item = self._table.get(schema.SYSTEM, _POSITION)
        return cast("int", item["position"]) if item else 0
