"""How many products have each value of a facet, exactly; and what completes what is being typed."""

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searching import document, filled, random_document

from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import InvalidError
from bodega.ports.search import SearchDocument, SearchIndex, SearchQuery

STEPS = [step * 10**power for power in range(2, 10) for step in (1, 2, 5)]


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
        changed = [random_document(chance, f"p{chance.randrange(60)}") for _ in range(chance.randrange(6))]
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
