"""Units that are promised to a cart are nobody else's, for as long as that was said, and no longer."""

from typing import Any

import pytest
from asking import problem
from selling import CARTS, cart_of, check_out, for_sale

from bodega.adapters.system.clock import SettableClock
from bodega.domain.shop import Shop


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    for_sale(shop, MUG=5, TEA=5)


def hold(client: Any, cart: dict[str, Any]) -> Any:
    return client.post(f"{CARTS}/{cart['id']}:hold")


def test_what_is_held_is_left_to_this_cart_and_to_nobody_else(client: Any) -> None:
    cart, other = cart_of(client, MUG=5), cart_of(client, MUG=1)

    held = hold(client, cart)

    assert held.status_code == 200, held.text
    assert held.json()["held_until"] == "2026-11-23T09:10:00Z"
    assert held.json()["warnings"] == []
    assert held.json()["price_version"] == cart["price_version"]
    short = problem(hold(client, other), 409, "insufficient_stock")
    assert (short["available"], short["shortages"]) == (0, [{"sku": "MUG", "wanted": 1, "available": 0}])
    problem(check_out(client, other), 409, "insufficient_stock")
    assert check_out(client, cart).status_code == 201


def test_asking_again_makes_it_no_longer(client: Any, clock: SettableClock) -> None:
    cart, other = cart_of(client, MUG=5), cart_of(client, MUG=5)
    first = hold(client, cart).json()
    clock.advance(300)

    again = hold(client, cart).json()
    clock.advance(360)

    assert again["held_until"] == first["held_until"]
    assert client.get(f"{CARTS}/{cart['id']}").json()["held_until"] is None
    assert hold(client, other).status_code == 200
    problem(hold(client, cart), 409, "insufficient_stock")


def test_changing_what_is_in_the_cart_lets_the_units_go(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=5)
    url = f"{CARTS}/{cart['id']}"
    hold(client, cart)

    same = client.patch(f"{url}/lines/MUG", json={"quantity": 5}).json()
    assert (same["held_until"] is not None, shop.stock.get(sku="MUG").held) == (True, 5)
    country = client.patch(url, json={"country": "GB"}).json()
    assert (country["held_until"] is not None, shop.stock.get(sku="MUG").held) == (True, 5)
    fewer = client.patch(f"{url}/lines/MUG", json={"quantity": 4}).json()
    assert (fewer["held_until"], shop.stock.get(sku="MUG").held) == (None, 0)


def test_units_that_are_held_can_be_ordered_by_changing_the_same_cart(client: Any) -> None:
    cart = cart_of(client, MUG=5)
    hold(client, cart)

    fewer = client.patch(f"{CARTS}/{cart['id']}/lines/MUG", json={"quantity": 1})
    more = client.patch(f"{CARTS}/{cart['id']}/lines/MUG", json={"quantity": 5})

    assert (fewer.status_code, more.status_code) == (200, 200)


def test_a_declined_card_gives_the_units_back_and_another_card_takes_them_anew(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=5)
    hold(client, cart)

    problem(check_out(client, cart, "card_decline"), 402)

    assert shop.stock.get(sku="MUG").held == 0
    assert check_out(client, cart, key="another").status_code == 201
    assert (shop.stock.get(sku="MUG").on_hand, shop.stock.get(sku="MUG").held) == (0, 0)


def test_only_a_cart_that_can_be_sold_holds_anything(client: Any, shop: Shop) -> None:
    problem(hold(client, cart_of(client)), 409, "cart_empty")
    problem(hold(client, {"id": "cart_x"}), 404)
    sold = cart_of(client, MUG=1)
    check_out(client, sold)
    problem(hold(client, sold), 409, "cart_ordered")
    foreign = shop.carting.create(customer_id="cus_ann").cart.id
    problem(hold(client, {"id": foreign}), 404)


def test_of_two_who_hold_the_same_cart_at_once_one_hold_remains(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=2)

    answers = client.together(*[("POST", f"{CARTS}/{cart['id']}:hold", {})] * 6)

    # Who asks between another's hold and the note of it may be told that too few are left.
    assert {200} <= {answer.status_code for answer in answers} <= {200, 409}
    assert client.get(f"{CARTS}/{cart['id']}").json()["held_until"] is not None
    assert shop.stock.get(sku="MUG").held == 2


def test_a_guests_hold_ends_when_the_cart_goes_into_a_customers(client: Any, shop: Shop) -> None:
    cart = cart_of(client, MUG=2)
    hold(client, cart)
    shop.carting.create(customer_id="cus_ann")

    merged = shop.carting.merge(cart["id"], customer_id="cus_ann")

    assert merged.held_until is None
    assert shop.stock.get(sku="MUG").held == 0
