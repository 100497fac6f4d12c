"""Say how a place is kept: whether it may owe units, when it is low, and over how many buckets it is spread."""

from datetime import datetime

from bodega import schema
from bodega.domain.inventory.changes import entry_of
from bodega.domain.inventory.events import STOCK_LOW, stock_events
from bodega.domain.inventory.records import Head, keyed, spread_key
from bodega.domain.writes import WritePlan
from bodega.ports.table import All, Delete, Equals, Put, Update


def configured(
    head: Head, *, backorder: bool | None, low_at: int | None, wanted: int | None, at: datetime
) -> WritePlan:
    """Return what is written when the settings of a place change; None leaves one as it is.

    `wanted` is over how many buckets its units are to be spread while there is plenty.
    """
    pile = head.pile
    plan = WritePlan()
    mark = head.low_at if low_at is None else low_at
    count = head.wanted if wanted is None else wanted
    plan.add(
        Update(
            schema.INVENTORY,
            pile.key,
            set={
                "free": pile.free,
                "epoch": pile.epoch + 1,
                "backorder": head.backorder if backorder is None else backorder,
                "low_at": mark,
                "wanted": count,
            },
            add={"version": 1},
            condition=All((Equals("version", pile.version), Equals("on_hand", pile.on_hand))),
        )
    )
    plan.add(Put(schema.INVENTORY, entry_of(head.place)))
    spread = spread_key(head.place)
    plan.add(Put(schema.INVENTORY, keyed(spread, {})) if count > 1 else Delete(schema.INVENTORY, spread))
    names = [STOCK_LOW] if head.low_at < pile.free <= mark else []
    for event in stock_events(head.place, names, version=pile.version + 1, available=pile.free, low_at=mark, at=at):
        plan.announce(event)
    return plan
