"""Batches and loads write much at once, and indexes catch up with them."""

import pytest
from things import event, put, thing, walk

from bodega.errors import InvalidError
from bodega.ports.table import (
    Delete,
    Key,
    NotExists,
    Put,
    Update,
    scan_all,
)


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


def test_a_load_tells_of_each_transaction_and_goes_on(table_store, adapter):
    # More than the laptop puts into one commit; to an engine each is a call over a connection.
    count = 2500 if adapter == "local" else 250
    put(table_store, thing(sk="00007"))
    load = (
        (
            [Put("things", thing(sk=f"{n:05}"), NotExists()), Update("things", Key("count", "1"), add={"n": 1})],
            [event(n)],
        )
        for n in range(count)
    )

    outcomes = table_store.load(load)

    assert len(outcomes) == count
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert outcomes[7].items == {0: thing(sk="00007")}
    assert table_store.get("things", Key("count", "1"))["n"] == count - 1
    assert len(list(scan_all(table_store, "things"))) == count + 1


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
