"""A shop's counter: a small shop with two tastes, who bought what there, and what they are recommended."""

import shutil
from datetime import timedelta

from bodega import schema
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.domain.reviews.model import Review
from bodega.ports.table import Put
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop

COFFEE = ("beans", "filter", "grinder", "kettle", "scale")
GARDEN = ("spade", "seeds", "pot", "soil", "gloves")


class Counter:
    """A whole shop in a folder, with the words that tests about lists ask in."""

    def __init__(self, folder, *, like=None, names=(*COFFEE, *GARDEN)):
        """Open a new shop, or one like another: a copy of its folder, which was closed."""
        self.clock = SettableClock()
        self.folder = folder
        if like is not None:
            shutil.copytree(like.folder, folder)
        self.shop = self.another_process()
        self.objects = self.shop.world.objects
        self.models, self.trainer = self.shop.models, self.shop.trainer
        self.recommender, self.inventory = self.shop.recommender, self.shop.inventory
        if like is not None:
            self.products = dict(like.products)
            self.clock.set(like.clock.now())
            return
        self.products = {name: self.puts_on_the_shelf(name) for name in names}
        # What a test puts on the shelf afterwards is new; these are not.
        self.clock.advance(60 * 86400)

    def another_process(self):
        """Open the same shop as another process would."""
        return open_shop(
            Settings.for_directory(self.folder), clock=self.clock, ids=SeededIds(id(self) % 1000, self.clock)
        )

    def close(self):
        self.shop.close()

    def puts_on_the_shelf(self, name, *, price=1999, **changes):
        """Add an active product; its SKU is its name."""
        variants = [VariantInput(sku=name, price=Money(price, "GBP"))]
        given = {"title": name, "status": "active", "variants": variants} | changes
        return self.shop.catalog.products.create(ProductInput(**given)).id

    def buys(self, customer, *names, days_ago=1.0, **changes):
        number = f"{customer}-{names}-{days_ago}"
        lines = [Line(sku=n, product_id=self.products[n], quantity=1, unit_price=Money(100, "GBP")) for n in names]
        order = Order(
            id=natural_id("ord", number),
            number=number,
            customer_id=customer,
            placed_at=self.clock.now() - timedelta(days=days_ago),
            lines=lines,
            **changes,
        )
        self.shop.orders.record_many([order])

    def tastes(self, customers=12):
        """Let so many customers of each taste buy three things of it."""
        for number in range(customers):
            for kind, taste in (("c", COFFEE), ("g", GARDEN)):
                bought = [taste[(number + step) % 5] for step in range(3)]
                self.buys(f"cus_{kind}{number}", *bought, days_ago=5 + number)

    def rates(self, customer, name, stars):
        self.shop.reviews.record_many(
            [
                Review(
                    id=f"rev_{customer}_{name}",
                    product_id=self.products[name],
                    reviewer=customer,
                    rating=stars,
                    created_at=self.clock.now(),
                    customer_id=customer,
                )
            ]
        )

    def trains(self):
        """Train, and let every process notice."""
        report = self.trainer.train()
        self.clock.advance(2)
        return report

    def asks(self, customer=None, *, placement="home", limit=12, **wishes):
        """Return a list; what is tried does not depend on the day."""
        return self.recommender.suggest(
            customer_id=customer, placement=placement, limit=limit, **({"seed": "x"} | wishes)
        )

    def names(self, suggestions):
        return [item.card.title for item in suggestions.items]

    def ids(self, *names):
        return [self.products[name] for name in names]

    # -- models

    def points_at(self, version):
        """Put the pointer where the store itself would not."""
        pointer = {"name": "recommendations", "part": "current", "version": version}
        self.shop.world.table.transact([Put(schema.SYSTEM, pointer)])

    def another_store(self, objects=None):
        """Return the store of a process that has seen no model yet."""
        return ModelStore(table=self.shop.world.table, objects=objects or self.objects, clock=self.clock)
