"""The story of one mug: added, changed, found, bought, sent, brought back; by HTTP only, wherever the shop runs."""

import json

CONTACT = {
    "email": "ada@example.com",
    "shipping": {"name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "country": "GB"},
}
PASSWORD = "correct horse battery staple"


def sells_and_takes_back(api, staff):
    """Tell the story through a client of an empty shop; `staff` are the headers of somebody who may do everything."""
    mug, tea = adds(api, staff, "MUG-1", "Mug"), adds(api, staff, "TEA-1", "Tea")
    changes(api, staff, mug)
    listed = api.get("/v1/store/products").json()["data"]
    assert {product["id"] for product in listed} == {mug.json()["id"], tea.json()["id"]}
    assert "Red mug" in api.get("/").text

    ada = signs_up(api)
    order = buys(api, staff, ada)
    lists = api.get("/v1/store/recommendations", params={"placement": "home"}, headers=ada).json()
    assert "TEA-1" in json.dumps(lists["data"])
    brings_back(api, staff, ada, order)


def adds(api, staff, sku, title):
    variant = {"sku": sku, "price": {"amount": 500, "currency": "GBP"}}
    made = api.post(
        "/v1/admin/products", json={"title": title, "status": "active", "variants": [variant]}, headers=staff
    )
    assert made.status_code == 201, made.text
    counted = {"sku": sku, "on_hand": 5, "expected": None, "reason": "first count"}
    assert api.post("/v1/admin/stock:set", json=counted, headers=staff).status_code == 200
    return made


def changes(api, staff, mug):
    changed = api.patch(
        f"/v1/admin/products/{mug.json()['id']}",
        json={"title": "Red mug"},
        headers=staff | {"if-match": mug.headers["etag"], "content-type": "application/merge-patch+json"},
    )
    assert changed.status_code == 200, changed.text
    assert api.get("/v1/store/products/sku:MUG-1").json()["title"] == "Red mug"


def signs_up(api):
    person = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    assert api.post("/v1/store/customers", json=person).status_code == 201
    signed_in = api.post("/v1/store/sessions", json={"email": person["email"], "password": PASSWORD})
    return {"authorization": f"Bearer {signed_in.json()['token']}"}


def buys(api, staff, who):
    url, body = fills_a_cart(api, "MUG-1", who)
    order = api.post(f"{url}:checkout", json=body, headers=who | {"idempotency-key": "first"})
    assert order.status_code == 201, order.text
    again = api.post(f"{url}:checkout", json=body, headers=who | {"idempotency-key": "first"})
    assert again.content == order.content
    assert stock_of(api, staff, "MUG-1") == (4, 0)
    return order.json()


def fills_a_cart(api, sku, who):
    cart = api.post("/v1/store/carts", json={}, headers=who).json()
    url = f"/v1/store/carts/{cart['id']}"
    assert api.post(f"{url}/lines", json={"sku": sku, "quantity": 1}, headers=who).status_code == 201
    held = api.post(f"{url}:hold", headers=who)
    assert held.status_code == 200, held.text
    version = held.json()["price_version"]
    return url, {"price_version": version, "contact": CONTACT, "payment": {"method": "card_approve"}}


def brings_back(api, staff, who, order):
    own, admin = f"/v1/store/orders/{order['id']}", f"/v1/admin/orders/{order['id']}"
    sent = api.post(f"{admin}:fulfil", json={"carrier": "Post", "tracking": "AB1"}, headers=staff)
    assert sent.json()["state"] == "fulfilled", sent.text
    assert api.post(f"{admin}:deliver", headers=staff).json()["state"] == "delivered"
    asked = api.post(f"{own}:requestReturn", json={"units": {"MUG-1": 1}, "reason": "too red"}, headers=who)
    assert asked.json()["return_requested"] == {"MUG-1": 1}, asked.text
    back = {"units": {"MUG-1": 1}, "restock": True, "refund": order["total"]}
    for _ in range(2):
        taken = api.post(f"{admin}:return", json=back, headers=staff | {"idempotency-key": "r"})
        assert taken.status_code == 200, taken.text
    end = api.get(own, headers=who).json()
    assert (end["state"], end["payment_state"], end["refunded"]) == ("returned", "refunded", order["total"])
    assert stock_of(api, staff, "MUG-1") == (5, 0)


def stock_of(api, staff, sku):
    (level,) = api.get("/v1/admin/stock", params={"sku": sku}, headers=staff).json()["data"]
    return level["on_hand"], level["held"]
