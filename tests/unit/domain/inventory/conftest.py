"""Stock on a real table in a temporary folder, with a clock that stands still until told."""

from dataclasses import dataclass

import pytest

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import Level, Line
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.writes import WritePlan


@dataclass
class Room:
    """A stock room and the parts of the world that tests turn."""

    inventory: Inventory
    stock: Stock
    holds: Holds
    table: SqliteTableStore
    clock: SettableClock

    def level(self, sku: str = "MUG") -> Level:
        return self.stock.get(sku=sku)

    def counts(self, sku: str = "MUG") -> tuple[int, int, int]:
        level = self.level(sku)
        return level.on_hand, level.held, level.sold

    def hold(self, quantity: int = 1, *more: Line, sku: str = "MUG", seconds: int = 600):
        return self.holds.place(owner="cart_1", lines=[Line(sku, quantity), *more], seconds=seconds)

    def confirm(self, hold_id: str) -> None:
        plan = WritePlan()
        self.holds.add_confirmation(plan=plan, hold_id=hold_id)
        plan.commit(self.table)

    def announced(self) -> list[str]:
        return [one.event.name for one in self.table.announced(0)]


def furnish(table, clock) -> Room:
    ids = SeededIds(7, clock)
    return Room(
        Inventory(table=table, clock=clock),
        Stock(table=table, clock=clock, ids=ids),
        Holds(table=table, clock=clock, ids=ids),
        table,
        clock,
    )


@pytest.fixture
def room(tmp_path):
    clock = SettableClock()
    database = Database.open(tmp_path / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    yield furnish(table, clock)
    table.close()
    database.close()
