"""Sign up, sign in, stay in, get out: by the API, with everything that people get wrong on the way."""

from typing import Any

import pytest
from asking import bearer, problem, product

from bodega.adapters.system.clock import SettableClock
from bodega.domain.shop import Shop

CUSTOMERS = "/v1/store/customers"
SESSIONS = "/v1/store/sessions"
ME = f"{CUSTOMERS}/me"
ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf", "name": "Ann Teak"}


def token(session: str) -> dict[str, str]:
    return {"authorization": f"Bearer {session}"}


def sign_in(client: Any, **changes: Any) -> Any:
    sent = {"email": ANN["email"], "password": ANN["password"]} | changes
    return client.post(SESSIONS, json=sent)


@pytest.fixture
def ann(client: Any) -> dict[str, str]:
    """The headers of somebody who is signed in."""
    assert client.post(CUSTOMERS, json=ANN).status_code == 201
    return token(sign_in(client).json()["token"])


def test_signing_up_answers_the_account_and_signs_nobody_in(client: Any) -> None:
    made = client.post(CUSTOMERS, json=ANN)

    document = made.json()
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, ME, '"1"')
    assert (document["email"], document["name"], document["addresses"]) == ("ann@shop.example", "Ann Teak", [])
    assert "password" not in made.text
    assert "no-store" in made.headers["cache-control"]
    problem(client.get(ME), 401, "unauthenticated")


@pytest.mark.parametrize(
    "same",
    ["ann@shop.example", "ANN@SHOP.EXAMPLE", " Ann@Shop.Example ", "\uff41nn@shop.example", "ann@\uff53hop.example"],
    ids=["same", "capitals", "spaces", "wide-local", "wide-domain"],
)
def test_an_address_that_differs_only_in_case_or_unicode_form_is_taken(client: Any, same: str) -> None:
    client.post(CUSTOMERS, json=ANN)

    document = problem(client.post(CUSTOMERS, json=ANN | {"email": same, "name": "Impostor"}), 409, "email_taken")

    assert document["errors"][0]["pointer"] == "/email"
    assert sign_in(client, email=same).json()["customer"]["name"] == "Ann Teak"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": "a@b@c.example"}, "/email"),
        ({"email": "ann\u202e@shop.example"}, "/email"),
        ({"email": "a" * 300 + "@shop.example"}, "/email"),
        ({"password": "short"}, "/password"),
        ({"password": "password"}, "/password"),
        ({"password": "aaaaaaaaaaaa"}, "/password"),
        ({"password": "ann@shop.example"}, "/password"),
        ({"password": "x" * 257}, "/password"),
        ({"name": "A\nB"}, "/name"),
        ({"role": "admin"}, ""),
        ({"id": "cus_00000000000000000000000000"}, ""),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, dict) else "",
)
def test_what_no_account_can_be_made_of_is_refused(client: Any, change: dict[str, str], pointer: str) -> None:
    document = problem(client.post(CUSTOMERS, json=ANN | change), 422)

    assert document["errors"][0]["pointer"] == pointer
    problem(sign_in(client), 401, "wrong_credentials")


@pytest.mark.parametrize("path", [CUSTOMERS, SESSIONS])
def test_a_password_of_ten_megabytes_is_refused_before_it_is_read(client: Any, path: str) -> None:
    problem(client.post(path, json={"email": ANN["email"], "password": "x" * 10_000_000}), 413, "too_large")


def test_signing_in_says_neither_whether_there_is_an_account_nor_what_was_wrong(client: Any) -> None:
    client.post(CUSTOMERS, json=ANN)

    wrong = problem(sign_in(client, password="three teapots"), 401, "wrong_credentials")
    nobody = problem(sign_in(client, email="bob@shop.example"), 401, "wrong_credentials")

    assert wrong["detail"] == nobody["detail"]


def test_a_session_opens_the_account_until_it_is_ended(client: Any, ann: dict[str, str]) -> None:
    assert client.get(ME, headers=ann).json()["email"] == "ann@shop.example"
    assert client.get(f"{SESSIONS}/current", headers=ann).status_code == 200

    assert client.delete(f"{SESSIONS}/current", headers=ann).status_code == 204

    problem(client.get(ME, headers=ann), 401, "unauthenticated")
    problem(client.delete(f"{SESSIONS}/current", headers=ann), 401)


def test_a_rotated_token_is_refused_and_ends_the_session_for_whoever_holds_the_other(
    client: Any, ann: dict[str, str]
) -> None:
    renewed = token(client.post(f"{SESSIONS}/current:rotate", headers=ann).json()["token"])
    assert client.get(ME, headers=renewed).status_code == 200

    problem(client.patch(ME, headers=ann, json={"name": "Thief"}), 401, "unauthenticated")

    problem(client.get(ME, headers=renewed), 401)
    assert client.get(ME, headers=token(sign_in(client).json()["token"])).json()["name"] == "Ann Teak"


def test_signing_in_again_ends_the_session_that_was_sent_along(client: Any, ann: dict[str, str]) -> None:
    again = client.post(SESSIONS, json={"email": ANN["email"], "password": ANN["password"]}, headers=ann)

    assert again.status_code == 201
    problem(client.get(ME, headers=ann), 401)
    assert client.get(ME, headers=token(again.json()["token"])).status_code == 200


def test_sessions_end_when_unused_and_after_their_time(client: Any, ann: dict[str, str], clock: SettableClock) -> None:
    for _ in range(4):
        clock.advance(20 * 24 * 3600)
        assert client.get(ME, headers=ann).status_code == 200
    clock.advance(11 * 24 * 3600)
    problem(client.get(ME, headers=ann), 401)

    other = token(sign_in(client).json()["token"])
    clock.advance(31 * 24 * 3600)
    problem(client.get(ME, headers=other), 401)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ses_",
        "Bearer ses_00000000000000000000000000.x",
        "Bearer ses_" + "A" * 5000,
        "Basic YW5uOnB3",
        "Bearer bdg_x_y",
        "Bearer ses_\u00e9.\u00ff",
    ],
    ids=["empty", "bare", "prefix", "short", "long", "basic", "key", "latin"],
)
def test_what_is_no_session_opens_nothing(client: Any, sent: str) -> None:
    problem(client.get(ME, headers={"authorization": sent.encode("latin-1")}), 401)


def test_a_key_of_staff_is_no_shopper(client: Any, shop: Shop) -> None:
    problem(client.get(ME, headers=bearer(shop, "admin")), 401)


def test_a_session_is_no_key(client: Any, ann: dict[str, str]) -> None:
    problem(client.get("/v1/admin/api-keys", headers=ann), 401)


def test_an_account_is_changed_at_the_version_that_was_seen(client: Any, ann: dict[str, str]) -> None:
    seen = client.get(ME, headers=ann).headers["etag"]

    changed = client.patch(ME, headers=ann | {"if-match": seen}, json={"name": "Ann Oak", "phone": "+44 20 7946 0000"})
    stale = client.patch(ME, headers=ann | {"if-match": seen}, json={"name": "Late"})
    emptied = client.patch(ME, headers=ann, json={"phone": None})

    assert (changed.status_code, changed.json()["name"]) == (200, "Ann Oak")
    problem(stale, 412)
    assert (emptied.json()["name"], emptied.json()["phone"]) == ("Ann Oak", "")
    problem(client.patch(ME, headers=ann, json={"email": "x@y.example"}), 422)


def test_addresses_are_a_book_with_one_default(client: Any, ann: dict[str, str]) -> None:
    home = {"name": "Ann", "line1": "1 Row", "city": "Leeds", "country": "GB"}
    first = client.post(f"{ME}/addresses", headers=ann, json=home)
    second = client.post(f"{ME}/addresses", headers=ann, json=home | {"line1": "2 Row", "default": True})
    place = second.headers["location"]

    book = client.get(f"{ME}/addresses", headers=ann).json()["data"]
    assert [(a["line1"], a["default"]) for a in book] == [("1 Row", False), ("2 Row", True)]
    assert client.patch(place, headers=ann, json={"city": "York", "line2": None}).json()["city"] == "York"
    assert client.delete(place, headers=ann).status_code == 204
    problem(client.delete(place, headers=ann), 404)
    assert client.get(first.headers["location"], headers=ann).json()["default"]
    problem(client.post(f"{ME}/addresses", headers=ann, json=home | {"country": "gb"}), 422)
    problem(client.patch(first.headers["location"], headers=ann, json={"name": None}), 422)


def test_an_address_book_has_an_end(client: Any, ann: dict[str, str]) -> None:
    home = {"name": "Ann", "line1": "1 Row", "city": "Leeds", "country": "GB"}
    for _ in range(20):
        assert client.post(f"{ME}/addresses", headers=ann, json=home).status_code == 201

    problem(client.post(f"{ME}/addresses", headers=ann, json=home), 422)


def test_a_new_password_ends_all_other_sessions(client: Any, ann: dict[str, str]) -> None:
    elsewhere = token(sign_in(client).json()["token"])
    change = {"current_password": ANN["password"], "new_password": "three kettles, one cat"}

    problem(client.post(f"{ME}:changePassword", headers=ann, json=change | {"current_password": "x"}), 401)
    renewed = client.post(f"{ME}:changePassword", headers=ann, json=change)

    assert client.get(ME, headers=token(renewed.json()["token"])).status_code == 200
    problem(client.get(ME, headers=elsewhere), 401)
    problem(sign_in(client), 401, "wrong_credentials")
    assert sign_in(client, password=change["new_password"]).status_code == 201


def test_an_address_to_sign_in_with_is_changed_with_the_password(client: Any, ann: dict[str, str]) -> None:
    client.post(CUSTOMERS, json=ANN | {"email": "bob@shop.example"})
    change = {"email": "ann@oak.example", "current_password": ANN["password"]}

    problem(client.post(f"{ME}:changeEmail", headers=ann, json=change | {"current_password": "no"}), 401)
    problem(client.post(f"{ME}:changeEmail", headers=ann, json=change | {"email": "BOB@shop.example"}), 409)
    assert client.post(f"{ME}:changeEmail", headers=ann, json=change).json()["email"] == "ann@oak.example"

    problem(sign_in(client), 401)
    assert sign_in(client, email="ann@oak.example").status_code == 201
    assert client.post(CUSTOMERS, json=ANN).status_code == 201


def test_a_customers_cart_is_found_again_on_another_device(client: Any, shop: Shop, ann: dict[str, str]) -> None:
    client.post("/v1/admin/products", headers=bearer(shop, "admin"), json=product())
    made = client.post("/v1/store/carts", headers=ann, json={"lines": [{"sku": "MUG-1", "quantity": 2}]}).json()

    elsewhere = sign_in(client).json()

    assert elsewhere["cart_id"] == made["id"]
    found = client.get(f"{ME}/cart", headers=token(elsewhere["token"])).json()
    assert (found["id"], found["lines"][0]["quantity"]) == (made["id"], 2)
    problem(client.get(f"/v1/store/carts/{made['id']}"), 404)


def test_a_guests_cart_comes_along_at_sign_in_and_opens_nothing_afterwards(
    client: Any, shop: Shop, ann: dict[str, str]
) -> None:
    for sku in ("MUG-1", "MUG-2"):
        client.post("/v1/admin/products", headers=bearer(shop, "admin"), json=product(sku))
    client.post("/v1/store/carts", headers=ann, json={"lines": [{"sku": "MUG-1", "quantity": 2}]})
    lines = [{"sku": "MUG-1", "quantity": 3}, {"sku": "MUG-2", "quantity": 1}]
    guest = client.post("/v1/store/carts", json={"lines": lines}).json()["id"]

    entered = sign_in(client, cart_id=guest).json()

    cart = client.get(f"/v1/store/carts/{entered['cart_id']}", headers=token(entered["token"])).json()
    assert {line["sku"]: line["quantity"] for line in cart["lines"]} == {"MUG-1": 5, "MUG-2": 1}
    problem(client.get(f"/v1/store/carts/{guest}"), 404)
    problem(sign_in(client, cart_id=guest), 404)
    problem(sign_in(client, cart_id="cart_x"), 404)


def test_erasing_ends_everything_and_frees_the_address(client: Any, ann: dict[str, str]) -> None:
    assert client.delete(ME, headers=ann).status_code == 204

    problem(client.get(ME, headers=ann), 401)
    problem(sign_in(client), 401, "wrong_credentials")
    assert client.post(CUSTOMERS, json=ANN | {"name": "Another Ann"}).status_code == 201


def test_an_export_has_everything(client: Any, ann: dict[str, str]) -> None:
    home = {"name": "Ann", "line1": "1 Canary Row", "city": "Leeds", "country": "GB"}
    client.post(f"{ME}/addresses", headers=ann, json=home)

    answer = client.get(f"{ME}/export", headers=ann)

    document = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert document["customer"]["email"] == "ann@shop.example"
    assert document["customer"]["addresses"][0]["address"]["line1"] == "1 Canary Row"
    assert document["orders"] == []


def test_two_customers_behind_one_address_do_not_share_an_idempotency_key(client: Any, ann: dict[str, str]) -> None:
    client.post(CUSTOMERS, json=ANN | {"email": "bob@shop.example"})
    bob = token(sign_in(client, email="bob@shop.example").json()["token"])
    home = {"name": "X", "line1": "1 Row", "city": "Leeds", "country": "GB"}

    once = client.post(f"{ME}/addresses", headers=ann | {"idempotency-key": "k"}, json=home)
    again = client.post(f"{ME}/addresses", headers=ann | {"idempotency-key": "k"}, json=home)
    other = client.post(f"{ME}/addresses", headers=bob | {"idempotency-key": "k"}, json=home)

    assert again.headers["idempotent-replayed"] == "true"
    assert once.json() == again.json()
    assert "idempotent-replayed" not in other.headers
    assert other.json()["id"] != once.json()["id"]
