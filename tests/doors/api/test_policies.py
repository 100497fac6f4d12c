"""Every route says who may ask, and nobody else is let in."""

import itertools
from typing import Any

import pytest
from asking import bearer, problem

from bodega.api.declare import Public, Route, Scope, Shopper, Signed
from bodega.api.reply import Reply
from bodega.api.routes import ROUTES
from bodega.domain.accounts.model import SCOPES
from bodega.domain.shop import Shop

GUARDED = [route for route in ROUTES if isinstance(route.policy, Scope)]


def path_of(route: Route) -> str:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", "x")
    return path


def name_of(route: Route) -> str:
    return route.name


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_route_has_a_policy_that_fits_its_place(route: Route) -> None:
    if route.path.startswith("/v1/admin/"):
        assert isinstance(route.policy, Scope)
        assert route.cache == "private, no-store"
    elif route.path.startswith("/v1/store/"):
        assert isinstance(route.policy, Public | Shopper) or route.path == "/v1/store/payments/webhook"
    else:
        assert isinstance(route.policy, Signed)


def test_names_and_places_are_unique() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_a_route_without_a_policy_cannot_be_declared() -> None:
    def handler(_call: Any) -> Reply:
        return Reply()

    rest = {"method": "GET", "path": "/v1/store/x", "name": "x", "summary": "x", "handler": handler, "replies": {}}
    with pytest.raises(TypeError):
        Route(**rest)
    with pytest.raises(TypeError):
        Route(**rest, policy=None)
    with pytest.raises(TypeError):
        Route(**(rest | {"path": "/v1/admin/x"}), policy=Public())
    with pytest.raises(TypeError):
        Scope("catalog:typo")


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_nobody_gets_in_without_the_right_key(client: Any, shop: Shop, route: Route) -> None:
    path = path_of(route)
    needed = route.policy.name  # type: ignore[union-attr]
    others = [scope for scope in SCOPES if scope not in {needed, "admin"}]
    revoked = shop.api_keys.create(name="old", scopes=["admin"])
    shop.api_keys.revoke(revoked[0].id)

    for headers in ({}, {"authorization": f"Bearer {revoked[1]}"}, {"authorization": f"Bearer {revoked[1]}x"}):
        response = client.request(route.method, path, headers=headers)
        problem(response, 401, "unauthenticated")
    document = problem(client.request(route.method, path, headers=bearer(shop, *others)), 403, "missing_scope")
    assert document["missing_scope"] == needed


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_the_right_key_opens_the_door(client: Any, shop: Shop, route: Route) -> None:
    for scope in (route.policy.name, "admin"):  # type: ignore[union-attr]
        response = client.request(route.method, path_of(route), headers=bearer(shop, scope))
        assert response.status_code not in {401, 403}
        assert response.status_code < 500


def test_a_shoppers_route_is_closed_while_nobody_can_sign_in(shop: Shop, make_client: Any) -> None:
    from bodega.api.application import Api  # noqa: PLC0415
    from bodega.api.call import Desk, Options  # noqa: PLC0415
    from bodega.api.metrics import Meter  # noqa: PLC0415

    route = Route(
        method="GET",
        path="/v1/store/customers/me",
        name="me",
        summary="me",
        policy=Shopper(),
        handler=lambda _call: Reply(),
        replies={200: None},
    )
    api = Api(Desk.of(shop, Options()), [route], [], Meter("0"))

    problem(make_client(api).get(route.path), 401)
    problem(make_client(api, headers=bearer(shop, "admin")).get(route.path), 401)


def test_an_unguarded_method_of_a_guarded_path_does_not_exist(client: Any) -> None:
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    by_path = itertools.groupby(sorted(GUARDED, key=path_of), key=path_of)
    for path, routes in by_path:
        for method in methods - {route.method for route in routes}:
            assert client.request(method, path).status_code in {401, 405}, (method, path)
