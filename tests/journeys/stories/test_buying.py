"""From an empty cart to a refunded return: once by API, with the bank's webhook, and once by pages."""

from processes import wait_until
from shopping import EMAIL, HOME, PASSWORD, agrees_to, fills_a_cart, puts_up_for_sale, stock_of

JSON = {"content-type": "application/json"}


def test_a_shopper_goes_from_an_empty_cart_to_a_refunded_return_by_api(shop, api, staff):
    puts_up_for_sale(api, staff, "API-MUG")
    url = fills_a_cart(api, {}, **{"API-MUG": 2})
    held = api.post(f"{url}:hold")
    assert held.json()["held_until"] is not None
    assert stock_of(api, staff, "API-MUG") == (5, 2)
    body = agrees_to(held, card="card_action")

    waiting = api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "1"})
    assert (waiting.status_code, waiting.json()["state"]) == (202, "action_required")
    reported = report_approval(shop, api, waiting.json()["id"])
    done = wait_until(lambda: finished(api, waiting.headers["location"]), what="the order")
    order = api.post(f"{url}:checkout", json=body, headers={"idempotency-key": "1"})

    assert reported == {204}
    assert (order.status_code, order.json()) == (201, done["order"])
    assert (order.json()["state"], order.json()["total"]["amount"]) == ("paid", 1000)
    assert stock_of(api, staff, "API-MUG") == (3, 0)
    sends_and_takes_back(api, staff, order.json())
    assert stock_of(api, staff, "API-MUG") == (5, 0)


def report_approval(shop, api, checkout_id):
    """Be the bank: approve the payment, and knock with what it reports; return the answers' statuses."""
    with shop.bank() as bank:
        sandbox = bank.world.payment_sandbox
        sandbox.complete_action(bank.checkout.status(checkout_id).payment_id)
        answers = [
            api.post("/v1/store/payments/webhook", content=d.body, headers=JSON | dict(d.headers))
            for d in sandbox.due_webhooks()
        ]
        # Whoever works in the background brings them as well, and may have been faster.
        return {answer.status_code for answer in answers} or {204}


def finished(api, location):
    status = api.get(location).json()
    return status if status["state"] == "done" else None


def sends_and_takes_back(api, staff, order):
    path, token = f"/v1/store/orders/{order['id']}", {"token": order["token"]}
    admin = f"/v1/admin/orders/{order['id']}"
    sent = api.post(f"{admin}:fulfil", json={"carrier": "Post", "tracking": "AB1"}, headers=staff)
    assert sent.json()["state"] == "fulfilled"
    assert api.get(path, params=token).json()["parcels"][0]["tracking"] == "AB1"
    assert api.post(f"{admin}:deliver", headers=staff).json()["state"] == "delivered"
    asked = api.post(f"{path}:requestReturn", params=token, json={"units": {"API-MUG": 2}, "reason": "too red"})
    assert asked.json()["return_requested"] == {"API-MUG": 2}
    back = {"units": {"API-MUG": 2}, "restock": True, "refund": {"amount": 1000, "currency": "GBP"}}
    for _ in range(2):
        taken = api.post(f"{admin}:return", json=back, headers=staff | {"idempotency-key": "r"})
        assert taken.status_code == 200, taken.text
    end = api.get(path, params=token).json()
    assert (end["state"], end["payment_state"], end["refunded"]["amount"]) == ("returned", "refunded", 1000)


def test_a_shopper_and_staff_go_from_an_empty_cart_to_a_refunded_return_by_pages(shop, api, staff):
    product = puts_up_for_sale(api, staff, "PAGE-MUG", title="Mug of pages")
    colleague = {"email": "mo@shop.example", "role": "manager", "password": PASSWORD}
    assert api.post("/v1/admin/users", json=colleague, headers=staff).status_code == 201
    shopper, manager = shop.walker(api), shop.walker(api)
    shopper.go(f"/p/{product.json()['slug']}")
    add = next(form for form in shopper.page.forms if form.action == "/cart/add")
    shopper.send(add.action, add.fields | {"quantity": "2"})
    assert "£10.00" in shopper.press("checkout").text
    shopper.press("pay", email=EMAIL, **HOME, card="card_action")
    shopper.go(next(link for link in shopper.page.links() if "/sandbox/bank/" in link))
    thanks = shopper.press("approve")
    assert "Thank you, Ada Byron" in thanks.text
    order_page = thanks.url
    number = thanks.text.partition("Order ")[2][:9]

    manager.go("/staff/sign-in")
    fields = manager.page.forms[-1].fields | {"email": colleague["email"], "password": PASSWORD}
    manager.send("/staff/sign-in", fields)
    manager.go(f"/admin/orders?number={number}")
    manager.press("fulfil", carrier="Post", tracking="AB1")
    assert "goods: delivered" in manager.press("deliver").text
    assert "AB1" in shopper.go(order_page).text
    assert "something is coming back" in shopper.press("return", **{"units-0": "2"}, reason="too red").text
    assert number in manager.go("/admin/orders?list=return_requested").text
    manager.go(f"/admin/orders?number={number}")
    assert manager.page.form("return").fields["units-0"] == "2"
    assert "goods: come back" in manager.press("return", amount="10").text

    end = shopper.go(order_page)
    assert "Everything has come back to us" in end.text
    assert "Given back £10.00" in end.text
    assert stock_of(api, staff, "PAGE-MUG") == (5, 0)
    for walker in (shopper, manager):
        walker.page.check()
