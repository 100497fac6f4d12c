"""Put units of an order back on the shelf, as writes of a larger plan."""

from collections.abc import Mapping
from datetime import datetime

from bodega.domain.inventory.changes import Delta, write_change
from bodega.domain.inventory.model import Place
from bodega.domain.inventory.records import read_heads
from bodega.domain.writes import WritePlan
from bodega.ports.table import TableStore


def add_restock(plan: WritePlan, table: TableStore, units: Mapping[str, int], *, at: datetime) -> None:
    """Add to a plan what makes units free again; SKUs that are not tracked need nothing.

    The plan's commit raises a ConflictError if the stock moved meanwhile: plan again.
    """
    heads = read_heads(table, [Place(sku) for sku in units])
    for place, head in heads.items():
        delta = Delta()
        delta.receive(units[place.sku])
        write_change(plan, head, head.pile, delta, now=int(at.timestamp()), at=at)
