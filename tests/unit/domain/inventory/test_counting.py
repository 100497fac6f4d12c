"""What staff may rely on when they count, correct and watch stock."""

import msgspec
import pytest

from bodega.domain.inventory.model import InsufficientStockError, Line, StockChangedError
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.table import ThrottledError


def test_an_adjustment_changes_what_is_on_hand_and_is_remembered(room):
    room.stock.adjust(sku="MUG", change=10, reason="delivery", actor="key_1")
    room.clock.advance(1)

    level = room.stock.adjust(sku="MUG", change=-3, reason=" broken ")

    assert (level.on_hand, level.available) == (7, 7)
    history = room.stock.adjustments(sku="MUG").rows
    assert [(one.change, one.reason, one.actor) for one in history] == [(-3, "broken", ""), (10, "delivery", "key_1")]
    assert history[0].at > history[1].at


def test_the_history_comes_in_pages_newest_first_and_by_location(room):
    for number in range(1, 8):
        room.stock.adjust(sku="MUG", change=number, reason="count")
        room.stock.adjust(sku="MUG", change=99, reason="count", location="main-2")

    seen, position = [], None
    while True:
        page = room.stock.adjustments(sku="MUG", position=position, limit=3)
        seen += [one.change for one in page.rows]
        position = page.next
        if position is None:
            break

    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("change", [0, 10**9 + 1, -(10**9) - 1, 10**40, 1.0, True, None])
def test_a_change_is_a_whole_number_that_changes_something(room, change):
    with pytest.raises(InvalidError):
        room.stock.adjust(sku="MUG", change=change, reason="count")
    assert room.stock.find(sku="MUG") is None


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\nb", "\ud800"])
def test_a_change_needs_a_reason(room, reason):
    with pytest.raises(InvalidError):
        room.stock.adjust(sku="MUG", change=1, reason=reason)


def test_stock_has_an_upper_bound(room):
    room.stock.adjust(sku="MUG", change=10**9, reason="delivery")

    with pytest.raises(InvalidError):
        room.stock.adjust(sku="MUG", change=1, reason="delivery")


def test_what_is_held_cannot_be_taken_away(room):
    room.inventory.set_on_hand({"MUG": 10})
    room.hold(8)

    with pytest.raises(InsufficientStockError) as refused:
        room.stock.adjust(sku="MUG", change=-3, reason="lost")
    with pytest.raises(InsufficientStockError):
        room.stock.set(sku="MUG", on_hand=7, expected=10, reason="counted")
    with pytest.raises(InsufficientStockError):
        room.stock.adjust(sku="NEW", change=-1, reason="lost")

    assert refused.value.shortages[0].available == 2
    assert room.inventory.set_on_hand({"MUG": 3}) == {"MUG": 8}
    assert room.counts() == (8, 8, 0)
    room.clock.advance(600)
    assert room.stock.adjust(sku="MUG", change=-3, reason="lost").on_hand == 5


def test_setting_compares_with_what_the_counter_believed(room):
    assert room.stock.set(sku="MUG", on_hand=10, expected=None, reason="counted").on_hand == 10
    room.confirm(room.hold(4).id)

    with pytest.raises(StockChangedError) as refused:
        room.stock.set(sku="MUG", on_hand=11, expected=10, reason="counted")
    assert refused.value.current == 6
    with pytest.raises(StockChangedError):
        room.stock.set(sku="MUG", on_hand=11, expected=None, reason="counted")
    with pytest.raises(StockChangedError):
        room.stock.set(sku="POT", on_hand=11, expected=0, reason="counted")

    assert room.stock.set(sku="MUG", on_hand=7, expected=6, reason="counted").on_hand == 7
    assert [one.change for one in room.stock.adjustments(sku="MUG").rows] == [1, 10]


def test_locations_are_counted_apart(room):
    room.stock.adjust(sku="MUG", change=5, reason="count")
    room.stock.adjust(sku="MUG", change=2, reason="count", location="loft")

    hold = room.hold(5, Line("MUG", 2, "loft"))
    with pytest.raises(InsufficientStockError):
        room.hold(1)

    room.confirm(hold.id)
    assert room.stock.get(sku="MUG", location="loft").sold == 2
    assert [level.location for level in room.stock.list().rows] == ["loft", "main"]


@pytest.mark.parametrize("location", ["", "A", "a b", "x" * 41, "a\x1fb", None])
def test_a_location_is_a_short_name(room, location):
    with pytest.raises(InvalidError):
        room.stock.adjust(sku="MUG", change=1, reason="count", location=location)


def test_everything_tracked_is_listed_once_in_order(room):
    skus = [f"S-{number:03d}" for number in range(60)]
    room.inventory.set_on_hand(dict.fromkeys(skus, 3))
    room.inventory.set_on_hand(dict.fromkeys(skus, 4))
    room.stock.adjust(sku="S-000", change=1, reason="count")

    seen, position = [], None
    while True:
        page = room.stock.list(position=position, limit=7)
        seen += [level.sku for level in page.rows]
        position = page.next
        if position is None:
            break

    assert seen == skus
    assert page.rows[-1].on_hand == 4


def test_each_mark_is_announced_once_when_it_is_crossed(room):
    room.inventory.set_on_hand({"MUG": 20})
    room.stock.configure(sku="MUG", low_at=10)

    holds = [room.hold(5) for _ in range(4)]  # 15, 10, 5, 0
    room.holds.release(hold_id=holds[0].id)
    room.confirm(holds[1].id)
    room.stock.adjust(sku="MUG", change=100, reason="delivery")
    room.hold(95)

    assert room.announced() == ["stock.low", "stock.out", "stock.back", "stock.low"]
    events = [one.event for one in room.table.announced(0)]
    assert len({event.id for event in events}) == 4
    assert [event.version for event in events] == sorted({event.version for event in events})
    assert msgspec.json.decode(events[0].data) == {"sku": "MUG", "location": "main", "available": 10, "low_at": 10}


def test_taking_all_at_once_crosses_both_marks_in_order(room):
    room.inventory.set_on_hand({"MUG": 20, "POT": 0})

    room.hold(20)

    assert room.announced() == ["stock.out", "stock.low", "stock.out"]
    assert room.table.announced(0)[1].event.version < room.table.announced(0)[2].event.version


def test_raising_the_low_mark_above_what_is_there_announces_it(room):
    room.inventory.set_on_hand({"MUG": 20})

    room.stock.configure(sku="MUG", low_at=20)
    room.stock.configure(sku="MUG", low_at=25)

    assert room.announced() == ["stock.low"]
    assert room.level().state == "low_stock"


def test_loading_counts_announces_what_they_cross(room):
    room.inventory.set_on_hand({"MUG": 20, "POT": 20})
    room.inventory.set_on_hand({"MUG": 0, "POT": 20})
    room.inventory.set_on_hand({"MUG": 20})

    assert room.announced() == ["stock.low", "stock.out", "stock.back"]


@pytest.mark.parametrize("bad", [{"low_at": -1}, {"low_at": 1.5}, {"buckets": 0}, {"buckets": 17}, {"buckets": True}])
def test_settings_have_bounds(room, bad):
    room.inventory.set_on_hand({"MUG": 20})

    with pytest.raises(InvalidError):
        room.stock.configure(sku="MUG", **bad)


def test_what_is_not_tracked_cannot_be_configured_or_read(room):
    with pytest.raises(NotFoundError):
        room.stock.configure(sku="MUG", backorder=True)
    with pytest.raises(NotFoundError):
        room.stock.get(sku="MUG")


@pytest.mark.parametrize("units", [-1, 10**9 + 1, 1.5, True])
def test_a_load_of_counts_is_refused_whole_if_one_makes_no_sense(room, units):
    with pytest.raises(InvalidError):
        room.inventory.set_on_hand({"MUG": 1, "POT": units})
    assert room.inventory.find_levels(["MUG", "POT"]) == {}


def test_a_throttled_table_is_said_to_be_unavailable(room, monkeypatch):
    room.inventory.set_on_hand({"MUG": 1})

    def throttled(*_args, **_kwargs):
        raise ThrottledError("too fast")

    monkeypatch.setattr(room.table, "transact", throttled)
    with pytest.raises(ThrottledError):
        room.hold(1)
