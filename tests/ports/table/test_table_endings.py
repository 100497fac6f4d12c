"""What ends: the life of items, the patience of a partition, and the store itself."""

import pytest
from things import NOW, event, put, sorts, thing

from bodega.errors import UnavailableError
from bodega.ports.table import (
    ConditionFailedError,
    Exists,
    Key,
    NotExists,
    Put,
    ThrottledError,
    Update,
)

RATES = pytest.mark.differs(dynamo="how much a partition takes is DynamoDB's own business; the laptop imitates it")


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
