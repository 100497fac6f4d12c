"""What falls due is done, at its time, whatever else goes wrong."""

import itertools
import threading
from datetime import timedelta

import msgspec
import pytest

from bodega import schema
from bodega.adapters.local import search
from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import Card, CategoryInput, ProductInput, ScheduledPrice, VariantInput
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows import order_log
from bodega.errors import UnavailableError
from bodega.ports.table import Key, Put
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker import duties, relay
from bodega.worker.duties import Duty, change_prices, prompt_duties, sweep, tidy_index, train_if_due, work_until
from bodega.worker.relay import Relay
from bodega.worker.run import run


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def shop(tmp_path, clock):
    shop = open_shop(Settings.for_directory(tmp_path / "shop"), clock=clock)
    yield shop
    shop.close()


def product(sku, *, category=None, price=1000, schedule=()):
    return ProductInput(
        title=f"Product {sku}",
        status="active",
        categories=[category] if category else [],
        variants=[VariantInput(sku=sku, price=Money(price, "GBP"), schedule=list(schedule))],
    )


def listed(shop, **query):
    page = shop.catalog.shelves.find(ShelfQuery(**query))
    return [msgspec.json.decode(card, type=Card) for card in page.cards]


def settle(shop, clock):
    """Let a worker do everything that is due now and in the next minute."""
    todo = prompt_duties(shop)
    for _ in range(12):
        while any(duty.run(clock.now()) for duty in todo):
            pass
        clock.advance(6)


# -- the list of duties


def test_a_duty_is_done_at_once_and_again_only_when_its_time_has_come(clock):
    done = []
    duty = Duty("count", timedelta(seconds=10), lambda: bool(done.append(clock.now())))

    for _ in range(21):
        duty.run(clock.now())
        clock.advance(1)

    assert len(done) == 3


def test_a_duty_with_more_to_do_is_due_at_once(clock):
    left = [1, 1, 0]
    duty = Duty("backlog", timedelta(hours=1), lambda: bool(left.pop(0)))

    assert duty.run(clock.now())
    assert duty.run(clock.now())
    assert not duty.run(clock.now())
    assert not duty.run(clock.now())  # now an hour off, or popping from nothing would raise
    assert left == []


def test_a_failing_duty_does_not_stop_the_others_and_pauses_longer_each_time(clock, caplog):
    tries, done = [], []

    def fail():
        tries.append(clock.now())
        raise UnavailableError("down")

    todo = [
        Duty("broken", timedelta(seconds=1), fail),
        Duty("fine", timedelta(seconds=1), lambda: bool(done.append(clock.now()))),
    ]
    for _ in range(200):
        for duty in todo:
            duty.run(clock.now())
        clock.advance(1)

    assert len(done) == 200
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(tries)]
    assert gaps[:6] == [1, 2, 4, 8, 16, 32]
    assert set(gaps[6:]) == {60}
    assert [record.name for record in caplog.records].count("bodega.worker.duties") == len(tries)


def test_a_duty_that_works_again_keeps_its_pace_again(clock):
    answers = [True, True, False, False]

    def work():
        if answers.pop(0):
            raise UnavailableError("down")
        return False

    duty = Duty("shaky", timedelta(seconds=1), work)
    for seconds in (0, 1, 2, 1):
        clock.advance(seconds)
        duty.run(clock.now())

    assert answers == []
    assert duty.failures == 0


def test_a_worker_told_to_stop_finishes_and_closes_the_shop(shop):
    stop = threading.Event()
    stop.set()

    assert run(shop, stop)

    with pytest.raises(UnavailableError):
        shop.world.table.get(schema.SYSTEM, Key("a", "b"))


def test_work_ends_between_two_duties_when_told_to_stop(clock):
    stop = threading.Event()
    later = []
    todo = [
        Duty("last words", timedelta(0), lambda: bool(stop.set())),
        Duty("too late", timedelta(0), lambda: bool(later.append(1))),
    ]

    work_until(stop, todo, clock.now)

    assert later == []


# -- the relay


def test_the_relay_hands_every_event_to_the_bus_in_order_and_remembers_how_far_it_got(shop, monkeypatch):
    published = []
    monkeypatch.setattr(shop.world.bus, "publish", published.extend)
    for n in range(7):
        shop.catalog.products.create(product(f"S-{n}"))
    monkeypatch.setattr(relay, "_BATCH", 3)

    while Relay(shop).work():  # each time as after a restart
        pass

    committed = [one.event for one in shop.world.table.announced(0)]
    assert published == committed
    assert len(published) >= 7


def test_events_that_the_bus_did_not_take_are_published_again(shop, monkeypatch):
    shop.catalog.taxonomy.create_category(CategoryInput(name="Mugs"))
    carrier = Relay(shop)
    publish = shop.world.bus.publish

    def publish_and_die(events):
        publish(events)
        raise UnavailableError("died before remembering")

    monkeypatch.setattr(shop.world.bus, "publish", publish_and_die)
    with pytest.raises(UnavailableError):
        carrier.work()
    monkeypatch.undo()
    carrier.work()

    assert shop.world.queue.depth("relist") == 2  # the same event, twice: at least once


def test_the_relay_forgets_what_everybody_has_seen_but_nothing_that_search_or_webhooks_still_need(shop, monkeypatch):
    monkeypatch.setattr(relay, "_KEPT", 2)
    monkeypatch.setattr(relay, "_TRIMMED_AT_ONCE", 1)
    shop.indexer.catch_up()
    for n in range(9):
        shop.catalog.products.create(product(f"S-{n}"))
    carrier = Relay(shop)

    carrier.work()
    kept_for_search = len(shop.world.table.announced(0))
    shop.indexer.catch_up()
    carrier.work()
    kept_for_webhooks = len(shop.world.table.announced(0))
    shop.webhooks.fan_out.work_once()
    carrier.work()

    assert kept_for_search >= 9
    assert kept_for_webhooks >= 9
    assert len(shop.world.table.announced(0)) == 2


def test_the_relay_keeps_what_training_needs_until_the_worker_has_read_it(shop, monkeypatch):
    monkeypatch.setattr(relay, "_KEPT", 2)
    monkeypatch.setattr(relay, "_TRIMMED_AT_ONCE", 1)
    train_if_due(shop)
    for n in range(9):
        shop.catalog.products.create(product(f"S-{n}"))
    shop.indexer.catch_up()
    shop.webhooks.fan_out.work_once()
    carrier = Relay(shop)

    carrier.work()
    kept_for_training = len(shop.world.table.announced(0))
    train_if_due(shop)
    carrier.work()
    not_yet = len(shop.world.table.announced(0))
    monkeypatch.setattr(order_log, "_LAG", 5)
    train_if_due(shop)
    carrier.work()

    assert kept_for_training == not_yet >= 9
    assert len(shop.world.table.announced(0)) == 2


# -- moving categories


def test_products_of_a_moved_category_appear_beneath_the_new_ancestor_in_lists_facets_and_counts(shop, clock):
    taxonomy = shop.catalog.taxonomy
    kitchen = taxonomy.create_category(CategoryInput(name="Kitchen")).id
    garden = taxonomy.create_category(CategoryInput(name="Garden")).id
    pots = taxonomy.create_category(CategoryInput(name="Pots", parent=kitchen))
    made = {shop.catalog.products.create(product(f"POT-{n}", category=pots.id)).id for n in range(3)}
    settle(shop, clock)

    given = CategoryInput(name="Pots", parent=garden)
    taxonomy.modify_category(pots.id, given, expected_version=pots.version)
    settle(shop, clock)

    assert {card.id for card in listed(shop, categories=(garden,), sort="price")} == made
    assert {card.id for card in listed(shop, text="product", categories=(garden,))} == made
    assert listed(shop, categories=(kitchen,), sort="price") == []
    assert listed(shop, text="product", categories=(kitchen,)) == []
    facets = shop.catalog.shelves.find(ShelfQuery(text="product", facets=("category",))).facets["category"]
    counted = {facet.value: facet.count for facet in facets}
    assert counted.get(garden) == 3
    assert kitchen not in counted
    assert shop.world.queue.depth("relist") == 0
    assert shop.world.queue.dead_letters("relist") == []


# -- prices


def test_a_scheduled_price_shows_in_lists_at_its_time_and_goes_at_its_end(shop, clock):
    sale = ScheduledPrice(
        price=Money(700, "GBP"),
        valid_from=clock.now() + timedelta(hours=1),
        valid_until=clock.now() + timedelta(hours=2),
    )
    shop.catalog.products.create(product("SALE-1", schedule=[sale]))
    shop.catalog.products.create(product("OTHER", price=800))
    settle(shop, clock)

    def cheapest():
        settle(shop, clock)
        by_list = [card.price.amount for card in listed(shop, sort="price")]
        by_search = [card.price.amount for card in listed(shop, text="product", sort="price")]
        assert by_list == by_search
        return by_list

    before = cheapest()
    clock.advance(3600)
    during = cheapest()
    clock.advance(3600)
    after = cheapest()

    assert (before, during, after) == ([800, 1000], [700, 800], [800, 1000])


def test_one_product_that_cannot_be_priced_does_not_hold_up_the_others(shop, clock, monkeypatch, caplog):
    sale = ScheduledPrice(price=Money(700, "GBP"), valid_from=clock.now() + timedelta(hours=1))
    ids = [shop.catalog.products.create(product(f"SALE-{n}", schedule=[sale])).id for n in range(3)]
    clock.advance(3700)
    reproject = shop.catalog.products.reproject

    def sometimes(product_id):
        if product_id == ids[0]:
            raise UnavailableError("unreadable")
        return reproject(product_id)

    monkeypatch.setattr(type(shop.catalog.products), "reproject", lambda _self, product_id: sometimes(product_id))
    monkeypatch.setattr(duties, "_PRICES", 3)

    assert change_prices(shop)  # some changed, so there may be more
    monkeypatch.setattr(duties, "_PRICES", 1)
    assert not change_prices(shop)  # only the bad one is left: no reason to turn in circles
    assert shop.catalog.shelves.due_price_changes(clock.now()) == [ids[0]]
    assert len(caplog.records) == 2


# -- expiry and training


def test_expired_items_are_deleted_for_good(shop, clock, monkeypatch):
    monkeypatch.setattr(duties, "_SWEEP", 2)
    soon = int(clock.now().timestamp()) + 60
    for n in range(3):
        item = {"scope": "a", "key": str(n), "expires_at": soon}
        shop.world.table.transact([Put(schema.IDEMPOTENCY, item)])
    clock.advance(120)

    assert sweep(shop)  # as many as it may take at once: there may be more
    assert not sweep(shop)
    assert shop.world.table.sweep_expired() == 0


def test_a_search_index_that_changes_have_overgrown_is_built_anew_and_finds_the_same(
    shop, clock, tmp_path, monkeypatch
):
    monkeypatch.setattr(search, "_SPARE_ROWS", 10)
    made = shop.catalog.products.create(product("S-1"))

    def generations():
        return [path.name for path in (tmp_path / "shop" / "search").glob("f*-*")]

    settle(shop, clock)
    tidy_index(shop)
    before = generations()
    for price in range(1, 20):
        shop.catalog.products.replace(made.id, product("S-1", price=price), expected_version=None)
        shop.indexer.catch_up()

    tidy_index(shop)
    after = generations()
    tidy_index(shop)

    assert [card.price.amount for card in listed(shop, text="product")] == [19]
    assert shop.indexer.position() == shop.world.table.last_position()
    assert before != after == generations()


def test_a_shop_without_a_model_is_trained_and_again_a_day_later_but_not_before(shop, clock):
    train_if_due(shop)
    first = shop.models.current_version()
    clock.advance(23 * 3600)
    train_if_due(shop)
    same_day = shop.models.current_version()
    clock.advance(2 * 3600)
    train_if_due(shop)

    assert first is not None
    assert same_day == first
    assert shop.models.current_version() != first
