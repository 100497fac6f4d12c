"""Behaviours of the table port, run over every adapter that answers it."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from random import Random
from zlib import crc32

import opinions
import pytest
from engines import dynamo_client, ministack, retry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import create_missing
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.table import (
    MAX_EVENT_DATA_BYTES,
    All,
    Any,
    AtLeast,
    AtMost,
    Check,
    ConditionFailedError,
    Delete,
    Equals,
    Event,
    Exists,
    Key,
    LimitExceededError,
    Missing,
    NotExists,
    Put,
    SortRange,
    ThrottledError,
    TokenReusedError,
    Update,
    scan_all,
)
from bodega.schema import Index, Table

THINGS = Table(
    "things",
    "pk",
    "sk",
    indexes=(Index("by_colour", "colour", "made_at", ("doc",)), Index("by_kind", "kind", "sk")),
)
GUESTS = Table("guests", "pk", "sk", ttl="expires_at", indexes=(Index("by_room", "room", "since", ("doc",)),))
TABLES = (THINGS, GUESTS)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = int(START.timestamp())


def open_local(folder, clock, *, max_rates=False):
    database = Database.open(folder / "shop.db")
    return SqliteTableStore(database, TABLES, clock=clock, max_rates=max_rates), database.close


def open_dynamo(folder, clock, engine=ministack):
    client = dynamo_client(engine())
    prefix = f"t{crc32(str(folder).encode()):08x}_"
    # The engine's own clock is far ahead of these tests'.
    create_missing(client, TABLES, prefix=prefix, expire=False)
    store = DynamoTableStore(client, TABLES, prefix=prefix, clock=clock, random=Random(), retry=retry())
    return store, client.close


# An adapter joins by a line here: how to open an empty store, and how to close what was opened with it.
ADAPTERS = {
    "dynamo": open_dynamo,
    "dynalite": partial(open_dynamo, engine=opinions.dynalite),
    "local": open_local,
    "moto": partial(open_dynamo, engine=opinions.moto),
}


RATES = pytest.mark.differs(dynamo="how much a partition takes is DynamoDB's own business; the laptop imitates it")


@pytest.fixture
def clock():
    return SettableClock(START)


@pytest.fixture(params=sorted(ADAPTERS))
def opener(request, tmp_path):
    """Open further stores on the same data; all are closed in the end."""
    opinions.skip_what_differs(request)
    closers = []

    def open_store(clock, **options):
        store, close = ADAPTERS[request.param](tmp_path, clock, **options)
        closers.append(close)
        return store

    yield open_store
    for close in closers:
        close()


@pytest.fixture
def table_store(opener, clock):
    return opener(clock)


def thing(pk="a", sk="1", **attributes):
    return {"pk": pk, "sk": sk, **attributes}


def event(number, *, resource="thing/a", data=b"{}"):
    return Event(f"evt_{number}", "thing.changed", resource, number, "2026-03-01T12:00:00Z", data)


def put(store, *items, table="things"):
    store.write_batch([Put(table, item) for item in items])


def sorts(page):
    return [item["sk"] for item in page.items]


def walk(store, *args, **options):
    """Return the pages of a query until the last."""
    pages, after = [], None
    while True:
        page = store.query(*args, after=after, **options)
        pages.append(page.items)
        if page.last is None:
            return pages
        after = page.last


# -- items -----------------------------------------------------------------------------------------------------


def test_an_item_comes_back_as_it_was_put(table_store):
    item = thing(
        text="Größe 👟\x00",
        raw=b"\x00\xff",
        n=-(2**63),
        m=2**63 - 1,
        yes=True,
        no=None,
        empty="",
        list=[1, "a", [b"b"]],
        map={"a": {"b": []}},
    )

    table_store.transact([Put("things", item)])

    assert table_store.get("things", Key("a", "1")) == item


def test_true_and_one_stay_apart(table_store):
    table_store.transact([Put("things", thing(flag=True, count=1))])

    found = table_store.get("things", Key("a", "1"))

    assert type(found["flag"]) is bool
    assert type(found["count"]) is int


def test_what_was_handed_out_or_in_is_not_shared(table_store):
    item = thing(tags=["new"])
    table_store.transact([Put("things", item)])
    item["tags"].append("changed")

    table_store.get("things", Key("a", "1"))["tags"].append("changed")

    assert table_store.get("things", Key("a", "1"))["tags"] == ["new"]


def test_an_absent_item_is_none(table_store):
    assert table_store.get("things", Key("a", "1")) is None


def test_batch_get_returns_those_that_exist(table_store):
    put(table_store, thing("a"), thing("b"))

    found = table_store.batch_get("things", [Key("a", "1"), Key("b", "1"), Key("c", "1")])

    assert found == {Key("a", "1"): thing("a"), Key("b", "1"): thing("b")}


def test_batch_get_of_nothing_is_nothing(table_store):
    assert table_store.batch_get("things", []) == {}


def test_batch_get_refuses_duplicates_and_more_than_100(table_store):
    with pytest.raises(InvalidError):
        table_store.batch_get("things", [Key("a", "1"), Key("a", "1")])
    with pytest.raises(LimitExceededError):
        table_store.batch_get("things", [Key("a", str(n)) for n in range(101)])


def test_an_unknown_table_or_index_is_refused(table_store):
    with pytest.raises(InvalidError):
        table_store.get("nothing", Key("a", "1"))
    with pytest.raises(InvalidError):
        table_store.query("things", "a", index="nothing")
    with pytest.raises(InvalidError):
        table_store.transact([Put("nothing", thing())])


# -- limits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        {1},
        frozenset(),
        (1, 2),
        pytest.param(object(), id="object"),
        bytearray(b"x"),
        [1, 2.0],
        {"a": {"b": {1}}},
        {1: "a"},
        {"": 1},
        "\ud800",
        {"\udfff": 1},
    ],
    ids=repr,
)
def test_a_value_that_the_table_cannot_hold_is_refused(table_store, value):
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing(value=value))])
    with pytest.raises(InvalidError):
        table_store.transact([Update("things", Key("a", "1"), set={"value": value})])

    assert table_store.get("things", Key("a", "1")) is None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40])
def test_an_integer_over_64_bits_is_refused(table_store, number):
    with pytest.raises(LimitExceededError):
        table_store.transact([Put("things", thing(n=number))])


@pytest.mark.parametrize(
    "key", [Key("", "1"), Key("a", ""), Key("\ud800", "1"), Key("a", "\udc00"), Key(1, "1"), Key("a", None)]
)
def test_an_unfit_key_is_refused_everywhere(table_store, key):
    for call in (
        lambda: table_store.get("things", key),
        lambda: table_store.transact([Put("things", {"pk": key.partition, "sk": key.sort})]),
        lambda: table_store.transact([Update("things", key)]),
        lambda: table_store.transact([Delete("things", key)]),
        lambda: table_store.scan("things", after=key),
    ):
        with pytest.raises(InvalidError):
            call()


def test_keys_are_limited_in_bytes_and_not_in_characters(table_store):
    put(table_store, thing("é" * 1024, "é" * 512))

    assert table_store.get("things", Key("é" * 1024, "é" * 512)) is not None
    for key in (Key("é" * 1024 + "x", "1"), Key("a", "é" * 512 + "x")):
        with pytest.raises(LimitExceededError):
            table_store.get("things", key)
        with pytest.raises(LimitExceededError):
            table_store.transact([Put("things", {"pk": key.partition, "sk": key.sort})])


def test_an_item_without_its_keys_is_refused(table_store):
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", {"pk": "a"})])


def test_an_item_may_have_400_kb_and_not_a_byte_more(table_store):
    # Counted as DynamoDB does: names and values; here pk+a, sk+1, doc+value.
    room = 400 * 1024 - len("pka") - len("sk1") - len("doc")

    table_store.transact([Put("things", thing(doc=b"x" * room))])

    with pytest.raises(LimitExceededError):
        table_store.transact([Put("things", thing(doc=b"x" * (room + 1)))])
    with pytest.raises(LimitExceededError):
        table_store.transact([Update("things", Key("a", "1"), set={"d": "x"})])
    assert len(table_store.get("things", Key("a", "1"))["doc"]) == room


def test_values_may_be_nested_32_deep(table_store):
    deep = []
    for _ in range(31):
        deep = [deep]

    table_store.transact([Put("things", thing(deep=deep))])

    with pytest.raises(LimitExceededError):
        table_store.transact([Put("things", thing(deep=[deep]))])


def test_an_endless_value_is_refused(table_store):
    endless = []
    endless.append(endless)

    with pytest.raises(LimitExceededError):
        table_store.transact([Put("things", thing(endless=endless))])


def test_a_transaction_has_1_to_100_writes_and_events(table_store):
    writes = [Put("things", thing(sk=str(n))) for n in range(60)]

    table_store.transact(writes, [event(n) for n in range(40)])

    with pytest.raises(LimitExceededError):
        table_store.transact(writes, [event(n) for n in range(41)])
    with pytest.raises(LimitExceededError):
        table_store.transact([])


@pytest.mark.differs(dynamo="ministack counts bytes as base64, a third more than DynamoDB does")
def test_a_transaction_has_at_most_4_mb(table_store):
    writes = [Put("things", thing(sk=str(n), doc=b"x" * 380_000)) for n in range(11)]

    table_store.transact(writes)

    with pytest.raises(LimitExceededError):
        table_store.transact([*writes, Put("things", thing(sk="12", doc=b"x" * 380_000))])
    assert table_store.get("things", Key("a", "12")) is None


def test_a_transaction_must_not_name_an_item_twice(table_store):
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing()), Delete("things", Key("a", "1"))])
    with pytest.raises(InvalidError):
        table_store.transact([Update("things", Key("a", "1")), Check("things", Key("a", "1"), Exists())])


@pytest.mark.parametrize("limit", [0, -1, True, "5"])
def test_a_limit_must_be_a_positive_integer(table_store, limit):
    with pytest.raises(InvalidError):
        table_store.query("things", "a", limit=limit)
    with pytest.raises(InvalidError):
        table_store.scan("things", limit=limit)
    with pytest.raises(InvalidError):
        table_store.announced(0, limit=limit)


# -- conditions ------------------------------------------------------------------------------------------------

STORED = {"n": 5, "text": "x", "flag": True, "none": None, "list": [1], "map": {"a": 1, "b": [True]}}


@pytest.mark.parametrize(
    ("condition", "on_item", "on_nothing"),
    [
        (Exists(), True, False),
        (NotExists(), False, True),
        (Equals("n", 5), True, False),
        (Equals("n", 6), False, False),
        (Equals("flag", value=True), True, False),
        (Equals("flag", 1), False, False),
        (Equals("list", [1]), True, False),
        (Equals("list", [True]), False, False),
        (Equals("map", {"b": [True], "a": 1}), True, False),
        (Equals("map", {"a": 1, "b": [1]}), False, False),
        (Equals("none", None), True, False),
        (Equals("absent", None), False, False),
        (AtLeast("n", 5), True, False),
        (AtLeast("n", 6), False, False),
        (AtLeast("text", 0), False, False),
        (AtLeast("flag", 0), False, False),
        (AtLeast("absent", 0), False, False),
        (AtMost("n", 5), True, False),
        (AtMost("n", 4), False, False),
        (Missing("absent"), True, True),
        (Missing("none"), False, True),
        (All((Exists(), AtLeast("n", 5))), True, False),
        (All((Exists(), AtLeast("n", 6))), False, False),
        (Any((NotExists(), AtLeast("n", 5))), True, True),
        (Any((Equals("n", 1), All((Missing("n"), Exists())))), False, False),
    ],
    ids=repr,
)
def test_conditions_hold_when_they_say_so(table_store, condition, on_item, on_nothing):
    put(table_store, thing("there", **STORED))

    for partition, expected in (("there", on_item), ("nowhere", on_nothing)):
        write = Check("things", Key(partition, "1"), condition)
        if expected:
            table_store.transact([write])
        else:
            with pytest.raises(ConditionFailedError):
                table_store.transact([write])


def test_a_lost_condition_tells_which_and_what_was_there(table_store):
    put(table_store, thing("a", n=1))

    with pytest.raises(ConditionFailedError) as refusal:
        table_store.transact(
            [
                Put("things", thing("a", n=2), NotExists()),
                Put("things", thing("b", n=2), NotExists()),
                Update("things", Key("c", "1"), add={"n": 1}, condition=Exists()),
            ]
        )

    assert refusal.value.failed == (0, 2)
    assert refusal.value.items == {0: thing("a", n=1), 2: None}
    assert table_store.get("things", Key("b", "1")) is None


@pytest.mark.parametrize(
    "condition", [All(()), Any(()), "exists", Equals("n", 1.5), AtLeast("n", value=True), Missing("")], ids=repr
)
def test_a_senseless_condition_is_refused(table_store, condition):
    with pytest.raises(InvalidError):
        table_store.transact([Check("things", Key("a", "1"), condition)])


def test_a_condition_of_too_many_parts_is_refused(table_store):
    deep = Exists()
    for _ in range(5000):
        deep = All((deep,))

    for condition in (Any(tuple(Equals("n", n) for n in range(301))), deep):
        with pytest.raises(LimitExceededError):
            table_store.transact([Check("things", Key("a", "1"), condition)])


# -- updates and deletes ---------------------------------------------------------------------------------------


def test_an_update_adds_sets_and_removes(table_store):
    put(table_store, thing(n=1, old="x", text="a"))

    table_store.transact(
        [Update("things", Key("a", "1"), add={"n": 4, "fresh": -2}, set={"text": "b"}, remove=["old", "absent"])]
    )

    assert table_store.get("things", Key("a", "1")) == thing(n=5, fresh=-2, text="b")


def test_an_update_makes_a_missing_item_unless_told_not_to(table_store):
    table_store.transact([Update("things", Key("a", "1"), add={"n": 1})])
    with pytest.raises(ConditionFailedError):
        table_store.transact([Update("things", Key("b", "1"), add={"n": 1}, condition=Exists())])

    assert table_store.get("things", Key("a", "1")) == thing("a", n=1)
    assert table_store.get("things", Key("b", "1")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"set": {"pk": "b"}},
        {"add": {"sk": 1}},
        {"remove": ["sk"]},
        {"set": {"n": 1}, "add": {"n": 1}},
        {"set": {"n": 1}, "remove": ["n"]},
        {"add": {"text": 1}},
        {"add": {"flag": 1}},
        {"add": {"n": True}},
        {"add": {"n": 1.5}},
        {"add": {"n": 2**63 - 1}},
        {"remove": [""]},
    ],
    ids=repr,
)
def test_an_impossible_update_changes_nothing(table_store, change):
    put(table_store, thing(**STORED))

    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing("b")), Update("things", Key("a", "1"), **change)], [event(1)])

    assert table_store.get("things", Key("a", "1")) == thing(**STORED)
    assert table_store.get("things", Key("b", "1")) is None
    assert table_store.last_position() == 0


def test_deleting_nothing_is_no_error_unless_the_condition_says_so(table_store):
    table_store.transact([Delete("things", Key("a", "1"))])

    with pytest.raises(ConditionFailedError):
        table_store.transact([Delete("things", Key("a", "1"), Exists())])


def test_a_deleted_item_is_gone(table_store):
    put(table_store, thing(colour="red", made_at="1"))

    table_store.transact([Delete("things", Key("a", "1"), Exists())])

    assert table_store.get("things", Key("a", "1")) is None
    assert table_store.query("things", "red", index="by_colour").items == []


# -- queries ---------------------------------------------------------------------------------------------------


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
    put(table_store, *(thing(sk=str(n), doc=[[] for _ in range(90_000)]) for n in range(4)))

    assert [len(page) for page in walk(table_store, "things", "a")] == [2, 2]


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


# -- indexes ---------------------------------------------------------------------------------------------------


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


# -- transactions ----------------------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(table_store):
    put(table_store, thing("a", n=1), thing("gone"))

    with pytest.raises(ConditionFailedError):
        table_store.transact(
            [
                Put("things", thing("new", colour="red", made_at="1")),
                Update("things", Key("a", "1"), add={"n": 1}),
                Delete("things", Key("gone", "1")),
                Check("things", Key("nowhere", "1"), Exists()),
            ],
            [event(1)],
        )

    assert list(scan_all(table_store, "things")) == [thing("a", n=1), thing("gone")]
    assert table_store.query("things", "red", index="by_colour").items == []
    assert table_store.announced(0) == []


def test_a_refused_neighbour_in_the_same_group_takes_nobody_along(table_store):
    def attempt(number):
        try:
            condition = Exists() if number % 2 else NotExists()
            table_store.transact([Put("things", thing(sk=str(number)), condition)], [event(number)])
        except ConditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, range(200)))

    assert outcomes == [number % 2 == 0 for number in range(200)]
    assert len(list(scan_all(table_store, "things"))) == len(table_store.announced(0)) == 100


def test_one_of_many_racers_creates(table_store):
    barrier = threading.Barrier(16)

    def race(number):
        barrier.wait()
        try:
            table_store.transact([Put("things", thing(winner=number), NotExists())])
        except ConditionFailedError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(race, range(16)) if number is not None]

    assert winners == [table_store.get("things", Key("a", "1"))["winner"]]


def test_stock_is_never_oversold(table_store):
    put(table_store, thing("stock", left=100))
    one = Update("things", Key("stock", "1"), add={"left": -1}, condition=AtLeast("left", 1))

    def buy(_):
        try:
            table_store.transact([one])
        except ConditionFailedError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        sold = sum(pool.map(buy, range(160)))

    assert sold == 100
    assert table_store.get("things", Key("stock", "1"))["left"] == 0


def test_a_write_is_seen_by_every_thread_and_store_at_once(table_store, opener, clock):
    other = opener(clock)

    for number in range(20):
        table_store.transact([Put("things", thing(n=number))])

        assert other.get("things", Key("a", "1"))["n"] == number
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(table_store.get, "things", Key("a", "1")).result()["n"] == number


# -- tokens ----------------------------------------------------------------------------------------------------


def test_a_repeated_token_has_one_effect(table_store):
    for _ in range(3):
        table_store.transact([Update("things", Key("a", "1"), add={"n": 1})], [event(1)], token="t")

    assert table_store.get("things", Key("a", "1"))["n"] == 1
    assert len(table_store.announced(0)) == 1


def test_a_token_is_forgotten_after_ten_minutes_and_not_before(table_store, clock):
    write = Update("things", Key("a", "1"), add={"n": 1})
    table_store.transact([write], token="t")

    clock.advance(599)
    table_store.transact([write], token="t")
    assert table_store.get("things", Key("a", "1"))["n"] == 1

    clock.advance(1)
    table_store.transact([write], token="t")
    assert table_store.get("things", Key("a", "1"))["n"] == 2


def test_a_refused_transaction_does_not_use_up_its_token(table_store):
    write = Update("things", Key("a", "1"), add={"n": 1}, condition=Exists())
    with pytest.raises(ConditionFailedError):
        table_store.transact([write], token="t")
    put(table_store, thing(n=0))

    table_store.transact([write], token="t")

    assert table_store.get("things", Key("a", "1"))["n"] == 1


def test_a_token_for_another_transaction_is_refused(table_store):
    table_store.transact([Check("things", Key("a", "1"), NotExists())], token="t")

    with pytest.raises(TokenReusedError):
        table_store.transact([Check("things", Key("a", "1"), Exists())], token="t")
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing())], token="")


def test_racing_repeats_of_a_token_have_one_effect(table_store):
    write = Update("things", Key("a", "1"), add={"n": 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: table_store.transact([write], token="t"), range(40)))

    assert table_store.get("things", Key("a", "1"))["n"] == 1


# -- batches and loads -----------------------------------------------------------------------------------------


def test_a_batch_takes_any_number_in_order(table_store):
    writes = [Put("things", thing(sk=f"{n:05}")) for n in range(3000)]

    table_store.write_batch([*writes, Delete("things", Key("a", "00000")), Put("things", thing(sk="00001", last=True))])

    found = list(scan_all(table_store, "things"))
    assert len(found) == 2999
    assert found[0] == thing(sk="00001", last=True)


@pytest.mark.parametrize("write", [Put("things", thing(), NotExists()), Update("things", Key("a", "1"))], ids=repr)
def test_a_batch_takes_no_conditions_and_no_updates(table_store, write):
    with pytest.raises(InvalidError):
        table_store.write_batch([Put("things", thing("b")), write])

    assert list(scan_all(table_store, "things")) == []


def test_a_load_tells_of_each_transaction_and_goes_on(table_store):
    put(table_store, thing(sk="00007"))
    load = (
        (
            [Put("things", thing(sk=f"{n:05}"), NotExists()), Update("things", Key("count", "1"), add={"n": 1})],
            [event(n)],
        )
        for n in range(2500)
    )

    outcomes = table_store.load(load)

    assert len(outcomes) == 2500
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert outcomes[7].items == {0: thing(sk="00007")}
    assert table_store.get("things", Key("count", "1"))["n"] == 2499
    assert len(list(scan_all(table_store, "things"))) == 2501


def test_a_later_transaction_of_a_load_sees_the_earlier_ones(table_store):
    create = ([Put("things", thing(), NotExists())], [])

    assert [outcome is None for outcome in table_store.load([create, create])] == [True, False]


def test_an_invalid_transaction_stops_a_load_whole(table_store):
    good = ([Put("things", thing("good")), Put("things", thing("better"))], [])
    bad = ([Put("things", thing("half")), Update("things", Key("good", "1"), add={"pk": 1})], [])
    worse = ([Put("things", thing("half")), Update("things", Key("good", "1"), add={"colour": 1})], [])
    put(table_store, thing("good", colour="red"))

    for stop in (bad, worse):
        with pytest.raises(InvalidError):
            table_store.load([stop, good])

    assert table_store.get("things", Key("half", "1")) is None


def test_a_load_of_nothing_is_nothing(table_store):
    assert table_store.load([]) == []


def test_indexes_have_everything_of_a_lagging_load_when_they_caught_up(table_store):
    things = [thing(f"p{n}", colour="red" if n % 3 else "blue", made_at=f"{-n % 97:05}", doc=n) for n in range(300)]

    outcomes = table_store.load((([Put("things", one, NotExists())], []) for one in things), lagging=True)
    table_store.catch_up_indexes()

    assert outcomes == [None] * len(things)
    for colour in ("red", "blue"):
        assert in_index(table_store, "by_colour", colour) == indexed(things, colour)


@pytest.mark.parametrize(
    "change",
    [
        Put("things", thing("p1", colour="blue", made_at="1", doc=2)),
        Put("things", thing("p1", colour="red", made_at="1", doc=2)),
        Put("things", thing("p1", doc=2)),
        Update("things", Key("p1", "1"), set={"made_at": "0"}),
        Delete("things", Key("p1", "1")),
    ],
    ids=["moved", "shown otherwise", "out of the index", "reordered", "deleted"],
)
@pytest.mark.parametrize("also", ["by a transaction", "by a load", "and loaded again"])
def test_what_changes_before_indexes_caught_up_stays_as_it_was_changed(table_store, change, also):
    first = [thing(f"p{n}", colour="red", made_at=str(n), doc=1) for n in range(3)]
    table_store.load([([Put("things", one)], []) for one in first], lagging=True)

    if also == "by a load":
        table_store.load([([change], [])], lagging=True)
    else:
        table_store.transact([change])
    if also == "and loaded again":
        table_store.transact([Delete("things", Key("p1", "1"))])
        table_store.load([([Put("things", thing("p1", colour="red", made_at="2", doc=3))], [])], lagging=True)
    table_store.catch_up_indexes()

    there = list(scan_all(table_store, "things"))
    for colour in ("red", "blue"):
        assert in_index(table_store, "by_colour", colour) == indexed(there, colour)


def test_indexes_that_are_behind_nothing_have_nothing_to_catch_up(table_store):
    put(table_store, thing(colour="red", made_at="1"))

    table_store.catch_up_indexes()
    table_store.catch_up_indexes()

    assert len(in_index(table_store, "by_colour", "red")) == 1


def in_index(store, index, partition):
    """Return what an index shows, in its order."""
    return [
        (item["made_at"], item["pk"], item["sk"], item.get("doc"))
        for page in walk(store, "things", partition, index=index)
        for item in page
    ]


def indexed(things, colour):
    """Return what `in_index` must find of these things."""
    return sorted(
        (one["made_at"], one["pk"], one["sk"], one.get("doc"))
        for one in things
        if one.get("colour") == colour and "made_at" in one
    )


# -- events ----------------------------------------------------------------------------------------------------


def test_events_come_back_in_commit_order_as_they_were(table_store):
    sent = [event(n, data=b'{"n": %d}' % n) for n in range(5)]
    table_store.transact([Put("things", thing())], sent[:2])
    for one in sent[2:]:
        table_store.transact([], [one])

    found = table_store.announced(0)

    assert [one.event for one in found] == sent
    assert table_store.last_position() == found[-1].position
    assert [one.event for one in table_store.announced(found[1].position, limit=2)] == sent[2:4]
    assert table_store.announced(found[-1].position) == []


def test_positions_are_never_used_again(table_store):
    assert table_store.last_position() == 0
    table_store.transact([], [event(1), event(2)])
    last = table_store.last_position()

    table_store.trim_announced(last)

    assert table_store.announced(0) == []
    assert table_store.last_position() == table_store.forgotten() == last
    table_store.transact([], [event(3)])
    assert [one.event.id for one in table_store.announced(last)] == ["evt_3"]


def test_trimming_forgets_up_to_a_position(table_store):
    table_store.transact([], [event(n) for n in range(5)])
    third = table_store.announced(0)[2].position
    assert table_store.forgotten() == 0

    table_store.trim_announced(third)

    assert [one.event.id for one in table_store.announced(0)] == ["evt_3", "evt_4"]
    assert table_store.forgotten() == third


def test_large_events_come_in_several_answers(table_store):
    for number in range(45):
        table_store.transact([], [event(number, data=b"x" * 120_000)])

    seen, position = [], 0
    while found := table_store.announced(position):
        seen += [one.event.version for one in found]
        position = found[-1].position

    assert seen == list(range(45))


@pytest.mark.parametrize(
    "bad", [event(2**63), event(1, resource="\ud800"), event(1, data=b"x" * 409_601)], ids=["version", "text", "size"]
)
def test_an_unfit_event_is_refused(table_store, bad):
    with pytest.raises(InvalidError):
        table_store.transact([Put("things", thing())], [bad])

    assert table_store.get("things", Key("a", "1")) is None


def test_a_follower_misses_no_event_of_eight_writing_threads(table_store):
    def produce(thread):
        for number in range(50):
            table_store.transact(
                [Put("things", thing(f"{thread}", f"{number}"))], [event(number, resource=f"{thread}")]
            )

    seen, position = [], 0
    with ThreadPoolExecutor(8) as pool:
        producers = [pool.submit(produce, thread) for thread in range(8)]
        while True:
            finished = all(producer.done() for producer in producers)
            found = table_store.announced(position, limit=7)
            seen += [(one.event.resource, one.event.version) for one in found]
            position = found[-1].position if found else position
            if finished and not found:
                break

    assert len(seen) == len(set(seen)) == 400
    for thread in range(8):
        # One thread's commits are in the order of its calls.
        assert [version for resource, version in seen if resource == f"{thread}"] == list(range(50))


# -- expiry ----------------------------------------------------------------------------------------------------


def guest(sk="1", expires_at=NOW + 60, **attributes):
    return thing("g", sk, expires_at=expires_at, room="r", since=sk, **attributes)


def test_an_expired_item_is_hidden_from_every_read(table_store, clock):
    put(table_store, guest("1"), guest("2", NOW + 120), guest("3", None), table="guests")
    clock.advance(60)

    assert table_store.get("guests", Key("g", "1")) is None
    assert table_store.batch_get("guests", [Key("g", "1")]) == {}
    assert sorts(table_store.query("guests", "g")) == ["2", "3"]
    assert sorts(table_store.query("guests", "g", limit=1)) == ["2"]
    assert sorts(table_store.query("guests", "r", index="by_room")) == ["2", "3"]
    assert sorts(table_store.scan("guests")) == ["2", "3"]


def test_an_item_is_there_until_its_last_second(table_store, clock):
    put(table_store, guest("1"), table="guests")
    clock.advance(59)

    assert table_store.get("guests", Key("g", "1")) is not None


def test_an_expired_item_counts_as_absent_in_conditions_and_updates(table_store, clock):
    put(table_store, guest("1", n=5), guest("2", n=5), table="guests")
    clock.advance(60)

    with pytest.raises(ConditionFailedError) as refusal:
        table_store.transact([Update("guests", Key("g", "1"), add={"n": 1}, condition=Exists())])
    assert refusal.value.items == {0: None}
    table_store.transact([Update("guests", Key("g", "1"), add={"n": 1})])
    table_store.transact([Put("guests", thing("g", "2", room="s", since="9"), NotExists())])

    assert table_store.get("guests", Key("g", "1")) == thing("g", "1", n=1)
    assert table_store.query("guests", "r", index="by_room").items == []
    assert sorts(table_store.query("guests", "s", index="by_room")) == ["2"]


def test_a_longer_life_reaches_the_index_too(table_store, clock):
    put(table_store, guest("1"), table="guests")
    table_store.transact([Update("guests", Key("g", "1"), set={"expires_at": NOW + 600})])
    clock.advance(60)

    assert sorts(table_store.query("guests", "r", index="by_room")) == ["1"]


@pytest.mark.differs(dynamo="DynamoDB deletes expired items by itself, so that there is nothing to sweep")
def test_sweeping_deletes_what_has_expired_a_bite_at_a_time(table_store, clock):
    put(table_store, *(guest(str(n), NOW + n) for n in range(10)), table="guests")
    clock.advance(5)

    assert table_store.sweep_expired(limit=4) == 4
    assert table_store.sweep_expired(limit=4) == 2
    assert table_store.sweep_expired(limit=4) == 0

    clock.advance(-5)  # what was only hidden would show again
    assert sorts(table_store.query("guests", "g")) == ["6", "7", "8", "9"]
    assert sorts(table_store.query("guests", "r", index="by_room")) == ["6", "7", "8", "9"]


# -- rates -----------------------------------------------------------------------------------------------------


@RATES
def test_a_partition_takes_1000_write_units_a_second(opener, clock):
    store = opener(clock, max_rates=True)
    for number in range(1000):
        store.transact([Put("things", thing("hot", str(number % 10)))])

    with pytest.raises(ThrottledError):
        store.transact([Put("things", thing("hot", "x")), Put("things", thing("cold"))])
    assert store.get("things", Key("cold", "1")) is None

    store.transact([Put("things", thing("cold"))])
    clock.advance(1)
    store.transact([Put("things", thing("hot", "x"))])


@RATES
def test_write_units_are_kilobytes_and_transactions_cost_double(opener, clock):
    store = opener(clock, max_rates=True)
    large = [Put("things", thing("hot", str(n), doc=b"x" * 100_000)) for n in range(4)]

    store.transact(large)

    with pytest.raises(ThrottledError):
        store.transact(large[:2])
    store.transact(large[:1])


@RATES
def test_a_partition_gives_3000_read_units_a_second(opener, clock):
    store = opener(clock, max_rates=True)
    store.transact([Put("things", thing("hot", doc=b"x" * 400_000))])
    for _ in range(31):
        store.get("things", Key("hot", "1"))

    with pytest.raises(ThrottledError):
        store.get("things", Key("hot", "1"))
    with pytest.raises(ThrottledError):
        store.query("things", "hot")

    assert store.get("things", Key("cold", "1")) is None
    clock.advance(1)
    assert store.get("things", Key("hot", "1")) is not None


# -- closing ---------------------------------------------------------------------------------------------------


def test_a_closed_store_says_that_it_is_closed(table_store):
    put(table_store, thing())
    table_store.close()

    for call in (
        lambda: table_store.get("things", Key("a", "1")),
        lambda: table_store.query("things", "a"),
        lambda: table_store.scan("things"),
        lambda: table_store.transact([Put("things", thing())]),
        lambda: table_store.load([([Put("things", thing())], [])]),
        lambda: table_store.announced(0),
        table_store.last_position,
        lambda: table_store.trim_announced(1),
        table_store.sweep_expired,
    ):
        with pytest.raises(UnavailableError):
            call()
    table_store.close()


def test_what_was_written_is_there_after_reopening(opener, clock, table_store):
    table_store.transact([Put("things", thing(colour="red", made_at="1"))], [event(1)])
    table_store.close()

    again = opener(clock)

    assert again.get("things", Key("a", "1")) == thing(colour="red", made_at="1")
    assert sorts(again.query("things", "red", index="by_colour")) == ["1"]
    assert again.last_position() == 1


# -- against a model -------------------------------------------------------------------------------------------

_keys = st.builds(Key, st.sampled_from(["a", "b", "é"]), st.sampled_from(["1", "10", "2", "\uffff", "\U0001f600"]))
_scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x"]), st.binary(max_size=2))
_attributes = st.fixed_dictionaries(
    {},
    optional={
        "colour": st.sampled_from(["red", "blue"]),
        "made_at": st.sampled_from(["1", "2"]),
        "n": st.integers(-3, 3),
        "doc": st.one_of(_scalars, st.lists(_scalars, max_size=2), st.dictionaries(st.sampled_from("ab"), _scalars)),
    },
)
_conditions = st.recursive(
    st.one_of(
        st.none(),
        st.just(Exists()),
        st.just(NotExists()),
        st.builds(Equals, st.sampled_from(["n", "doc"]), _scalars),
        st.builds(AtLeast, st.just("n"), st.integers(-3, 3)),
        st.builds(AtMost, st.just("n"), st.integers(-3, 3)),
        st.builds(Missing, st.sampled_from(["n", "doc"])),
    ),
    lambda parts: st.builds(
        lambda kind, some: kind(tuple(part for part in some if part is not None) or (Exists(),)),
        st.sampled_from([All, Any]),
        st.lists(parts, min_size=1, max_size=2),
    ),
    max_leaves=3,
)
_writes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _keys, _attributes, _conditions),
        st.tuples(st.just("add"), _keys, st.integers(-3, 3), _conditions),
        st.tuples(st.just("set"), _keys, _attributes, _conditions),
        st.tuples(st.just("delete"), _keys, st.none(), _conditions),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda write: write[1],
)


def expected_of(condition, item):  # noqa: PLR0911 - one return a kind reads best
    """Say by hand what a condition should come to; `repr` tells 1 from True."""
    match condition:
        case None:
            return True
        case Exists():
            return item is not None
        case NotExists():
            return item is None
        case Missing(attribute):
            return attribute not in (item or {})
        case Equals(attribute, value):
            return attribute in (item or {}) and repr(item[attribute]) == repr(value)
        case AtLeast(attribute, value):
            return attribute in (item or {}) and item[attribute] >= value
        case AtMost(attribute, value):
            return attribute in (item or {}) and item[attribute] <= value
        case All(parts):
            return all(expected_of(part, item) for part in parts)
        case Any(parts):
            return any(expected_of(part, item) for part in parts)


class TableMachine(RuleBasedStateMachine):
    """Does to a store and to a dict the same things, and compares."""

    open_store = None

    def __init__(self):
        super().__init__()
        self.store, self.close_store = type(self).open_store()
        self.items = {}
        self.events = []
        self.number = 0

    def teardown(self):
        self.close_store()

    @rule(writes=_writes)
    def transact(self, writes):
        self.number += 1
        changes = [self._change(*write) for write in writes]
        lost = {n for n, write in enumerate(writes) if not expected_of(write[3], self.items.get(write[1]))}
        announcement = event(self.number)
        if lost:
            with pytest.raises(ConditionFailedError) as refusal:
                self.store.transact([write for write, _ in changes], [announcement])
            assert refusal.value.items == {n: self.items.get(writes[n][1]) for n in lost}
            return
        self.store.transact([write for write, _ in changes], [announcement])
        self.events.append(announcement)
        for (_, key, _, _), (_, item) in zip(writes, changes, strict=True):
            self.items.pop(key, None)
            if item is not None:
                self.items[key] = item

    def _change(self, kind, key, content, condition):
        before = self.items.get(key) or {"pk": key.partition, "sk": key.sort}
        if kind == "put":
            item = {"pk": key.partition, "sk": key.sort, **content}
            return Put("things", item, condition), item
        if kind == "delete":
            return Delete("things", key, condition), None
        if kind == "add":
            return Update("things", key, add={"n": content}, condition=condition), before | {
                "n": before.get("n", 0) + content
            }
        return Update("things", key, set=content, condition=condition), before | content

    @rule(key=_keys)
    def get(self, key):
        assert repr(self.store.get("things", key)) in self._reprs(key)

    def _reprs(self, key):
        item = self.items.get(key)
        found = self.store.get("things", key)
        # Order of attributes is not promised, kinds are.
        assert (item is None) == (found is None)
        return (
            [repr(found)] if item is None or sorted(map(repr, item.items())) == sorted(map(repr, found.items())) else []
        )

    @rule(partition=st.sampled_from(["a", "b", "é"]), limit=st.integers(1, 4), descending=st.booleans())
    def query(self, partition, limit, descending):
        found = [i for page in walk(self.store, "things", partition, limit=limit, descending=descending) for i in page]
        keys = sorted(
            (k for k in self.items if k.partition == partition), key=lambda k: k.sort.encode(), reverse=descending
        )
        assert found == [self.items[key] for key in keys]

    @rule(colour=st.sampled_from(["red", "blue"]), limit=st.integers(1, 4), descending=st.booleans())
    def query_index(self, colour, limit, descending):
        found = [
            (i["made_at"], i["pk"].encode(), i["sk"].encode())
            for page in walk(self.store, "things", colour, index="by_colour", limit=limit, descending=descending)
            for i in page
        ]
        expected = [
            (i["made_at"], i["pk"].encode(), i["sk"].encode())
            for i in self.items.values()
            if i.get("colour") == colour and "made_at" in i
        ]
        assert found == sorted(expected, reverse=descending)

    @precondition(lambda self: self.items)
    @rule()
    def scan(self):
        assert {Key(i["pk"], i["sk"]): i for i in scan_all(self.store, "things")} == self.items

    @invariant()
    def events_are_those_of_committed_transactions(self):
        assert [one.event for one in self.store.announced(0)] == self.events


@pytest.mark.parametrize("adapter", ["dynamo", "local"])
def test_a_store_behaves_as_a_dict_would(adapter, tmp_path_factory):
    class Machine(TableMachine):
        @staticmethod
        def open_store():
            return ADAPTERS[adapter](tmp_path_factory.mktemp("machine"), SettableClock(START))

    examples = 60 if adapter == "local" else 8  # each makes tables, and every step is a call over a connection
    Machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=20, deadline=None)
    test = Machine.TestCase("runTest")
    test.runTest()


def test_an_event_that_would_not_fit_into_a_message_is_refused_with_its_transaction(table_store):
    event = Event("evt_1", "thing.changed", "thing_1", 1, "2026-01-01T00:00:00.000Z", b"x" * (MAX_EVENT_DATA_BYTES + 1))

    with pytest.raises(LimitExceededError):
        table_store.transact([], [event])

    assert table_store.last_position() == 0
