"""What holds for a hot SKU whose units are spread over several items."""

import pytest

from bodega import schema
from bodega.domain.inventory.model import InsufficientStockError, StockChangedError, StockMovedError
from bodega.domain.inventory.records import Place, pile_key, read_heads
from bodega.domain.writes import WritePlan
from bodega.ports.table import Put


def piles(room, sku="MUG"):
    """Return what is free in each pile, in order."""
    found = [room.table.get(schema.INVENTORY, pile_key(Place(sku), bucket)) for bucket in range(16)]
    return [item["free"] for item in found if item is not None]


def spread(room, units=1000, buckets=4, low_at=3):
    room.inventory.set_on_hand({"MUG": units})
    return room.stock.configure(sku="MUG", buckets=buckets, low_at=low_at)


def test_units_are_spread_evenly_and_add_up(room):
    level = spread(room, units=1003)

    assert (level.on_hand, level.available, level.buckets) == (1003, 1003, 4)
    assert piles(room) == [253, 250, 250, 250]


def test_a_hold_touches_one_pile_and_all_piles_are_used(room):
    spread(room)

    for _ in range(40):
        room.hold(5)

    assert sum(piles(room)) == 800
    assert max(piles(room)) - min(piles(room)) <= 25
    assert room.counts() == (1000, 200, 0)


def test_the_last_units_can_be_bought_one_by_one_and_no_more(room):
    spread(room, units=200, buckets=16)

    holds = [room.hold(1) for _ in range(200)]
    with pytest.raises(InsufficientStockError):
        room.hold(1)

    assert room.announced() == ["stock.low", "stock.out"]
    for hold in holds:
        room.confirm(hold.id)
    assert room.counts() == (0, 0, 200)


def test_a_quantity_larger_than_any_pile_is_found_by_bringing_all_together(room):
    spread(room, units=1000, buckets=16)

    hold = room.hold(999)

    assert room.level().available == 1
    room.confirm(hold.id)
    assert room.counts() == (1, 0, 999)


def test_holds_from_before_a_rearrangement_are_confirmed_extended_and_released_after_it(room):
    spread(room)
    first, second, third = (room.hold(7) for _ in range(3))
    room.stock.set(sku="MUG", on_hand=2000, expected=1000, reason="counted")
    assert room.level().buckets == 4
    room.hold(7)

    room.confirm(first.id)
    assert room.holds.release(hold_id=second.id)
    room.holds.extend(hold_id=third.id, seconds=3600)

    assert room.counts() == (1993, 14, 7)


def test_a_plan_made_without_a_look_after_a_rearrangement_asks_to_be_made_again(room):
    spread(room)
    hold = room.hold(7)
    room.stock.configure(sku="MUG", buckets=8)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id, look=False)

    with pytest.raises(StockMovedError):
        plan.commit(room.table)

    room.confirm(hold.id)
    assert room.counts() == (993, 0, 7)


def test_a_plan_made_before_a_rearrangement_asks_to_be_made_again(room):
    spread(room)
    hold = room.hold(7)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id)
    room.stock.configure(sku="MUG", buckets=8)

    with pytest.raises(StockMovedError):
        plan.commit(room.table)

    room.confirm(hold.id)
    assert room.counts() == (993, 0, 7)


def test_holds_in_every_pile_are_over_by_the_clock(room):
    spread(room, units=400)
    for _ in range(60):
        room.hold(5)
    room.clock.advance(600)

    assert room.level().available == 400
    room.hold(380)
    assert room.counts() == (400, 380, 0)


@pytest.mark.parametrize(
    "finish",
    [
        lambda room, _hold: room.hold(1),
        lambda room, _hold: room.stock.adjust(sku="MUG", change=1, reason="count"),
        lambda room, _hold: room.inventory.set_on_hand({"MUG": 500}),
        lambda room, _hold: room.stock.tend(),
        lambda room, hold: room.holds.release(hold_id=hold.id),
        lambda room, hold: room.confirm(hold.id),
        lambda room, hold: room.holds.extend(hold_id=hold.id, seconds=3600),
    ],
    ids=["hold", "adjust", "load", "tend", "release", "confirm", "extend"],
)
def test_a_rearrangement_that_was_left_half_way_is_finished_by_whoever_comes_next(room, finish):
    spread(room)
    hold = room.hold(3)
    head = read_heads(room.table, [Place("MUG")])[Place("MUG")]
    assert room.holds._spreading._begin(head)

    finish(room, hold)

    assert not read_heads(room.table, [Place("MUG")])[Place("MUG")].moving
    level = room.level()
    assert level.available + level.held == level.on_hand


def test_scarce_units_are_one_pile_until_there_are_plenty_again(room):
    spread(room, units=20)
    assert room.level().buckets == 1

    room.stock.adjust(sku="MUG", change=5, reason="delivery")
    assert room.level().buckets == 1
    room.stock.adjust(sku="MUG", change=500, reason="delivery")

    assert room.level().buckets == 4
    assert room.stock.tend() == 0


def test_tending_evens_out(room):
    spread(room)
    room.clock.advance(1)
    for bucket in (1, 2):
        item = room.table.get(schema.INVENTORY, pile_key(Place("MUG"), bucket))
        drained = item | {"free": 5, "on_hand": 5, "version": item["version"] + 1}
        room.table.write_batch([Put(schema.INVENTORY, drained)])

    assert room.stock.tend() == 1
    assert max(piles(room)) - min(piles(room)) <= 3
    assert room.stock.tend() == 0


def test_setting_compares_with_the_sum_of_all_piles(room):
    spread(room)

    with pytest.raises(StockChangedError) as refused:
        room.stock.set(sku="MUG", on_hand=5, expected=250, reason="counted")

    assert refused.value.current == 1000
    assert room.stock.set(sku="MUG", on_hand=5, expected=1000, reason="counted").on_hand == 5


def test_one_bucket_again_is_one_item(room):
    spread(room)

    assert room.stock.configure(sku="MUG", buckets=1).buckets == 1

    assert piles(room) == [1000]
