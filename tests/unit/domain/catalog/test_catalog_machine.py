"""Drive the catalog at random and compare every record, list entry and search hit with what a plain model says."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from bodega import schema
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.model import (
    Card,
    CategoryInput,
    CollectionInput,
    ProductInput,
    Rating,
    ScheduledPrice,
    VariantInput,
)
from bodega.domain.catalog.products import Products, Restored
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.views import card_of, public_view
from bodega.domain.flows.indexing import Indexer
from bodega.errors import ShopError
from bodega.ports.search import SearchQuery
from bodega.ports.table import scan_all
from bodega.values.money import Money
from bodega.values.times import format_time

SKUS = [f"S{number}" for number in range(6)]
SLUGS = ["red", "blue", "green", "grey"]

prices = st.none() | st.integers(0, 3).map(lambda amount: Money(amount, "GBP"))
skus = st.lists(st.sampled_from(SKUS), min_size=1, max_size=3, unique=True)
statuses = st.sampled_from(["draft", "active", "archived", "active"])


class CatalogMachine(RuleBasedStateMachine):
    products = Bundle("products")
    categories = Bundle("categories")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        clock = self.clock = SettableClock()
        ids = SeededIds(7, clock)
        self.database = Database.open(self.folder / "shop.sqlite")
        table = self.table = SqliteTableStore(self.database, schema.TABLES, clock=clock)
        self.search = TantivySearchIndex(self.folder / "search")
        taxonomy = self.taxonomy = Taxonomy(table=table, clock=clock, ids=ids)
        self.catalog = Products(table=table, taxonomy=taxonomy, clock=clock, ids=ids, currency="GBP")
        self.shelves = Shelves(table=table, search=self.search, taxonomy=taxonomy, clock=clock, catch_up=lambda: None)
        self.indexer = Indexer(
            table=table, search=self.search, shelves=self.shelves, sold=dict, reproject=self.catalog.reproject
        )
        self.collection = taxonomy.create_collection(CollectionInput(name="Gifts")).id
        self.roots = [taxonomy.create_category(CategoryInput(name=name)).id for name in ("Home", "Garden")]

    def teardown(self):
        self.search_agrees_with_every_product()
        self.search.close()
        self.table.close()
        self.database.close()
        shutil.rmtree(self.folder)

    def contents(self, data, tree):
        """Draw what staff might send."""
        now = self.clock.now()
        edges = st.none() | st.integers(-2, 4).map(lambda hours: now + timedelta(hours=hours))
        entries = st.builds(ScheduledPrice, price=prices.filter(bool), valid_from=edges, valid_until=edges)
        variants = [
            VariantInput(sku=sku, price=data.draw(prices), schedule=data.draw(st.lists(entries, max_size=2)))
            for sku in data.draw(skus)
        ]
        return ProductInput(
            title=data.draw(st.sampled_from(["Red", "Blue", "Jug"])),
            slug=data.draw(st.none() | st.sampled_from(SLUGS)),
            status=data.draw(statuses),
            variants=variants,
            categories=data.draw(st.lists(st.sampled_from(sorted(tree.by_id)), max_size=2, unique=True)),
            collections=data.draw(st.sampled_from([[], [self.collection]])),
            attributes=data.draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, True, "x"]), max_size=2)),
        )

    def attempt(self, change):
        """Try a change; a refusal must leave everything as it was, which the invariants see."""
        try:
            return change()
        except ShopError:
            return None

    @rule(target=products, data=st.data())
    def create(self, data):
        given = self.contents(data, self.taxonomy.tree(current=True))
        made = self.attempt(lambda: self.catalog.create(given))
        return made.id if made else "prod_none"

    @rule(product=products, data=st.data())
    def replace(self, product, data):
        given = self.contents(data, self.taxonomy.tree(current=True))
        done = self.attempt(lambda: self.catalog.replace(product, given, expected_version=None))
        if done is not None:
            assert self.catalog.get(product) == done
            assert done.attributes == given.attributes
            assert list(map(type, done.attributes.values())) == list(map(type, given.attributes.values()))
            # What was stored can always be sent back unchanged.
            assert self.catalog.patch(product, msgspec.to_builtins(done), expected_version=done.version) == done

    @rule(product=products, data=st.data())
    def keep_variants_but_swap_skus(self, product, data):
        if product == "prod_none":
            return
        old = self.catalog.get(product)
        named = [VariantInput(id=v.id, sku=data.draw(st.sampled_from(SKUS)), price=v.price) for v in old.variants]
        plain = [VariantInput(sku=sku) for sku in data.draw(skus)]
        given = ProductInput(title=old.title, variants=named + plain, status=old.status)
        self.attempt(lambda: self.catalog.replace(product, given, expected_version=old.version))

    @rule(product=products, status=statuses)
    def set_status(self, product, status):
        self.attempt(lambda: self.catalog.patch(product, {"status": status}, expected_version=None))

    @rule(product=products)
    def archive(self, product):
        if product != "prod_none":
            assert self.catalog.archive(product, expected_version=None).status == "archived"

    @rule(product=products, rating=st.builds(Rating, count=st.just(1), total=st.integers(1, 5)))
    def rate(self, product, rating):
        self.catalog.set_ratings({product: rating})

    @rule(data=st.data(), count=st.integers(1, 3))
    def upsert_many(self, data, count):
        tree = self.taxonomy.tree(current=True)
        for outcome in self.catalog.upsert_many([(self.contents(data, tree), Restored()) for _ in range(count)]):
            assert isinstance(outcome, ShopError) or self.catalog.get(outcome[0])

    @rule(data=st.data())
    def upsert_by_sku(self, data):
        given = self.contents(data, self.taxonomy.tree(current=True))
        self.attempt(lambda: self.catalog.upsert_by_sku(given.variants[0].sku, given, expected_version=None))

    @rule(target=categories, data=st.data())
    def add_category(self, data):
        ids = sorted(self.taxonomy.tree(current=True).by_id)
        given = CategoryInput(name=f"C{len(ids)}", parent=data.draw(st.none() | st.sampled_from(ids)))
        made = self.attempt(lambda: self.taxonomy.create_category(given))
        return made.id if made else ids[0]

    @rule(category=categories, data=st.data())
    def move_category(self, category, data):
        tree = self.taxonomy.tree(current=True)
        if category not in tree.by_id:
            return
        given = CategoryInput(
            name=tree.by_id[category].name,
            slug=tree.by_id[category].slug,
            parent=data.draw(st.none() | st.sampled_from(sorted(tree.by_id))),
        )
        if self.attempt(lambda: self.taxonomy.modify_category(category, given, expected_version=None)):
            self.relist()

    @rule(category=categories)
    def remove_category(self, category):
        self.attempt(lambda: self.taxonomy.remove_category(category, expected_version=None))

    @rule(hours=st.integers(1, 3))
    def wait(self, hours):
        self.clock.advance(hours * 3600)
        for product in self.shelves.due_price_changes(self.clock.now()):
            assert self.catalog.reproject(product)
        assert not self.shelves.due_price_changes(self.clock.now())

    def relist(self):
        """Do what the worker does after a category moved, for every product."""
        for product in self.catalog.all():
            self.catalog.reproject(product.id)
            assert not self.catalog.reproject(product.id)

    # -- what must always hold

    @invariant()
    def every_sku_and_slug_has_exactly_one_owner_and_no_claim_is_left_over(self):
        everything = list(self.catalog.all())
        owners = {variant.sku: product.id for product in everything for variant in product.variants}
        assert len(owners) == sum(len(product.variants) for product in everything)
        slugs = {product.slug: product.id for product in everything}
        assert len(slugs) == len(everything)
        claimed_skus, claimed_slugs = {}, {}
        for item in scan_all(self.table, schema.CATALOG):
            if item["part"] == "sku":
                claimed_skus[item["entity"].removeprefix("sku#")] = item["product_id"]
            if item["part"] == "slug" and item["entity"].startswith("slug#"):
                claimed_slugs[item["entity"].removeprefix("slug#"), item["current"]] = item["product_id"]
        assert claimed_skus == owners
        assert {slug: owner for (slug, current), owner in claimed_slugs.items() if current} == slugs
        for product in everything:
            ids = [variant.id for variant in product.variants]
            assert len(set(ids)) == len(ids)

    @invariant()
    def every_list_holds_exactly_the_right_cards(self):
        now, tree = self.clock.now(), self.taxonomy.tree(current=True)
        expected = {}
        for product in self.catalog.all():
            card = card_of(public_view(product, now))
            created = f"{round(product.created_at.timestamp() * 1000):013d}#{product.id}"
            expected["everything", created] = None, card
            if product.status == "active":
                places = {above.id for name in product.categories for above in tree.path(name)}
                names = [
                    "active",
                    *(f"category#{c}" for c in places),
                    *(f"collection#{c}" for c in product.collections),
                ]
                amount = card.price.amount if card.price else 10**15 + 1
                for name in names:
                    expected[name, created] = f"{amount:016d}", card
            edges = [
                edge
                for variant in product.variants
                for entry in variant.schedule
                for edge in (entry.valid_from, entry.valid_until)
                if edge is not None and edge > now
            ]
            if edges:
                expected["price_changes", f"{format_time(min(edges))}#{product.id}"] = None, card
        stored = {
            (item["list"], item["position"]): (item.get("price"), msgspec.json.decode(item["card"], type=Card))
            for item in scan_all(self.table, schema.LISTINGS)
        }
        assert stored == expected

    @rule()
    def search_agrees_with_every_product(self):
        self.indexer.catch_up()
        everything = list(self.catalog.all())
        tree = self.taxonomy.tree(current=True)
        found = self.search.search(SearchQuery(sort="created_at", statuses=("draft", "active", "archived"), limit=250))
        assert {msgspec.json.decode(hit.card, type=Card).id for hit in found.hits} == {p.id for p in everything}
        for category in tree.by_id:
            inside = {
                p.id for p in everything if p.status == "active" and category in tree.with_ancestors(p.categories)
            }
            assert self.search.counts("category").get(category, 0) == len(inside)


TestCatalogMachine = CatalogMachine.TestCase
TestCatalogMachine.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
