"""What a table takes and gives back, and the limits of items, keys and transactions."""

import pytest
from things import event, put, thing

from bodega.errors import InvalidError
from bodega.ports.table import (
    Check,
    Delete,
    Exists,
    Key,
    LimitExceededError,
    Put,
    Update,
)


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
