"""Name the facts that stock announces, and tell which of them a change is."""

from datetime import datetime

import msgspec

from bodega.domain.inventory.model import Place
from bodega.ports.table import Event
from bodega.values.times import format_time

STOCK_LOW = "stock.low"
STOCK_OUT = "stock.out"
STOCK_BACK = "stock.back"


def crossings(before: int | None, after: int, low_at: int) -> list[str]:
    """Return what is announced when what is free goes from one number to another; None is what was not tracked.

    >>> crossings(6, 5, 5), crossings(5, 4, 5), crossings(9, 0, 5), crossings(0, 9, 5), crossings(None, 3, 5)
    (['stock.low'], [], ['stock.low', 'stock.out'], ['stock.back'], [])
    """
    if before is None:
        return [STOCK_OUT] if after <= 0 else []
    names = []
    if before > low_at >= after:
        names.append(STOCK_LOW)
    if before > 0 >= after:
        names.append(STOCK_OUT)
    if before <= 0 < after:
        names.append(STOCK_BACK)
    return names


def stock_events(
    place: Place, names: list[str], *, version: int, available: int, low_at: int, at: datetime
) -> list[Event]:
    """Return the events of one change of a place; `version` is that of its head afterwards."""
    data = {
        "sku": place.sku,
        "location": place.location,
        "available": max(0, available),
        "low_at": low_at,
    }
    return [
        Event(
            id=f"evt_{name}_{place.sku}_{place.location}_{version}",
            name=name,
            resource=f"stock:{place.sku}:{place.location}",
            version=2 * version + number,  # two facts of one change have an order, too
            occurred_at=format_time(at),
            data=msgspec.json.encode(data),
        )
        for number, name in enumerate(names)
    ]
