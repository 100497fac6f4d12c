import pytest
from checkout_bench import CheckoutBench, Crasher, Killed, money, together

from bodega.domain.orders.moves import IllegalMoveError, OperationReusedError, RefundTooLargeError
from bodega.errors import InvalidError, NotFoundError, StaleVersionError


@pytest.fixture
def shop(tmp_path):
    bench = CheckoutBench(tmp_path)
    bench.stock(mug=5, tea=5)
    yield bench
    bench.close()


@pytest.fixture
def desk(shop):
    return shop.plain.returning


def buy(shop, method="card_approve", **units):
    return shop.buy(shop.cart(**(units or {"mug": 2, "tea": 1})), method=method).order


def refunded_at_the_provider(shop):
    return sum(stored.payment.refunded for stored in shop.sandbox.all_payments())


def test_an_order_goes_from_paid_to_a_refunded_return(shop, desk):
    order = buy(shop)
    desk.fulfil(order_id=order.id, key="p", carrier="Post", tracking="RM123", actor="staff_1")
    desk.deliver(order_id=order.id)

    after = desk.take_back(
        order_id=order.id, key="r", units={"mug": 2}, restock=True, refund=money(2000), reason="too red"
    )

    assert (after.state, after.payment_state, after.refunded) == ("delivered", "refunded_partly", money(2000))
    assert [e.name for e in shop.plain.orders.history(order.id).rows] == [
        "placed", "captured", "fulfilled", "delivered", "returned", "refunded",
    ]  # fmt: skip
    assert shop.level("mug").available == 5
    shop.check_books(mug=5, tea=5)


def test_cancelling_gives_back_money_and_units(shop, desk):
    order = buy(shop)

    after = desk.cancel(order_id=order.id, key="c", reason="not needed")

    assert (after.state, after.payment_state) == ("cancelled", "refunded")
    shop.check_books(mug=5, tea=5)


def test_units_that_are_broken_are_not_put_back(shop, desk):
    order = buy(shop)
    desk.fulfil(order_id=order.id, key="p")

    desk.take_back(order_id=order.id, key="r", units={"mug": 1}, restock=False)

    assert shop.level("mug").available == 3


def test_an_act_with_the_same_key_happens_once_and_other_contents_are_refused(shop, desk):
    order = buy(shop)
    for _ in range(3):
        desk.refund(order_id=order.id, key="r", amount=money(100), drop={"tea": 1})
    with pytest.raises(OperationReusedError):
        desk.refund(order_id=order.id, key="r", amount=money(101))
    for _ in range(3):
        desk.fulfil(order_id=order.id, key="p", units={"mug": 2})
        desk.take_back(order_id=order.id, key="b", units={"mug": 1}, restock=True, refund=money(50))
    with pytest.raises(OperationReusedError):
        desk.fulfil(order_id=order.id, key="p", units={"mug": 1})

    order = shop.plain.orders.get(order.id)
    assert (order.refunded, order.shipped, order.returned) == (money(150), {"mug": 2}, {"mug": 1})
    shop.check_books(mug=5, tea=5)


def test_refunds_that_race_never_exceed_what_was_captured(shop, desk):
    order = buy(shop)

    results = together(*[lambda n=n: desk.refund(order_id=order.id, key=f"r{n}", amount=money(1000)) for n in range(8)])

    assert sum(isinstance(r, RefundTooLargeError) for r in results) == 5
    assert refunded_at_the_provider(shop) == 3000
    shop.check_books(mug=5, tea=5)


@pytest.mark.parametrize("method", ["card_refund_timeout_before", "card_refund_timeout_after"])
def test_a_refund_without_an_answer_stays_pending_and_is_made_later_once(shop, desk, method):
    order = buy(shop, method)

    after = desk.refund(order_id=order.id, key="r", amount=money(500))
    assert [op.state for op in after.paid.operations] == ["done", "pending"]
    assert after.refundable == money(2800)
    shop.recover()

    assert shop.plain.orders.get(order.id).refunded == money(500)
    assert refunded_at_the_provider(shop) == 500
    shop.check_books(mug=5, tea=5)


def test_units_are_put_back_although_the_provider_does_not_answer(shop, desk):
    order = buy(shop, "card_refund_timeout_after")

    after = desk.cancel(order_id=order.id, key="c")

    assert [op.state for op in after.paid.operations] == ["done", "pending"]
    assert shop.level("mug").available == 5


def test_a_refund_that_the_bank_does_not_take_can_be_tried_again(shop, desk):
    order = buy(shop, "card_refund_decline")

    after = desk.refund(order_id=order.id, key="r", amount=money(3300))

    assert after.paid.operations[-1].state == "failed"
    assert after.refundable == money(3300)
    assert shop.plain.orders.history(order.id).rows[-1].name == "refund_failed"
    shop.check_books(mug=5, tea=5)


def test_a_refund_made_at_the_provider_s_console_is_noted(shop):
    order = buy(shop)
    charge = shop.sandbox.all_payments()[0].charge
    shop.sandbox.refund(charge, amount=money(700), operation_id="console")

    shop.deliver_webhooks()
    shop.deliver_webhooks()

    assert shop.plain.orders.get(order.id).refunded == money(700)
    shop.check_books(mug=5, tea=5)


def test_what_was_decided_on_an_older_version_is_refused_and_changes_nothing(shop, desk):
    order = buy(shop)
    desk.fulfil(order_id=order.id, key="p", units={"mug": 1}, version=order.version)

    with pytest.raises(StaleVersionError):
        desk.fulfil(order_id=order.id, key="q", units={"mug": 1}, version=order.version)

    assert shop.plain.orders.get(order.id).shipped == {"mug": 1}


def test_what_is_not_allowed_changes_nothing(shop, desk):
    order = buy(shop)
    with pytest.raises(IllegalMoveError) as refused:
        desk.deliver(order_id=order.id)
    assert refused.value.allowed == ("fulfil", "cancel", "return", "refund")
    with pytest.raises(RefundTooLargeError):
        desk.refund(order_id=order.id, key="r", amount=money(3301))
    with pytest.raises(InvalidError):
        desk.fulfil(order_id=order.id, key="p", tracking="x" * 201)
    with pytest.raises(NotFoundError):
        desk.deliver(order_id="ord_nowhere")

    assert shop.plain.orders.get(order.id) == order


def test_an_order_captured_by_hand_is_paid_when_staff_say_so(shop):
    till = shop.plain
    till.checkout._opening._capture_later = True
    order = shop.buy(shop.cart(mug=1)).order
    assert (order.state, order.payment_state) == ("placed", "authorised")

    after = till.returning.capture(order_id=order.id, key="now")

    assert (after.state, after.captured) == ("paid", money(1300))
    assert till.returning.capture(order_id=order.id, key="now") == after
    shop.check_books(mug=5, tea=5)


def test_money_captured_at_the_provider_s_console_makes_the_order_paid(shop):
    shop.plain.checkout._opening._capture_later = True
    order = shop.buy(shop.cart(mug=1)).order
    charge = shop.sandbox.all_payments()[0].charge
    shop.sandbox.capture(charge, amount=charge.amount, operation_id="console")

    after = shop.plain.returning.capture(order_id=order.id, key="now")

    assert (after.state, after.captured) == ("paid", money(1300))
    shop.check_books(mug=5, tea=5)


def test_a_reserved_order_that_is_cancelled_takes_no_money(shop):
    shop.plain.checkout._opening._capture_later = True
    order = shop.buy(shop.cart(mug=1)).order

    after = shop.plain.returning.cancel(order_id=order.id, key="c")

    assert (after.state, after.payment_state) == ("cancelled", "voided")
    assert [stored.payment.state for stored in shop.sandbox.all_payments()] == ["voided"]
    shop.check_books(mug=5, tea=5)


def test_a_large_order_is_put_back_on_the_shelf_in_parts(shop, desk):
    skus = {f"sku_{n}": 1 for n in range(60)}
    shop.stock(**dict.fromkeys(skus, 1))
    order = shop.buy(shop.cart(**skus)).order

    desk.cancel(order_id=order.id, key="c")

    shop.check_books(**skus)


@pytest.mark.parametrize("moment", range(1, 14))
def test_a_cancellation_that_is_killed_anywhere_is_finished_once(shop, moment):
    order = buy(shop)
    try:
        shop.till(Crasher(moment)).returning.cancel(order_id=order.id, key="c")
    except Killed:
        shop.recover()
    shop.plain.returning.cancel(order_id=order.id, key="c")

    after = shop.plain.orders.get(order.id)
    assert (after.state, after.refunded) == ("cancelled", money(3300))
    assert refunded_at_the_provider(shop) == 3300
    shop.check_books(mug=5, tea=5)
