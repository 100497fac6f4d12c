"""What a cart may rely on when units are held for it."""

import pytest

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.ids import SeededIds
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import (
    MAX_LINES,
    HoldExpiredError,
    InsufficientStockError,
    Line,
    Shortage,
    StockMovedError,
)
from bodega.domain.inventory.stock import Stock
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, InvalidError
from bodega.ports.table import Put


def test_held_units_are_not_available_to_others_until_they_are_sold(room):
    room.inventory.set_on_hand({"MUG": 10})

    hold = room.hold(4)

    assert room.counts() == (10, 4, 0)
    assert room.level().available == 6
    room.confirm(hold.id)
    assert room.counts() == (6, 0, 4)
    assert room.holds.find(hold_id=hold.id) is None


def test_all_lines_are_held_or_none_and_every_shortage_is_named(room):
    room.inventory.set_on_hand({"MUG": 10, "POT": 2, "CUP": 0})

    with pytest.raises(InsufficientStockError) as refused:
        room.hold(4, Line("POT", 3), Line("CUP", 1))

    assert refused.value.shortages == (Shortage("POT", 3, 2), Shortage("CUP", 1, 0))
    assert isinstance(refused.value, ConflictError)
    assert room.counts("MUG") == (10, 0, 0)
    assert room.counts("POT") == (2, 0, 0)


def test_lines_of_one_sku_count_together(room):
    room.inventory.set_on_hand({"MUG": 5})

    with pytest.raises(InsufficientStockError) as refused:
        room.hold(3, Line("MUG", 3))
    hold = room.hold(3, Line(" MUG ", 2))

    assert refused.value.shortages == (Shortage("MUG", 6, 5),)
    assert [(line.sku, line.quantity) for line in hold.lines] == [("MUG", 5)]
    assert room.counts() == (5, 5, 0)


def test_a_sku_that_is_not_tracked_is_always_there(room):
    hold = room.hold(10_000, sku="EBOOK")

    room.confirm(hold.id)

    assert room.stock.find(sku="EBOOK") is None


def test_backorder_lets_more_be_promised_than_there_is(room):
    room.inventory.set_on_hand({"MUG": 1})
    room.stock.configure(sku="MUG", backorder=True)

    hold = room.hold(3)

    assert room.level().state == "backorder"
    room.confirm(hold.id)
    assert room.counts() == (-2, 0, 3)
    assert room.stock.adjust(sku="MUG", change=10, reason="delivery").on_hand == 8


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 10**30, 1.5, 2.0, True, None, "3"])
def test_a_quantity_is_a_whole_number_from_1_to_10000(room, quantity):
    room.inventory.set_on_hand({"MUG": 10})

    with pytest.raises(InvalidError) as refused:
        room.hold(quantity)

    assert refused.value.faults[0].pointer == "/lines/0/quantity"
    assert room.counts() == (10, 0, 0)


@pytest.mark.parametrize("lines", [[], [Line("", 1)], [Line("A\x1fB", 1)], [Line("A" * 65, 1)], [Line("A", 1, "a b")]])
def test_lines_that_name_nothing_are_refused(room, lines):
    with pytest.raises(InvalidError):
        room.holds.place(owner="cart_1", lines=lines)


def test_the_sum_of_a_sku_is_bounded_and_so_is_the_number_of_skus(room):
    with pytest.raises(InvalidError):
        room.hold(6000, Line("MUG", 6000))
    with pytest.raises(InvalidError):
        room.hold(1, *(Line(f"S-{i}", 1) for i in range(MAX_LINES)))


@pytest.mark.parametrize("seconds", [0, -5, 59, 3601, 1.5])
def test_a_hold_lasts_a_minute_to_an_hour(room, seconds):
    with pytest.raises(InvalidError):
        room.hold(1, seconds=seconds)


def test_a_hold_that_is_over_counts_for_nothing_though_nobody_swept(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(5, seconds=600)

    room.clock.advance(599)
    assert room.holds.get(hold_id=hold.id) == hold
    assert room.level().available == 0
    room.clock.advance(1)

    assert room.holds.find(hold_id=hold.id) is None
    assert room.level().available == 5
    assert room.inventory.find_levels(["MUG"])["MUG"].available == 5
    with pytest.raises(HoldExpiredError):
        room.confirm(hold.id)


def test_the_next_buyer_has_the_units_of_a_hold_that_is_over_without_a_sweep(room):
    room.inventory.set_on_hand({"MUG": 5})
    late = room.hold(5)
    room.clock.advance(600)

    hold = room.hold(5)

    assert room.counts() == (5, 5, 0)
    with pytest.raises(HoldExpiredError):
        room.holds.extend(hold_id=late.id)
    assert room.holds.release(hold_id=late.id) is False
    assert room.counts() == (5, 5, 0)
    room.confirm(hold.id)
    assert room.counts() == (0, 0, 5)


def test_a_confirmation_planned_in_time_fails_if_the_units_went_to_somebody_else(room):
    room.inventory.set_on_hand({"MUG": 1})
    hold = room.hold(1)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id)
    room.clock.advance(600)
    other = room.hold(1)

    with pytest.raises(HoldExpiredError):
        plan.commit(room.table)

    room.confirm(other.id)
    assert room.counts() == (0, 0, 1)


def test_a_hold_is_carried_into_the_payment(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(5)
    room.clock.advance(590)

    longer = room.holds.extend(hold_id=hold.id, seconds=600)
    room.clock.advance(500)

    assert longer.expires_at > hold.expires_at
    with pytest.raises(InsufficientStockError):
        room.hold(1)
    assert room.holds.sweep() == 1  # the entry of the first expiry, which is no more
    room.confirm(hold.id)
    assert room.counts() == (0, 0, 5)


def test_extending_never_shortens(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(5, seconds=3600)

    assert room.holds.extend(hold_id=hold.id, seconds=60) == hold


def test_releasing_twice_gives_back_once(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold, other = room.hold(2), room.hold(2)

    assert room.holds.release(hold_id=hold.id) is True
    assert room.holds.release(hold_id=hold.id) is False

    assert room.counts() == (5, 2, 0)
    with pytest.raises(HoldExpiredError):
        room.confirm(hold.id)
    room.confirm(other.id)
    assert room.counts() == (3, 0, 2)


def test_confirming_twice_sells_once(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(2)
    room.hold(3)
    plans = [WritePlan(), WritePlan()]
    for plan in plans:
        room.holds.add_confirmation(plan=plan, hold_id=hold.id)

    plans[0].commit(room.table)
    with pytest.raises(HoldExpiredError):
        plans[1].commit(room.table)

    assert room.counts() == (3, 3, 2)


def test_a_plan_made_before_the_hold_was_extended_asks_to_be_made_again(room):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(2)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id)
    room.holds.extend(hold_id=hold.id, seconds=3600)

    with pytest.raises(StockMovedError):
        plan.commit(room.table)

    room.confirm(hold.id)


def large(room, *, each=100):
    """Hold one unit each of as many SKUs as can be held together."""
    skus = [f"S-{i}" for i in range(MAX_LINES)]
    room.inventory.set_on_hand(dict.fromkeys(skus, each))
    return skus, room.holds.place(owner="cart_1", lines=[Line(sku, 1) for sku in skus])


def test_the_confirmation_of_the_largest_hold_leaves_room_for_an_order(room):
    skus, hold = large(room)
    plan = WritePlan()

    room.holds.add_confirmation(plan=plan, hold_id=hold.id, at_most=92)

    assert len(plan.writes) == 92
    assert {room.level(sku).available for sku in skus} == {99}
    plan.commit(room.table)
    assert {room.counts(sku) for sku in skus} == {(99, 0, 1)}


def test_the_largest_hold_lasts_longer_when_asked_to(room):
    skus, hold = large(room)

    longer = room.holds.extend(hold_id=hold.id, seconds=1200)

    room.clock.advance(900)
    assert room.holds.get(hold_id=hold.id) == longer
    assert {room.level(sku).available for sku in skus} == {99}
    room.confirm(hold.id)
    assert {room.counts(sku) for sku in skus} == {(99, 0, 1)}


def test_what_was_taken_for_a_confirmation_that_never_came_is_given_back(room):
    skus, hold = large(room, each=1)

    for _ in range(2):
        room.holds.add_confirmation(plan=WritePlan(), hold_id=hold.id, at_most=92)
    assert sorted({room.counts(sku) for sku in skus}) == [(0, 0, 1), (1, 1, 0)]
    assert room.holds.release(hold_id=hold.id)

    assert {room.counts(sku) for sku in skus} == {(1, 0, 0)}
    assert room.announced().count("stock.back") == room.announced().count("stock.out") == MAX_LINES


def test_what_was_taken_comes_back_with_the_sweep_once_the_hold_is_over(room):
    skus, hold = large(room, each=1)
    room.holds.add_confirmation(plan=WritePlan(), hold_id=hold.id, at_most=92)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id, at_most=92)
    room.clock.advance(1200)

    with pytest.raises(HoldExpiredError):
        room.holds.add_confirmation(plan=WritePlan(), hold_id=hold.id, at_most=92)
    while room.holds.sweep():
        pass

    assert {room.counts(sku) for sku in skus} == {(1, 0, 0)}
    with pytest.raises(HoldExpiredError):
        plan.commit(room.table)
    assert {room.counts(sku) for sku in skus} == {(1, 0, 0)}


def test_a_hold_that_has_more_to_announce_than_fits_is_placed_and_given_back_all_the_same(room):
    skus = [f"S-{i}" for i in range(MAX_LINES)]
    room.inventory.set_on_hand(dict.fromkeys(skus, 9))

    hold = room.holds.place(owner="cart_1", lines=[Line(sku, 9) for sku in skus])

    assert room.announced().count("stock.out") == MAX_LINES
    assert room.holds.get(hold_id=hold.id) == hold
    assert room.holds.release(hold_id=hold.id)
    assert room.announced().count("stock.back") == MAX_LINES
    assert {room.level(sku).available for sku in skus} == {9}


def test_a_large_hold_of_which_one_line_lacks_takes_nothing(room):
    skus = [f"S-{i}" for i in range(MAX_LINES)]
    room.inventory.set_on_hand(dict.fromkeys(skus, 9) | {"S-94": 8})

    with pytest.raises(InsufficientStockError):
        room.holds.place(owner="cart_1", lines=[Line(sku, 9) for sku in skus])

    assert {room.level(sku).held for sku in skus} == {0}


def test_the_sweep_makes_true_in_the_books_what_the_clock_says(room):
    room.inventory.set_on_hand({"MUG": 5, "POT": 9})
    for _ in range(3):
        room.hold(1, Line("POT", 3))
    kept = room.hold(1, seconds=3600)
    room.clock.advance(600)

    assert room.holds.sweep(limit=2) == 2
    assert room.holds.sweep() == 1
    assert room.holds.sweep() == 0

    item = room.table.query(schema.INVENTORY, "MUG").items[0]
    assert (item["free"], item["on_hand"]) == (4, 5)
    assert [name for name in item if name.startswith("h")] == [f"h{kept.expires_at}"]
    assert room.announced() == ["stock.low", "stock.out", "stock.back"]  # all of the pots, and there again


def test_nothing_is_left_of_holds_in_the_table(room):
    room.inventory.set_on_hand({"MUG": 5})
    before = [page["location"] for page in room.table.scan(schema.INVENTORY).items]
    room.holds.release(hold_id=room.hold(1).id)
    room.confirm(room.hold(1).id)
    room.hold(1)
    room.holds.extend(hold_id=room.hold(1).id, seconds=3000)

    room.clock.advance(3600)
    while room.holds.sweep():
        pass
    room.hold(1)

    after = [item["location"] for item in room.table.scan(schema.INVENTORY).items]
    assert len(after) == len(before) + 2
    item = room.table.query(schema.INVENTORY, "MUG").items[0]
    assert len([name for name in item if name.startswith("h")]) == 1


def test_a_hold_survives_a_restart(room, tmp_path):
    room.inventory.set_on_hand({"MUG": 5})
    hold = room.hold(5)
    room.table.close()

    database = Database.open(tmp_path / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=room.clock)
    holds, plan = Holds(table=table, clock=room.clock, ids=SeededIds(9, room.clock)), WritePlan()

    assert holds.get(hold_id=hold.id) == hold
    holds.add_confirmation(plan=plan, hold_id=hold.id)
    plan.commit(table)
    level = Stock(table=table, clock=room.clock, ids=SeededIds(9, room.clock)).get(sku="MUG")
    assert (level.on_hand, level.held, level.sold) == (0, 0, 5)
    database.close()


def test_stock_written_before_there_were_holds_can_be_held(room):
    key = {"sku": "MUG", "location": "main"}
    room.table.load([([Put(schema.INVENTORY, key | {"on_hand": 7, "version": 3})], [])])

    hold = room.hold(3)

    assert room.counts() == (7, 3, 0)
    room.confirm(hold.id)
    assert room.counts() == (4, 0, 3)
    assert [level.sku for level in room.stock.list().rows] == ["MUG"]
