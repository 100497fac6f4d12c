"""What somebody pays, does not pay, or gets back: once, however often it was asked for."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from shopping import agrees_to, buys, fills_a_cart, puts_up_for_sale, stock_of


def test_a_coupon_takes_off_what_it_says_as_often_as_it_may(api, staff):
    puts_up_for_sale(api, staff, "COUPON-MUG")
    coupon = {"code": "STORY10", "kind": "percent", "percent": "10", "limit_total": 1}
    assert api.post("/v1/admin/coupons", json=coupon, headers=staff).status_code == 201
    first, second = (fills_a_cart(api, {}, **{"COUPON-MUG": 2}) for _ in range(2))
    for url in (first, second):
        assert api.post(f"{url}/coupons", json={"code": "story10"}).status_code == 200
    bodies = [agrees_to(api.get(url)) for url in (first, second)]

    order = api.post(f"{first}:checkout", json=bodies[0], headers={"idempotency-key": "coupon 1"})
    refused = api.post(f"{second}:checkout", json=bodies[1], headers={"idempotency-key": "coupon 2"})

    assert order.json()["total"] == {"amount": 900, "currency": "GBP"}
    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_used_up")
    assert api.get("/v1/admin/coupons/STORY10", headers=staff).json()["used"] == 1
    assert stock_of(api, staff, "COUPON-MUG") == (3, 0)


def test_an_order_that_is_called_off_brings_its_units_and_the_money_back(api, staff):
    puts_up_for_sale(api, staff, "OFF-MUG")
    order = buys(api, {}, key="off", **{"OFF-MUG": 3})
    assert stock_of(api, staff, "OFF-MUG") == (2, 0)
    path, token = f"/v1/store/orders/{order['id']}", {"token": order["token"]}

    off = api.post(f"{path}:cancel", params=token, json={"reason": "oops"})
    late = api.post(f"/v1/admin/orders/{order['id']}:fulfil", json={"carrier": "Post", "tracking": "X"}, headers=staff)

    assert off.status_code == 200, off.text
    end = api.get(path, params=token).json()
    assert (end["state"], end["payment_state"], end["refunded"]) == ("cancelled", "refunded", order["total"])
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    assert stock_of(api, staff, "OFF-MUG") == (5, 0)
    history = api.get(f"/v1/admin/orders/{order['id']}/events", headers=staff).json()["data"]
    assert [(one["actor"], one["reason"]) for one in history if one["name"] == "cancelled"] == [("shopper", "oops")]


def test_what_is_asked_again_under_its_key_is_answered_again_and_done_once(api, staff):
    puts_up_for_sale(api, staff, "ONCE-MUG")
    product = {"title": "Once", "variants": [{"sku": "ONCE-CUP", "price": {"amount": 100, "currency": "GBP"}}]}
    key = staff | {"idempotency-key": "story: once"}
    url = fills_a_cart(api, {}, **{"ONCE-MUG": 1})
    body = agrees_to(api.get(url))

    made, again = (api.post("/v1/admin/products", json=product, headers=key) for _ in range(2))
    other = api.post("/v1/admin/products", json=product | {"title": "Twice"}, headers=key)
    orders = [api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "once"}) for _ in range(3)]
    another = api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "twice"})

    assert (made.status_code, again.status_code, again.content) == (201, 201, made.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [order.status_code for order in orders] == [201] * 3
    assert len({order.content for order in orders}) == 1
    assert another.status_code == 409
    assert stock_of(api, staff, "ONCE-MUG") == (4, 0)


def test_a_card_that_is_declined_costs_nothing_and_another_one_buys(api, staff):
    puts_up_for_sale(api, staff, "CARD-MUG", on_hand=1)
    url = fills_a_cart(api, {}, **{"CARD-MUG": 1})
    cards = {card: agrees_to(api.get(url), card=card) for card in ("card_decline", "card_approve")}

    declined, bought = (
        api.post(f"{url}:checkout", json=body, headers={"idempotency-key": card}) for card, body in cards.items()
    )
    too_late = api.post("/v1/store/carts", json={"lines": [{"sku": "CARD-MUG", "quantity": 1}]})

    assert (declined.status_code, declined.json()["code"]) == (402, "payment_declined")
    assert bought.status_code == 201
    assert (too_late.status_code, too_late.json()["code"]) == (409, "insufficient_stock")
    assert stock_of(api, staff, "CARD-MUG") == (0, 0)


@pytest.mark.slow
def test_no_more_is_sold_than_there_is_however_many_ask_at_once(api, staff):
    """Slow, because a function that is asked at once by many is started as often."""
    puts_up_for_sale(api, staff, "LAST-MUG", on_hand=3)
    carts = [fills_a_cart(api, {}, **{"LAST-MUG": 1}) for _ in range(8)]
    bodies = [agrees_to(api.get(url)) for url in carts]

    def check_out(url, body):
        return api.post(f"{url}:checkout", json=body, headers={"idempotency-key": url})

    with ThreadPoolExecutor(len(carts)) as shoppers:
        answers = list(shoppers.map(check_out, carts, bodies))

    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 5}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"insufficient_stock"}
    assert stock_of(api, staff, "LAST-MUG") == (0, 0)
