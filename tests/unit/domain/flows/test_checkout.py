import pytest
from checkout_bench import CheckoutBench, money, together
from msgspec.structs import replace

from bodega.domain.flows.checkout_request import (
    CheckoutFailedError,
    CheckoutRunningError,
    KeyReusedError,
    PriceChangedError,
)
from bodega.domain.inventory.model import MAX_LINES, InsufficientStockError
from bodega.errors import InvalidError
from bodega.ports.payments import PaymentDeclinedError, PaymentUnknownError


@pytest.fixture
def shop(tmp_path):
    bench = CheckoutBench(tmp_path)
    bench.stock(mug=5, tea=5)
    yield bench
    bench.close()


def test_a_checkout_makes_one_paid_order_and_takes_the_stock(shop):
    receipt = shop.buy(shop.cart(mug=2, tea=1))

    order = shop.plain.orders.get(receipt.order.id)
    assert order == receipt.order
    assert (order.state, order.payment_state, order.total, order.captured) == ("paid", "paid", money(3300), money(3300))
    assert shop.carts.order_of("cart_1") == order.id
    assert (shop.level("mug").on_hand, shop.level("mug").sold) == (3, 2)
    shop.check_books(mug=5, tea=5)


def test_the_order_is_announced_and_its_history_begins(shop):
    order = shop.buy(shop.cart(mug=1)).order

    names = [a.event.name for a in shop.table.announced(0) if a.event.resource == order.id]
    assert names == ["order.placed", "order.changed"]
    assert [(e.version, e.name) for e in shop.plain.orders.history(order.id).rows] == [(1, "placed"), (2, "captured")]


def test_the_number_is_for_people_and_finds_the_order(shop):
    order = shop.buy(shop.cart(mug=1)).order

    assert order.number not in order.id
    assert len(order.number) == 9
    assert shop.plain.orders.find_by_number(order.number.lower().replace("-", "")) == order
    assert shop.plain.orders.find_by_number("nonsense" * 1000) is None


def test_where_it_goes_is_sealed_and_opens_for_this_order_only(shop):
    order = shop.buy(shop.cart(mug=1)).order

    assert shop.contacts.of(order).email == "ada@example.com"
    for other in ({"id": "ord_other"}, {"customer_id": "cus_2"}, {"customer_id": None}):
        assert shop.contacts.of(replace(order, **other)) is None
    assert b"ada@" not in order.private


def test_a_repeated_request_gets_the_identical_answer_even_when_the_order_has_moved_on(shop):
    quote = shop.cart(mug=1)
    first = shop.buy(quote)
    shop.plain.returning.fulfil(order_id=first.order.id, key="parcel")

    again = shop.plain.checkout.place(request=shop.request(), quote=lambda: pytest.fail("a sold cart has no prices"))

    assert again == replace(first, replayed=True)
    assert len(shop.all_orders()) == 1


@pytest.mark.parametrize("change", [{"method": "card_decline"}, {"cart_id": "cart_2"}, {"price_version": "p2"}])
def test_another_request_with_the_same_key_is_refused(shop, change):
    shop.buy(shop.cart(mug=1))

    with pytest.raises(KeyReusedError):
        shop.plain.checkout.place(request=replace(shop.request(), **change), quote=lambda: pytest.fail("asked"))


def test_the_same_key_of_somebody_else_is_another_checkout(shop):
    first = shop.buy(shop.cart("cart_1", mug=1))
    second = shop.buy(shop.cart("cart_2", mug=1), scope="cus_2")

    assert first.order.id != second.order.id


def test_one_key_fifty_times_at_once_is_one_order_and_one_payment(shop):
    quote = shop.cart(mug=5)

    results = together(*[lambda: shop.buy(quote)] * 50)

    orders = [r.order for r in results if not isinstance(r, Exception)]
    refused = [r for r in results if isinstance(r, Exception)]
    assert orders
    assert all(order == orders[0] for order in orders)
    assert all(isinstance(r, CheckoutRunningError) for r in refused)
    assert shop.buy(quote).order == orders[0]
    assert len(shop.sandbox.all_payments()) == 1
    shop.check_books(mug=5, tea=5)


def test_one_cart_with_two_keys_is_sold_once_and_the_other_payment_is_given_up(shop):
    quote = shop.cart(mug=1)
    shop.buy(quote, key="one")

    with pytest.raises(CheckoutFailedError) as refused:
        shop.buy(quote, key="two")

    assert refused.value.code == "cart_sold"
    assert sorted(p.payment.state for p in shop.sandbox.all_payments()) == ["captured", "voided"]
    shop.check_books(mug=5, tea=5)


def test_a_price_that_changed_is_refused_before_anything_happens(shop):
    quote = replace(shop.cart(mug=1), price_version="p2")

    with pytest.raises(PriceChangedError) as refused:
        shop.buy(quote)

    assert refused.value.current == "p2"
    assert shop.sandbox.all_payments() == []
    assert shop.plain.checkout.status(shop.request().checkout_id) is None


def test_too_little_stock_is_refused_with_what_is_left_and_the_key_stays_free(shop):
    with pytest.raises(InsufficientStockError) as refused:
        shop.buy(shop.cart(mug=6))

    assert refused.value.shortages == (("mug", 6, 5),)
    shop.stock(mug=6)
    assert shop.buy(shop.cart(mug=6)).order.state == "paid"
    shop.check_books(mug=6, tea=5)


@pytest.mark.parametrize(
    "broken",
    [
        {"total": money(1)},
        {"shipping": money(-300), "total": money(700)},
        {"lines": ()},
        {"tax": money(0).__class__(0, "EUR")},
    ],
)
def test_a_quote_that_does_not_add_up_is_refused(shop, broken):
    with pytest.raises(InvalidError):
        shop.buy(replace(shop.cart(mug=1), **broken))


def test_a_declined_card_is_final_for_its_key_and_gives_the_units_back(shop):
    quote = shop.cart(mug=5)
    for _ in range(2):
        with pytest.raises(PaymentDeclinedError) as refused:
            shop.buy(quote, method="card_decline_funds")
        assert refused.value.decline_code == "insufficient_funds"

    assert shop.buy(quote, key="another").order.state == "paid"
    shop.check_books(mug=5, tea=5)


def test_what_is_no_payment_method_is_refused_and_the_key_stays_free(shop):
    quote = shop.cart(mug=5)
    with pytest.raises(InvalidError):
        shop.buy(quote, method="4242")

    assert shop.buy(quote).order.state == "paid"


def test_an_answer_that_got_lost_after_charging_is_asked_for(shop):
    order = shop.buy(shop.cart(mug=1), method="card_timeout_after").order

    assert order.state == "paid"
    assert len(shop.sandbox.all_payments()) == 1
    shop.check_books(mug=5, tea=5)


def test_a_question_that_got_lost_is_asked_again_with_the_same_key(shop):
    quote = shop.cart(mug=1)
    with pytest.raises(PaymentUnknownError):
        shop.buy(quote, method="card_timeout_before")

    assert shop.buy(quote, method="card_timeout_before").order.state == "paid"
    shop.check_books(mug=5, tea=5)


def test_a_question_that_got_lost_and_is_never_repeated_is_undone(shop):
    with pytest.raises(PaymentUnknownError):
        shop.buy(shop.cart(mug=1), method="card_timeout_before")

    shop.recover()

    assert shop.all_orders() == []
    assert [p.payment.state for p in shop.sandbox.all_payments()] == ["voided"]
    shop.check_books(mug=5, tea=5)


@pytest.mark.parametrize("method", ["card_capture_timeout_before", "card_capture_timeout_after"])
def test_an_order_whose_capture_got_no_answer_stands_and_is_captured_later_once(shop, method):
    quote = shop.cart(mug=1)
    receipt = shop.buy(quote, method=method)
    assert receipt.order.state == "placed"

    shop.recover()

    order = shop.plain.orders.get(receipt.order.id)
    assert (order.state, order.captured) == ("paid", money(1300))
    assert shop.buy(quote, method=method) == replace(receipt, replayed=True)
    shop.check_books(mug=5, tea=5)


def test_a_capture_that_is_declined_cancels_the_order_and_puts_the_units_back(shop):
    quote = shop.cart(mug=2)
    for _ in range(2):
        with pytest.raises(PaymentDeclinedError):
            shop.buy(quote, method="card_capture_decline")

    assert [order.state for order in shop.all_orders()] == ["cancelled"]
    assert [p.payment.state for p in shop.sandbox.all_payments()] == ["voided"]
    shop.check_books(mug=5, tea=5)


def test_a_payment_that_needs_the_shopper_waits_and_is_finished_by_the_webhook(shop):
    quote = shop.cart(mug=1)
    receipt = shop.buy(quote, method="card_action")
    assert receipt.order is None
    assert receipt.action_url.startswith("https://")
    shop.sandbox.complete_action(shop.plain.checkout.status(receipt.checkout_id).payment_id)

    shop.deliver_webhooks()

    assert shop.buy(quote, method="card_action").order.state == "paid"
    assert len(shop.all_orders()) == 1
    shop.check_books(mug=5, tea=5)


def test_a_shopper_who_refuses_at_the_bank_gets_a_declined_payment(shop):
    quote = shop.cart(mug=1)
    receipt = shop.buy(quote, method="card_action")
    payment_id = shop.plain.checkout.status(receipt.checkout_id).payment_id
    shop.sandbox.complete_action(payment_id, approve=False)

    shop.deliver_webhooks()

    with pytest.raises(PaymentDeclinedError):
        shop.buy(quote, method="card_action")
    shop.check_books(mug=5, tea=5)


def test_a_shopper_who_never_comes_back_from_the_bank_is_charged_nothing(shop):
    quote = shop.cart(mug=1)
    shop.buy(quote, method="card_action")

    shop.recover()

    with pytest.raises(CheckoutFailedError) as refused:
        shop.buy(quote, method="card_action")
    assert refused.value.code == "payment_abandoned"
    assert [p.payment.state for p in shop.sandbox.all_payments()] == ["voided"]
    shop.check_books(mug=5, tea=5)


def test_a_pending_payment_is_waited_for_and_not_given_up_early(shop):
    quote = shop.cart(mug=1)
    assert shop.buy(quote, method="card_pending").order is None
    shop.clock.advance(61)
    shop.plain.recovery.work_once()

    shop.deliver_webhooks()

    assert shop.buy(quote, method="card_pending").order.state == "paid"
    shop.check_books(mug=5, tea=5)


@pytest.mark.parametrize("method", ["card_webhooks_thrice", "card_webhooks_late", "card_webhooks_reversed"])
def test_webhooks_that_are_repeated_late_or_out_of_order_change_nothing(shop, method):
    order = shop.buy(shop.cart(mug=1), method=method).order
    shop.plain.returning.refund(order_id=order.id, key="r", amount=money(100))
    before = shop.plain.orders.get(order.id)

    for _ in range(5):
        shop.deliver_webhooks()
        shop.clock.advance(1800)

    assert shop.plain.orders.get(order.id) == before
    shop.check_books(mug=5, tea=5)


def test_a_hold_that_ran_out_while_the_bank_thought_is_taken_again_if_there_is_stock(shop):
    quote = shop.cart(mug=3)
    receipt = shop.buy(quote, method="card_action")
    shop.clock.advance(3600)
    shop.sandbox.complete_action(shop.plain.checkout.status(receipt.checkout_id).payment_id)

    shop.deliver_webhooks()

    assert shop.buy(quote, method="card_action").order.state == "paid"
    shop.check_books(mug=5, tea=5)


def test_a_hold_that_ran_out_and_was_sold_to_somebody_else_gives_the_money_back(shop):
    quote = shop.cart(mug=3)
    receipt = shop.buy(quote, method="card_action")
    shop.clock.advance(3600)
    shop.buy(shop.cart("cart_2", mug=4), key="other")
    shop.sandbox.complete_action(shop.plain.checkout.status(receipt.checkout_id).payment_id)

    shop.deliver_webhooks()

    with pytest.raises(InsufficientStockError) as refused:
        shop.buy(quote, method="card_action")
    assert refused.value.shortages == (("mug", 3, 1),)
    shop.check_books(mug=5, tea=5)


def test_an_order_that_comes_to_nothing_needs_no_payment(shop):
    quote = replace(shop.cart(mug=1), discount=money(1300), total=money(0))

    order = shop.buy(quote, method="").order

    assert (order.state, order.payment_state) == ("paid", "none")
    assert shop.sandbox.all_payments() == []
    assert shop.buy(quote, method="").order == order


def test_a_key_that_was_forgotten_after_a_week_starts_anew_and_meets_the_sold_cart(shop):
    quote = shop.cart(mug=1)
    shop.buy(quote)
    shop.clock.advance(8 * 24 * 3600)

    with pytest.raises(CheckoutFailedError):
        shop.buy(quote)

    assert len(shop.all_orders()) == 1
    shop.check_books(mug=5, tea=5)


def test_racing_for_the_last_units_sells_exactly_those(shop):
    quotes = [shop.cart(f"cart_{n}", mug=1) for n in range(12)]

    results = together(*[lambda q=q, n=n: shop.buy(q, key=f"k{n}") for n, q in enumerate(quotes)])

    sold = [r for r in results if not isinstance(r, Exception)]
    assert len(sold) == 5
    assert all(isinstance(r, InsufficientStockError) for r in results if isinstance(r, Exception))
    shop.check_books(mug=5, tea=5)


def test_a_number_that_another_order_has_is_drawn_again(shop, monkeypatch):
    numbers = iter(["AAAA-AAAA", "AAAA-AAAA", "BBBB-BBBB"])
    monkeypatch.setattr(shop.plain.checkout._opening, "draw_number", lambda: next(numbers))

    first = shop.buy(shop.cart("cart_1", mug=1), key="one").order
    second = shop.buy(shop.cart("cart_2", mug=1), key="two").order

    assert (first.number, second.number) == ("AAAA-AAAA", "BBBB-BBBB")


def test_an_order_has_as_many_lines_as_a_cart_although_a_transaction_has_less_room(shop):
    skus = {f"sku_{n}": 2 for n in range(MAX_LINES)}
    shop.stock(**dict.fromkeys(skus, 5))
    large, small = shop.cart("cart_1", **skus), shop.cart("cart_2", sku_0=3)

    order = shop.buy(large).order

    assert (order.state, len(order.lines)) == ("paid", MAX_LINES)
    assert shop.buy(small, key="small").order.state == "paid"
    shop.plain.returning.cancel(order_id=order.id, key="off")
    shop.check_books(**dict.fromkeys(skus, 5))


@pytest.mark.parametrize("method", ["card_decline", "card_timeout_before"])
def test_a_large_order_that_comes_to_nothing_gives_everything_back(shop, method):
    skus = {f"sku_{n}": 2 for n in range(MAX_LINES)}
    shop.stock(**dict.fromkeys(skus, 5))

    with pytest.raises((PaymentDeclinedError, PaymentUnknownError)):
        shop.buy(shop.cart(**skus), method=method)

    shop.recover(hours=1)
    shop.check_books(**dict.fromkeys(skus, 5))


def test_a_large_cart_that_was_sold_meanwhile_gives_back_what_was_taken_for_the_second_order(shop):
    skus = {f"sku_{n}": 2 for n in range(MAX_LINES)}
    shop.stock(**dict.fromkeys(skus, 5))
    quote = shop.cart(**skus)
    shop.buy(quote, key="one")

    with pytest.raises(CheckoutFailedError):
        shop.buy(quote, key="two")

    shop.check_books(**dict.fromkeys(skus, 5))
