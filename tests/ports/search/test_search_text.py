"""What text finds, and in which order; and what hostile text does not do."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searching import SYNONYMS, document, filled, ids

from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import InvalidError
from bodega.ports.search import SearchIndex, SearchQuery


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
