"""Reviews on a real table with products and orders, and what they ought to add up to, counted the slow way."""

from collections import Counter
from datetime import UTC, datetime

import msgspec

from bodega import schema
from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.model import ProductInput, Rating, VariantInput
from bodega.domain.catalog.products import Products
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.flows.reviewing import Reviewing
from bodega.domain.orders.model import Line, Order
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.model import ReviewInput, Tally
from bodega.domain.reviews.service import Reviews
from bodega.domain.reviews.votes import Votes
from bodega.values.money import Money

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class ReviewBench:
    def __init__(self, folder, *, hold_back="nobody"):
        self.clock = SettableClock(NOW)
        ids = SeededIds(7, self.clock)
        self._database = database = Database.open(folder / "shop.sqlite")
        self.table = SqliteTableStore(database, schema.TABLES, clock=self.clock)
        self.queue = SqliteQueue(database, schema.QUEUES, clock=self.clock, ids=ids)
        self.bus = LocalBus(self.queue, schema.SUBSCRIPTIONS)
        taxonomy = Taxonomy(table=self.table, clock=self.clock, ids=ids)
        self.products = Products(table=self.table, taxonomy=taxonomy, clock=self.clock, ids=ids, currency="GBP")
        self.orders = Orders(table=self.table)
        self.reviews = Reviews(table=self.table)
        self.votes = Votes(table=self.table, reviews=self.reviews)
        self.reviewing = Reviewing(
            reviews=self.reviews,
            votes=self.votes,
            products=self.products,
            orders=self.orders,
            queue=self.queue,
            clock=self.clock,
            ids=ids,
            hold_back=hold_back,
        )
        self._published = 0

    def close(self):
        self._database.close()

    def product(self, sku="MUG"):
        variants = [VariantInput(sku=sku, price=Money(500, "GBP"))]
        return self.products.create(ProductInput(title=f"The {sku}", status="active", variants=variants)).id

    def bought(self, customer, product, *, state="delivered"):
        line = Line(sku="MUG", product_id=product, name="Mug", quantity=1, unit_price=Money(500, "GBP"))
        order = Order(
            id=f"ord_{customer}_{state}",
            number=f"{customer}{state}",
            placed_at=NOW,
            customer_id=customer,
            lines=[line],
            state=state,
        )
        self.orders.record_many([order])

    def write(self, product, customer, rating, **words):
        return self.reviewing.write(product, customer, ReviewInput(rating=rating, **words))[0]

    def relay(self):
        """Bring what was announced to the queues, as the worker does, and let it be handled."""
        while announced := self.table.announced(self._published):
            self.bus.publish([one.event for one in announced])
            self._published = announced[-1].position
        while self.reviewing.work_once():
            pass

    def counted(self, product):
        """Count every review there is, the slow way."""
        given = Counter(r.rating for r in self.reviews.all() if r.product_id == product and r.status == "published")
        return Tally(tuple(given[stars] for stars in (1, 2, 3, 4, 5)))

    def shown(self, product):
        return self.products.get(product).rating

    def adds_up(self, product):
        tally = self.counted(product)
        assert self.reviews.tally(product) == tally
        assert self.shown(product) == Rating(tally.count, tally.total)
        return tally

    def facts(self):
        events = [one.event for one in self.table.announced(0, limit=10_000)]
        return [msgspec.json.decode(event.data) for event in events if event.name == "review.changed"]
