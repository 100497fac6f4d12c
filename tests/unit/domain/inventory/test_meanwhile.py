"""What others do between the reads and the writes of a change: each of these was once a way to sell a unit twice."""

import pytest

from bodega.domain.inventory.model import HoldExpiredError, StockChangedError, StockMovedError
from bodega.domain.inventory.records import Place, read_heads
from bodega.domain.writes import WritePlan


@pytest.fixture
def meanwhile(room, monkeypatch):
    """Return a function that lets something happen before the next transaction, between its reads and its writes."""
    transact = room.table.transact
    armed = []

    def interrupted(*args, **kwargs):
        while armed:
            armed.pop()()
        return transact(*args, **kwargs)

    monkeypatch.setattr(room.table, "transact", interrupted)
    return armed.append


def adds_up(room):
    level = room.level()
    pile = read_heads(room.table, [Place("MUG")])[Place("MUG")].pile
    sound = pile.on_hand == pile.free + sum(pile.slots.values()) and min(pile.slots.values()) >= 0
    return sound, level.held


def test_two_buyers_take_over_the_units_of_one_hold_that_is_over(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    room.hold(50)
    room.clock.advance(600)

    meanwhile(lambda: room.hold(1))
    room.hold(1)

    assert adds_up(room) == (True, 2)
    assert room.level().available == 98


def test_a_release_meets_somebody_who_lets_the_hold_go_because_it_is_over(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    hold = room.hold(50)

    def pass_and_be_taken_over():
        room.clock.advance(600)
        room.hold(1)

    meanwhile(pass_and_be_taken_over)
    room.holds.release(hold_id=hold.id)

    assert adds_up(room) == (True, 1)


def test_an_extension_meets_somebody_who_lets_the_hold_go_because_it_is_over(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    hold = room.hold(50)

    def pass_and_be_taken_over():
        room.clock.advance(600)
        room.hold(1)

    meanwhile(pass_and_be_taken_over)
    with pytest.raises(HoldExpiredError):
        room.holds.extend(hold_id=hold.id, seconds=3600)

    assert adds_up(room) == (True, 1)


def test_two_give_back_what_was_owed_and_one_of_them_announces_it(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 0})
    room.stock.configure(sku="MUG", backorder=True)
    first, second = room.hold(3), room.hold(3)
    room.stock.adjust(sku="MUG", change=2, reason="delivery")  # 4 owed: giving back 3 crosses nothing, 6 does

    meanwhile(lambda: room.holds.release(hold_id=second.id))
    room.holds.release(hold_id=first.id)

    assert room.level().available == 2
    assert room.announced() == ["stock.out", "stock.back"]


def test_a_buyer_meets_settings_that_change(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})

    meanwhile(lambda: room.stock.configure(sku="MUG", low_at=98))
    room.hold(5)

    assert room.announced() == ["stock.low"]


def test_a_buyer_meets_units_being_spread(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})

    meanwhile(lambda: room.stock.configure(sku="MUG", buckets=4))
    room.hold(40)

    head = read_heads(room.table, [Place("MUG")])[Place("MUG")]
    assert head.buckets == 1 or head.pile.free >= head.guard
    assert room.level().available == 60


def test_a_buyer_meets_units_being_brought_together_and_spread_again(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 1000})
    room.stock.configure(sku="MUG", buckets=4)

    meanwhile(lambda: room.stock.set(sku="MUG", on_hand=100, expected=1000, reason="counted"))
    hold = room.hold(60)

    assert room.counts() == (100, 60, 0)
    room.confirm(hold.id)
    assert room.counts() == (40, 0, 60)


def test_a_confirmation_does_not_take_what_another_hold_of_the_same_minute_has(room):
    room.inventory.set_on_hand({"MUG": 4000})
    room.stock.configure(sku="MUG", buckets=4)
    hold = next(hold for hold in iter(lambda: room.hold(1), None) if hold.lines[0].bucket)
    plan = WritePlan()
    room.holds.add_confirmation(plan=plan, hold_id=hold.id)
    room.stock.configure(sku="MUG", buckets=4)  # units held go to the first pile, and others come to lie in this one
    others = [room.hold(1) for _ in range(20)]

    with pytest.raises(StockMovedError):
        plan.commit(room.table)

    for one in [hold, *others]:
        room.confirm(one.id)


def test_two_rearrange_at_once(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 1000})
    room.stock.configure(sku="MUG", buckets=4)

    meanwhile(lambda: room.stock.configure(sku="MUG", buckets=7))
    room.stock.configure(sku="MUG", buckets=3)

    assert room.counts() == (1000, 0, 0)
    assert room.level().buckets == 3
    holds = [room.hold(7) for _ in range(100)]
    assert len(holds) == 100
    assert room.counts() == (1000, 700, 0)


def test_a_correction_meets_a_correction(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 6})

    meanwhile(lambda: room.stock.adjust(sku="MUG", change=-3, reason="lost"))
    room.stock.adjust(sku="MUG", change=-3, reason="lost")

    assert room.counts() == (0, 0, 0)
    assert room.announced() == ["stock.low", "stock.out"]


def test_a_release_meets_a_release_of_the_same_hold(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    hold = room.hold(5)
    room.hold(5)

    meanwhile(lambda: room.holds.release(hold_id=hold.id))
    assert room.holds.release(hold_id=hold.id) is False

    assert adds_up(room) == (True, 5)


def test_a_count_that_was_compared_meets_a_sale(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    hold = room.hold(5)

    meanwhile(lambda: room.confirm(hold.id))
    with pytest.raises(StockChangedError):
        room.stock.set(sku="MUG", on_hand=120, expected=100, reason="counted")

    assert room.counts() == (95, 0, 5)


def test_a_release_meets_an_extension_of_the_same_hold(room, meanwhile):
    room.inventory.set_on_hand({"MUG": 100})
    hold, other = room.hold(5), room.hold(7)

    meanwhile(lambda: room.holds.extend(hold_id=hold.id, seconds=3600))
    room.holds.release(hold_id=hold.id)

    assert adds_up(room) == (True, 7)
    room.confirm(other.id)


def test_who_wants_to_rearrange_what_was_rearranged_since_does_nothing(room):
    room.inventory.set_on_hand({"MUG": 4000})
    room.stock.configure(sku="MUG", buckets=4)
    head = read_heads(room.table, [Place("MUG")])[Place("MUG")]
    room.holds._spreading.rearrange(head=head)
    holds = [room.hold(1) for _ in range(12)]

    room.holds._spreading.rearrange(head=head)

    for hold in holds:
        room.confirm(hold.id)
    assert room.counts() == (3988, 0, 12)
