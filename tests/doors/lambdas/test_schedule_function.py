"""What falls due is done when a schedule says so."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from events import Context
from msgspec.structs import replace
from selling import for_sale
from stocked import stock_up

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.inventory.model import Line
from bodega.domain.orders.model import natural_id
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, UnavailableError
from bodega.lambdas.duties import SWEEP, Duties
from bodega.settings import Settings
from bodega.wiring import open_shop

HERE = pytest.mark.parametrize("settings", ["local"], indirect=True)


@HERE
def test_holds_that_ended_are_swept(settings: Settings) -> None:
    clock = SettableClock()
    shop = open_shop(settings, clock=clock)
    for_sale(shop, MUG=3)
    shop.holds.place(owner="cart_1", lines=[Line("MUG", 2)])
    clock.advance(timedelta(days=1).total_seconds())

    done = Duties(shop)({"duty": "sweep-holds"}, Context())

    assert done == {"sweep-holds": 1}
    assert shop.stock.get(sku="MUG").held == 0
    shop.close()


def test_a_shop_is_trained_once_a_day(shop: Shop) -> None:
    stock_up(shop, customers=2)
    before = shop.models.current_version()

    Duties(shop)({"duty": "train"}, Context())

    assert shop.models.current_version() == before


def test_a_training_reads_only_what_came_since_the_one_before(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stock_up(shop, customers=8)
    first = shop.orders.list_cards(limit=1).rows[0]
    again = shop.orders.get(first.id)
    new = replace(again, id=natural_id("ord", "new"), number="new", customer_id="cus_new")
    shop.orders.record_many([new, replace(again, lines=[*again.lines, replace(again.lines[0], quantity=7)])])
    monkeypatch.setattr(type(shop.orders), "all", lambda _: 1 / 0)

    size = shop.trainer.train().size

    assert (size.orders, size.events, size.customers) == (17, 52, 17)


def test_a_sweep_does_all_that_no_event_brings_about(shop: Shop) -> None:
    assert Duties(shop)({"duty": "sweep"}, Context()).keys() == set(SWEEP)


@HERE
def test_a_duty_that_fails_keeps_no_other_from_being_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[int] = []
    monkeypatch.setattr(type(shop.checkout_recovery), "work_once", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(type(shop.holds), "sweep", lambda *_, **__: swept.append(1) or 0)

    with pytest.raises(UnavailableError, match="checkouts"):
        Duties(shop)({"duty": "sweep"}, Context())

    assert swept


@HERE
@pytest.mark.parametrize(
    "event", [None, [], {}, {"duty": None}, {"duty": "dance"}, {"duty": "train", "now": True}, "train"]
)
def test_what_is_no_duty_is_refused(shop: Shop, event: Any) -> None:
    with pytest.raises(InvalidError):
        Duties(shop)(event, Context())


@HERE
def test_a_duty_with_much_to_do_ends_before_the_function_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(shop.holds), "sweep", lambda *_, **__: 100)

    assert Duties(shop)({"duty": "sweep-holds"}, Context(left_ms=5_000)) == {"sweep-holds": 1}


@pytest.mark.parametrize("settings", ["ministack"], indirect=True)
def test_functions_and_machines_begin_with_the_index_that_was_published_and_follow_from_there(
    shop: Shop, settings: Settings, tmp_path: Path
) -> None:
    for_sale(shop, MUG=1, CUP=1)
    Duties(shop)({"duty": "publish-search-snapshot"}, Context())
    for_sale(shop, POT=1)

    elsewhere = open_shop(
        msgspec.structs.replace(settings, data_dir=tmp_path / "elsewhere"), following=timedelta(seconds=0)
    )
    found = elsewhere.catalog.shelves.find(ShelfQuery(text="the"))

    assert found.total == 3
    elsewhere.close()


def test_an_index_that_missed_what_was_forgotten_since_begins_anew(settings: Settings, tmp_path: Path) -> None:
    shop = open_shop(settings)
    for_sale(shop, MUG=1)
    shop.indexer.catch_up()
    for_sale(shop, CUP=1)
    shop.world.table.trim_announced(shop.world.table.last_position())
    for_sale(shop, POT=1)

    shop.indexer.catch_up()

    assert shop.catalog.shelves.find(ShelfQuery(text="the")).total == 3
    shop.close()
