"""Who works here, and what they do for customers: by the API, and nobody beyond what they may themselves."""

from typing import Any

import pytest
from asking import bearer, problem

from bodega.domain.accounts.roles import scopes_of
from bodega.domain.shop import Shop

USERS, CUSTOMERS = "/v1/admin/users", "/v1/admin/customers"
ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf", "name": "Ann Teak"}


@pytest.fixture
def ann(client: Any) -> str:
    return str(client.post("/v1/store/customers", json=ANN).json()["id"])


def test_users_are_made_read_changed_and_let_go(staff: Any, shop: Shop) -> None:
    made = staff.post(USERS, json={"email": "mo@shop.example", "role": "support", "name": "Mo"})
    url = made.headers["location"]

    assert made.status_code == 201
    assert shop.staff.sign_in(email="mo@shop.example", password=made.json()["password"], caller="t")
    assert "password" not in staff.get(url).text
    assert staff.post(f"{url}:setRole", json={"role": "warehouse"}).json()["scopes"] == list(scopes_of("warehouse"))
    assert [user["role"] for user in staff.get(USERS).json()["data"]] == ["warehouse"]
    assert staff.delete(url).status_code == 204
    problem(staff.delete(url), 404)
    problem(staff.get(f"{USERS}/usr_x"), 404)


def test_the_last_owner_stays(staff: Any) -> None:
    url = staff.post(USERS, json={"email": "mo@shop.example", "role": "owner"}).headers["location"]

    problem(staff.post(f"{url}:setRole", json={"role": "support"}), 409, "last_owner")
    problem(staff.delete(url), 409, "last_owner")


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_nobody_makes_changes_or_ends_who_may_more_than_they_may(
    staff: Any, make_client: Any, app: Any, shop: Shop, role: str
) -> None:
    clerk = make_client(app, headers=bearer(shop, "users:write", *scopes_of("support")))
    above = staff.post(USERS, json={"email": "mo@shop.example", "role": role}).headers["location"]
    beside = clerk.post(USERS, json={"email": "vi@shop.example", "role": "support"}).headers["location"]

    problem(clerk.post(USERS, json={"email": "me@shop.example", "role": role}), 403, "missing_scope")
    problem(clerk.post(f"{beside}:setRole", json={"role": role}), 403, "missing_scope")
    problem(clerk.post(f"{above}:setRole", json={"role": "support"}), 403, "missing_scope")
    problem(clerk.delete(above), 403, "missing_scope")
    assert len(shop.staff.list()) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "mo", "role": "support"}, 422),
        ({"email": "mo@shop.example", "role": "king"}, 422),
        ({"email": "mo@shop.example", "role": "support", "password": "short"}, 422),
        ({"email": "TAKEN@shop.example", "role": "support"}, 409),
        ({"email": "mo@shop.example"}, 422),
    ],
    ids=["address", "role", "password", "taken", "no-role"],
)
def test_what_no_user_can_be_made_of_is_refused(staff: Any, body: dict[str, str], status: int) -> None:
    staff.post(USERS, json={"email": "taken@shop.example", "role": "support"})

    problem(staff.post(USERS, json=body), status)


def test_a_customer_is_found_by_their_address_in_any_spelling(staff: Any, ann: str) -> None:
    found = staff.get(CUSTOMERS, params={"email": "ANN@shop.example"}).json()["data"]

    assert [customer["id"] for customer in found] == [ann]
    assert staff.get(CUSTOMERS, params={"email": "no@shop.example"}).json()["data"] == []
    problem(staff.get(CUSTOMERS), 422)
    assert staff.get(f"{CUSTOMERS}/{ann}").json()["name"] == "Ann Teak"
    assert staff.get(f"{CUSTOMERS}/{ann}/export").json()["customer"]["email"] == ANN["email"]
    problem(staff.get(f"{CUSTOMERS}/cus_x"), 404)
    problem(staff.get(f"{CUSTOMERS}/cus_x/export"), 404)


def test_a_customer_is_signed_out_and_forgotten_by_staff(client: Any, staff: Any, ann: str) -> None:
    entry = {"email": ANN["email"], "password": ANN["password"]}
    token = client.post("/v1/store/sessions", json=entry).json()["token"]
    signed_in = {"authorization": f"Bearer {token}"}

    assert staff.post(f"{CUSTOMERS}/{ann}:signOut").status_code == 200
    problem(client.get("/v1/store/customers/me", headers=signed_in), 401)
    assert client.post("/v1/store/sessions", json=entry).status_code == 201
    assert staff.delete(f"{CUSTOMERS}/{ann}").status_code == 204
    problem(staff.delete(f"{CUSTOMERS}/{ann}"), 404)
    problem(client.post("/v1/store/sessions", json=entry), 401, "wrong_credentials")
