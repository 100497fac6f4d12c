"""Rendered pages are kept only while what they show stands: no shopper may see a list or a search that is behind."""

from typing import Any

import pytest
from asking import bearer

from bodega.api.rendered import KeptPages
from bodega.api.reply import Reply
from bodega.domain.catalog.model import CategoryInput, CollectionInput, ProductInput, VariantInput
from bodega.domain.shop import Shop
from bodega.ports.table import Event
from bodega.values.money import Money

PRODUCTS = "/v1/store/products"


def mug(sku: str, price: int = 500, **more: Any) -> ProductInput:
    variant = VariantInput(sku=sku, price=Money(price, "GBP"))
    return ProductInput(title=f"Mug {sku}", status="active", variants=[variant], **more)


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


@pytest.mark.parametrize("query", ["?sort=best_selling", "?q=mug", "?q=mug&facets=brand,price", "?filter[brand]=Acme"])
def test_a_search_shows_a_change_as_soon_as_the_index_has_it(client: Any, shop: Shop, query: str) -> None:
    # The index follows the events: what it says just before it catches up must not be kept as said after.
    made = shop.catalog.products.create(mug("A", brand="Acme"))
    shop.indexer.catch_up()
    assert skus(client, query) == skus(client, query) == ["A"]

    shop.catalog.products.archive(made.id, expected_version=1)
    skus(client, query)
    shop.indexer.catch_up()

    assert skus(client, query) == []


def test_a_count_from_the_index_is_not_kept_with_a_list_from_the_read_model(client: Any, shop: Shop) -> None:
    shop.catalog.products.create(mug("A"))
    path = f"{PRODUCTS}?count=approx"
    assert client.get(path).json()["total"] == 0

    shop.indexer.catch_up()

    assert client.get(path).json()["total"] == 1


@pytest.mark.parametrize("query", ["?filter[{}]=before", "?filter[{}]=before&q=mug"])
@pytest.mark.parametrize("kind", ["category", "collection"])
def test_a_name_leads_where_it_leads_now(client: Any, shop: Shop, kind: str, query: str) -> None:
    taxonomy = shop.catalog.taxonomy
    path = PRODUCTS + query.format(kind)
    if kind == "category":
        place = taxonomy.create_category(CategoryInput(name="Before")).id
        shop.catalog.products.create(mug("A", categories=[place]))
    else:
        place = taxonomy.create_collection(CollectionInput(name="Before")).id
        shop.catalog.products.create(mug("A", collections=[place]))
    shop.indexer.catch_up()
    assert len(client.get(path).json()["data"]) == 1

    if kind == "category":
        taxonomy.modify_category(place, CategoryInput(name="After"), expected_version=1)
    else:
        taxonomy.modify_collection(place, CollectionInput(name="After"), expected_version=1)
    assert len(client.get(path).json()["data"]) == 1

    if kind == "category":
        taxonomy.create_category(CategoryInput(name="Before"))
    else:
        taxonomy.create_collection(CollectionInput(name="Before"))
    assert client.get(path).json()["data"] == []


def test_lists_stay_kept_while_things_happen_that_they_do_not_show(shop: Shop) -> None:
    shop.catalog.products.create(mug("A"))
    freshness = shop.catalog.freshness
    before = freshness.lists()

    shop.world.table.transact([], [Event(id="evt_1", name="order.placed", resource="ord_1", version=1, occurred_at="")])
    assert freshness.lists() == before

    # Too many to look through could have been anything.
    for number in range(300):
        event = Event(id=f"evt_{number}x", name="order.placed", resource="ord_1", version=1, occurred_at="")
        shop.world.table.transact([], [event])
    assert freshness.lists() != before


def test_the_limit_of_searches_counts_kept_ones_too(client: Any) -> None:
    path = f"{PRODUCTS}?q=mug"

    left = [client.get(path).headers["ratelimit"].partition("r=")[2].partition(";")[0] for _ in range(3)]

    assert [int(number) - int(left[0]) for number in left] == [0, -1, -2]


def test_kept_pages_have_what_fresh_ones_have(client: Any, shop: Shop) -> None:
    for sku in "ABC":
        shop.catalog.products.create(mug(sku))
    shop.indexer.catch_up()
    for path in (f"{PRODUCTS}?limit=2", f"{PRODUCTS}?q=mug&limit=2&facets=price"):
        fresh, kept = client.get(path), client.get(path)

        assert (fresh.content, fresh.headers["etag"], fresh.headers["link"]) == (
            kept.content,
            kept.headers["etag"],
            kept.headers["link"],
        )


def test_staff_are_never_shown_a_kept_page(app: Any, shop: Shop, make_client: Any) -> None:
    staff = make_client(app, headers=bearer(shop, "catalog:read"))
    path = "/v1/admin/products?q=mug"
    assert staff.get(path).json()["data"] == []

    shop.catalog.products.create(mug("A"))

    assert len(staff.get(path).json()["data"]) == 1


def page(length: int) -> Reply:
    return Reply(body=b"x" * length)


def test_what_is_kept_stays_within_its_bytes_and_what_is_asked_for_again_stays_longest() -> None:
    kept = KeptPages(lambda: "same", max_bytes=100_000)
    kept.find(b"")
    kept.keep(b"loved", page(5000))

    for number in range(200):
        kept.keep(b"%d" % number, page(5000))
        assert kept.find(b"loved") is not None

    kept.keep(b"huge", page(90_000))
    assert kept.find(b"huge") is None
    assert kept.find(b"loved") is not None
    still = sum(kept.find(b"%d" % number) is not None for number in range(199, -1, -1))
    assert 0 < still * 5000 <= 100_000


def test_nothing_is_kept_over_a_change_of_state() -> None:
    state = ["one"]
    kept = KeptPages(lambda: state[0], max_bytes=100_000)
    kept.find(b"a")
    kept.keep(b"a", page(10))
    assert kept.find(b"a") is not None

    state[0] = "two"

    assert kept.find(b"a") is None
    state[0] = "one"
    assert kept.find(b"a") is None


def test_pages_that_are_rendered_a_second_time_are_kept_compressed_many_in_little_room() -> None:
    kept = KeptPages(lambda: "same", max_bytes=30_000, packed_bytes=200_000)
    pages = {
        b"q=%d" % number: Reply(body=b'{"data":%d}' % number * 400, etag=f'"{number}"', headers=((b"link", b"<x>"),))
        for number in range(100)
    }
    kept.find(b"")
    for _ in range(2):
        for query, reply in pages.items():
            if kept.find(query) is None:
                kept.keep(query, reply)

    assert [kept.find(query) for query in pages] == list(pages.values())


def test_pages_that_are_rendered_once_are_hardly_ever_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[bytes] = []
    monkeypatch.setattr("zlib.compress", lambda page, _level: compressed.append(page) or b"")
    kept = KeptPages(lambda: "same", max_bytes=30_000, packed_bytes=200_000)
    kept.find(b"")

    for number in range(1000):
        kept.keep(b"%d" % number, page(5000))

    assert len(compressed) < 50  # some four, by chance


def test_compressed_pages_are_forgotten_when_the_state_changes_and_when_there_are_too_many() -> None:
    state = ["one"]
    kept = KeptPages(lambda: state[0], max_bytes=0, packed_bytes=20_000)
    kept.find(b"")
    for number in range(200):
        for _ in range(2):
            kept.keep(b"%d" % number, page(5000))
    still = [number for number in range(200) if kept.find(b"%d" % number) is not None]

    state[0] = "two"

    assert 10 < len(still) < 40
    assert still[-1] == 199
    assert kept.find(b"199") is None


def test_room_that_compressed_pages_do_not_take_yet_is_for_pages_that_are_ready() -> None:
    kept = KeptPages(lambda: "same", max_bytes=0, packed_bytes=100_000)
    kept.find(b"")

    for number in range(7):
        kept.keep(b"%d" % number, page(5000))

    assert all(kept.find(b"%d" % number) is not None for number in range(7))
