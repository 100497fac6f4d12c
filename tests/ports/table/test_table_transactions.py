"""Transactions are all or nothing, and a token gives them one effect."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from things import event, put, thing

from bodega.errors import InvalidError
from bodega.ports.table import (
    AtLeast,
    Check,
    ConditionFailedError,
    Delete,
    Exists,
    Key,
    NotExists,
    Put,
    TokenReusedError,
    Update,
    scan_all,
)


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
