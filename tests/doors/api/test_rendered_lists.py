"""Rendered pages are kept only as long as nothing changed: no shopper may see a list that is behind the shop."""

from typing import Any

from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.shop import Shop
from bodega.values.money import Money

PRODUCTS = "/v1/store/products"


def mug(sku: str, price: int = 500) -> ProductInput:
    variant = VariantInput(sku=sku, price=Money(price, "GBP"))
    return ProductInput(title=f"Mug {sku}", status="active", variants=[variant])


def skus(client: Any, query: str = "") -> list[str]:
    return [card["sku"] for card in client.get(PRODUCTS + query).json()["data"]]


def test_every_change_shows_in_a_list_that_was_just_read(client: Any, shop: Shop) -> None:
    first = shop.catalog.products.create(mug("A"))
    assert skus(client) == skus(client) == ["A"]

    shop.catalog.products.create(mug("B", price=100))
    assert set(skus(client)) == {"A", "B"}
    assert skus(client, "?sort=price") == ["B", "A"]

    shop.catalog.products.patch(
        first.id, {"variants": [{"sku": "A", "price": {"amount": 50, "currency": "GBP"}}]}, expected_version=1
    )
    assert skus(client, "?sort=price") == ["A", "B"]

    shop.catalog.products.archive(first.id, expected_version=2)
    assert skus(client) == ["B"]


def test_a_list_that_the_search_index_answers_is_asked_for_each_time(client: Any, shop: Shop) -> None:
    # The index follows the events: what it says just before it catches up must not be kept as said after.
    made = shop.catalog.products.create(mug("A"))
    shop.indexer.catch_up()
    path = "?sort=best_selling"
    assert skus(client, path) == ["A"]

    shop.catalog.products.archive(made.id, expected_version=1)
    skus(client, path)
    shop.indexer.catch_up()

    assert skus(client, path) == []
