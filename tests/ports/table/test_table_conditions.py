"""When conditions hold, what a lost one tells, and what updates and deletes do under them."""

import pytest
from things import event, put, thing

from bodega.errors import InvalidError
from bodega.ports.table import (
    All,
    Any,
    AtLeast,
    AtMost,
    Check,
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Key,
    LimitExceededError,
    Missing,
    NotExists,
    Put,
    Update,
)

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
