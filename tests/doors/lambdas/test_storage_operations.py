"""What a request costs in operations of the store is the same on every engine, and does not grow unseen."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import bearer, product
from events import Answer, ask
from selling import body_of
from stocked import stock_up

from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.asgi import create_app
from bodega.lambdas.gateway import Gateway
from bodega.settings import Settings
from bodega.wiring import open_shop

VERBS = ("get", "batch_get", "query", "scan", "transact", "write_batch", "load", "announced", "last_position")
AT_MOST: dict[str, dict[str, int]] = {
    "product": {"get": 1},
    "product by slug": {"get": 2},
    "list": {"last_position": 1},
    "search": {},
    "bought together": {"batch_get": 2},
    "cart made": {"batch_get": 3, "get": 2, "transact": 1},
    "cart": {"get": 1, "batch_get": 2},
    "checkout": {"get": 6, "batch_get": 2, "transact": 3},
    "product added": {"get": 2, "transact": 1},
    "product for staff": {"get": 1},
    "product changed": {"get": 1, "transact": 1},
    "orders for staff": {"query": 8},
}


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is asked of the store from outside.

    What it asks of itself is its own affair, and what the sandbox of payments keeps there is not the shop's.
    """
    counted: Counter[str] = Counter()
    inside: list[str] = []

    def counting(verb: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not inside and "sandbox#" not in repr(args):
                counted[verb] += 1
            inside.append(verb)
            try:
                return method(self, *args, **kwargs)
            finally:
                inside.pop()

        return call

    for store in (SqliteTableStore, DynamoTableStore):
        for verb in VERBS:
            monkeypatch.setattr(store, verb, counting(verb, getattr(store, verb)))
    return counted


def costs(settings: Settings, operations: Counter[str]) -> dict[str, dict[str, int]]:
    """Return what each of a shop's main requests costs, asked a second time where that is the same request."""
    clock = SettableClock()
    clock.set(SystemClock().now())
    shop = open_shop(settings, clock=clock)
    products = stock_up(shop, customers=3)
    shop.inventory.set_on_hand(dict.fromkeys(products, 50))
    staff = bearer(shop, "admin")
    gateway = Gateway(create_app(shop, settings, inline_reads=True))
    measured: dict[str, dict[str, int]] = {}

    def cost(name: str, method: str, path: str, *, first: bool = False, **options: Any) -> Answer:
        if not first:
            ask(gateway, method, path, **options)
        operations.clear()
        answer = ask(gateway, method, path, **options)
        measured[name] = dict(operations)
        assert answer.status_code < 300, (name, answer.text)
        return answer

    one = f"/v1/store/products/{products['kettle']}"
    cost("product", "GET", one)
    cost("product by slug", "GET", "/v1/store/products/slug:kettle")
    cost("list", "GET", "/v1/store/products", query="limit=5")
    cost("search", "GET", "/v1/store/products", query="q=kettle")
    cost(
        "bought together",
        "GET",
        "/v1/store/recommendations",
        query=f"placement=bought_together&product={products['kettle']}&limit=3",
    )
    cart = cost(
        "cart made", "POST", "/v1/store/carts", first=True, json_body={"lines": [{"sku": "kettle", "quantity": 1}]}
    )
    url = f"/v1/store/carts/{cart.json()['id']}"
    shown = cost("cart", "GET", url)
    cost(
        "checkout",
        "POST",
        f"{url}:checkout",
        first=True,
        json_body=body_of(shown.json()),
        headers={"idempotency-key": "k"},
    )
    made = cost("product added", "POST", "/v1/admin/products", first=True, json_body=product("NEW"), headers=staff)
    read = cost("product for staff", "GET", f"/v1/admin/products/{made.json()['id']}", headers=staff)
    cost(
        "product changed",
        "PATCH",
        f"/v1/admin/products/{made.json()['id']}",
        first=True,
        json_body={"title": "Newer"},
        headers=staff | {"if-match": read.headers["etag"]},
    )
    cost("orders for staff", "GET", "/v1/admin/orders", headers=staff)
    gateway.close()
    shop.close()
    return measured


@pytest.mark.parametrize("settings", ["ministack"], indirect=True)
def test_every_request_costs_the_same_on_every_engine_and_no_more_than_it_is_known_to(
    settings: Settings, operations: Counter[str], tmp_path: Path
) -> None:
    here = costs(Settings.for_directory(tmp_path / "here"), operations)
    there = costs(settings, operations)

    assert here == there
    assert here.keys() == AT_MOST.keys()
    dearer = {name for name, cost in here.items() if not Counter(cost) <= Counter(AT_MOST[name])}
    assert not dearer, {name: here[name] for name in dearer}
