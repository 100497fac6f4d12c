"""What nobody may, and what makes no sense, is refused everywhere in the same words that programs read."""

import pytest

PRODUCTS = "/v1/admin/products"
JSON = {"content-type": "application/json"}
STAFF = object()
PRODUCT = {"title": "No", "variants": [{"sku": "NO-1", "price": {"amount": 1, "currency": "GBP"}}]}

HOSTILE = {
    "no JSON": ("POST", PRODUCTS, {"content": b'{"title": NaN}', "headers": JSON}, STAFF, 400, "malformed_json"),
    "a field nobody knows": ("POST", PRODUCTS, {"json": PRODUCT | {"titel": "x"}}, STAFF, 422, "invalid"),
    "a price in the wrong currency": (
        "POST",
        PRODUCTS,
        {"json": PRODUCT | {"variants": [{"sku": "NO-1", "price": {"amount": 1, "currency": "EUR"}}]}},
        STAFF,
        422,
        "invalid",
    ),
    "another kind of body": ("POST", PRODUCTS, {"content": b"<a/>"}, STAFF, 415, "unsupported_media_type"),
    "too much": ("POST", PRODUCTS, {"content": b" " * 1_100_000, "headers": JSON}, STAFF, 413, "too_large"),
    "nobody's key": ("POST", PRODUCTS, {"json": PRODUCT}, {"authorization": "Bearer bdg_x"}, 401, "unauthenticated"),
    "a change of what is not there": ("PATCH", f"{PRODUCTS}/sku:NO-1", {"json": {}}, STAFF, 404, "not_found"),
    "a forged cursor": ("GET", "/v1/store/products?cursor=AAAA", {}, {}, 400, "bad_cursor"),
    "an unknown filter": ("GET", "/v1/store/products?filter[colour]=red", {}, {}, 422, "invalid"),
    "a path out of the shop": ("GET", "/v1/store/products/..%2f..%2fetc%2fpasswd", {}, {}, 404, "not_found"),
    "broken escapes": ("GET", "/v1/store/products?q=%ff", {}, {}, 400, "malformed_query"),
    "a forged webhook of the bank": (
        "POST",
        "/v1/store/payments/webhook",
        {"content": b"{}", "headers": JSON | {"sandbox-signature": "t=1,v1=AAAA"}},
        {},
        422,
        "bad_signature",
    ),
    "a forged address for uploads": (
        "PUT",
        "/v1/uploads/AAAA",
        {"content": b"x", "headers": {"content-type": "image/png"}},
        {},
        401,
        "unauthenticated",
    ),
    "a cart of nobody": ("POST", "/v1/store/carts/cart_x:hold", {}, {}, 404, "not_found"),
    "a checkout without a key": ("POST", "/v1/store/carts/cart_x:checkout", {"json": {}}, {}, 422, "invalid"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_request_that_cannot_be_meant_is_refused_by_status_and_code(api, staff, case):
    method, url, sent, who, status, code = HOSTILE[case]
    headers = sent.get("headers", {}) | (staff if who is STAFF else who)

    answer = api.request(method, url, **sent | {"headers": headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_key_may_do_what_it_was_made_for_until_it_is_withdrawn(api, staff):
    made = api.post("/v1/admin/api-keys", json={"name": "counts", "scopes": ["stock:read"]}, headers=staff)
    assert made.status_code == 201, made.text
    key, address = {"authorization": f"Bearer {made.json()['token']}"}, made.headers["location"]

    allowed = api.get("/v1/admin/stock", params={"sku": "NO-1"}, headers=key)
    denied = api.post(PRODUCTS, json=PRODUCT, headers=key)
    withdrawn = api.delete(address, headers=staff)
    late = api.get("/v1/admin/stock", params={"sku": "NO-1"}, headers=key)

    assert (allowed.status_code, withdrawn.status_code) == (200, 204)
    assert (denied.status_code, denied.json()["code"]) == (403, "missing_scope")
    assert "catalog:write" in denied.json()["detail"]
    assert (late.status_code, late.json()["code"]) == (401, "unauthenticated")
