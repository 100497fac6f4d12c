"""Nobody empties the shelf by beginning checkouts and holds that they never mean to end."""

from pathlib import Path
from typing import Any

import pytest
from asking import problem
from selling import CARTS, cart_of, check_out, for_sale

from bodega.adapters.system.clock import SettableClock
from bodega.domain.shop import Shop
from bodega.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.for_directory(tmp_path / "shop", checkouts_per_cart=2, checkouts_per_minute=5)


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    for_sale(shop, MUG=50)


def hold(client: Any, cart: dict[str, Any]) -> Any:
    return client.post(f"{CARTS}/{cart['id']}:hold")


def test_a_cart_may_begin_only_so_many_checkouts_at_a_time(client: Any, shop: Shop, clock: SettableClock) -> None:
    cart = cart_of(client, MUG=1)
    for key in "ab":
        assert check_out(client, cart, "card_action", key=key).status_code == 202

    refused = check_out(client, cart, "card_action", key="c")

    problem(refused, 429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert shop.stock.get(sku="MUG").held == 2
    clock.advance(900)
    assert check_out(client, cart, "card_approve", key="d").status_code == 201


def test_asking_again_with_the_same_key_begins_nothing(client: Any) -> None:
    cart = cart_of(client, MUG=1)

    answers = [check_out(client, cart, "card_approve", key="same").status_code for _ in range(9)]

    assert set(answers) == {201}


def test_an_address_may_begin_only_so_many_whatever_the_cart(client: Any, clock: SettableClock) -> None:
    assert [hold(client, cart_of(client, MUG=1)).status_code for _ in range(5)] == [200] * 5

    refused = hold(client, cart_of(client, MUG=1))

    problem(refused, 429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    problem(check_out(client, cart_of(client, MUG=1)), 429, "too_many_attempts")
    clock.advance(60)
    assert check_out(client, cart_of(client, MUG=1)).status_code == 201
