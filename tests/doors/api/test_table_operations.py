"""A route asks the tables as often on AWS as on a laptop: what is quick here is not a hundred calls there.

Only what is asked from outside of a store counts, by the port's own verbs.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

import pytest
from asking import bearer
from engines import deployed, ministack
from selling import CARTS, cart_of, check_out, for_sale

from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.asgi import create_app
from bodega.settings import Settings
from bodega.wiring import open_shop

Told: TypeAlias = dict[str, dict[str, int]]
VERBS = ("get", "batch_get", "query", "scan", "transact", "write_batch")
STORES = {"aws": DynamoTableStore, "local": SqliteTableStore}
_SANDBOX = "sandbox#"  # what a make-believe provider remembers in tables is no operation of the shop


class Counting:
    """Counts the verbs that a store is asked from outside of it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._inside = threading.local()

    def around(self, verb: str, call: Any) -> Any:
        def counted(store: Any, *args: Any, **options: Any) -> Any:
            outermost = not getattr(self._inside, "now", False)
            if outermost and not _is_of_sandbox(args):
                self.calls[verb] += 1
            self._inside.now = True
            try:
                return call(store, *args, **options)
            finally:
                self._inside.now = not outermost

        return counted

    @contextmanager
    def of(self, told: Told, route: str) -> Iterator[None]:
        self.calls.clear()
        yield
        told[route] = dict(sorted(self.calls.items()))


def _is_of_sandbox(args: tuple[Any, ...]) -> bool:
    return any(_SANDBOX in repr(part) for part in args)


def settings_of(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    if engine == "local":
        return Settings.for_directory(folder / "shop")
    environment = deployed(ministack(), f"o{crc32(str(folder).encode()):08x}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.pop(name))
    return Settings.from_env(environment | {"BODEGA_DATA_DIR": str(folder / "here")})


def test_every_route_asks_as_often_on_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_client: Any) -> None:
    told = {engine: operations(engine, tmp_path / engine, monkeypatch, make_client) for engine in STORES}

    assert told["aws"] == told["local"]
    assert all(sum(calls.values()) for route, calls in told["local"].items() if route != "search products")


def operations(
    engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch, make_client: Any
) -> dict[str, dict[str, int]]:
    """Return what each route of a shop on an engine asks of its tables."""
    settings = settings_of(engine, folder, monkeypatch)
    counting = Counting()
    told: Told = {}
    for verb in VERBS:
        monkeypatch.setattr(STORES[engine], verb, counting.around(verb, getattr(STORES[engine], verb)))
    shop = open_shop(settings, clock=SettableClock(SystemClock().now()))
    for_sale(shop, MUG=9, TEA=9)
    shop.indexer.catch_up()
    client = make_client(create_app(shop, settings))
    staff = make_client(create_app(shop, settings), headers=bearer(shop, "admin"))

    with counting.of(told, "read a product"):
        assert client.get("/v1/store/products/sku:MUG").status_code == 200
    with counting.of(told, "list products"):
        assert client.get("/v1/store/products").status_code == 200
    with counting.of(told, "search products"):
        assert client.get("/v1/store/products", params={"q": "mug"}).status_code == 200
    with counting.of(told, "begin a cart"):
        cart = cart_of(client, MUG=1, TEA=2)
    with counting.of(told, "read a cart"):
        assert client.get(f"{CARTS}/{cart['id']}").status_code == 200
    with counting.of(told, "check out"):
        made = check_out(client, cart)
        assert made.status_code == 201, made.text
    with counting.of(told, "read an order as staff"):
        assert staff.get(f"/v1/admin/orders/{made.json()['id']}").status_code == 200
    with counting.of(told, "list stock as staff"):
        assert staff.get("/v1/admin/stock").status_code == 200
    shop.close()
    return told
