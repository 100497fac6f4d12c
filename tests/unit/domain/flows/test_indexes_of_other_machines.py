"""What happens on one machine reaches every other's search index: moves of categories, and what a training counted."""

import pytest

from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import CategoryInput, ProductInput, VariantInput
from bodega.domain.flows import following, relisting
from bodega.domain.flows.following import Follower
from bodega.domain.flows.indexing import Indexer
from bodega.ports.search import SearchQuery
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker.relay import Relay


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def shop(tmp_path, clock):
    shop = open_shop(Settings.for_directory(tmp_path / "shop"), clock=clock)
    yield shop
    shop.close()


@pytest.fixture
def elsewhere(shop, tmp_path):
    """Return the index of another machine: nothing but the table connects it with ours."""
    search = TantivySearchIndex(tmp_path / "elsewhere")
    indexer = Indexer(
        table=shop.world.table,
        search=search,
        shelves=shop.catalog.shelves,
        sold=dict,
        reproject=shop.catalog.products.reproject,
    )
    yield indexer
    search.close()


def settle(shop, clock):
    """Do what waits and what comes of it, on the machine that relists, and let none of it be late."""
    carrier = Relay(shop)
    for _ in range(3):
        while carrier.work() or shop.relister.work_once():
            pass
        clock.advance(6)


def beneath(indexer, category, status):
    indexer.catch_up()
    query = SearchQuery(categories=(category,), statuses=(status,), sort="created_at", limit=250)
    return [hit.id for hit in indexer._search.search(query).hits]


def test_a_category_is_relisted_a_page_at_a_time_however_much_it_holds(shop, clock, elsewhere, monkeypatch):
    """A function has five minutes for its messages, and a category may hold all products there are."""
    monkeypatch.setattr(relisting, "_PAGE", 2)
    taxonomy, products = shop.catalog.taxonomy, shop.catalog.products
    kitchen, garden = (taxonomy.create_category(CategoryInput(name=name)).id for name in ("Kitchen", "Garden"))
    pots = taxonomy.create_category(CategoryInput(name="Pots", parent=kitchen))
    made = {
        products.create(
            ProductInput(
                title="Pot",
                status="active",
                categories=[pots.id],
                variants=[VariantInput(sku=f"POT-{number}", price=Money(500, "GBP"))],
            )
        ).id
        for number in range(5)
    }
    settle(shop, clock)

    taxonomy.modify_category(pots.id, CategoryInput(name="Pots", parent=garden), expected_version=1)
    while Relay(shop).work():
        pass
    rounds = 0
    while shop.relister.work_once():
        rounds += 1
    settle(shop, clock)

    assert rounds == 3
    assert set(beneath(elsewhere, garden, "active")) == made
    assert beneath(elsewhere, kitchen, "active") == []


@pytest.mark.parametrize("status", ["active", "draft", "archived"])
def test_products_are_found_beneath_their_category_s_new_place_on_every_machine(shop, clock, elsewhere, status):
    taxonomy, products = shop.catalog.taxonomy, shop.catalog.products
    kitchen, garden = (taxonomy.create_category(CategoryInput(name=name)).id for name in ("Kitchen", "Garden"))
    pots = taxonomy.create_category(CategoryInput(name="Pots", parent=kitchen))
    variants = [VariantInput(sku="POT", price=Money(500, "GBP"))]
    pot = products.create(ProductInput(title="Pot", status=status, categories=[pots.id], variants=variants)).id
    settle(shop, clock)
    assert beneath(elsewhere, kitchen, status) == [pot]

    taxonomy.modify_category(pots.id, CategoryInput(name="Pots", parent=garden), expected_version=1)
    settle(shop, clock)

    for indexer in (elsewhere, shop.indexer):
        assert beneath(indexer, garden, status) == [pot]
        assert beneath(indexer, kitchen, status) == []


def test_more_of_them_than_a_page_are_all_found(shop, clock, elsewhere):
    taxonomy, products = shop.catalog.taxonomy, shop.catalog.products
    kitchen, garden = (taxonomy.create_category(CategoryInput(name=name)).id for name in ("Kitchen", "Garden"))
    pots = taxonomy.create_category(CategoryInput(name="Pots", parent=kitchen))
    for n in range(260):
        variants = [VariantInput(sku=f"POT-{n}", price=Money(500, "GBP"))]
        products.create(ProductInput(title="Pot", categories=[pots.id], variants=variants))
    assert len(beneath(elsewhere, kitchen, "draft")) == 250

    taxonomy.modify_category(pots.id, CategoryInput(name="Pots", parent=garden), expected_version=1)
    settle(shop, clock)

    assert len(beneath(elsewhere, garden, "draft")) == 250
    assert beneath(elsewhere, kitchen, "draft") == []


def test_what_a_training_counted_orders_best_sellers_on_machines_that_serve_a_few_at_a_time(
    shop, elsewhere, monkeypatch
):
    monkeypatch.setattr(following, "_AT_ONCE", 2)
    made = []
    for n in range(5):
        variants = [VariantInput(sku=f"MUG-{n}", price=Money(500, "GBP"))]
        made.append(shop.catalog.products.create(ProductInput(title="Mug", status="active", variants=variants)).id)
    counts = {}
    elsewhere._sold = lambda: counts
    follower = Follower(indexer=elsewhere, sold=elsewhere._sold)
    follower.follow()

    # The last to be indexed sells best.
    counts = {product_id: 9 - n for n, product_id in enumerate(made)} | {made[-1]: 99}
    steps = 0
    while best(elsewhere) != [made[-1], *made[:-1]]:
        follower.follow()
        steps += 1

    assert steps == 3
    position = elsewhere.position()
    follower.follow()
    assert elsewhere.position() == position


def best(indexer):
    return [hit.id for hit in indexer._search.search(SearchQuery(sort="best_selling")).hits]
