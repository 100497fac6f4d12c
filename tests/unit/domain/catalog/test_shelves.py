import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.domain.catalog.model import CategoryInput
from bodega.domain.catalog.place_slugs import NameTakenError
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.catalog.taxonomy import InUseError
from bodega.errors import InvalidError, NotFoundError, StaleVersionError


def skus(page):
    return [msgspec.json.decode(card)["sku"] for card in page.cards]


def walk(shelves, query):
    """Return all pages forward, and the way back from the last."""
    pages = [shelves.find(query)]
    while pages[-1].next is not None:
        pages.append(shelves.find(query, pages[-1].next))
    back = [pages[-1]]
    while back[-1].prev is not None:
        back.append(shelves.find(query, back[-1].prev))
    return [skus(p) for p in pages], [skus(p) for p in back[::-1]]


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(prices=st.lists(st.integers(0, 5), max_size=14), limit=st.integers(1, 6))
def test_pages_cover_a_list_exactly_once_in_order_forwards_and_backwards(bench, mug, prices, limit):
    place = bench.category(f"Shelf {bench.clock.advance(1)}")
    expected = []
    for number, price in enumerate(prices):
        product = bench.products.create(mug(sku=f"{place}-{number}", price=price, title="M", categories=[place]))
        expected.append((price, product.id, product.variants[0].sku))
    for sort, order in (("price", sorted(expected)), ("-price", sorted(expected, reverse=True))):
        query = ShelfQuery(categories=(place,), sort=sort, limit=limit)
        forward, backward = walk(bench.shelves, query)
        assert [s for page in forward for s in page] == [sku for _, _, sku in order]
        assert backward == forward


def test_a_price_range_narrows_a_list_sorted_by_price(bench, mug):
    for number, price in enumerate((100, 200, 300, 400)):
        bench.products.create(mug(sku=f"P{number}", price=price))

    page = bench.shelves.find(ShelfQuery(sort="price", price_from=200, price_to=300))

    assert skus(page) == ["P1", "P2"]


def test_a_product_stands_in_every_category_above_its_own(bench, mug):
    kitchen = bench.category("Kitchen")
    mugs = bench.category("Mugs", kitchen)
    bench.products.create(mug(categories=[mugs]))

    assert skus(bench.shelves.find(ShelfQuery(categories=(kitchen,)))) == ["MUG-1"]


def test_a_draft_is_seen_by_staff_alone(bench, mug):
    bench.products.create(mug(status="draft"))

    assert skus(bench.shelves.find(ShelfQuery())) == []
    assert skus(bench.shelves.find(ShelfQuery(text="mug", audience="staff"))) == ["MUG-1"]
    assert skus(bench.shelves.find(ShelfQuery(text="mug"))) == []


def test_staff_find_their_own_change_with_the_next_search(bench, mug):
    made = bench.products.create(mug())
    bench.products.patch(made.id, {"title": "Purple beaker"}, expected_version=1)

    assert skus(bench.shelves.find(ShelfQuery(text="purple", audience="staff"))) == ["MUG-1"]


def test_the_tree_counts_active_products_beneath_each_category(bench, mug):
    kitchen = bench.category("Kitchen")
    mugs = bench.category("Mugs", kitchen)
    bench.products.create(mug(categories=[mugs]))
    bench.products.create(mug(sku="D", status="draft", categories=[mugs]))
    bench.indexer.catch_up()

    (root,) = bench.shelves.category_counts()

    assert (root.category.id, root.products, root.children[0].products) == (kitchen, 1, 1)


def test_a_category_cannot_stand_beneath_itself(bench):
    top = bench.category("Top")
    below = bench.category("Below", top)

    with pytest.raises(InvalidError) as refused:
        bench.taxonomy.modify_category(top, CategoryInput(name="Top", parent=below), expected_version=1)

    assert refused.value.faults[0].code == "category_cycle"


def test_a_category_in_use_stays(bench, mug):
    top = bench.category("Top")
    below = bench.category("Below", top)
    bench.products.create(mug(categories=[below]))

    for category in (top, below):
        with pytest.raises(InUseError):
            bench.taxonomy.remove_category(category, expected_version=1)


def test_a_category_under_a_deleted_parent_is_refused(bench):
    top = bench.category("Top")
    bench.taxonomy.remove_category(top, expected_version=1)

    with pytest.raises(InvalidError):
        bench.category("Below", top)


def test_two_categories_cannot_share_a_slug(bench):
    bench.category("Mugs")

    with pytest.raises(NameTakenError):
        bench.category("mugs!")


def test_a_stale_or_unknown_category_is_refused(bench):
    top = bench.category("Top")

    with pytest.raises(StaleVersionError):
        bench.taxonomy.modify_category(top, CategoryInput(name="T"), expected_version=9)
    with pytest.raises(NotFoundError):
        bench.taxonomy.remove_category("cat_none", expected_version=1)
