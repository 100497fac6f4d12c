"""Checkout by HTTP: one order however often it is asked for, and a clear answer to whatever is in the way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import bearer, problem
from selling import ADDRESS, CARTS, CONTACT, ORDERS, WEBHOOK, body_of, cart_of, check_out, deliver_webhooks, for_sale

from bodega.adapters.system.clock import SettableClock
from bodega.asgi import create_app
from bodega.domain.carts.coupon import CouponInput
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    for_sale(shop, MUG=5, TEA=5)


def orders(staff: Any) -> list[dict[str, Any]]:
    return staff.get(ORDERS).json()["data"]


def test_a_cart_becomes_an_order_that_its_shopper_can_read_again(client: Any, staff: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=2, TEA=1)

    made = check_out(client, cart)

    order = made.json()
    assert made.status_code == 201, made.text
    assert (order["state"], order["payment_state"], order["total"]["amount"]) == ("paid", "paid", 1500)
    assert order["contact"]["shipping"]["city"] == "Bath"
    assert made.headers["cache-control"] == "private, no-store"
    assert client.get(made.headers["location"], params={"token": order["token"]}).json() == order
    assert client.get(f"{CARTS}/{cart['id']}").json()["order_id"] == order["id"]
    assert [one["id"] for one in orders(staff)] == [order["id"]]
    assert shop.stock.get(sku="MUG").on_hand == 3


def test_the_same_request_again_gets_the_same_bytes_whatever_became_of_the_order(client: Any, staff: Any) -> None:
    cart = cart_of(client, MUG=2)
    first = check_out(client, cart)
    staff.post(f"{ORDERS}/{first.json()['id']}:fulfil", json={})

    again = check_out(client, cart)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(orders(staff)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"payment": {"method": "card_decline"}},
        {"contact": CONTACT | {"email": "eve@example.com"}},
        {"contact": {"email": "ada@example.com", "shipping": ADDRESS | {"line1": "2 Mill Lane"}}},
    ],
)
def test_another_request_with_the_same_key_is_refused(client: Any, staff: Any, change: dict[str, Any]) -> None:
    cart = cart_of(client, MUG=2)
    check_out(client, cart)

    problem(check_out(client, cart, **change), 422, "idempotency_key_reused")
    assert len(orders(staff)) == 1


def test_without_a_key_nothing_is_bought(client: Any, staff: Any) -> None:
    cart = cart_of(client, MUG=2)
    url = f"{CARTS}/{cart['id']}:checkout"

    problem(client.post(url, json=body_of(cart)), 400, "idempotency_key_required")
    for key in ("", "x" * 256, "\u00e9"):
        refused = client.post(url, json=body_of(cart), headers={"idempotency-key": key.encode()})
        problem(refused, 400, "bad_idempotency_key")
    assert orders(staff) == []


@pytest.mark.parametrize("field", ["total", "price", "amount", "discount", "currency", "lines"])
def test_a_client_cannot_say_what_it_pays(client: Any, staff: Any, field: str) -> None:
    cart = cart_of(client, MUG=2)
    money = {"amount": 1, "currency": "GBP"}

    for changes in ({field: money}, {"payment": {"method": "card_approve", field: money}}):
        document = problem(check_out(client, cart, **changes), 422)
        assert document["errors"][0]["code"] == "unknown_field"
    assert orders(staff) == []


def test_too_few_is_409_with_what_is_left_and_the_key_stays_free(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=4, TEA=5)
    shop.inventory.set_on_hand({"MUG": 3, "TEA": 1})

    document = problem(check_out(client, cart), 409, "insufficient_stock")

    assert document["available"] == 3
    assert document["shortages"] == [
        {"sku": "MUG", "wanted": 4, "available": 3},
        {"sku": "TEA", "wanted": 5, "available": 1},
    ]
    shop.inventory.set_on_hand({"MUG": 4, "TEA": 5})
    assert check_out(client, cart).status_code == 201


def test_a_price_that_changed_is_409_with_the_version_to_look_at(client: Any, shop: Shop, staff: Any) -> None:
    cart = cart_of(client, MUG=1)
    product_id = cart["lines"][0]["product_id"]
    patch = {"variants": [{"sku": "MUG", "price": {"amount": 900, "currency": "GBP"}}]}
    shop.catalog.products.patch(product_id, patch, expected_version=None)

    document = problem(check_out(client, cart), 409, "price_changed")

    seen = client.get(f"{CARTS}/{cart['id']}").json()
    assert document["price_version"] == seen["price_version"]
    assert orders(staff) == []
    assert check_out(client, seen).json()["total"]["amount"] == 900


def test_a_declined_card_is_402_and_another_card_may_follow(client: Any, staff: Any) -> None:
    cart = cart_of(client, MUG=5)

    for _ in range(2):
        document = problem(check_out(client, cart, "card_decline_funds"), 402, "payment_declined")
        assert document["decline_code"] == "insufficient_funds"

    assert orders(staff) == []
    assert check_out(client, cart, key="another").status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"contact": CONTACT | {"email": "nobody"}}, "/contact/email"),
        ({"contact": CONTACT | {"email": "a@b.c" * 100}}, "/contact/email"),
        ({"contact": {"email": "a@b.example", "shipping": ADDRESS | {"name": " "}}}, "/contact/shipping/name"),
        ({"contact": {"email": "a@b.example", "shipping": ADDRESS | {"city": "x" * 201}}}, "/contact/shipping/city"),
        ({"contact": {"email": "a@b.example", "shipping": ADDRESS | {"country": "gb"}}}, "/contact/shipping/country"),
        ({"contact": {"email": "a@b.example", "shipping": ADDRESS | {"line2": "a\u0000b"}}}, "/contact/shipping/line2"),
        ({"payment": {"method": ""}}, "/payment/method"),
        ({"payment": {"method": "x" * 256}}, "/payment/method"),
        ({"price_version": ""}, "/price_version"),
        ({"price_version": 3}, "/price_version"),
    ],
)
def test_what_makes_no_sense_is_422_with_the_place(client: Any, staff: Any, changes: Any, pointer: str) -> None:
    cart = cart_of(client, MUG=1)

    document = problem(check_out(client, cart, **changes), 422)

    assert document["errors"][0]["pointer"] == pointer
    assert orders(staff) == []
    assert check_out(client, cart).status_code == 201


def test_what_is_no_card_is_refused_and_nothing_is_held(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=5)

    problem(check_out(client, cart, "4242424242424242"), 422)

    assert shop.stock.get(sku="MUG").held == 0
    assert check_out(client, cart).status_code == 201


def test_the_address_is_in_the_country_that_shipping_was_computed_for(client: Any) -> None:
    cart = cart_of(client, MUG=1)
    sent = client.patch(f"{CARTS}/{cart['id']}", json={"country": "FR"}).json()

    document = problem(check_out(client, sent), 422)

    assert document["errors"][0] == {
        "pointer": "/contact/shipping/country",
        "code": "country_mismatch",
        "detail": "shipping and tax were computed for FR, and the address is in GB",
    }


def test_a_cart_that_was_sold_is_not_sold_again(client: Any, staff: Any) -> None:
    cart = cart_of(client, MUG=1)
    check_out(client, cart)

    problem(check_out(client, cart, key="another"), 409, "cart_ordered")
    problem(check_out(client, cart_of(client)), 409, "cart_empty")
    problem(check_out(client, {"id": "cart_" + "A" * 32, "price_version": "p"}), 404)
    assert len(orders(staff)) == 1


def test_a_payment_that_needs_its_shopper_waits_and_the_webhook_finishes_it(
    client: Any, staff: Any, shop: Shop
) -> None:
    cart = cart_of(client, MUG=1)

    waiting = check_out(client, cart, "card_action")

    assert waiting.status_code == 202
    assert waiting.json()["state"] == "action_required"
    assert waiting.json()["action_url"]
    status = waiting.headers["location"]
    assert client.get(status).json() == waiting.json()
    attempt = shop.checkout.status(waiting.json()["id"])
    shop.world.payments.complete_action(attempt.payment_id)  # type: ignore[attr-defined]  # it is the sandbox
    deliver_webhooks(client, shop)
    done = client.get(status).json()
    assert done["state"] == "done"
    assert check_out(client, cart, "card_action").json() == done["order"]
    assert len(orders(staff)) == 1


def test_a_webhook_that_is_forged_or_old_changes_nothing(client: Any, shop: Shop, clock: SettableClock) -> None:
    cart = cart_of(client, MUG=1)
    checkout_id = check_out(client, cart, "card_pending").json()["id"]
    clock.advance(60)
    (delivery,) = shop.world.payment_sandbox.due_webhooks()  # type: ignore[union-attr]
    json = {"content-type": "application/json"}
    ((name, signature),) = delivery.headers.items()

    for body, headers in (
        (delivery.body, {}),
        (delivery.body, {name: "t=0,v1=00"}),
        (delivery.body, {name: signature[:-1] + "z"}),
        (delivery.body.replace(b"authorised", b"declined  "), {name: signature}),
        (b"{}", {name: signature}),
        (b'{"a":"' + b"x" * 70_000 + b'"}', {name: signature}),
    ):
        problem(client.post(WEBHOOK, content=body, headers=json | headers), 422, "bad_signature")
    problem(client.post(WEBHOOK, content=b"{", headers=json | {name: signature}), 400)
    clock.advance(301)
    problem(client.post(WEBHOOK, content=delivery.body, headers=json | {name: signature}), 422, "stale_webhook")
    assert client.get(f"/v1/store/checkouts/{checkout_id}").json()["state"] == "processing"

    deliver_webhooks(client, shop)

    assert client.get(f"/v1/store/checkouts/{checkout_id}").json()["state"] == "done"


def test_a_checkout_that_is_not_there_is_404(client: Any) -> None:
    for name in ("chk_x", "x" * 3000, "%ED%A0%80", "..%2F"):
        assert client.get(f"/v1/store/checkouts/{name}").status_code in {400, 404}


def test_one_key_many_times_at_once_is_one_order(client: Any, staff: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=5)
    url, request = f"{CARTS}/{cart['id']}:checkout", {"json": body_of(cart), "headers": {"idempotency-key": "k"}}

    answers = client.together(*[("POST", url, request)] * 20)

    assert {answer.status_code for answer in answers} <= {201, 409}
    for running in (answer for answer in answers if answer.status_code == 409):
        problem(running, 409, "idempotency_key_running")
        assert running.headers["retry-after"] == "1"
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(orders(staff)) == 1
    assert len(shop.world.payments.all_payments()) == 1  # type: ignore[attr-defined]  # it is the sandbox


def test_a_cart_of_a_hundred_lines_is_held_and_bought(client: Any, shop: Shop) -> None:
    variants = [VariantInput(sku=f"V-{n}", price=Money(100 + n, "GBP"), title=str(n)) for n in range(100)]
    for start in range(0, 100, 50):
        given = ProductInput(title=f"P{start}", status="active", variants=variants[start : start + 50])
        shop.catalog.products.create(given)
    shop.inventory.set_on_hand({variant.sku: 6 for variant in variants})
    cart = cart_of(client, **{variant.sku: 2 for variant in variants})

    assert client.post(f"{CARTS}/{cart['id']}:hold").status_code == 200
    made = check_out(client, cart)

    assert made.status_code == 201, made.text
    assert len(made.json()["lines"]) == 100
    levels = shop.inventory.find_levels([variant.sku for variant in variants])
    assert {(level.on_hand, level.held, level.sold) for level in levels.values()} == {(4, 0, 2)}


def test_what_costs_nothing_is_ordered_without_a_card(client: Any, shop: Shop) -> None:
    shop.coupons.create(CouponInput(code="GIFT", kind="percent", percent="100"))
    cart = cart_of(client, MUG=1)
    given = client.post(f"{CARTS}/{cart['id']}/coupons", json={"code": "gift"}).json()

    made = check_out(client, given, "")

    assert (made.status_code, made.json()["state"], made.json()["payment_state"]) == (201, "paid", "none")
    assert made.json()["total"]["amount"] == 0
    assert shop.world.payments.all_payments() == []  # type: ignore[attr-defined]  # it is the sandbox


@pytest.fixture
def reserving(tmp_path: Path, clock: SettableClock) -> Iterator[Shop]:
    """A shop that takes money only when staff say so."""
    with contextlib.closing(open_shop(Settings.for_directory(tmp_path / "b", capture="by_staff"), clock=clock)) as shop:
        for_sale(shop, MUG=5)
        yield shop


def test_money_is_taken_when_staff_say_so(reserving: Shop, make_client: Any) -> None:
    app = create_app(reserving, Settings())
    client, staff = make_client(app), make_client(app, headers=bearer(reserving, "admin"))

    first, second = (check_out(client, cart_of(client, MUG=1), key=key).json() for key in ("1", "2"))
    refused = staff.post(f"{ORDERS}/{first['id']}:fulfil", json={})
    taken = staff.post(f"{ORDERS}/{first['id']}:capture").json()
    off = staff.post(f"{ORDERS}/{second['id']}:cancel", json={}).json()

    assert (first["state"], first["payment_state"]) == ("placed", "authorised")
    problem(refused, 409, "illegal_move")
    assert (taken["state"], taken["captured"]["amount"]) == ("paid", 500)
    assert (off["state"], off["payment_state"], off["captured"]["amount"]) == ("cancelled", "voided", 0)
    states = sorted(one.payment.state for one in reserving.world.payments.all_payments())  # type: ignore[attr-defined]
    assert states == ["captured", "voided"]
