"""The shop as it runs on AWS, on the services of an engine on this machine: the same code, other adapters.

Two machines that share no disk are two shops opened on folders of their own, with the same deployment behind them.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from asking import bearer, product
from engines import deployed, ministack
from selling import CARTS, cart_of, check_out, for_sale

from bodega.asgi import create_app
from bodega.domain.shop import Shop
from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.wiring import open_shop


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    environment = deployed(ministack(), f"t{crc32(str(tmp_path).encode()):08x}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.pop(name))
    return Settings.from_env(environment | {"BODEGA_DATA_DIR": str(tmp_path / "here")})


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    shop = open_shop(settings)
    yield shop
    shop.close()


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(msgspec.structs.replace(settings, data_dir=tmp_path / "there"))
    yield shop
    shop.close()


def test_what_staff_add_on_one_machine_is_found_read_and_changed_on_another(
    shop: Shop, elsewhere: Shop, settings: Settings, make_client: Any
) -> None:
    headers = bearer(shop, "admin")
    here, there = (make_client(create_app(one, settings), headers=headers) for one in (shop, elsewhere))

    made = here.post("/v1/admin/products", json=product("MUG-1", title="Blue Harbour Mug"))
    assert made.status_code == 201, made.text
    elsewhere.indexer.catch_up()
    found = there.get("/v1/store/products", params={"q": "harbour"}).json()["data"]
    read = there.get("/v1/admin/products/sku:MUG-1")
    changed = there.patch(
        f"/v1/admin/products/{made.json()['id']}", json={"title": "Red Mug"}, headers={"if-match": read.headers["etag"]}
    )

    assert [one["id"] for one in found] == [made.json()["id"]]
    assert changed.status_code == 200, changed.text
    assert here.get("/v1/store/products/sku:MUG-1").json()["title"] == "Red Mug"
    assert [one["title"] for one in here.get("/v1/store/products").json()["data"]] == ["Red Mug"]
    stale = here.patch(
        f"/v1/admin/products/{made.json()['id']}", json={"title": "Old"}, headers={"if-match": read.headers["etag"]}
    )
    assert stale.status_code == 412


def test_a_checkout_is_one_order_and_both_machines_know_it(
    shop: Shop, elsewhere: Shop, settings: Settings, make_client: Any
) -> None:
    for_sale(shop, MUG=5, TEA=5)
    here, there = (make_client(create_app(one, settings)) for one in (shop, elsewhere))
    cart = cart_of(here, MUG=2, TEA=1)

    made = check_out(here, cart)
    again = check_out(there, cart)

    assert made.status_code == 201, made.text
    assert (again.status_code, again.content) == (201, made.content)
    assert there.get(f"{CARTS}/{cart['id']}").json()["order_id"] == made.json()["id"]
    assert elsewhere.stock.get(sku="MUG").on_hand == 3


def test_the_last_units_are_sold_once_whoever_races_where(
    shop: Shop, elsewhere: Shop, settings: Settings, make_client: Any
) -> None:
    for_sale(shop, MUG=3)
    clients = [make_client(create_app(one, settings)) for one in (shop, elsewhere) for _ in range(4)]

    def buy(client: Any) -> int:
        return int(check_out(client, cart_of(client, MUG=1), key=f"k{id(client)}").status_code)

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(buy, clients))

    assert answers == [201] * 3 + [409] * 5
    assert shop.stock.get(sku="MUG").on_hand == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"aws_stage": "nosuch"}, "secret"),
        ({"aws_endpoint": "http://127.0.0.1:9"}, "reached"),
        ({"aws_region": "us-west-2"}, "secret"),
    ],
)
def test_a_deployment_that_is_not_there_is_said_in_one_line(
    settings: Settings, tmp_path: Path, change: dict[str, str], told: str
) -> None:
    wrong = msgspec.structs.replace(settings, data_dir=tmp_path / "wrong", **change)

    with pytest.raises(UnavailableError, match=told) as refusal:
        open_shop(wrong)

    assert "\n" not in str(refusal.value)
