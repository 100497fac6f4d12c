"""Carts by HTTP: the shop says the prices, an id is a permission, and what is wrong changes nothing."""

from typing import Any

import pytest
from asking import bearer, problem

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.shop import Shop
from bodega.values.money import Money

CARTS = "/v1/store/carts"


@pytest.fixture
def goods(shop: Shop) -> dict[str, str]:
    """Products by SKU: two mugs, a kettle of which there are five, and what is not for sale."""
    made = {}
    for sku, price, status in (
        ("MUG", 500, "active"),
        ("CUP/Ø", 333, "active"),
        ("KETTLE", 4000, "active"),
        ("DRAFT", 100, "draft"),
    ):
        given = ProductInput(
            title=f"The {sku}", status=status, variants=[VariantInput(sku=sku, price=Money(price, "GBP"))]
        )
        made[sku] = shop.catalog.products.create(given).id
    shop.catalog.products.create(ProductInput(title="No price", status="active", variants=[VariantInput(sku="FREE")]))
    shop.inventory.set_on_hand({"KETTLE": 5})
    return made


def new_cart(client: Any, **lines: int) -> dict[str, Any]:
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    response = client.post(CARTS, json={"lines": wanted})
    assert response.status_code == 201, response.text
    return response.json()


def set_price(shop: Shop, product_id: str, sku: str, amount: int) -> None:
    patch = {"variants": [{"sku": sku, "price": {"amount": amount, "currency": "GBP"}}]}
    shop.catalog.products.patch(product_id, patch, expected_version=None)


def test_a_guest_fills_a_cart_and_reads_it_at_the_shops_prices(client: Any, goods: dict[str, str]) -> None:
    made = client.post(CARTS, json={})
    url = made.headers["location"]

    first = client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 2})
    again = client.post(f"{url}/lines", json={"sku": " MUG ", "quantity": 1})
    other = client.post(f"{url}/lines", json={"sku": "CUP/Ø"})
    read = client.get(url)

    assert made.status_code == first.status_code == other.status_code == 201
    assert again.status_code == 200
    assert read.json() == other.json()
    assert [(line["sku"], line["quantity"]) for line in read.json()["lines"]] == [("MUG", 3), ("CUP/Ø", 1)]
    assert read.json()["total"] == {"amount": 1833, "currency": "GBP"}
    assert read.json()["lines"][0]["total"] == {"amount": 1500, "currency": "GBP"}
    assert read.json()["warnings"] == []
    assert read.json()["obstacle"] is None
    assert read.headers["cache-control"] == "private, no-store"
    assert client.get(other.headers["location"].rpartition("/lines")[0]).status_code == 200


def test_lines_are_changed_and_removed_by_sku(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client, **{'MUG': 1, 'CUP/Ø': 2})['id']}"

    by_path = client.patch(f"{url}/lines/CUP%2F%C3%98", json={"quantity": 9})
    by_body = client.patch(f"{url}/lines", json={"sku": "MUG", "quantity": 4})
    minimal = client.patch(f"{url}/lines/MUG", json={"quantity": 5}, headers={"prefer": "return=minimal"})
    removed = client.delete(f"{url}/lines/CUP%2F%C3%98")
    missing = client.delete(f"{url}/lines/CUP%2F%C3%98")
    emptied = client.delete(f"{url}/lines")

    assert [line["quantity"] for line in by_path.json()["lines"]] == [1, 9]
    assert [line["quantity"] for line in by_body.json()["lines"]] == [4, 9]
    assert minimal.status_code == 204
    assert [line["quantity"] for line in removed.json()["lines"]] == [5]
    problem(missing, 404, "not_found")
    assert emptied.json()["lines"] == []
    assert emptied.json()["obstacle"]["code"] == "cart_empty"


@pytest.mark.parametrize("field", ["price", "unit_price", "total", "subtotal", "discount", "tax"])
def test_a_client_cannot_say_a_price(client: Any, goods: dict[str, str], field: str) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"
    before = client.get(url).json()
    price = {field: {"amount": 1, "currency": "GBP"}}

    answers = [
        client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 1} | price),
        client.patch(f"{url}/lines/MUG", json={"quantity": 2} | price),
        client.patch(url, json=price),
        client.post(CARTS, json={"lines": [{"sku": "MUG", "quantity": 1} | price]}),
        client.post(CARTS, json=price),
    ]

    for answer in answers:
        assert problem(answer, 422)["errors"][0]["code"] == "unknown_field"
    assert client.get(url).json() == before


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1.0, 10_001, 10**30, "2", None, True, [1]])
def test_a_quantity_that_is_none_is_refused_and_changes_nothing(
    client: Any, goods: dict[str, str], quantity: Any
) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=3)['id']}"

    problem(client.post(f"{url}/lines", json={"sku": "MUG", "quantity": quantity}), 422)
    problem(client.patch(f"{url}/lines/MUG", json={"quantity": quantity}), 422)
    problem(client.post(CARTS, json={"lines": [{"sku": "MUG", "quantity": quantity}]}), 422)

    assert client.get(url).json()["lines"][0]["quantity"] == 3


def test_quantities_that_add_up_beyond_the_bound_are_refused(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=9_999)['id']}"

    document = problem(client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 2}), 422)

    assert document["errors"][0]["pointer"] == "/quantity"
    assert client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 1}).json()["lines"][0]["quantity"] == 10_000


@pytest.mark.parametrize("sku", ["NOPE", "DRAFT", "FREE", "\u202e", "x" * 200, "a\u0000b", "slug:x"])
def test_what_is_not_for_sale_is_an_unknown_sku(client: Any, goods: dict[str, str], sku: str) -> None:
    url = f"{CARTS}/{new_cart(client)['id']}"

    problem(client.post(f"{url}/lines", json={"sku": sku}), 422, "unknown_sku")
    document = problem(client.post(CARTS, json={"lines": [{"sku": "MUG"}, {"sku": sku}]}), 422, "unknown_sku")

    assert document["errors"][0]["pointer"] == "/lines/1/sku"
    assert client.get(url).json()["lines"] == []


def test_more_than_there_are_is_409_with_what_is_left(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client, KETTLE=4)['id']}"

    added = problem(client.post(f"{url}/lines", json={"sku": "KETTLE", "quantity": 2}), 409, "insufficient_stock")
    changed = problem(client.patch(f"{url}/lines/KETTLE", json={"quantity": 6}), 409, "insufficient_stock")
    made = problem(client.post(CARTS, json={"lines": [{"sku": "KETTLE", "quantity": 6}]}), 409, "insufficient_stock")

    assert added["errors"][0]["detail"] == "5 of 'KETTLE' available"
    assert {added["errors"][0]["pointer"], changed["errors"][0]["pointer"]} == {"/quantity"}
    assert made["errors"][0]["pointer"] == "/lines"
    assert client.patch(f"{url}/lines/KETTLE", json={"quantity": 5}).status_code == 200


def test_a_hundred_lines_are_the_most(client: Any, shop: Shop) -> None:
    for number in range(3):
        variants = [VariantInput(sku=f"V{number}-{n}", price=Money(100, "GBP"), title=str(n)) for n in range(40)]
        shop.catalog.products.create(ProductInput(title=f"P{number}", status="active", variants=variants))
    skus = [f"V{number}-{n}" for number in range(3) for n in range(40)]
    full = client.post(CARTS, json={"lines": [{"sku": sku} for sku in skus[:100]]}).json()

    document = problem(client.post(f"{CARTS}/{full['id']}/lines", json={"sku": skus[100]}), 422)

    assert document["errors"][0]["code"] == "too_many_lines"
    assert client.post(f"{CARTS}/{full['id']}/lines", json={"sku": skus[99]}).status_code == 200
    problem(client.post(CARTS, json={"lines": [{"sku": sku} for sku in skus[:101]]}), 422)


@pytest.mark.parametrize(
    "cart_id",
    [
        "cart_x",
        "x",
        "cart_01JD0000000000000000000000",
        "cart_" + "A" * 32,
        "..",
        "%00",
        "cart_%ED%A0%80",
        "customer%23c",
    ],
)
def test_a_cart_that_is_not_there_is_404_for_every_verb(client: Any, goods: dict[str, str], cart_id: str) -> None:
    url = f"{CARTS}/{cart_id}"

    answers = [
        client.get(url),
        client.patch(url, json={"country": "GB"}),
        client.post(f"{url}/lines", json={"sku": "MUG"}),
        client.patch(f"{url}/lines/MUG", json={"quantity": 1}),
        client.delete(f"{url}/lines/MUG"),
        client.delete(f"{url}/lines"),
        client.post(f"{url}/coupons", json={"code": "X"}),
        client.delete(f"{url}/coupons/X"),
    ]

    assert {answer.status_code for answer in answers} <= {404, 400}
    assert answers[0].status_code == 404 or "%ED" in cart_id


def test_another_customers_cart_is_not_found_rather_than_forbidden(
    client: Any, staff: Any, shop: Shop, goods: dict[str, str]
) -> None:
    cart_id = shop.carting.create(customer_id="cus_ann").cart.id
    url = f"{CARTS}/{cart_id}"

    for asking in (client, staff):
        problem(asking.get(url), 404, "not_found")
        problem(asking.post(f"{url}/lines", json={"sku": "MUG"}), 404, "not_found")
        problem(asking.delete(f"{url}/lines"), 404, "not_found")
    assert shop.carting.get(cart_id, customer_id="cus_ann").cart.version == 1


def test_ids_of_carts_cannot_be_guessed_and_differ(client: Any, goods: dict[str, str]) -> None:
    first, second = new_cart(client)["id"], new_cart(client)["id"]

    assert first != second
    assert len(first) >= len("cart_") + 32
    assert first[5:13] != second[5:13]


def test_if_match_decides_between_two_who_change_one_cart(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"
    tag = client.get(url).headers["etag"]

    first = client.patch(f"{url}/lines/MUG", json={"quantity": 2}, headers={"if-match": tag})
    second = client.patch(f"{url}/lines/MUG", json={"quantity": 3}, headers={"if-match": tag})
    fresh = client.patch(f"{url}/lines/MUG", json={"quantity": 4}, headers={"if-match": second.headers["etag"]})
    anyone = client.patch(f"{url}/lines/MUG", json={"quantity": 5}, headers={"if-match": "*"})
    either = client.patch(f"{url}/lines/MUG", json={"quantity": 6}, headers={"if-match": f'{tag}, "4"'})
    foreign = client.patch(f"{url}/lines/MUG", json={"quantity": 7}, headers={"if-match": '"abc"'})

    assert first.status_code == fresh.status_code == anyone.status_code == either.status_code == 200
    problem(second, 412, "stale_version")
    problem(foreign, 412, "stale_version")
    assert client.get(url).json()["lines"][0]["quantity"] == 6


def test_the_tag_changes_with_the_price_although_the_version_does_not(
    client: Any, shop: Shop, goods: dict[str, str]
) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=2)['id']}"
    before = client.get(url)
    assert client.get(url, headers={"if-none-match": before.headers["etag"]}).status_code == 304

    set_price(shop, goods["MUG"], "MUG", 600)
    after = client.get(url, headers={"if-none-match": before.headers["etag"]})

    assert after.status_code == 200
    assert after.json()["version"] == before.json()["version"]
    assert after.json()["price_version"] != before.json()["price_version"]
    warning = after.json()["warnings"][0]
    assert warning["code"] == "price_changed"
    assert (warning["old_price"]["amount"], warning["new_price"]["amount"]) == (500, 600)
    assert client.patch(f"{url}/lines/MUG", json={"quantity": 2}).json()["warnings"] == []


def test_changes_of_stock_and_status_are_told_and_unavailable_lines_do_not_count(
    client: Any, shop: Shop, goods: dict[str, str]
) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1, KETTLE=3)['id']}"
    shop.inventory.set_on_hand({"KETTLE": 2})
    shop.catalog.products.archive(goods["MUG"], expected_version=None)

    cart = client.get(url).json()

    assert {warning["code"]: warning.get("sku") for warning in cart["warnings"]} == {
        "unavailable": "MUG",
        "insufficient_stock": "KETTLE",
    }
    short = next(warning for warning in cart["warnings"] if warning["code"] == "insufficient_stock")
    assert (short["wanted"], short["available"]) == (3, 2)
    assert cart["total"]["amount"] == 12_000
    assert [line["available"] for line in cart["lines"]] == [False, True]
    assert cart["lines"][0]["total"] is None
    assert cart["obstacle"]["code"] == "unavailable_lines"
    shop.inventory.set_on_hand({"KETTLE": 0})
    changed = next(w for w in client.get(url).json()["warnings"] if w["code"] == "stock_changed")
    assert (changed["old_stock"], changed["new_stock"]) == ("low_stock", "out_of_stock")


def test_a_cart_nobody_uses_is_gone_after_a_month_and_reading_keeps_it(
    client: Any, clock: SettableClock, goods: dict[str, str]
) -> None:
    kept, left = (f"{CARTS}/{new_cart(client, MUG=1)['id']}" for _ in range(2))
    clock.advance(20 * 24 * 3600)
    version = client.get(kept).json()["version"]
    clock.advance(20 * 24 * 3600)

    assert client.get(kept).json()["version"] == version
    problem(client.get(left), 404)


def test_a_retry_with_its_key_puts_units_in_once(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client)['id']}"
    key = {"idempotency-key": "k1"}

    first = client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 2}, headers=key)
    second = client.post(f"{url}/lines", json={"sku": "MUG", "quantity": 2}, headers=key)

    assert first.content == second.content
    assert client.get(url).json()["lines"][0]["quantity"] == 2


def test_racing_changes_without_a_version_all_happen(client: Any, goods: dict[str, str]) -> None:
    url = f"{CARTS}/{new_cart(client)['id']}"

    answers = client.together(*[("POST", f"{url}/lines", {"json": {"sku": "MUG", "quantity": 1}})] * 8)

    won = sum(answer.status_code in {200, 201} for answer in answers)
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert won >= 1
    assert client.get(url).json()["lines"][0]["quantity"] == won


def test_a_total_beyond_all_money_is_refused_before_it_is_stored(client: Any, shop: Shop) -> None:
    given = ProductInput(title="Moon", status="active", variants=[VariantInput(sku="MOON", price=Money(10**15, "GBP"))])
    shop.catalog.products.create(given)
    url = f"{CARTS}/{new_cart(client)['id']}"

    problem(client.post(f"{url}/lines", json={"sku": "MOON", "quantity": 2}), 422)

    assert client.get(url).json()["lines"] == []


# -- coupons, shipping and tax


def coupon(staff: Any, **fields: Any) -> Any:
    return staff.post("/v1/admin/coupons", json={"code": "SPRING", "kind": "percent", "percent": "10"} | fields)


def test_a_coupon_takes_off_what_it_says_however_it_is_spelt(client: Any, staff: Any, goods: dict[str, str]) -> None:
    assert coupon(staff).status_code == 201
    url = f"{CARTS}/{new_cart(client, **{'MUG': 1, 'CUP/Ø': 1})['id']}"

    cart = client.post(f"{url}/coupons", json={"code": "sPrinG"}).json()
    dropped = client.delete(f"{url}/coupons/spring")

    assert cart["coupon"] == {"code": "SPRING", "accepted": True}
    assert cart["discount"]["amount"] == sum(line["discount"]["amount"] for line in cart["lines"]) == 83
    assert cart["total"]["amount"] == 833 - 83
    assert dropped.json()["coupon"] is None
    problem(client.delete(f"{url}/coupons/spring"), 404)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"valid_until": "2026-11-23T09:00:00Z"}, 422, "coupon_expired"),
        ({"valid_from": "2026-11-23T09:00:01Z"}, 422, "coupon_not_yet"),
        ({"customer_id": "cus_ann"}, 422, "coupon_foreign"),
        ({"minimum_subtotal": {"amount": 501, "currency": "GBP"}}, 422, "coupon_minimum"),
        ({"active": False}, 422, "coupon_unknown"),
        ({"code": "OTHER"}, 422, "coupon_unknown"),
    ],
)
def test_a_coupon_that_cannot_be_used_says_why(
    client: Any, staff: Any, goods: dict[str, str], fields: dict[str, Any], status: int, code: str
) -> None:
    assert coupon(staff, **fields).status_code == 201
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"

    problem(client.post(f"{url}/coupons", json={"code": "SPRING"}), status, code)

    assert client.get(url).json()["coupon"] is None


@pytest.mark.parametrize("code", ["", " ", "x" * 41, "a b", "a\nb", "\ud7ff\u0000", "../..", "☃" * 30])
def test_hostile_codes_are_refused(client: Any, goods: dict[str, str], code: str) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"

    problem(client.post(f"{url}/coupons", json={"code": code}), 422)


def test_a_coupon_that_expires_in_the_cart_is_told_and_takes_nothing_off(
    client: Any, staff: Any, clock: SettableClock, goods: dict[str, str]
) -> None:
    coupon(staff, valid_until="2026-11-23T10:00:00Z")
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"
    client.post(f"{url}/coupons", json={"code": "SPRING"})
    clock.advance(3600)

    cart = client.get(url).json()

    assert cart["discount"]["amount"] == 0
    assert cart["coupon"] == {"code": "SPRING", "accepted": False}
    assert [warning["code"] for warning in cart["warnings"]] == ["coupon_refused"]
    assert cart["obstacle"]["code"] == "coupon_expired"


TABLE = {
    "zones": [
        {
            "name": "Home",
            "countries": ["GB"],
            "methods": [
                {
                    "code": "post",
                    "name": "Post",
                    "bands": [{"price": {"amount": 395, "currency": "GBP"}, "up_to": 5000}],
                    "free_from": {"amount": 3000, "currency": "GBP"},
                },
                {"code": "express", "name": "Express", "bands": [{"price": {"amount": 900, "currency": "GBP"}}]},
            ],
        }
    ]
}


def test_staff_replace_the_tables_and_carts_follow(
    client: Any, staff: Any, clock: SettableClock, goods: dict[str, str]
) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"
    shipping, tax = "/v1/admin/shipping-table", "/v1/admin/tax-table"
    assert staff.get(shipping).json() == {"zones": []}
    rates = {"rates": [{"country": "GB", "percent": "20"}], "prices_include_tax": False}

    problem(staff.put(shipping, json=TABLE), 428)
    saved = staff.put(shipping, json=TABLE, headers={"if-match": staff.get(shipping).headers["etag"]})
    problem(staff.put(shipping, json=TABLE, headers={"if-match": '"0"'}), 412)
    assert staff.put(tax, json=rates, headers={"if-match": "*"}).status_code == 200
    clock.advance(2)

    assert saved.headers["etag"] == '"1"'
    assert client.get(url).json()["obstacle"]["code"] == "country_needed"
    home = client.patch(url, json={"country": "GB"}).json()
    assert (home["shipping_method"], home["shipping"]["amount"]) == ("post", 395)
    assert (home["tax"]["amount"], home["total"]["amount"]) == (100 + 79, 500 + 395 + 179)
    express = client.patch(url, json={"shipping_method": "express"}).json()
    assert express["shipping"]["amount"] == 900
    problem(client.patch(url, json={"shipping_method": "drone"}), 422)
    away = client.patch(url, json={"country": "FR"}).json()
    assert away["obstacle"]["code"] == "no_shipping"
    assert away["shipping_options"] == []


@pytest.mark.parametrize("country", ["gb", "GBR", "", "*", "G1", "GB\n", 1])
def test_a_country_that_is_none_is_refused(client: Any, goods: dict[str, str], country: Any) -> None:
    url = f"{CARTS}/{new_cart(client, MUG=1)['id']}"

    problem(client.patch(url, json={"country": country}), 422)


@pytest.mark.parametrize(
    "rates",
    [
        [{"country": "GB", "percent": "101"}],
        [{"country": "GB", "percent": "-1"}],
        [{"country": "GB", "percent": "1e1"}],
        [{"country": "GB", "percent": "20\n"}],
        [{"country": "GB", "percent": "NaN"}],
        [{"country": "GB", "percent": 20}],
        [{"country": "GB", "percent": "20"}, {"country": "GB", "percent": "5"}],
        [{"country": "gb", "percent": "20"}],
    ],
)
def test_a_tax_table_that_makes_no_sense_is_refused(staff: Any, rates: Any) -> None:
    problem(staff.put("/v1/admin/tax-table", json={"rates": rates}, headers={"if-match": "*"}), 422)


@pytest.mark.parametrize(
    "fields",
    [
        {"percent": "101"},
        {"percent": None},
        {"kind": "amount"},
        {"kind": "amount", "percent": None, "amount": {"amount": 0, "currency": "GBP"}},
        {"kind": "amount", "percent": None, "amount": {"amount": 5, "currency": "EUR"}},
        {"kind": "free_shipping"},
        {"limit_total": 0},
        {"valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-02T00:00:00Z"},
        {"valid_from": "2026-01-02T00:00:00"},
        {"code": "a b"},
        {"used": 3},
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(staff: Any, fields: dict[str, Any]) -> None:
    problem(coupon(staff, **fields), 422)

    assert staff.get("/v1/admin/coupons").json()["data"] == []


def test_staff_keep_coupons(staff: Any) -> None:
    made = coupon(staff)
    url = made.headers["location"]
    for number in range(5):
        coupon(staff, code=f"C{number}")

    problem(coupon(staff, code="ｓｐｒｉｎｇ"), 409, "coupon_taken")  # noqa: RUF001 - full-width on purpose
    problem(staff.patch(url, json={"percent": "15"}), 428)
    changed = staff.patch(url, json={"percent": "15", "limit_total": 3}, headers={"if-match": '"1"'})
    problem(staff.patch(url, json={"percent": "16"}, headers={"if-match": '"1"'}), 412)
    problem(staff.patch(url, json={"code": "OTHER"}, headers={"if-match": "*"}), 422)
    problem(staff.patch(url, json={"used": 9}, headers={"if-match": "*"}), 422)
    first = staff.get("/v1/admin/coupons?limit=4").json()
    second = staff.get(f"/v1/admin/coupons?limit=4&cursor={first['page']['next']}").json()

    assert changed.json()["percent"] == "15"
    assert [one["code"] for one in first["data"] + second["data"]] == ["C0", "C1", "C2", "C3", "C4", "SPRING"]
    assert second["page"]["next"] is None
    assert staff.delete(url, headers={"if-match": "*"}).status_code == 204
    problem(staff.get(url), 404)
    assert coupon(staff).status_code == 201


def test_selling_has_scopes_of_its_own(shop: Shop, app: Any, make_client: Any) -> None:
    reader = make_client(app, headers=bearer(shop, "selling:read"))
    writer = make_client(app, headers=bearer(shop, "selling:write", "catalog:write"))

    assert reader.get("/v1/admin/tax-table").status_code == 200
    problem(reader.put("/v1/admin/tax-table", json={}, headers={"if-match": "*"}), 403, "missing_scope")
    problem(writer.get("/v1/admin/coupons"), 403, "missing_scope")
