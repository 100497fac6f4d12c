"""What filters leave, how hits are sorted and paged, and which questions and documents are refused."""

from pathlib import Path
from typing import Any

import pytest
from searching import SORTS, document, filled, ids, pages

from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import InvalidError
from bodega.ports.search import MAX_RELEVANT, SearchDocument, SearchIndex, SearchQuery, Sort


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "a" * 201},
        {"text": "\ud800"},
        {"limit": -1},
        {"limit": 251},
        {"sort": "cheapest"},
        {"facets": ["colour"]},
        {"facets": ["attributes."]},
        {"facets": ["brand"] * 21},
        {"brands": ["x" * 1001]},
        {"brands": ["x"] * 251},
        {"categories": ["\udfff"]},
        {"attributes": {"\udfff": ["a"]}},
        {"after": ""},
        {"after": "x"},
        {"after": "é"},
        {"after": "WzFd"},
        {"after": "\ud800"},
    ],
)
def test_a_question_out_of_bounds_is_refused(index: SearchIndex, wrong: dict[str, Any]) -> None:
    filled(index, document("it"))

    with pytest.raises(InvalidError):
        index.search(SearchQuery(**wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "\ud800"},
        {"card": b"", "description": "\udfff"},
        {"brand": "x" * 1001},
        {"categories": ["\ud800"]},
        {"price": -1},
        {"price": 2**53},
        {"sold": 2**63},
        {"created_at": -(2**60)},
    ],
)
def test_a_document_out_of_bounds_is_refused_and_nothing_of_its_batch_is_in(
    index: SearchIndex, wrong: dict[str, Any]
) -> None:
    filled(index, document("it"))

    with pytest.raises(InvalidError):
        index.apply([document("good"), document("bad", **wrong)], ["it"], position=2)
    with pytest.raises(InvalidError):
        index.rebuild([document("good"), document("bad", **wrong)], position=2)

    assert (ids(index), index.position()) == (["it"], 1)


def test_filters_must_all_hold_and_their_values_are_alternatives(index: SearchIndex) -> None:
    filled(
        index,
        document("a", categories=["root", "x"], brand="B 1", attributes=["color=red", "color=blue"]),
        document("b", categories=["root", "y"], brand="B 1", attributes=["color=green"]),
        document("c", categories=["root", "x"], brand="B 2", collections=["new"]),
        document("d", categories=["root", "x"], brand="B 1", status="draft"),
    )

    assert set(ids(index, categories=["root"])) == {"a", "b", "c"}
    assert set(ids(index, categories=["x", "y"], brands=["B 1"])) == {"a", "b"}
    assert ids(index, brands=["b 1"]) == []
    assert ids(index, collections=["new"]) == ["c"]
    assert ids(index, attributes={"color": ["blue", "black"]}) == ["a"]
    assert ids(index, attributes={"color": ["red"], "size": ["1"]}) == []
    assert ids(index, statuses=["draft"]) == ["d"]
    assert set(ids(index, statuses=[])) == {"a", "b", "c", "d"}
    assert set(ids(index, statuses=["draft", "active"], categories=["x"])) == {"a", "c", "d"}


@pytest.mark.parametrize(
    "name", ["a.b", "a b", "a=b"[:1], "größe", "x_2e_y", 'quo"te', "back\\slash", "sp ace.dot", "2020-01-01"]
)
@pytest.mark.parametrize("value", ["2020-01-01T00:00:00Z", "12", "true", "a=b", "null", " x "])
def test_attributes_are_texts_whatever_they_look_like(index: SearchIndex, name: str, value: str) -> None:
    filled(index, document("it", attributes=[f"{name}={value}"]), document("other", attributes=[f"{name}=no"]))

    result = index.search(SearchQuery(attributes={name: [value]}, facets=[f"attributes.{name}"]))

    assert [hit.id for hit in result.hits] == ["it"]
    assert [(count.value, count.count) for count in result.facets[f"attributes.{name}"]] == [(value, 1)]


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (None, 199, {"p100"}),
        (100, 200, {"p100", "p200"}),
        (101, None, {"p200", "p300"}),
        (200, 100, set()),
        (-5, 2**70, {"p100", "p200", "p300"}),
        (-(2**70), -1, set()),
        (2**70, None, set()),
    ],
)
def test_price_bounds_are_inclusive_and_leave_out_what_has_no_price(
    index: SearchIndex, low: int | None, high: int | None, found: set[str]
) -> None:
    filled(index, *(document(f"p{price}", price=price) for price in (100, 200, 300)), document("none", price=None))

    assert set(ids(index, price_from=low, price_to=high)) == found


def test_sorts_order_by_their_field_and_put_products_without_price_last(index: SearchIndex) -> None:
    filled(
        index,
        document("a", price=300, created_at=1, sold=5, rating=4000),
        document("b", price=0, created_at=3, sold=7, rating=0),
        document("c", price=None, created_at=2, sold=6, rating=5000),
    )

    orders = {sort: "".join(ids(index, sort=sort)) for sort in SORTS}

    assert orders == {
        "relevance": "bca",
        "price": "bac",
        "-price": "abc",
        "created_at": "acb",
        "-created_at": "bca",
        "best_selling": "bca",
        "rating": "cab",
    }


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("text", ["", "thing", "thnig"])
@pytest.mark.parametrize("limit", [1, 7, 250])
def test_pages_of_every_sort_show_each_product_once(
    crowd: tuple[SearchIndex, list[SearchDocument]], sort: Sort, text: str, limit: int
) -> None:
    index, documents = crowd
    active = [found for found in documents if found.status == "active"]

    found = pages(index, SearchQuery(text=text, sort=sort, limit=limit))

    assert sorted(found) == sorted(found.id for found in active)
    if not text or sort != "relevance":
        by_id = {found.id: found for found in documents}
        keys = [_sort_value(sort, by_id[name]) for name in found]
        assert keys == sorted(keys)


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort != "relevance"])
def test_the_order_of_equals_survives_a_rebuild(
    crowd: tuple[SearchIndex, list[SearchDocument]], sort: Sort, tmp_path: Path
) -> None:
    index, documents = crowd
    other = TantivySearchIndex(tmp_path / "other")
    other.rebuild(reversed(documents), position=1)

    assert pages(other, SearchQuery(sort=sort, limit=50)) == pages(index, SearchQuery(sort=sort, limit=9))
    other.close()


def _sort_value(sort: Sort, found: SearchDocument) -> float:
    price = float("inf") if found.price is None else found.price
    values = {
        "price": price,
        "-price": float("inf") if found.price is None else -price,
        "created_at": found.created_at,
        "-created_at": -found.created_at,
        "rating": -found.rating,
    }
    return values.get(sort, -found.sold)


def test_relevance_pages_end_with_a_clear_refusal(index: SearchIndex) -> None:
    filled(index, *(document(f"p{i:04d}", "thing") for i in range(MAX_RELEVANT + 10)))
    after = None
    for _ in range(MAX_RELEVANT // 250):
        after = index.search(SearchQuery(text="thing", limit=250, after=after)).next

    with pytest.raises(InvalidError, match="1000"):
        index.search(SearchQuery(text="thing", limit=250, after=after))


def test_a_cursor_of_another_question_is_refused(index: SearchIndex) -> None:
    filled(index, *(document(f"p{i}", "red thing", price=i) for i in range(5)))
    after = index.search(SearchQuery(sort="price", limit=2)).next

    for other in ({"sort": "-price"}, {"sort": "price", "text": "red"}, {"sort": "price", "brands": ["x"]}):
        with pytest.raises(InvalidError):
            index.search(SearchQuery(after=after, **other))
    assert ids(index, sort="price", after=after, limit=9, facets=["price"]) == ["p2", "p3", "p4"]


def test_a_page_stays_in_place_when_products_before_it_come_and_go(index: SearchIndex) -> None:
    filled(index, *(document(f"p{i}", price=i) for i in range(10, 20)))
    after = index.search(SearchQuery(sort="price", limit=5)).next

    index.apply([document("p1", price=1), document("p2", price=2)], ["p14"], position=2)

    assert ids(index, sort="price", after=after) == ["p15", "p16", "p17", "p18", "p19"]


def test_limit_zero_counts_without_hits(index: SearchIndex) -> None:
    filled(index, document("it", "red", brand="B"))

    for sort in ("relevance", "price"):
        result = index.search(SearchQuery(text="red", limit=0, sort=sort, facets=["brand"]))
        assert (result.total, list(result.hits), result.next) == (1, [], None)
        assert result.facets["brand"][0].count == 1
