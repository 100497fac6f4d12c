"""Every route that takes an id is asked as another customer, as nobody, and with keys of other scopes.

The routes come from the route table. What a path's parameter stands for is said here once: a route with a parameter
that nobody explained, or with a body of which there is no example, fails the first test.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from asgi_client import Client
from asking import NOW, bearer, problem
from selling import CONTACT, for_sale

from bodega.adapters.system.clock import SettableClock
from bodega.api.declare import Route, Scope, Shopper
from bodega.api.routes import ROUTES
from bodega.asgi import create_app
from bodega.domain.accounts.model import SCOPES
from bodega.domain.accounts.roles import ROLES, Role, allows, scopes_of
from bodega.domain.carts.coupon import CouponInput
from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.wiring import open_shop

EVERYBODYS = frozenset({"product", "review", "category", "collection"})
"""Parameters of the store's routes that name what is nobody's in particular."""
HOME = {"name": "Ann", "line1": "1 Row", "city": "Leeds", "country": "GB"}
_numbers = itertools.count()


class Town:
    """A shop with Ann, whose things are asked for, and Bob, who asks."""

    def __init__(self, client: Any, shop: Shop) -> None:
        self.client = client
        self.shop = shop
        self.ann = self._customer("ann@shop.example")
        self.bob = self._customer("bob@shop.example")

    def _customer(self, email: str) -> dict[str, str]:
        entry = {"email": email, "password": "two teapots on a shelf"}
        assert self.client.post("/v1/store/customers", json=entry).status_code == 201
        token = self.client.post("/v1/store/sessions", json=entry).json()["token"]
        return {"authorization": f"Bearer {token}"}

    def cart(self) -> dict[str, Any]:
        wanted = {"lines": [{"sku": "MUG", "quantity": 1}], "country": "GB"}
        cart = self.client.post("/v1/store/carts", json=wanted, headers=self.ann).json()
        redeemed = self.client.post(f"/v1/store/carts/{cart['id']}/coupons", json={"code": "TEN"}, headers=self.ann)
        return redeemed.json()

    def bought(self) -> dict[str, Any]:
        """Buy a cart, and note under which id the checkout is known."""
        cart = self.cart()
        answer = self.client.post(
            f"/v1/store/carts/{cart['id']}:checkout",
            headers=self.ann | {"idempotency-key": f"k{next(_numbers)}"},
            json=checkout_of(cart),
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def checkout_id(self) -> str:
        order = self.shop.orders.get(self.bought()["id"])
        assert order.paid is not None
        return order.paid.checkout_id

    def address_id(self) -> str:
        made = self.client.post("/v1/store/customers/me/addresses", json=HOME, headers=self.ann)
        return str(made.json()["id"])

    def look(self) -> list[str | int]:
        """Return everything that Ann can see of her own."""
        me = "/v1/store/customers/me"
        paths = (me, f"{me}/cart", f"{me}/addresses", "/v1/store/orders")
        answers = [self.client.get(path, headers=self.ann) for path in paths]
        return [answer.text if answer.status_code == 200 else answer.status_code for answer in answers]


def checkout_of(cart: dict[str, Any]) -> dict[str, Any]:
    return {
        "price_version": cart["price_version"],
        "contact": CONTACT,
        "payment": {"method": "card_approve"},
    }


OWNED: dict[str, Callable[[Town], str]] = {
    "cart": lambda town: str(town.cart()["id"]),
    "order": lambda town: str(town.bought()["id"]),
    "checkout": Town.checkout_id,
    "address": Town.address_id,
}
"""What makes a thing of Ann's, by the parameter that names it, and returns its id."""
PARTS = {"sku": "MUG", "code": "TEN"}
"""What stands inside of her things."""
BODIES: dict[str, dict[str, Any]] = {
    "store.carts.patch": {"country": "FR"},
    "store.carts.lines.add": {"sku": "MUG", "quantity": 1},
    "store.carts.lines.change": {"sku": "MUG", "quantity": 2},
    "store.carts.lines.patch": {"quantity": 2},
    "store.carts.coupons.redeem": {"code": "TEN"},
    "store.carts.checkout": {"price_version": "x", "contact": CONTACT, "payment": {"method": "card_approve"}},
    "store.orders.cancel": {"reason": "changed my mind"},
    "store.orders.request_return": {"units": {"MUG": 1}},
    "store.addresses.patch": {"city": "York"},
}
"""A body for each route that takes one, so that it is not the body for which somebody is turned away."""

STORE = [r for r in ROUTES if r.parameters and r.path.startswith("/v1/store/")]
OWN = [r for r in STORE if set(r.parameters) & OWNED.keys()]
GUARDED = [r for r in ROUTES if isinstance(r.policy, Scope)]


def name_of(route: Route) -> str:
    return route.name


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    settings = Settings.for_directory(tmp_path_factory.mktemp("town") / "shop")
    shop = open_shop(settings, clock=SettableClock(NOW))
    client = Client(create_app(shop, settings))
    for_sale(shop, MUG=10_000)
    shop.coupons.create(CouponInput(code="TEN", kind="percent", percent="10"))
    yield Town(client, shop)
    client.close()
    shop.close()


def ask(town: Town, route: Route, ids: dict[str, str], headers: dict[str, str]) -> Any:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", quote(ids.get(name, "x"), safe=""))
    sent = headers | ({"idempotency-key": f"f{next(_numbers)}"} if route.name == "store.carts.checkout" else {})
    body = BODIES.get(route.name)
    if body is None:
        return town.client.request(route.method, path, headers=sent)
    return town.client.request(route.method, path, headers=sent, json=body)


def ids_of(town: Town, route: Route) -> dict[str, str]:
    return PARTS | {name: OWNED[name](town) for name in route.parameters if name in OWNED}


def test_every_route_that_takes_an_id_can_be_asked_here() -> None:
    known = OWNED.keys() | PARTS.keys() | EVERYBODYS

    strange = {name: route.name for route in STORE for name in route.parameters if name not in known}
    bodiless = [route.name for route in OWN if route.body is not None and route.name not in BODIES]
    assert strange == {}, "say in OWNED or EVERYBODYS whose these are"
    assert bodiless == [], "give a body in BODIES"
    assert len(OWN) > 15


@pytest.mark.parametrize("route", OWN, ids=name_of)
def test_what_is_somebodys_is_not_there_for_anybody_else(town: Town, route: Route) -> None:
    ids = ids_of(town, route)
    before = town.look()
    shoppers_only = isinstance(route.policy, Shopper)

    answers = {
        "another customer": ask(town, route, ids, town.bob),
        "nobody": ask(town, route, ids, {}),
        "staff": ask(town, route, ids, bearer(town.shop, "admin")),
        "a key of another scope": ask(town, route, ids, bearer(town.shop, "catalog:read")),
    }
    over = ask(town, route, ids, {"authorization": "Bearer ses_00000000000000000000000000." + "x" * 43})

    for who, answer in answers.items():
        closed = shoppers_only and who != "another customer"
        problem(answer, 401 if closed else 404, "unauthenticated" if closed else "not_found")
    assert over.status_code == 401
    assert town.look() == before
    # Without this one, a route that turns everybody away would pass.
    own = ask(town, route, ids, town.ann)
    assert own.status_code not in {401, 403, 404}, own.text
    assert own.status_code < 500


@pytest.mark.parametrize("route", [r for r in STORE if r not in OWN and r.parameters], ids=name_of)
def test_what_is_everybodys_is_closed_to_nobody_but_by_its_policy(town: Town, route: Route) -> None:
    answer = ask(town, route, {"product": "sku:MUG", "review": "rev_x"}, {})

    assert (answer.status_code == 401) == isinstance(route.policy, Shopper)
    assert answer.status_code not in {403, 500}


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_customers_have_no_business_behind_the_counter(town: Town, route: Route) -> None:
    for who in (town.ann, {}):
        problem(ask(town, route, {}, who), 401, "unauthenticated")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_its_scopes_open_and_nothing_else(town: Town, role: Role) -> None:
    key = bearer(town.shop, *scopes_of(role))
    wrong = []

    for route in GUARDED:
        answer = ask(town, route, {}, key)
        assert isinstance(route.policy, Scope)
        if (answer.status_code != 403) != allows(role, route.policy.name) or answer.status_code >= 500:
            wrong.append((route.name, answer.status_code))
    assert wrong == []


def test_every_scope_belongs_to_some_role_and_no_role_but_the_owner_gives_keys_away() -> None:
    assert {scope for scope in SCOPES if any(allows(role, scope) for role in ROLES if role != "owner")} >= {
        "catalog:write",
        "stock:write",
        "selling:write",
        "orders:write",
        "customers:write",
        "reviews:write",
        "imports:write",
        "exports:read",
    }
    assert all(allows("owner", scope) for scope in SCOPES)
    for scope in ("keys:write", "users:write", "webhooks:write", "admin"):
        assert [role for role in ROLES if allows(role, scope)] == ["owner"]
