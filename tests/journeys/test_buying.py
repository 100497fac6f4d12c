"""From an empty cart to a refunded return, with a served shop and its worker: once by API and once by pages."""

import contextlib
import json

import pytest
from processes import bodega, wait_until
from walking import Walker

from bodega.settings import Settings
from bodega.wiring import open_shop

JSON = {"content-type": "application/json"}
CONTACT = {
    "email": "ada@example.com",
    "shipping": {"name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "country": "GB"},
}


@pytest.fixture
def up(start, product):
    """A served shop that sells five mugs at 5.00, and whoever runs it signed in by API key."""
    up = start("--empty").opened()
    up.sign_in(up.printed_key)
    assert up.client.post("/v1/admin/products", json=product("MUG-1")).status_code == 201
    counted = {"sku": "MUG-1", "on_hand": 5, "expected": None, "reason": "first count"}
    assert up.client.post("/v1/admin/stock:set", json=counted).status_code == 200
    return up


def on_hand(up):
    (level,) = up.client.get("/v1/admin/stock", params={"sku": "MUG-1"}).json()["data"]
    return level["on_hand"], level["held"]


def test_a_shopper_goes_from_an_empty_cart_to_a_refunded_return_by_api(up, tmp_path):
    api = up.client
    staff = {"authorization": api.headers.pop("authorization")}
    cart = api.post("/v1/store/carts", json={}).json()
    url = f"/v1/store/carts/{cart['id']}"
    api.post(f"{url}/lines", json={"sku": "MUG-1", "quantity": 2})
    held = api.post(f"{url}:hold").json()
    assert held["held_until"] is not None
    body = {"price_version": held["price_version"], "contact": CONTACT, "payment": {"method": "card_action"}}

    waiting = api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "1"})
    assert (waiting.status_code, waiting.json()["state"]) == (202, "action_required")
    reported = report_approval(api, tmp_path / "data", waiting.json()["id"])
    done = wait_until(lambda: finished(api, waiting.headers["location"]), what="the order")
    order = api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "1"})

    assert reported == {204}
    assert (order.status_code, order.json()) == (201, done["order"])
    assert (order.json()["state"], order.json()["total"]["amount"]) == ("paid", 1000)
    path, token = f"/v1/store/orders/{order.json()['id']}", {"token": order.json()["token"]}
    admin = f"/v1/admin/orders/{order.json()['id']}"
    sent = api.post(f"{admin}:fulfil", json={"carrier": "Post", "tracking": "AB1"}, headers=staff)
    assert sent.json()["state"] == "fulfilled"
    assert api.get(path, params=token).json()["parcels"][0]["tracking"] == "AB1"
    assert api.post(f"{admin}:deliver", headers=staff).json()["state"] == "delivered"
    asked = api.post(f"{path}:requestReturn", params=token, json={"units": {"MUG-1": 2}, "reason": "too red"})
    assert asked.json()["return_requested"] == {"MUG-1": 2}
    back = {"units": {"MUG-1": 2}, "restock": True, "refund": {"amount": 1000, "currency": "GBP"}}
    for _ in range(2):
        taken = api.post(f"{admin}:return", json=back, headers=staff | {"idempotency-key": "r"})
        assert taken.status_code == 200, taken.text
    end = api.get(path, params=token).json()
    assert (end["state"], end["payment_state"], end["refunded"]["amount"]) == ("returned", "refunded", 1000)
    api.headers.update(staff)
    assert on_hand(up) == (5, 0)


def report_approval(api, folder, checkout_id):
    """Be the bank: approve the payment, and knock with what it reports; return the answers' statuses."""
    with contextlib.closing(open_shop(Settings.for_directory(folder))) as shop:
        sandbox = shop.world.payment_sandbox
        sandbox.complete_action(shop.checkout.status(checkout_id).payment_id)
        answers = [
            api.post("/v1/store/payments/webhook", content=d.body, headers=JSON | dict(d.headers))
            for d in sandbox.due_webhooks()
        ]
        # The worker brings them as well, and may have been faster.
        return {answer.status_code for answer in answers} or {204}


def finished(api, location):
    status = api.get(location).json()
    return status if status["state"] == "done" else None


def test_a_shopper_and_staff_go_from_an_empty_cart_to_a_refunded_return_by_pages(up, tmp_path):
    user = ("--role", "manager", "--email", "mo@shop.example", "--data", tmp_path / "data", "--json")
    password = json.loads(bodega("user", "create", *user).stdout)["password"]
    del up.client.headers["authorization"]
    shopper, staff = (Walker(up.client.request, str(up.client.base_url)) for _ in range(2))
    shopper.go("/p/mug-mug-1")
    add = next(form for form in shopper.page.forms if form.action == "/cart/add")
    shopper.send(add.action, add.fields | {"quantity": "2"})
    assert "£10.00" in shopper.press("checkout").text
    address = {"email": "ada@example.com", "name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "country": "GB"}
    shopper.press("pay", **address, card="card_action")
    shopper.go(next(link for link in shopper.page.links() if "/sandbox/bank/" in link))
    thanks = shopper.press("approve")
    assert "Thank you, Ada Byron" in thanks.text
    order_page = thanks.url
    number = thanks.text.partition("Order ")[2][:9]

    staff.go("/staff/sign-in")
    fields = staff.page.forms[-1].fields | {"email": "mo@shop.example", "password": password}
    staff.send("/staff/sign-in", fields)
    staff.go(f"/admin/orders?number={number}")
    staff.press("fulfil", carrier="Post", tracking="AB1")
    assert "goods: delivered" in staff.press("deliver").text
    assert "AB1" in shopper.go(order_page).text
    assert "something is coming back" in shopper.press("return", **{"units-0": "2"}, reason="too red").text
    assert number in staff.go("/admin/orders?list=return_requested").text
    staff.go(f"/admin/orders?number={number}")
    assert staff.page.form("return").fields["units-0"] == "2"
    assert "goods: come back" in staff.press("return", amount="10").text

    end = shopper.go(order_page)
    assert "Everything has come back to us" in end.text
    assert "Given back £10.00" in end.text
    for walker in (shopper, staff):
        walker.page.check()
