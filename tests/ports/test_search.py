"""What every search index does, and what the one that several processes share on disk survives."""

import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.adapters.local import search
from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.search import MAX_RELEVANT, SearchDocument, SearchIndex, SearchQuery, Sort

SORTS = get_args(Sort)
SYNONYMS = {"sofa": ["couch", "love seat"], "t shirt": ["tee"]}
STEPS = [step * 10**power for power in range(2, 10) for step in (1, 2, 5)]


@pytest.fixture(params=["local"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchIndex]:
    made = TantivySearchIndex(tmp_path / "search", synonyms=SYNONYMS)
    yield made
    made.close()


def document(name: str, title: str = "", **more: Any) -> SearchDocument:
    plain: dict[str, Any] = {
        "status": "active",
        "title": title,
        "description": "",
        "brand": "",
        "skus": (),
        "categories": (),
        "collections": (),
        "attributes": (),
        "price": 1000,
        "created_at": 0,
        "sold": 0,
        "rating": 0,
        "card": name.encode(),
    }
    return SearchDocument(id=name, **{**plain, **more})


def ids(index: SearchIndex, text: str = "", **more: Any) -> list[str]:
    return [hit.id for hit in index.search(SearchQuery(text=text, **more)).hits]


def filled(index: SearchIndex, *documents: SearchDocument) -> SearchIndex:
    index.apply(documents, [], position=1)
    return index


def pages(index: SearchIndex, query: SearchQuery) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        result = index.search(SearchQuery(**{**fields(query), "after": after}))
        found += [hit.id for hit in result.hits]
        assert len(found) == len(set(found))  # A page that repeats itself would never end.
        if result.next is None:
            return found
        assert len(result.hits) == query.limit
        after = result.next


def fields(query: SearchQuery) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__struct_fields__}


# --- Text ------------------------------------------------------------------------------------------------------


def test_all_words_must_match_in_any_order_and_any_field(index: SearchIndex) -> None:
    filled(
        index,
        document("both", "Red mug", brand="Bosch"),
        document("far", "Mug", description="comes in red", brand="Bosch"),
        document("one", "Red cup", brand="Bosch"),
    )

    assert set(ids(index, "mug red")) == {"both", "far"}
    assert ids(index, "bosch cup") == ["one"]


def test_title_counts_more_than_brand_and_brand_more_than_description(index: SearchIndex) -> None:
    filled(
        index,
        document("described", "One thing", description="a walnut"),
        document("branded", "Two things", brand="Walnut"),
        document("titled", "Walnut thing"),
    )

    assert ids(index, "walnut") == ["titled", "branded", "described"]


def test_the_last_word_may_be_a_prefix_and_earlier_ones_not(index: SearchIndex) -> None:
    filled(index, document("mug", "Coffee mugs"), document("other", "Tea"))

    assert ids(index, "coffee mu") == ["mug"]
    assert ids(index, "m") == ["mug"]
    assert index.search(SearchQuery(text="co mugs")).total == 0


def test_a_whole_word_comes_before_words_that_begin_with_it(index: SearchIndex) -> None:
    longer = [document(f"longer-{i}", f"Mug{i}ery pot") for i in range(5)]
    filled(index, *longer, document("mug", "Mug pot"))

    assert ids(index, "mug")[0] == "mug"
    assert len(ids(index, "mug")) == 6


def test_a_prefix_of_very_many_words_finds_all_of_them(index: SearchIndex) -> None:
    filled(index, *(document(f"p{i}", f"zeta{i}") for i in range(300)))

    assert index.search(SearchQuery(text="zeta")).total == 300
    assert index.search(SearchQuery(text="z")).total == 300


@pytest.mark.parametrize(
    "text", ["café", "CAFE", "cafe\u0301", "Ｃａｆé", "cafés", "l\u2019cafe", "caf\u00ade", "\u202ecafe\u202c"]
)
def test_case_accents_and_invisible_characters_do_not_matter(index: SearchIndex, text: str) -> None:
    filled(index, document("cafe", "CAFÉ cafés l'cafe"))

    result = index.search(SearchQuery(text=text))

    assert result.total == 1
    assert not result.corrected


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Straße", "STRASSE"),
        ("Ørsted Łódź", "lodz orsted"),
        ("Ёлка", "елка"),
        ("Women's shoe", "womens shoe"),
        ("İstanbul", "istanbul"),
        ("हिन्दी किताब", "किताब"),
        ("Ελλάς", "ελλασ"),
        ("العربية", "العربية"),
    ],
)
def test_letters_of_many_scripts_fold(index: SearchIndex, title: str, text: str) -> None:
    filled(index, document("it", title))

    assert ids(index, text) == ["it"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("緑茶", ["tea"]),
        ("茶", ["set", "tea"]),
        ("煎茶セット", ["set"]),
        ("セット", ["set"]),
        ("ｾｯﾄ", ["set"]),
        ("한국어", ["korean"]),
        ("국어 사전", ["korean"]),
        ("茶緑", []),
        ("Tシャツ", ["shirt"]),
        ("シャツ red", ["shirt"]),
    ],
)
def test_cjk_text_is_found_by_pairs_of_characters(index: SearchIndex, text: str, found: list[str]) -> None:
    filled(
        index,
        document("tea", "有機緑茶"),
        document("set", "煎茶セット", description="日本"),
        document("korean", "한국어사전"),
        document("shirt", "red Tシャツ"),
    )

    assert sorted(ids(index, text)) == found


@pytest.mark.parametrize("text", ["wahsing", "washng", "washinng", "maschine", "wasing mashine", "wahsing ma"])
def test_typos_are_forgiven_when_nothing_matches_as_typed(index: SearchIndex, text: str) -> None:
    filled(index, document("machine", "Washing machine"), document("cup", "Cup"))

    result = index.search(SearchQuery(text=text, facets=("price",)))

    assert [hit.id for hit in result.hits] == ["machine"]
    assert result.corrected
    assert result.facets["price"][0].count == 1


@pytest.mark.parametrize("text", ["cpu", "mug42", "wxshxng", "mxchxnx"])
def test_short_words_codes_and_too_many_typos_are_not_forgiven(index: SearchIndex, text: str) -> None:
    filled(index, document("it", "Washing machine cup mug41"))

    result = index.search(SearchQuery(text=text))

    assert (result.total, result.corrected, result.hits) == (0, False, ())


def test_a_match_as_typed_keeps_near_spellings_out(index: SearchIndex) -> None:
    filled(index, document("bear", "Bear"), document("beer", "Beer"))

    result = index.search(SearchQuery(text="beer"))

    assert [hit.id for hit in result.hits] == ["beer"]
    assert not result.corrected


@pytest.mark.parametrize("text", ["AB-12/3", "ab123", "AB 12 3", "ab-1", "AB-12", "\uff41\uff42\uff11\uff12\uff13"])
def test_a_sku_is_found_whole_or_by_its_beginning_whatever_its_punctuation(index: SearchIndex, text: str) -> None:
    filled(index, document("it", "Lamp", skus=["AB-12/3", "ZZ9"]), document("other", "Lamp", skus=["AC-12/3"]))

    assert ids(index, text) == ["it"]


def test_a_whole_sku_comes_first(index: SearchIndex) -> None:
    more = [document(f"more{i}", "Lamp lamp100", skus=[f"LAMP1000{i}"]) for i in range(5)]
    filled(index, *more, document("it", "Thing", skus=["lamp-100"]))

    assert ids(index, "LAMP100")[0] == "it"
    assert len(ids(index, "LAMP100")) == 6


def test_synonyms_count_as_the_same(index: SearchIndex) -> None:
    filled(
        index,
        document("sofa", "Red sofa"),
        document("couch", "Red couch"),
        document("seat", "Red love seat"),
        document("half", "Red seat"),
        document("tee", "Red tee"),
        document("shirt", "T-shirt red"),
    )

    assert set(ids(index, "red sofa")) == {"sofa", "couch", "seat"}
    assert set(ids(index, "sofa red")) == {"sofa", "couch", "seat"}
    assert set(ids(index, "t-shirt")) == {"shirt", "tee"}
    assert ids(index, "couch") == ["couch"]


@pytest.mark.parametrize("text", ["???", "🎁", "\x00", '- + "', "*", "()"])
def test_text_without_letters_or_digits_matches_nothing(index: SearchIndex, text: str) -> None:
    filled(index, document("it", "Anything"))

    assert ids(index, text) == []


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_empty_text_matches_everything_best_sellers_first(index: SearchIndex, text: str) -> None:
    filled(index, document("few", sold=1), document("many", sold=9), document("none"))

    assert ids(index, text) == ["many", "few", "none"]


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="ab\"'()[]{}*?~^:\\/+-!&| \x00\u202e\u200d🎁é\ud800緑が", max_size=60),
    st.sampled_from(
        [
            "a" * 200,
            "a b " * 50,
            "title:x OR NOT y",
            "[* TO *]",
            "/(a+)+$/",
            "words:*",
            "a\u0300" * 100,
            "ﷺ" * 200,
            "NOT",
            "緑" * 200,
            "abcdefgh " * 22,
            ".*",
            "x" * 131,
            "é" * 199,
            "\U000e0041",
            "\uffff",
            "\u0344",
        ]
    ),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE)
def test_no_text_raises_anything_but_invalid_error(hostile_index: SearchIndex, text: str) -> None:
    for ask in (lambda: hostile_index.search(SearchQuery(text=text)), lambda: hostile_index.suggest(text)):
        try:
            ask()
        except InvalidError:
            assert not _encodable(text)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=HOSTILE, name=HOSTILE)
def test_no_filter_or_facet_raises_anything_but_invalid_error(
    hostile_index: SearchIndex, value: str, name: str
) -> None:
    query = SearchQuery(
        text="red",
        statuses=(value, "active"),
        categories=(value,),
        brands=(value, name),
        attributes={name: (value,)},
        facets=(f"attributes.{name}",),
    )
    try:
        hostile_index.search(query)
    except InvalidError:
        assert not _encodable(value + name) or not name


@pytest.fixture(scope="module")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    made = TantivySearchIndex(tmp_path_factory.mktemp("hostile"), synonyms=SYNONYMS)
    filled(made, *(document(f"p{i}", f"red title {'a' * i} 緑茶", attributes=["color=red"]) for i in range(20)))
    yield made
    made.close()


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def test_hostile_texts_in_documents_are_found_again(index: SearchIndex) -> None:
    texts = [
        "\x00\x01 nul",
        "a" * 500 + " end",
        "🎁 gift",
        "\u202eRTL",
        "x" * 70_000,
        " ".join("ab" for _ in range(30_000)),
    ]
    filled(index, *(document(f"p{i}", text, description=text, brand=text[:900]) for i, text in enumerate(texts)))

    assert ids(index, "nul") == ["p0"]
    assert ids(index, "end") == ["p1"]
    assert ids(index, "gift") == ["p2"]
    assert ids(index, "rtl") == ["p3"]
    assert index.search(SearchQuery()).total == len(texts)


# --- Refusals --------------------------------------------------------------------------------------------------


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


# --- Filters, sorts and pages ----------------------------------------------------------------------------------


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


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SearchIndex, list[SearchDocument]]]:
    """Many products with few different values, in several segments and with deleted ones among them."""
    chance = random.Random(5)
    made = TantivySearchIndex(tmp_path_factory.mktemp("crowd"))
    documents: dict[str, SearchDocument] = {}
    for batch in range(1, 6):
        changed = [_random_document(chance, f"p{chance.randrange(150)}") for _ in range(50)]
        gone = [f"p{chance.randrange(150)}" for _ in range(10)]
        made.apply(changed, gone, position=batch)
        for name in gone:
            documents.pop(name, None)
        documents.update({found.id: found for found in changed})
    yield made, list(documents.values())
    made.close()


def _random_document(chance: random.Random, name: str) -> SearchDocument:
    words = ["red", "green", "lamp", "mug", "pot", "tall"]
    return document(
        name,
        f"Thing {chance.choice(words)} {chance.choice(words)}",
        description=chance.choice(words),
        brand=chance.choice(["", "Alpha", "Beta", "Gamma"]),
        status=chance.choice(["active", "active", "active", "draft"]),
        categories=chance.sample(["c1", "c2", "c3", "c4"], chance.randrange(4)),
        collections=chance.sample(["new", "sale"], chance.randrange(2)),
        attributes=chance.sample(["color=red", "color=blue", "size=1", "size=2"], chance.randrange(4)),
        price=chance.choice([None, 0, 99, 100, 101, 199, 200, 499, 500, 5_000, 10**10]),
        created_at=chance.randrange(5),
        sold=chance.randrange(3),
        rating=chance.randrange(3) * 1000,
    )


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


# --- Facets ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["columns", "aggregation"])
def counting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways of the local index: of few hits it looks up what each has, many it leaves to tantivy."""
    if request.param == "aggregation":
        monkeypatch.setattr("bodega.adapters.local.search_facets._MOST_HITS", 0)
    return str(request.param)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(["", "red", "mug red", "thing", "gre", "nothing"]),
    statuses=st.sampled_from([(), ("active",), ("draft",), ("draft", "active")]),
    categories=st.lists(st.sampled_from(["c1", "c2", "c9"]), max_size=2),
    brands=st.lists(st.sampled_from(["Alpha", "Beta"]), max_size=2),
    colors=st.lists(st.sampled_from(["red", "blue"]), max_size=2),
    low=st.none() | st.sampled_from([0, 99, 100, 200]),
    high=st.none() | st.sampled_from([0, 199, 500, 10**10]),
)
def test_totals_and_facets_are_what_counting_by_hand_gives(
    counting: str,
    crowd: tuple[SearchIndex, list[SearchDocument]],
    text: str,
    statuses: tuple[str, ...],
    categories: list[str],
    brands: list[str],
    colors: list[str],
    low: int | None,
    high: int | None,
) -> None:
    index, documents = crowd
    attributes = {"color": colors} if colors else {}
    facets = ("category", "brand", "collection", "price", "attributes.color", "attributes.size")

    result = index.search(
        SearchQuery(
            text=text,
            statuses=statuses,
            categories=categories,
            brands=brands,
            attributes=attributes,
            price_from=low,
            price_to=high,
            facets=facets,
            limit=250,
        )
    )

    wanted = [
        found
        for found in documents
        if (not statuses or found.status in statuses)
        and (not categories or set(categories) & set(found.categories))
        and (not brands or found.brand in brands)
        and (not colors or {f"color={color}" for color in colors} & set(found.attributes))
        and _price_holds(found.price, low, high)
        and _text_holds(text, found)
    ]
    assert result.total == len(wanted)
    assert {hit.id for hit in result.hits} == {found.id for found in wanted}
    for facet in facets:
        counted = Counter(value for found in wanted for value in _facet_values(facet, found))
        assert {count.value: count.count for count in result.facets[facet]} == counted, facet
        if facet != "price":
            order = [(-count.count, count.value) for count in result.facets[facet]]
            assert order == sorted(order)


def _price_holds(price: int | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    return price is not None and (low is None or price >= low) and (high is None or price <= high)


def _text_holds(text: str, found: SearchDocument) -> bool:
    values = [pair.partition("=")[2] for pair in found.attributes]
    words = f"{found.title} {found.brand} {found.description} {' '.join(values)}".lower().split()
    asked = text.split()
    return all(word in words for word in asked[:-1]) and (not asked or any(w.startswith(asked[-1]) for w in words))


def _facet_values(facet: str, found: SearchDocument) -> list[str]:
    if facet == "price":
        if found.price is None:
            return []
        low = max((step for step in STEPS if step <= found.price), default="")
        high = min((step for step in STEPS if step > found.price), default="")
        return [f"{low}-{high}"]
    if facet.startswith("attributes."):
        name = facet.partition(".")[2]
        return [value for key, _, value in (pair.partition("=") for pair in found.attributes) if key == name]
    if facet == "brand":
        return [found.brand] if found.brand else []
    return list(found.categories if facet == "category" else found.collections)


def test_only_the_most_frequent_values_are_given_and_their_counts_are_exact(index: SearchIndex) -> None:
    # Rare values come first, over several segments, so that a count cut off within a segment would be too small.
    for batch in range(3):
        rare = [document(f"r{batch}-{i}", brand=f"rare {i:04d}") for i in range(400)]
        often = [document(f"o{batch}-{i}", brand=f"often {i % 100:02d}") for i in range(200)]
        index.apply(rare + often, [], position=batch)

    counts = index.search(SearchQuery(facets=["brand"])).facets["brand"]

    assert [(count.value, count.count) for count in counts] == [(f"often {i:02d}", 6) for i in range(100)]
    assert len(index.counts("brand")) == 500


FACETS = ("category", "brand", "collection", "price", "attributes.color", "attributes.size")


def _counted(documents: Iterable[SearchDocument], facet: str) -> Counter[str]:
    return Counter(value for found in documents if found.status == "active" for value in _facet_values(facet, found))


@pytest.mark.parametrize("read_at_once", [50_000, 0])
def test_facets_stay_exact_while_products_come_change_and_go(
    index: SearchIndex, tmp_path: Path, read_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is kept for counting is added to with every change: by the one who makes it, and by others who see it later.
    monkeypatch.setattr("bodega.adapters.local.search_columns._READ_AT_ONCE", read_at_once)
    monkeypatch.setattr("bodega.adapters.local.search_rows._WORTH_KEEPING", 1)
    for module in ("search_rows", "search_columns"):
        monkeypatch.setattr(f"bodega.adapters.local.{module}.MAX_BATCHES", 5)
    chance = random.Random(11)
    other = TantivySearchIndex(tmp_path / "search")
    there: dict[str, SearchDocument] = {}
    for turn in range(1, 40):
        changed = [_random_document(chance, f"p{chance.randrange(60)}") for _ in range(chance.randrange(6))]
        gone = [f"p{chance.randrange(60)}" for _ in range(chance.randrange(3))]
        index.apply(changed, gone, position=turn)
        for name in gone:
            there.pop(name, None)
        there.update({found.id: found for found in changed})
        if turn == 30:
            index.rebuild(there.values(), position=turn)
        for reader in (index, other) if turn % 9 == 0 else (index,):
            while reader.position() != turn:
                pass
            facets = chance.sample(FACETS, 3)
            text = chance.choice(["", "red", "tall", "mug red"])
            found = reader.search(SearchQuery(text=text, facets=facets)).facets
            hits = [found for found in there.values() if _text_holds(text, found)]
            for facet in facets:
                assert {count.value: count.count for count in found[facet]} == _counted(hits, facet)
    other.close()


def test_facets_with_very_many_values_are_exact_too(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.adapters.local.search_columns._MAX_VALUES", 50)
    monkeypatch.setattr("bodega.adapters.local.search_columns._MAX_LAYERS", 3)
    monkeypatch.setattr("bodega.adapters.local.search_facets._ENDINGS", np.array([b"0}", b"1}"], dtype=object))
    filled(
        index,
        *(document(f"p{i:03d}", brand=f"brand {i:03d}", categories=["c", f"c{i % 7}"]) for i in range(90)),
        document("many", attributes=[f"tag={i}" for i in range(9)], collections=["x", "y", "z"]),
    )

    found = index.search(SearchQuery(facets=["brand", "category", "attributes.tag", "collection"])).facets

    assert [(count.value, count.count) for count in found["brand"]] == [(f"brand {i:03d}", 1) for i in range(90)]
    assert [(count.value, count.count) for count in found["category"]] == [
        ("c", 90),
        *((f"c{i}", 13) for i in range(6)),
        ("c6", 12),
    ]
    assert len(found["attributes.tag"]) == 9
    assert [count.value for count in found["collection"]] == ["x", "y", "z"]


def test_more_facets_than_are_kept_are_exact(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.adapters.local.search_columns._MAX_COLUMNS", 4)
    filled(index, *(document(f"p{i}", attributes=[f"a{i % 9}=x", f"b{i % 9}=y"]) for i in range(27)))
    asked = [f"attributes.{letter}{i}" for i in range(9) for letter in "ab"]

    for _ in range(2):
        for facet in asked:
            assert [count.count for count in index.search(SearchQuery(facets=[facet])).facets[facet]] == [3]


def test_the_state_changes_with_what_is_found_and_with_nothing_else(index: SearchIndex, tmp_path: Path) -> None:
    assert index.state() == ""
    filled(index, document("a"))
    states = [index.state()]
    index.apply([], [], position=2)
    assert (index.position(), index.state()) == (2, states[0])

    index.apply([document("b")], [], position=3)
    states.append(index.state())
    index.apply([], ["a"], position=3)
    states.append(index.state())
    index.rebuild([document("b")], position=3)
    states.append(index.state())

    assert len(set(states)) == 4
    other = TantivySearchIndex(tmp_path / "search")
    assert other.state() == index.state()
    other.close()


def test_counts_are_of_active_products(index: SearchIndex) -> None:
    filled(
        index,
        document("a", categories=["x", "y"], attributes=["color=red"]),
        document("b", categories=["x"]),
        document("c", categories=["x"], status="draft"),
    )

    assert index.counts("category") == {"x": 2, "y": 1}
    assert index.counts("attributes.color") == {"red": 1}
    assert index.counts("attributes.nothing") == {}
    assert index.counts("price") == {"1000-2000": 2}
    with pytest.raises(InvalidError):
        index.counts("nothing")


# --- Suggestions -----------------------------------------------------------------------------------------------


def test_suggestions_complete_brands_and_titles_best_sellers_first_without_duplicates(index: SearchIndex) -> None:
    filled(
        index,
        document("a", "Bottle", brand="Bosch", sold=1),
        document("b", "Bottle", brand="Bosch", sold=2),
        document("c", "Water bottle", brand="Acme", sold=9),
        document("d", "Bottle opener", brand="Acme", sold=3),
        document("e", "Bottled draft", brand="Bother", status="draft"),
    )

    assert list(index.suggest("bo")) == ["Bosch", "Water bottle", "Bottle opener", "Bottle"]
    assert list(index.suggest("BOTTLE op")) == ["Bottle opener"]
    assert list(index.suggest("bo", limit=2)) == ["Bosch", "Water bottle"]
    assert list(index.suggest("")) == []
    assert list(index.suggest("zzz")) == []


def test_suggestions_forgive_typos(index: SearchIndex) -> None:
    filled(index, document("a", "Washing machine", brand="Électrolux"), document("b", "緑茶", brand="日本茶"))

    assert list(index.suggest("wahsing ma")) == ["Washing machine"]
    assert list(index.suggest("elektrol")) == ["Électrolux"]
    assert list(index.suggest("electro")) == ["Électrolux"]
    assert list(index.suggest("日本")) == ["日本茶"]
    assert list(index.suggest("緑")) == ["緑茶"]


@pytest.mark.parametrize(("text", "limit"), [("a" * 201, 8), ("\ud800", 8), ("a", 0), ("a", 21)])
def test_suggestions_out_of_bounds_are_refused(index: SearchIndex, text: str, limit: int) -> None:
    with pytest.raises(InvalidError):
        index.suggest(text, limit=limit)


# --- Changes ---------------------------------------------------------------------------------------------------


def test_nothing_is_published_in_a_new_index(index: SearchIndex) -> None:
    result = index.search(SearchQuery(text="x", facets=["brand"]))

    assert index.position() == -1
    assert (result.total, result.hits, result.facets) == (0, (), {"brand": ()})
    assert list(index.suggest("x")) == []
    assert index.counts("brand") == {}


def test_changes_replace_and_delete_and_are_seen_at_return(index: SearchIndex) -> None:
    filled(index, document("a", "old"), document("b", "old"))

    index.apply([document("a", "new", card=b"\x00\xff")], ["b", "never there"], position=2)

    assert ids(index, "old") == []
    assert [(hit.id, hit.card) for hit in index.search(SearchQuery(text="new")).hits] == [("a", b"\x00\xff")]
    assert index.position() == 2


def test_of_documents_with_one_id_the_last_counts_and_an_upsert_outlives_its_delete(index: SearchIndex) -> None:
    index.apply([document("a", "first"), document("a", "last")], ["a"], position=0)
    assert (ids(index), ids(index, "last")) == (["a"], ["a"])

    count = index.rebuild([document("a", "first"), document("b", "x"), document("a", "last")], position=1)

    assert (count, ids(index, "last"), ids(index, "first")) == (2, ["a"], [])


def test_applying_twice_is_applying_once_and_late_changes_change_nothing(index: SearchIndex) -> None:
    index.apply([document("a", "first")], [], position=5)
    index.apply([document("a", "first")], [], position=5)
    index.apply([document("a", "second")], [], position=6)

    index.apply([document("a", "first")], [], position=5)

    assert (ids(index, "second"), ids(index, "first"), index.position()) == (["a"], [], 6)


def test_a_rebuild_replaces_everything_and_may_go_back(index: SearchIndex) -> None:
    index.apply([document("old", "old")], [], position=9)

    assert index.rebuild((document(f"n{i}", "new") for i in range(3)), position=4) == 3

    assert (set(ids(index)), index.position()) == ({"n0", "n1", "n2"}, 4)
    assert index.rebuild([], position=7) == 0
    assert (ids(index), index.position()) == ([], 7)


def test_a_rebuild_that_fails_leaves_what_was_there(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))

    def failing() -> Iterator[SearchDocument]:
        yield document("b")
        raise RuntimeError("the table is gone")

    with pytest.raises(RuntimeError):
        index.rebuild(failing(), position=9)

    assert (ids(index), index.position()) == (["a"], 1)
    assert len(list((tmp_path / "search").glob("f*-*"))) == 1


def test_changes_applied_during_a_rebuild_are_in_the_new_index(index: SearchIndex) -> None:
    filled(index, document("a", "one"), document("b", "one"), document("c", "one"))

    def slowly() -> Iterator[SearchDocument]:
        yield document("a", "one")
        index.apply([document("a", "two"), document("d", "two")], ["b"], position=2)
        index.apply([document("d", "three")], [], position=3)
        assert set(ids(index)) == {"a", "c", "d"}
        yield document("b", "one")
        yield document("c", "one")

    index.rebuild(slowly(), position=1)

    assert {name: ids(index, name) for name in ("one", "two", "three")} == {"one": ["c"], "two": ["a"], "three": ["d"]}
    assert index.position() == 3


def test_a_rebuild_reaches_no_further_than_what_was_applied_meanwhile(index: SearchIndex) -> None:
    """Who applies may have read a product before the builder did, and must come by again for what happened since."""
    filled(index, document("a", "one"))

    def overtaken() -> Iterator[SearchDocument]:
        index.apply([document("a", "two")], [], position=2)
        index.apply([document("a", "one")], [], position=1)  # late: it changes nothing, here as there
        yield document("a", "nine")

    index.rebuild(overtaken(), position=9)
    reached = index.position(), ids(index, "two")
    index.apply([document("a", "nine")], [], position=9)

    assert reached == (2, ["a"])
    assert ids(index, "nine") == ["a"]


def test_an_index_overgrown_by_changes_says_so_until_it_is_rebuilt(
    index: SearchIndex, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_SPARE_ROWS", 10)
    assert not index.is_overgrown()
    said = []
    for turn in range(16):
        index.apply([document("a", f"turn{turn}"), document("b", "still")], [], position=turn)
        said.append(index.is_overgrown())
    process = elsewhere(
        """
        def documents():
            yield document("a", "half")
            print("half", flush=True)
            input()
        index.rebuild(documents(), position=15)
        """
    )
    assert _line(process) == "half"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (index.is_overgrown(), ids(index, "turn15"), ids(index, "half")) == (True, ["a"], [])

    index.rebuild([document("a", "turn15"), document("b", "still")], position=15)

    assert said == [False] * 7 + [True] * 9
    assert not index.is_overgrown()
    assert (ids(index, "turn15"), ids(index, "still")) == (["a"], ["b"])


def test_reads_go_on_during_rebuilds_and_never_see_half_an_index(index: SearchIndex) -> None:
    generation = [[document(f"g{turn}-{i}", f"turn{turn}") for i in range(200)] for turn in range(4)]
    index.rebuild(generation[0], position=0)
    seen: set[tuple[int, ...]] = set()
    problems: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                result = index.search(SearchQuery(limit=250, sort="price"))
                turns = {hit.id.split("-")[0] for hit in result.hits}
                seen.add((result.total, len(result.hits), len(turns)))
                index.suggest("turn")
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
                problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(1, 13):
        index.rebuild(generation[turn % 4], position=turn)
        index.apply([generation[turn % 4][0]], [], position=turn)
    stop.set()
    for reader in readers:
        reader.join()

    assert problems == []
    assert seen == {(200, 200, 1)}


def test_many_threads_may_apply_and_search(index: SearchIndex) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                index.apply([document(f"{number}-{turn}", "thing")], [], position=1)
                assert f"{number}-{turn}" in ids(index, "thing", limit=250)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert index.search(SearchQuery()).total == 20


def test_a_closed_index_lets_go_of_its_files_and_closing_again_is_harmless(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))
    assert ids(index) == ["a"]

    index.close()
    index.close()

    maps, deadline = Path("/proc/self/maps"), time.monotonic() + 30
    while maps.exists() and str(tmp_path / "search") in maps.read_text():
        assert time.monotonic() < deadline, "files of a closed index are still mapped"
        # Whatever else of this process still holds a reader, it is garbage or about to be.
        gc.collect()
        time.sleep(0.05)


# --- Several processes on one folder ---------------------------------------------------------------------------

_ELSEWHERE = """
import sys
from pathlib import Path
from bodega.adapters.local.search import TantivySearchIndex
from bodega.ports.search import SearchDocument, SearchQuery

def document(name, title):
    return SearchDocument(id=name, status="active", title=title, description="", brand="", skus=(), categories=(),
        collections=(), attributes=(), price=1, created_at=0, sold=0, rating=0, card=b"")

index = TantivySearchIndex(Path(sys.argv[1]))
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start Python in another process that has the same folder open."""
    started: list[subprocess.Popen[str]] = []
    source = Path(__file__).parents[2] / "src"

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _ELSEWHERE + textwrap.dedent(code), str(tmp_path / "search")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(source)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def test_another_process_sees_changes_and_rebuilds_and_can_make_them(index: SearchIndex, elsewhere: Any) -> None:
    filled(index, document("a", "one"))
    process = elsewhere(
        """
        import time
        def wait_for(position):
            # As a reader would: by asking again. The promise is a second; a busy machine gets more.
            end = time.monotonic() + 10
            while index.position() != position and time.monotonic() < end:
                pass
            print(position == index.position(), [hit.id for hit in index.search(SearchQuery()).hits], flush=True)
        wait_for(1)
        for position in (2, 3):
            input()
            wait_for(position)
        index.apply([document("d", "four")], [], position=4)
        print("applied", flush=True)
        index.rebuild([document("e", "five")], position=5)
        print("rebuilt", flush=True)
        input()
        """
    )
    assert _line(process) == "True ['a']"

    index.apply([document("b", "two")], ["a"], position=2)
    _tell(process, "look")
    assert _line(process) == "True ['b']"
    index.rebuild([document("c", "three")], position=3)
    _tell(process, "look")
    assert _line(process) == "True ['c']"
    assert _line(process) == "applied"
    assert _line(process) == "rebuilt"

    index.apply([document("f", "six")], [], position=6)
    assert (set(ids(index)), index.position()) == ({"e", "f"}, 6)


def test_an_index_whose_writer_was_killed_is_whole_and_writable(index: SearchIndex, elsewhere: Any) -> None:
    filled(index, document("first", "thing"))
    for turn in range(3):
        process = elsewhere(
            f"""
            position = index.position()
            while True:
                position += 1
                batch = [document(f"k{turn}-{{position}}-{{i}}", "thing") for i in range(20)]
                index.apply(batch, [], position=position)
                print(position, flush=True)
            """
        )
        for _ in range(2 + turn):
            _line(process)
        process.send_signal(signal.SIGKILL)
        process.wait()

        reopened = TantivySearchIndex(Path(index._generations.directory))  # type: ignore[attr-defined]
        position, total = reopened.position(), reopened.search(SearchQuery()).total
        # A batch and its position are in together or not at all.
        assert total == 1 + 20 * (position - 1)
        reopened.close()
    index.apply([document("last", "word")], ["first"], position=1000)

    assert ids(index, "word") == ["last"]


def test_a_commit_that_was_killed_before_it_was_published_is_done_again(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a", "mug"), document("b", "mug"))
    (published,) = (tmp_path / "search").glob("f*/meta.json")
    before = published.read_bytes()
    index.apply([document("a", "cup")], [], position=2)
    index.close()
    # What a kill leaves: every file of the commit, its list of deleted products among them, and the state before.
    published.write_bytes(before)

    reopened = TantivySearchIndex(tmp_path / "search", synonyms=SYNONYMS)
    reopened.apply([document("a", "cup")], [], position=2)

    assert (ids(reopened, "cup"), ids(reopened, "mug")) == (["a"], ["b"])
    reopened.close()


def test_a_rebuild_that_was_killed_leaves_the_index_and_its_remains_are_swept(
    index: SearchIndex, elsewhere: Any, tmp_path: Path
) -> None:
    filled(index, document("a", "one"))
    process = elsewhere(
        """
        def documents():
            for i in range(3000):
                yield document(f"n{i}", "new")
            print("half", flush=True)
            input()
        index.rebuild(documents(), position=9)
        """
    )
    assert _line(process) == "half"
    # Somebody builds, so that this change is noted for them as well.
    index.apply([document("b", "two")], [], position=2)
    assert (tmp_path / "search" / "f2-00000002" / "journal").stat().st_size > 0
    process.send_signal(signal.SIGKILL)
    process.wait()

    index.apply([document("c", "three")], [], position=3)

    assert set(ids(index)) == {"a", "b", "c"}
    assert [path.name for path in (tmp_path / "search").glob("f*-*")] == ["f2-00000001"]


def test_a_writer_waits_for_another_and_gives_up_clearly(
    index: SearchIndex, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(index, document("a"))
    process = elsewhere(
        """
        from bodega.adapters.system.file_lock import file_lock
        with file_lock(index._generations.writing, wait_seconds=1):
            print("held", flush=True)
            input()
        """
    )
    assert _line(process) == "held"
    monkeypatch.setattr("bodega.adapters.local.search_writer._LOCK_SECONDS", 0.02)

    with pytest.raises(UnavailableError):
        index.apply([document("b")], [], position=2)
    assert ids(index) == ["a"]


def test_a_reader_that_reads_a_name_whose_folder_is_gone_reads_the_new_name(
    index: SearchIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the two steps of a reader a rebuild ends and the next change sweeps the old generation away.
    filled(index, document("a"))
    reader = TantivySearchIndex(tmp_path / "search")
    real, stale = reader._generations.current, ["f2-00000000"]
    monkeypatch.setattr(reader._generations, "current", lambda: stale.pop() if stale else real())

    assert (reader.position(), ids(reader)) == (1, ["a"])
    reader.close()


# --- Damage ----------------------------------------------------------------------------------------------------


def _overwrite(folder: Path, pattern: str, content: bytes) -> None:
    paths = list(folder.glob(pattern))
    assert paths
    for path in paths:
        path.unlink()
        path.write_bytes(content)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 5000, os.urandom(3000)])
@pytest.mark.parametrize(
    "pattern",
    [
        "current",
        "f*/meta.json",
        "f*/*.idx",
        "f*/*.term",
        "f*/*.store",
        "f*/*.fast",
        "f*/*.fieldnorm",
        "f*/cards",
        "f*/*",
    ],
)
def test_a_damaged_index_counts_as_never_published_and_a_rebuild_mends_it(
    tmp_path: Path, pattern: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "search"
    before = TantivySearchIndex(folder)
    filled(before, document("a", "thing"), document("b", "thing"))
    before.close()
    _overwrite(folder, pattern, content)

    index = TantivySearchIndex(folder)

    assert index.position() == -1
    assert index.search(SearchQuery(text="thing", facets=["brand"])).total == 0
    assert "must be rebuilt" in caplog.text
    with pytest.raises(UnavailableError):
        index.apply([document("c")], [], position=2)
    index.rebuild([document("d", "thing")], position=3)
    assert (ids(index, "thing"), index.position()) == (["d"], 3)
    index.close()


def test_an_index_of_another_format_must_be_rebuilt(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))
    index.close()
    folder = tmp_path / "search"
    (folder / "f2-00000001").rename(folder / "f99-00000001")
    (folder / "current").write_text("f99-00000001\n")

    assert index.position() == -1
    index.rebuild([document("b")], position=0)
    assert ids(index) == ["b"]


def test_an_index_that_could_not_be_opened_for_a_moment_is_opened_again(
    index: SearchIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bodega.adapters.local.search_generations._RETRY_SECONDS", 0.0)
    filled(index, document("a"))
    cards = tmp_path / "search" / "f2-00000001" / "cards"
    cards.rename(tmp_path / "cards")
    reader = TantivySearchIndex(tmp_path / "search")
    assert [reader.position() for _ in range(3)] == [-1, -1, -1]
    assert caplog.text.count("must be rebuilt") == 1

    (tmp_path / "cards").rename(cards)

    assert (reader.position(), ids(reader)) == (1, ["a"])
    reader.close()


@pytest.mark.parametrize("name", ["../../etc", "/etc", "f1-99999999", "\x00"])
def test_a_pointer_leads_nowhere_but_to_a_generation(tmp_path: Path, name: str) -> None:
    (tmp_path / "current").write_text(name)

    index = TantivySearchIndex(tmp_path)

    assert index.position() == -1


# -- copies ----------------------------------------------------------------------------------------------------


def contents(copy: Any) -> list[tuple[str, list[bytes]]]:
    return [(name, [file.path.read_bytes()[: file.size_bytes]]) for name, file in copy.files.items()]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SearchIndex]:
    """The index of another machine."""
    made = TantivySearchIndex(tmp_path / "elsewhere", synonyms=SYNONYMS)
    yield made
    made.close()


def test_another_index_adopts_a_copy_whole_whatever_it_had(index: SearchIndex, other: SearchIndex) -> None:
    index.apply([document("a", "Blue Mug"), document("b", "Red Mug")], [], position=5)
    index.apply([], ["b"], position=6)
    filled(other, document("z", "Teapot"))

    with index.copied() as copy:
        assert copy is not None
        assert (copy.format, copy.position) == (other.format, 6)
        assert other.adopt(contents(copy)) == 6

    assert (ids(other, "mug"), ids(other, "teapot"), other.position()) == (["a"], [], 6)
    other.apply([document("c", "Green Mug")], [], position=7)
    assert (set(ids(other, "mug")), ids(index, "mug")) == ({"a", "c"}, ["a"])


def test_a_copy_stays_as_it_was_while_the_index_changes_and_is_built_anew(
    index: SearchIndex, other: SearchIndex
) -> None:
    filled(index, document("a", "Mug"))

    with index.copied() as copy:
        index.apply([document("b", "Mug")], ["a"], position=2)
        index.rebuild([document("c", "Mug")], position=3)
        assert copy is not None
        other.adopt(contents(copy))

    assert (ids(other, "mug"), other.position()) == (["a"], 1)
    assert ids(index, "mug") == ["c"]


def test_an_index_that_nothing_was_published_to_has_no_copy(index: SearchIndex) -> None:
    with index.copied() as copy:
        assert copy is None


@pytest.mark.parametrize("spoil", ["nothing", "no meta", "half", "name", "breaks"])
def test_what_is_no_whole_copy_is_refused_and_the_old_index_stays(
    index: SearchIndex, other: SearchIndex, spoil: str
) -> None:
    filled(index, document("a", "Mug"))
    filled(other, document("z", "Teapot"))
    with index.copied() as copy:
        files = contents(copy)

    def breaking() -> Iterator[tuple[str, list[bytes]]]:
        yield files[0]
        raise InvalidError("the bytes stopped coming")

    spoilt: dict[str, Any] = {
        "nothing": [],
        "no meta": [(name, data) for name, data in files if name != "meta.json"],
        "half": [(name, [data[0][: len(data[0]) // 2]]) for name, data in files],
        "name": [("../meta.json", [b"{}"])],
        "breaks": breaking(),
    }
    with pytest.raises(InvalidError):
        other.adopt(spoilt[spoil])

    assert (ids(other, "teapot"), other.position()) == (["z"], 1)
    other.apply([document("y", "Teapot")], [], position=2)
    assert set(ids(other, "teapot")) == {"y", "z"}
