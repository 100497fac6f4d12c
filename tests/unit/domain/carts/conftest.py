"""Coupons, rates and carts on a real table in a temporary folder, with a clock that stands still until told."""

from dataclasses import dataclass

import pytest

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.carts.coupon import CouponInput
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.rates import Rates
from bodega.domain.carts.service import Carts
from bodega.domain.writes import WritePlan


@dataclass
class Till:
    """What a cart is made of, without a catalog."""

    carts: Carts
    coupons: Coupons
    rates: Rates
    table: SqliteTableStore
    clock: SettableClock

    def coupon(self, **fields):
        return self.coupons.create(CouponInput(**({"code": "TEN", "kind": "percent", "percent": "10"} | fields)))

    def use(self, code="TEN", *, who=None):
        plan = WritePlan()
        self.coupons.plan_use(plan, code, who=who)
        plan.commit(self.table)

    def take_back(self, code="TEN", *, who=None):
        plan = WritePlan()
        self.coupons.plan_return(plan, code, who=who)
        plan.commit(self.table)


@pytest.fixture
def till(tmp_path):
    clock = SettableClock()
    database = Database.open(tmp_path / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    yield Till(
        carts=Carts(table=table, clock=clock, ids=SeededIds(3, clock)),
        coupons=Coupons(table=table, clock=clock, currency="GBP"),
        rates=Rates(table=table, clock=clock, currency="GBP"),
        table=table,
        clock=clock,
    )
    database.close()
