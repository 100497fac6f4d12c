"""Events are told of in the order of commits, and none is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from things import event, thing

from bodega.errors import InvalidError
from bodega.ports.table import (
    MAX_EVENT_DATA_BYTES,
    Event,
    Key,
    LimitExceededError,
    Put,
)


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


def test_an_event_that_would_not_fit_into_a_message_is_refused_with_its_transaction(table_store):
    event = Event("evt_1", "thing.changed", "thing_1", 1, "2026-01-01T00:00:00.000Z", b"x" * (MAX_EVENT_DATA_BYTES + 1))

    with pytest.raises(LimitExceededError):
        table_store.transact([], [event])

    assert table_store.last_position() == 0
