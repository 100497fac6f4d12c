"""A desk at which a shop's orders come in, change and go, and a process that keeps what training reads of them."""

from collections import Counter as Tally
from datetime import timedelta

import numpy as np

from bodega import schema
from bodega.domain.flows.order_chunks import FILES, OrderChunks
from bodega.domain.flows.order_lines import OrderLines
from bodega.domain.flows.order_log import OrderLog
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.orders.records import order_item
from bodega.domain.orders.service import Orders
from bodega.ports.table import Event, Put
from bodega.values.money import Money
from bodega.values.times import format_time

DAY = timedelta(days=1)
READS = ("batch_get", "scan", "query")


class Watched:
    """The shop's table or objects: counts what is asked, and lets a test do something before a verb is obeyed."""

    def __init__(self, port):
        self._port = port
        self.calls = Tally()
        self.before = {}

    def __getattr__(self, verb):
        asked = getattr(self._port, verb)

        def counted(*args, **options):
            self.calls[verb] += 1
            self.before.pop(verb, lambda: None)()
            return asked(*args, **options)

        return counted


class Desk:
    """A shop's orders, and a process that keeps what training reads of them."""

    def __init__(self, counter):
        self.clock, self.shop = counter.clock, counter.shop
        self.table, self.objects = Watched(self.shop.world.table), Watched(self.shop.world.objects)
        self.orders = Orders(table=self.table)
        self.chunks = OrderChunks(table=self.table, objects=self.objects, clock=self.clock)
        self.log = OrderLog(orders=self.orders, chunks=self.chunks, table=self.table)

    def order(self, name, *, customer=None, products=("mug",), days_ago=1.0, quantity=1, **changes):
        lines = [Line(sku=p, product_id=f"prod_{p}", quantity=quantity, unit_price=Money(100, "GBP")) for p in products]
        placed_at = self.clock.now() - days_ago * DAY
        order_id = natural_id("ord", str(name))
        return Order(id=order_id, number=str(name), customer_id=customer, placed_at=placed_at, lines=lines, **changes)

    def records(self, *orders):
        self.shop.orders.record_many(orders)

    def sells(self, *names, **changes):
        self.records(*(self.order(name, **changes) for name in names))

    def writes(self, writes, *events):
        """Write what no service of today writes, and announce it."""
        now = format_time(self.clock.now())
        facts = [Event(f"evt_{name}_{now}_{n}", name, resource, 9, now) for n, (name, resource) in enumerate(events)]
        self.shop.world.table.transact(writes, facts)

    def overwrites(self, orders, *events):
        """Write orders as no service of today does, with what is announced of it."""
        for start in range(0, len(orders), 80):
            self.writes([Put(schema.ORDERS, order_item(order)) for order in orders[start : start + 80]], *events)

    def truth(self):
        return OrderLines.of(self.shop.orders.all())

    def files(self):
        return [info.key for info in self.shop.world.objects.list(FILES)]

    def reads(self):
        """Read by the log, and return what was asked of the table for it."""
        self.table.calls.clear()
        same(self.log.read(), self.truth())
        return {verb: self.table.calls[verb] for verb in READS if self.table.calls[verb]}


def same(found, wanted):
    for name in OrderLines._fields:
        one, other = getattr(found, name), getattr(wanted, name)
        # An id that is gone may have been the widest: the width of a column says nothing.
        assert one.dtype.kind == other.dtype.kind, name
        assert np.array_equal(one, other), name
