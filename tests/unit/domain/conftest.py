"""A catalog on real local adapters, in a temporary folder, with a clock that stands still until told."""

from dataclasses import dataclass

import pytest

from bodega import schema
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.freshness import Freshness
from bodega.domain.catalog.model import CategoryInput, ProductInput, VariantInput
from bodega.domain.catalog.products import Products
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.flows.indexing import Indexer
from bodega.values.money import Money


@dataclass
class Bench:
    """A catalog and the parts of the world that tests turn."""

    catalog: Catalog
    indexer: Indexer
    table: SqliteTableStore
    clock: SettableClock

    @property
    def products(self) -> Products:
        return self.catalog.products

    @property
    def shelves(self) -> Shelves:
        return self.catalog.shelves

    @property
    def taxonomy(self) -> Taxonomy:
        return self.catalog.taxonomy

    def category(self, name: str, parent: str | None = None) -> str:
        return self.taxonomy.create_category(CategoryInput(name=name, parent=parent)).id


@pytest.fixture
def bench(tmp_path):
    clock = SettableClock()
    ids = SeededIds(7, clock)
    database = Database.open(tmp_path / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    search = TantivySearchIndex(tmp_path / "search")
    taxonomy = Taxonomy(table=table, clock=clock, ids=ids)
    products = Products(table=table, taxonomy=taxonomy, clock=clock, ids=ids, currency="GBP")
    shelves = Shelves(table=table, search=search, taxonomy=taxonomy, clock=clock, catch_up=lambda: indexer.catch_up())  # noqa: PLW0108
    indexer = Indexer(table=table, search=search, shelves=shelves, sold=dict, reproject=products.reproject)
    freshness = Freshness(table=table, search=search, taxonomy=taxonomy)
    yield Bench(Catalog(products, taxonomy, shelves, freshness), indexer, table, clock)
    indexer.close()
    database.close()


@pytest.fixture
def mug():
    """Return what staff would send for a product; keyword arguments change it."""

    def make(sku="MUG-1", price=1999, **changes):
        fields = {
            "title": "Red mug",
            "status": "active",
            "variants": [VariantInput(sku=sku, price=Money(price, "GBP"))],
        }
        return ProductInput(**(fields | changes))

    return make
