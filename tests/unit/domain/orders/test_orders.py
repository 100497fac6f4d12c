from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.domain.orders import moves
from bodega.domain.orders.model import Entry, Line, Operation, Order, Paid, Parcel, Return, Sums
from bodega.domain.orders.moves import MOVES, IllegalMoveError, OperationReusedError, RefundTooLargeError
from bodega.domain.orders.records import order_key
from bodega.domain.orders.service import STATES, NumberTakenError, Orders, canonical_number
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError, NotFoundError, StaleVersionError
from bodega.ports.table import Put
from bodega.values.money import Money
from bodega.values.page import Position

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def gbp(amount):
    return Money(amount, "GBP")


def an_order(number=1, **changes):
    paid = Paid(
        provider="sandbox",
        payment_id=f"pay_{number}",
        checkout_id=f"chk_{number}",
        authorised=gbp(3300),
        operations=(Operation(id="cap", kind="capture", amount=gbp(3300), at=NOW),),
    )
    zero = gbp(0)
    fields = {
        "id": f"ord_{number:026d}",
        "number": f"{number:04d}-ABCD",
        "placed_at": NOW + timedelta(seconds=number),
        "lines": [Line("mug", "prod_mug", 2, gbp(1000)), Line("tea", "prod_tea", 1, gbp(1000))],
        "customer_id": "cus_1",
        "state": "placed",
        "sums": Sums(shipping=gbp(300), tax=zero, discount=zero, total=gbp(3300)),
        "paid": paid,
    }
    return Order(**(fields | changes))


def paid_order(number=1, **changes):
    return moves.settled(an_order(number, **changes), operation_id="cap", done=True, at=NOW)


def parcel(units, name="par_1"):
    return Parcel(id=name, at=NOW, units=units, tracking="T1")


def send_all(order):
    return moves.fulfil(order, parcel=parcel(order.outstanding()))


def back(units, name="ret_1"):
    return Return(id=name, at=NOW, units=units, restocked=True)


def return_all(order):
    if order.state == "paid":
        order = moves.fulfil(order, parcel=parcel({"tea": 1}))
    return moves.take_back(order, back=back(order.with_customers()), refund=None, operation_id="r")


def refused_or_done(act, order):
    try:
        return act(order)
    except (IllegalMoveError, RefundTooLargeError) as exc:
        return exc


def acts():
    """Return one way to do each act to an order, as the table names them."""
    return {
        "capture": lambda o: moves.capture(o, operation_id="again", at=NOW),
        "fulfil": send_all,
        "deliver": lambda o: moves.deliver(o, at=NOW),
        "cancel": lambda o: moves.cancel(o, operation_id="off", reason="", at=NOW),
        "return": return_all,
        "refund": lambda o: moves.refund(o, amount=gbp(1), drop={}, operation_id="r", reason="", at=NOW),
    }


def orders_in_every_state():
    waiting = an_order()
    waiting = replace(waiting, paid=replace(waiting.paid, operations=()))
    paid = paid_order()
    fulfilled = send_all(paid)
    delivered = moves.deliver(fulfilled, at=NOW)
    returned = moves.take_back(delivered, back=back(delivered.with_customers()), refund=None, operation_id="r0")
    cancelled = moves.cancel(waiting, operation_id="off", reason="", at=NOW)
    return [waiting, paid, fulfilled, delivered, returned, cancelled]


@pytest.fixture
def orders(tmp_path):
    database = Database.open(tmp_path / "shop.sqlite")
    yield Orders(table=SqliteTableStore(database, schema.TABLES, clock=SettableClock()))
    database.close()


def place(orders, order):
    plan = WritePlan()
    entry = Entry(version=order.version, name="placed", at=order.placed_at, state=order.state)
    orders.add_placed(plan=plan, order=order, entry=entry)
    plan.commit(orders._table)
    return order


def change(orders, order, name="changed"):
    plan = WritePlan()
    orders.add_change(plan=plan, order=order, entry=Entry(version=order.version, name=name, at=NOW, state=order.state))
    plan.commit(orders._table)
    return order


# -- moves -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", orders_in_every_state(), ids=lambda o: o.state)
@pytest.mark.parametrize("act", acts())
def test_an_act_is_allowed_exactly_where_the_table_has_it(order, act):
    after = refused_or_done(acts()[act], order)

    if act not in MOVES[order.state]:
        assert isinstance(after, IllegalMoveError)
        assert (after.state, after.allowed) == (order.state, tuple(MOVES[order.state]))
        assert all(word in after.message for word in after.allowed)
    elif (act, order.state) == ("refund", "cancelled"):
        assert isinstance(after, RefundTooLargeError)  # nothing was captured
    else:
        assert after.state in MOVES[order.state][act]
        assert after.version > order.version


def test_every_state_can_be_reached_and_the_table_names_no_other():
    reached = {state for allowed in MOVES.values() for states in allowed.values() for state in states}

    assert reached | {"placed"} == set(MOVES)
    assert set(MOVES) < set(STATES)


def test_captured_money_makes_an_order_paid_and_hearing_it_twice_changes_nothing():
    order = paid_order()

    assert (order.state, order.payment_state, order.captured) == ("paid", "paid", gbp(3300))
    assert moves.settled(order, operation_id="cap", done=True, at=NOW) is order


def test_a_capture_that_failed_cancels_gives_the_reservation_up_and_puts_the_units_back():
    order = moves.settled(an_order(), operation_id="cap", done=False, at=NOW, reason="expired")

    assert (order.state, order.restock) == ("cancelled", {"mug": 2, "tea": 1})
    assert [op.kind for op in order.paid.pending] == ["void"]


def test_an_order_is_fulfilled_when_everything_was_sent():
    half = moves.fulfil(paid_order(), parcel=parcel({"mug": 1, "tea": 1}))
    whole = moves.fulfil(half, parcel=parcel({"mug": 1}, "par_2"))

    assert (half.state, half.outstanding(), whole.state) == ("paid", {"mug": 1}, "fulfilled")


@pytest.mark.parametrize("units", [{}, {"mug": 3}, {"mug": 0}, {"mug": -1}, {"hat": 1}, {"mug": True}, {"mug": 1.0}])
def test_what_is_not_left_to_send_cannot_be_sent(units):
    with pytest.raises(InvalidError) as refused:
        moves.fulfil(paid_order(), parcel=parcel(units))

    assert refused.value.faults


def test_an_order_of_which_a_part_was_sent_cannot_be_cancelled():
    half = moves.fulfil(paid_order(), parcel=parcel({"mug": 1}))

    with pytest.raises(IllegalMoveError):
        moves.cancel(half, operation_id="off", reason="", at=NOW)


def test_an_order_whose_money_is_just_being_captured_cannot_be_cancelled():
    with pytest.raises(IllegalMoveError):
        moves.cancel(an_order(), operation_id="off", reason="", at=NOW)


def test_cancelling_a_paid_order_gives_everything_back():
    order = moves.cancel(paid_order(), operation_id="off", reason="changed my mind", at=NOW)

    assert [(op.kind, op.amount) for op in order.paid.pending] == [("refund", gbp(3300))]
    assert order.refundable == gbp(0)
    done = moves.settled(order, operation_id="off", done=True, at=NOW)
    assert (done.payment_state, done.refunded) == ("refunded", gbp(3300))


def test_refunds_under_way_count_and_failed_ones_do_not():
    order = moves.refund(paid_order(), amount=gbp(3000), drop={}, operation_id="one", reason="", at=NOW)

    with pytest.raises(RefundTooLargeError) as refused:
        moves.refund(order, amount=gbp(301), drop={}, operation_id="two", reason="", at=NOW)
    assert refused.value.left == gbp(300)
    failed = moves.settled(order, operation_id="one", done=False, at=NOW)
    assert failed.refundable == gbp(3300)
    assert failed.payment_state == "paid"


@pytest.mark.parametrize("amount", [gbp(0), gbp(-1), Money(1, "EUR")])
def test_a_refund_of_nothing_or_of_another_currency_is_refused(amount):
    with pytest.raises(InvalidError):
        moves.refund(paid_order(), amount=amount, drop={}, operation_id="one", reason="", at=NOW)


def test_units_that_are_dropped_need_not_be_sent():
    order = moves.refund(paid_order(), amount=gbp(1000), drop={"tea": 1}, operation_id="one", reason="", at=NOW)

    assert order.outstanding() == {"mug": 2}
    assert moves.fulfil(order, parcel=parcel({"mug": 2})).state == "fulfilled"
    everything = moves.refund(order, amount=gbp(1), drop={"mug": 2}, operation_id="two", reason="", at=NOW)
    assert everything.state == "cancelled"


def test_an_order_is_returned_when_everything_that_was_sent_came_back():
    sent = moves.deliver(send_all(paid_order()), at=NOW)
    part = moves.take_back(sent, back=back({"mug": 2}), refund=gbp(2000), operation_id="r1")
    whole = moves.take_back(part, back=back({"tea": 1}, "ret_2"), refund=None, operation_id="r2")

    assert (part.state, whole.state) == ("delivered", "returned")
    with pytest.raises(InvalidError):
        moves.take_back(part, back=back({"mug": 1}), refund=None, operation_id="r3")


def test_a_refund_made_at_the_provider_is_noted_once():
    order = moves.found_refund(paid_order(), refunded=500, at=NOW)

    assert (order.refunded, order.payment_state) == (gbp(500), "refunded_partly")
    assert moves.found_refund(order, refunded=500, at=NOW) is order


def test_an_operation_s_id_is_of_one_kind_and_amount():
    order = moves.refund(paid_order(), amount=gbp(5), drop={}, operation_id="one", reason="", at=NOW)

    assert moves.find_operation(order, "one", kind="refund", amount=gbp(5)).state == "pending"
    assert moves.find_operation(order, "two", kind="refund", amount=gbp(5)) is None
    with pytest.raises(OperationReusedError):
        moves.find_operation(order, "one", kind="refund", amount=gbp(6))


@pytest.mark.parametrize("reason", ["x" * 201, "a\x00b", "\ud800"])
def test_a_reason_that_cannot_be_shown_is_refused(reason):
    with pytest.raises(InvalidError):
        moves.refund(paid_order(), amount=gbp(1), drop={}, operation_id="one", reason=reason, at=NOW)


# -- keeping -----------------------------------------------------------------------------------------------------


def test_an_order_reads_back_as_it_was_written(orders):
    order = place(orders, an_order())

    assert orders.get(order.id) == order
    assert orders.list_by_customer("cus_1") == [order]
    assert list(orders.all()) == [order]
    with pytest.raises(NotFoundError):
        orders.get("ord_nowhere")


def test_two_orders_never_have_one_number(orders):
    place(orders, an_order(1))

    with pytest.raises(NumberTakenError):
        place(orders, replace(an_order(2), number="0001-ABCD"))


@pytest.mark.parametrize("text", ["o7k3m9ql", " 07K3-M9Q1 ", "07k3 m9ql".replace(" ", "")])
def test_a_number_is_found_however_it_is_typed(text):
    assert canonical_number(text) == "07K3-M9Q1"


def test_a_change_of_an_order_that_has_changed_is_refused(orders):
    order = place(orders, an_order())
    paid = moves.settled(order, operation_id="cap", done=True, at=NOW)
    change(orders, paid)

    with pytest.raises(StaleVersionError) as refused:
        change(orders, paid)
    assert refused.value.current == 2


def test_an_order_stands_in_the_list_of_its_state_and_in_no_other(orders):
    order = place(orders, an_order())
    for after in (paid := moves.settled(order, operation_id="cap", done=True, at=NOW), send_all(paid)):
        change(orders, after)
        found = {state: [c.id for c in orders.list_cards(state=state).rows] for state in STATES}
        assert [state for state, ids in found.items() if ids] == [after.state]


def test_refunded_orders_are_listed_by_how_much_came_back(orders):
    order = place(orders, paid_order())
    part = moves.refund(order, amount=gbp(1), drop={}, operation_id="r", reason="", at=NOW)
    change(orders, part)
    assert orders.list_cards(state="refunded_partly").rows == []
    change(orders, moves.settled(part, operation_id="r", done=True, at=NOW))

    assert [card.payment_state for card in orders.list_cards(state="refunded_partly").rows] == ["refunded_partly"]
    assert [card.state for card in orders.list_cards(state="paid").rows] == ["paid"]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_of_a_list_over_many_shards_are_in_order_both_ways(orders, newest_first, limit):
    placed = [place(orders, an_order(n, placed_at=NOW + timedelta(seconds=n // 3))) for n in range(20)]
    expected = [o.id for o in sorted(placed, key=lambda o: (o.placed_at, o.id), reverse=newest_first)]
    position, seen, pages = None, [], []
    while True:
        page = orders.list_cards(state="placed", position=position, limit=limit, newest_first=newest_first)
        pages.append([card.id for card in page.rows])
        seen += pages[-1]
        position = page.next
        if position is None:
            break
    assert seen == expected
    for earlier in reversed(pages[:-1]):
        page = orders.list_cards(state="placed", position=page.prev, limit=limit, newest_first=newest_first)
        assert [card.id for card in page.rows] == earlier
    assert page.prev is None


@pytest.mark.parametrize("wrong", [{"state": "nowhere"}, {"limit": 0}, {"limit": 251}, {"position": Position("x")}])
def test_a_list_that_does_not_exist_is_refused(orders, wrong):
    with pytest.raises(InvalidError):
        orders.list_cards(**wrong)


def test_history_tells_what_happened_in_order(orders):
    order = place(orders, an_order())
    paid = change(orders, moves.settled(order, operation_id="cap", done=True, at=NOW), "captured")
    change(orders, send_all(paid), "fulfilled")

    first = orders.history(order.id, limit=2)
    rest = orders.history(order.id, position=first.next)
    assert [entry.name for entry in [*first.rows, *rest.rows]] == ["placed", "captured", "fulfilled"]


def test_orders_from_elsewhere_are_listed_by_time_but_by_no_state(orders):
    past = Order(id="ord_p", number="7", placed_at=NOW, lines=[Line("mug", "prod_mug", 1, gbp(5))], source="sales")
    orders.record_many([past])

    assert [card.id for card in orders.list_cards().rows] == ["ord_p"]
    assert all(orders.list_cards(state=state).rows == [] for state in STATES)
    assert orders.get("ord_p").payment_state == "none"


def test_what_was_sold_here_is_not_for_imports_to_change(orders):
    order = place(orders, an_order())

    recorded = orders.record_many([replace(order, lines=[Line("hat", "prod_hat", 9, gbp(1))], sums=None)])

    assert recorded.unchanged == 1
    assert orders.get(order.id) == order


def test_an_order_that_owes_something_stands_on_the_work_list_until_it_does_not(orders):
    order = place(orders, an_order(retry_at=NOW + timedelta(minutes=1)))

    assert orders.list_due(NOW) == []
    assert orders.list_due(NOW + timedelta(minutes=1)) == [order.id]
    change(orders, moves.settled(order, operation_id="cap", done=True, at=NOW))
    assert orders.list_due(NOW + timedelta(days=9)) == []


def test_an_order_from_before_there_were_versions_can_be_changed(orders):
    order = place(orders, an_order())
    item = orders._table.get(schema.ORDERS, order_key(order.id))
    del item["version"]
    orders._table.write_batch([Put(schema.ORDERS, item)])

    change(orders, moves.settled(order, operation_id="cap", done=True, at=NOW))

    assert orders.get(order.id).state == "paid"
