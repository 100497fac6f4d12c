"""Recommendations as a shopper gets them: a small shop with two tastes, trained for real."""

from datetime import timedelta

import msgspec
import pytest

from bodega import schema
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.system.ids import SeededIds
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.recommending import Recommender
from bodega.domain.flows.training import Trainer
from bodega.domain.inventory.service import Inventory
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import BrokenModelError, ModelStore
from bodega.domain.recommendations.service import Recommendations
from bodega.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from bodega.ports.table import Put
from bodega.values.money import Money

COFFEE = ("beans", "filter", "grinder", "kettle", "scale")
GARDEN = ("spade", "seeds", "pot", "soil", "gloves")


class Counter:
    """A shop's counter: who bought what, and what they are recommended."""

    def __init__(self, bench, tmp_path, mug):
        self.bench = bench
        ids = SeededIds(3, bench.clock)
        self.models = ModelStore(
            table=bench.table, objects=FileObjectStore(tmp_path / "objects", clock=bench.clock), clock=bench.clock
        )
        self.inventory = Inventory(table=bench.table, clock=bench.clock)
        self.orders = Orders(table=bench.table)
        self.recommender = Recommender(
            recommendations=Recommendations(models=self.models),
            shelves=bench.shelves,
            inventory=self.inventory,
            orders=self.orders,
            ids=ids,
        )
        self.trainer = Trainer(
            orders=self.orders, models=self.models, indexer=bench.indexer, clock=bench.clock, ids=ids
        )
        self.products = {name: bench.products.create(mug(sku=name, title=name)).id for name in (*COFFEE, *GARDEN)}

    def points_at(self, version):
        """Put the pointer where the store itself would not."""
        self.bench.table.transact(
            [Put(schema.SYSTEM, {"name": "recommendations", "part": "current", "version": version})]
        )

    def another_store(self, objects=None):
        """Return the store of a process that has seen no model yet."""
        return ModelStore(table=self.bench.table, objects=objects or self.models._objects, clock=self.bench.clock)

    def buys(self, customer, *names, days_ago=1.0):
        number = f"{customer}-{names}-{days_ago}"
        lines = [Line(sku=n, product_id=self.products[n], quantity=1, unit_price=Money(100, "GBP")) for n in names]
        self.orders.record_many(
            [
                Order(
                    id=natural_id("ord", number),
                    number=number,
                    customer_id=customer,
                    placed_at=self.bench.clock.now() - timedelta(days=days_ago),
                    lines=lines,
                )
            ]
        )

    def names(self, suggestions):
        return [item.card.title for item in suggestions.items]


@pytest.fixture
def counter(bench, tmp_path, mug):
    shop = Counter(bench, tmp_path, mug)
    for number in range(12):
        for kind, taste in (("c", COFFEE), ("g", GARDEN)):
            bought = [taste[(number + step) % 5] for step in range(3)]
            shop.buys(f"cus_{kind}{number}", *bought, days_ago=5 + number)
    shop.trainer.train()
    return shop


def test_a_shopper_is_recommended_what_goes_with_what_they_bought_and_told_why(counter):
    counter.buys("cus_new", "beans")

    found = counter.recommender.suggest(customer_id="cus_new", limit=4)

    assert set(counter.names(found)) == set(COFFEE) - {"beans"}
    assert {item.reason.code for item in found.items} == {"because_you_bought"}
    assert all(item.reason.because == [counter.products["beans"]] for item in found.items)
    assert found.fallback is None


def test_an_order_changes_the_next_list_without_training(counter):
    counter.buys("cus_new", "beans")
    counter.buys("cus_new", "spade", days_ago=0)

    names = counter.names(counter.recommender.suggest(customer_id="cus_new", limit=8))

    assert set(names) == {*COFFEE, *GARDEN} - {"beans", "spade"}
    assert names[0] in GARDEN


def test_a_shop_whose_last_order_is_fifteen_years_old_still_knows_tastes(counter):
    counter.buys("cus_new", "beans")
    counter.bench.clock.advance(15 * 365 * 86400)
    counter.trainer.train()
    counter.bench.clock.advance(2)

    found = counter.recommender.suggest(customer_id="cus_new", limit=4)

    assert set(counter.names(found)) == set(COFFEE) - {"beans"}
    assert {item.reason.code for item in found.items} == {"because_you_bought"}


def test_a_stranger_gets_what_is_trending_and_is_told_so(counter):
    found = counter.recommender.suggest(limit=5)

    assert len(found.items) == 5
    assert found.fallback == "trending"
    assert {item.reason.code for item in found.items} == {"trending"}


def test_what_is_sold_out_archived_or_in_the_cart_is_passed_over_without_shortening_the_list(counter):
    counter.buys("cus_new", "beans")
    counter.inventory.set_on_hand({"filter": 0})
    counter.bench.products.archive(counter.products["grinder"], expected_version=1)

    found = counter.recommender.suggest(customer_id="cus_new", in_cart=[counter.products["kettle"]], limit=5)

    names = counter.names(found)
    assert len(names) == 5
    assert not {"filter", "grinder", "kettle", "beans"} & set(names)


def test_bought_together_names_the_product_it_goes_with(counter):
    found = counter.recommender.bought_together(counter.products["spade"], limit=4)

    assert set(counter.names(found)) == set(GARDEN) - {"spade"}
    assert all(item.reason.because == (counter.products["spade"],) for item in found.items)


def test_the_account_page_recommends_buying_again(counter):
    for customer in ("cus_habit", *(f"cus_c{number}" for number in range(12))):
        for days in (44.0, 34.0, 24.0, 14.0, 4.0):
            counter.buys(customer, "beans", days_ago=days)
    counter.trainer.train()
    counter.bench.clock.advance(2)

    found = counter.recommender.suggest(customer_id="cus_habit", placement="account", limit=3)

    assert counter.names(found)[0] == "beans"
    assert found.items[0].reason.code == "buy_again"


def test_a_first_day_s_list_is_not_shortened_by_what_is_sold_out_or_in_the_cart(bench, tmp_path, mug):
    counter = Counter(bench, tmp_path, mug)
    counter.inventory.set_on_hand({"gloves": 0})

    found = counter.recommender.suggest(in_cart=[counter.products["soil"]], limit=5)

    assert len(found.items) == 5
    assert not {"gloves", "soil"} & set(counter.names(found))


def test_a_shop_without_orders_recommends_what_is_new(bench, tmp_path, mug):
    counter = Counter(bench, tmp_path, mug)

    found = counter.recommender.suggest(limit=3)

    assert (len(found.items), found.fallback, found.model_version) == (3, "newest", None)
    counter.trainer.train()
    assert counter.recommender.suggest(limit=3).model_version is not None


def test_a_product_page_needs_a_product_and_limits_are_kept(counter):
    with pytest.raises(InvalidError):
        counter.recommender.suggest(placement="product")
    with pytest.raises(InvalidError):
        counter.recommender.suggest(limit=0)


def test_a_broken_artifact_is_refused_and_the_last_good_model_stays(counter):
    good = counter.models.current_version()
    manifest = counter.models.versions()[0]
    objects = counter.models._objects
    for info in list(objects.list(f"models/{good}/")):
        objects.put(info.key.replace(good, "evil"), objects.get(info.key))
    objects.put("models/evil/neighbours.npy", b"no array at all")

    with pytest.raises(BrokenModelError):
        counter.models.point_at("evil", expected=good)
    counter.points_at("evil")
    counter.bench.clock.advance(2)

    assert counter.models.current().version == manifest.version


def test_when_no_stored_model_can_be_read_training_is_due_again(counter):
    objects = counter.models._objects
    for info in list(objects.list("models/")):
        objects.put(info.key, b"from another age")
    counter.bench.clock.advance(2)
    another = counter.another_store()
    trainer = Trainer(
        orders=counter.orders,
        models=another,
        indexer=counter.bench.indexer,
        clock=counter.bench.clock,
        ids=SeededIds(4, counter.bench.clock),
    )

    assert another.versions() == []
    assert trainer.due(every=timedelta(days=1))
    trainer.train()
    assert not trainer.due(every=timedelta(days=1))


@pytest.mark.parametrize("damage", [b"{", b"\xff", b'{"format": 2}', None], ids=["cut", "bytes", "poor", "gone"])
def test_a_process_that_meets_a_damaged_manifest_serves_the_last_good_model(counter, damage):
    good = counter.models.current_version()
    objects = counter.models._objects
    for info in list(objects.list(f"models/{good}/")):
        objects.put(info.key.replace(good, "later"), objects.get(info.key))
    if damage is None:
        objects.delete("models/later/manifest.json")
    else:
        objects.put("models/later/manifest.json", damage)
    counter.points_at("later")

    another = counter.another_store()

    assert another.current().version == good
    assert [manifest.version for manifest in another.versions()] == [good]


def test_a_manifest_with_a_time_that_is_none_is_broken(counter):
    good = counter.models.current_version()
    key = f"models/{good}/manifest.json"
    manifest = msgspec.json.decode(counter.models._objects.get(key))
    counter.models._objects.put(key, msgspec.json.encode(manifest | {"as_of": "lately"}))

    assert counter.another_store().current() is None


def test_a_store_that_cannot_be_reached_for_a_moment_is_asked_again(counter):
    class Flaky:
        def __init__(self, objects):
            self.objects, self.down = objects, True

        def __getattr__(self, name):
            if self.down:
                raise UnavailableError("no answer")
            return getattr(self.objects, name)

    flaky = Flaky(counter.models._objects)
    another = counter.another_store(flaky)
    with pytest.raises(UnavailableError):
        another.current()

    flaky.down = False

    assert another.current().version == counter.models.current_version()


def test_the_lost_count_of_what_was_sold_stops_neither_search_nor_training(counter):
    version = counter.models.current_version()
    counter.models._objects.put(f"models/{version}/sold.json", b"{\xff")

    assert counter.another_store().sold() == {}
    assert counter.trainer.train().version != version
    assert counter.models.sold()


def test_rolling_back_to_a_version_whose_files_are_gone_is_refused(counter):
    first = counter.models.current_version()
    counter.bench.clock.advance(60)
    counter.trainer.train()
    second = counter.models.current_version()
    for info in list(counter.models._objects.list(f"models/{first}/")):
        if not info.key.endswith("manifest.json"):
            counter.models._objects.delete(info.key)

    with pytest.raises(BrokenModelError):
        counter.models.point_at(first, expected=second)

    assert counter.models.current_version() == second


@pytest.mark.parametrize("version", ["", "..", "../x", "\0", "\ud800", "x" * 81, "a/b"], ids=ascii)
def test_no_name_of_a_version_reaches_beyond_the_models(counter, version):
    with pytest.raises(NotFoundError):
        counter.models.point_at(version, expected=counter.models.current_version())


def test_texts_that_are_no_products_and_no_customers_are_unknown(counter):
    whole = counter.recommender.suggest(limit=5)
    for text in ("", "\0", "\ud800", "x" * 10_000, counter.products["beans"] + "\0"):
        assert (
            counter.recommender.suggest(customer_id=text, viewed=[text], in_cart=[text], limit=5).items == whole.items
        )
        assert counter.recommender.similar(text).fallback == "trending"
        assert counter.recommender.bought_together(text).items == []
        assert counter.recommender.suggest(placement="product", product_id=text).items


def test_a_list_longer_than_what_ever_sold_is_filled_with_what_is_new(counter, mug):
    new = counter.bench.products.create(mug(sku="lamp", title="Lamp")).id

    found = counter.recommender.suggest(customer_id="cus_c1", limit=100)

    assert {s.card.id for s in found.items} == {*counter.products.values(), new}
    assert len(found.items) == len(counter.products) + 1
    assert found.fallback is None


def test_publishing_over_a_version_that_moved_meanwhile_is_refused(counter):
    with pytest.raises(ConflictError):
        counter.models.point_at(counter.models.current_version(), expected="another")
    with pytest.raises(NotFoundError):
        counter.models.point_at("no-such-version", expected=counter.models.current_version())


def test_the_search_index_learns_what_sells(counter):
    bench = counter.bench
    for number in range(9):
        counter.buys(f"cus_s{number}", "scale", days_ago=2.0)
    bench.indexer._sold = counter.models.sold
    counter.trainer.train()

    page = bench.shelves.find(ShelfQuery(sort="best_selling", limit=1, audience="staff"))
    assert b'"scale"' in page.cards[0]


def test_evaluation_beats_popularity_where_tastes_are_clear(counter):
    for number in range(12):
        for kind, taste in (("c", COFFEE), ("g", GARDEN)):
            counter.buys(f"cus_{kind}{number}", taste[(number + 3) % 5], days_ago=0.5)

    report = counter.trainer.evaluate(days=2.0, k=2, repeat="exclude")

    shop, popularity = report.models
    assert report.test_customers == 24
    assert shop.recall > popularity.recall + 0.2


def test_evaluating_without_orders_says_so(bench, tmp_path, mug):
    with pytest.raises(InvalidError):
        Counter(bench, tmp_path, mug).trainer.evaluate(days=7, k=5, repeat="include")
