"""What queries, scans and indexes show, in which order and in which pages."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from things import TABLES, put, sorts, thing, walk

from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.errors import InvalidError
from bodega.ports.table import (
    Delete,
    Key,
    Put,
    SortRange,
    Update,
    scan_all,
)
from bodega.schema import Table


def test_a_query_returns_its_partition_in_order_of_the_sort_key(table_store):
    put(table_store, thing("a", "2"), thing("a", "1"), thing("a", "10"), thing("b", "0"), thing("A", "3"))

    assert sorts(table_store.query("things", "a")) == ["1", "10", "2"]
    assert sorts(table_store.query("things", "a", descending=True)) == ["2", "10", "1"]
    assert table_store.query("things", "nobody").items == []


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (SortRange(), "abcde"),
        (SortRange(low="b"), "bcde"),
        (SortRange(high="d"), "abcd"),
        (SortRange(low="b", high="d"), "bcd"),
        (SortRange(low="bb", high="d"), "cd"),
        (SortRange(low="d", high="b"), ""),
        (SortRange(prefix="c"), "c"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("index", [None, "by_kind"])
def test_bounds_and_pages_go_together(table_store, bounds, expected, limit, descending, index):
    put(table_store, *(thing("a", sk, kind="a") for sk in "abcde"))

    pages = walk(table_store, "things", "a", index=index, sort=bounds, limit=limit, descending=descending)

    assert "".join(item["sk"] for page in pages for item in page) == (expected[::-1] if descending else expected)
    assert all(len(page) == limit for page in pages[:-1])


def test_a_page_that_ends_with_the_last_item_says_so(table_store):
    put(table_store, thing(sk="1"), thing(sk="2"))

    assert table_store.query("things", "a", limit=2).last is None
    assert table_store.query("things", "a", limit=1).last == Key("a", "1")


def test_a_page_can_start_behind_an_item_that_was_deleted_meanwhile(table_store):
    put(table_store, *(thing(sk=str(n), colour="red", made_at=str(n)) for n in range(4)))
    behind_table = table_store.query("things", "a", limit=2).last
    behind_index = table_store.query("things", "red", index="by_colour", limit=2).last

    table_store.transact([Delete("things", Key("a", "1"))])

    assert sorts(table_store.query("things", "a", after=behind_table)) == ["2", "3"]
    assert sorts(table_store.query("things", "red", index="by_colour", after=behind_index)) == ["2", "3"]


ODD_PREFIXES = ["a", "é", "\ud7ff", "\uffff", "\U0010ffff", "a\U0010ffff", "\U0001f45f"]


@pytest.mark.parametrize("prefix", ODD_PREFIXES, ids=ascii)
def test_a_prefix_finds_what_starts_with_it(table_store, prefix):
    keys = [stem + end for stem in (*ODD_PREFIXES, "b", "\ue000") for end in ("", "z", "\U0010ffff")]
    put(table_store, *(thing("a", sk) for sk in set(keys)))

    found = sorts(table_store.query("things", "a", sort=SortRange(prefix=prefix)))

    assert found == sorted({sk for sk in keys if sk.startswith(prefix)}, key=str.encode)


def test_a_prefix_and_a_bound_together_are_refused(table_store):
    with pytest.raises(InvalidError):
        table_store.query("things", "a", sort=SortRange(prefix="a", low="a"))
    with pytest.raises(InvalidError):
        table_store.query("things", "a", sort=SortRange(prefix=""))


@given(
    keys=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), min_size=1, max_size=12, unique=True
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_is_by_utf8_bytes(table_store, keys):
    put(table_store, *(thing("order", sk) for sk in keys))

    found = sorts(table_store.query("things", "order"))

    assert found == sorted(keys, key=str.encode)
    table_store.write_batch([Delete("things", Key("order", sk)) for sk in keys])


def test_look_alike_keys_are_different_keys(table_store):
    put(table_store, thing("caf\u00e9"), thing("cafe\u0301"), thing("CAFÉ"), thing("nul\x00a"), thing("nul"))

    assert len(list(scan_all(table_store, "things"))) == 5


def test_a_page_ends_at_one_mb(table_store):
    put(table_store, *(thing(sk=str(n), kind="a", doc=b"x" * 300_000) for n in range(7)))

    pages = walk(table_store, "things", "a")

    assert [len(page) for page in pages] == [3, 3, 1]
    assert table_store.scan("things").last == Key("a", "2")


def test_a_page_of_many_small_values_ends_at_one_mb_as_counted(table_store):
    # Empty lists count 4 bytes each but take one to store: a page must not be judged by stored bytes.
    put(table_store, *(thing(sk=str(n), doc=[[] for _ in range(90_000)]) for n in range(3)))

    assert [len(page) for page in walk(table_store, "things", "a")] == [2, 1]


def test_a_position_of_elsewhere_is_refused(table_store):
    with pytest.raises(InvalidError):
        table_store.query("things", "a", after=Key("b", "1"))
    with pytest.raises(InvalidError):
        table_store.query("things", "a", after=Key("a", "1", "x"))
    with pytest.raises(InvalidError):
        table_store.query("things", "red", index="by_colour", after=Key("a", "1"))


def test_a_scan_walks_the_whole_table_once_and_goes_on_where_it_was(table_store):
    keys = [(pk, sk) for pk in "cab" for sk in "21"]
    put(table_store, *(thing(pk, sk) for pk, sk in keys))

    pages, after = [], None
    while True:
        page = table_store.scan("things", after=after, limit=4)
        pages.append([(item["pk"], item["sk"]) for item in page.items])
        if page.last is None:
            break
        after = page.last

    assert [len(page) for page in pages] == [4, 2]
    assert sorted([*pages[0], *pages[1]]) == sorted(keys)


def test_a_scan_for_one_sort_key_leaves_out_all_else(table_store):
    put(table_store, *(thing(pk, sk) for pk in "abcdefg" for sk in ("card", "price", "cards")))

    pages, after = [], None
    while True:
        page = table_store.scan("things", sort="card", after=after, limit=3)
        pages.append([(item["pk"], item["sk"]) for item in page.items])
        if page.last is None:
            break
        after = page.last

    assert max(map(len, pages)) <= 3
    assert sorted(itertools.chain(*pages)) == [(pk, "card") for pk in "abcdefg"]
    assert list(scan_all(table_store, "things", sort="car")) == []
    with pytest.raises(InvalidError):
        table_store.scan("things", sort="")


def test_an_index_shows_keys_and_projected_attributes_only(table_store):
    put(table_store, thing(colour="red", made_at="1", doc=b"d", price=5))

    assert table_store.query("things", "red", index="by_colour").items == [thing(colour="red", made_at="1", doc=b"d")]


def test_an_index_leaves_out_items_that_lack_a_key_of_it(table_store):
    put(table_store, thing(sk="1", colour="red"), thing(sk="2", made_at="1"), thing(sk="3", colour="red", made_at="1"))

    assert sorts(table_store.query("things", "red", index="by_colour")) == ["3"]


@pytest.mark.parametrize("value", ["", 5, None, b"x", ["red"], "x" * 2049])
def test_an_unfit_index_key_is_refused(table_store, value):
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing(colour=value, made_at="1"))])
    with pytest.raises(InvalidError):
        table_store.transact([Update("things", Key("a", "1"), set={"colour": value, "made_at": "1"})])


def test_an_index_follows_its_items(table_store):
    put(table_store, thing(colour="red", made_at="1", doc=b"1"))
    table_store.transact([Update("things", Key("a", "1"), set={"doc": b"2"})])
    assert [item["doc"] for item in table_store.query("things", "red", index="by_colour").items] == [b"2"]

    table_store.transact([Update("things", Key("a", "1"), set={"colour": "blue"})])
    assert table_store.query("things", "red", index="by_colour").items == []
    assert sorts(table_store.query("things", "blue", index="by_colour")) == ["1"]

    table_store.transact([Update("things", Key("a", "1"), remove=["made_at"])])
    assert table_store.query("things", "blue", index="by_colour").items == []


def test_pages_of_an_index_pass_equal_sort_keys_once(table_store):
    put(table_store, *(thing(f"p{n % 3}", str(n), colour="red", made_at=str(n // 5)) for n in range(12)))
    whole = [item["sk"] for item in table_store.query("things", "red", index="by_colour").items]

    up = walk(table_store, "things", "red", index="by_colour", limit=2)
    down = walk(table_store, "things", "red", index="by_colour", limit=2, descending=True)

    assert [item["sk"] for page in up for item in page] == whole
    assert [item["sk"] for page in down for item in page] == whole[::-1]
    assert len(whole) == 12


def test_an_index_that_is_declared_later_holds_what_was_there_before(tmp_path, clock):
    plain = Table("things", "pk", "sk")
    database = Database.open(tmp_path / "shop.db")
    put(SqliteTableStore(database, [plain], clock=clock), thing(colour="red", made_at="1", doc=b"d"), thing("b"))

    store = SqliteTableStore(database, TABLES, clock=clock)

    assert store.query("things", "red", index="by_colour").items == [thing(colour="red", made_at="1", doc=b"d")]
    database.close()
