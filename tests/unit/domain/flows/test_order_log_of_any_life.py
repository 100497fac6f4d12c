"""What is kept of orders is, to the last bit, what reading every order would give, whatever happened before."""

import random

import pytest
from msgspec.structs import replace
from order_desk import Desk

from bodega import schema
from bodega.domain.flows import order_log
from bodega.domain.orders.records import order_key
from bodega.ports.table import Delete


class Life:
    """Does at random what may happen to a shop's orders and to what is kept of them."""

    def __init__(self, counter, seed):
        self.random = random.Random(seed)
        self.desks = [Desk(counter), Desk(counter)]
        self.desk = self.desks[0]
        self.names = 0

    def step(self):
        does = self.random.choices(
            (self.sell, self.change, self.cancel, self.erase, self.vanish, self.something_else, self.spoil, self.trim),
            (8, 6, 3, 2, 1, 2, 1, 1),
        )[0]
        does()

    def some(self):
        orders = list(self.desk.shop.orders.all())
        return self.random.sample(orders, min(len(orders), self.random.randrange(1, 4)))

    def customer(self):
        return self.random.choice([None, *(f"cus_{n}" for n in "ABCDE")])

    def given(self):
        products = self.random.choices("abcdefgh", k=self.random.randrange(1, 5))
        days_ago, quantity = self.random.choice((0.1, 3.3, 8000)), self.random.randrange(1, 9)
        return {"products": products, "days_ago": days_ago, "quantity": quantity, "customer": self.customer()}

    def sell(self):
        many = [self.desk.order(self.names + n, **self.given()) for n in range(self.random.choice((1, 2, 30)))]
        self.names += len(many)
        if self.random.random() < 0.3:
            self.desk.shop.orders.restore_many([(order, []) for order in many])
        else:
            self.desk.records(*many)

    def change(self):
        if self.names:
            self.desk.sells(self.random.randrange(self.names), **self.given())

    def cancel(self):
        for order in self.some():
            cancelled = replace(order, state="cancelled", version=order.version + 1)
            self.desk.overwrites([cancelled], ("order.changed", order.id))

    def erase(self):
        who = f"cus_{self.random.choice('ABCDE')}"
        theirs = [replace(o, customer_id=None) for o in self.desk.shop.orders.all() if o.customer_id == who]
        if self.random.random() < 0.5:
            self.desk.overwrites(theirs, ("customer.erased", who))
        else:
            self.desk.writes([], ("customer.erased", who))

    def vanish(self):
        for order in self.some():
            self.desk.writes([Delete(schema.ORDERS, order_key(order.id))], ("order.changed", order.id))

    def something_else(self):
        self.desk.clock.advance(self.random.choice((1, 3600, 90_000)))
        self.desk.writes([], *[("product.changed", f"prod_{n}") for n in range(9)])

    def spoil(self):
        objects = self.desk.shop.world.objects
        for key in self.random.sample(self.desk.files(), min(1, len(self.desk.files()))):
            document = objects.get(key)
            spoilt = self.random.choice((None, b"", document[: len(document) // 2], b"\0" + document[1:]))
            if spoilt is None:
                objects.delete(key)
            else:
                objects.put(key, spoilt)

    def trim(self):
        last = self.desk.shop.world.table.last_position()
        self.desk.shop.world.table.trim_announced(last - self.random.choice((0, 5, 50, 500)))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 60))])
def test_after_anything_in_any_order_the_log_says_what_reading_every_order_says(empty_counter, monkeypatch, seed):
    monkeypatch.setattr(order_log, "_DEARER", 0)  # in so small a shop it would never pay to look changes up
    life = Life(empty_counter, seed)
    anew = 0
    for _ in range(60):
        life.step()
        if life.random.random() < 0.4:
            anew += "scan" in life.random.choice(life.desks).reads()

    assert life.desks[0].reads().get("scan", 0) <= 5
    assert 1 <= anew < 16  # it is not that everything is read anew each time
