"""Make a delivery of every committed event for every endpoint that wants it, in the order of commits."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.webhooks.backoff import GIVE_UP_AFTER
from bodega.domain.webhooks.endpoints import Endpoints
from bodega.domain.webhooks.lanes import joining
from bodega.domain.webhooks.model import Delivery, Endpoint, Fact
from bodega.domain.webhooks.records import delivery_id, delivery_item, delivery_key, lane_key, lane_name
from bodega.errors import ConflictError, InvalidError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.queue import Message, Queue
from bodega.ports.table import (
    MAX_BATCH_GET,
    Announced,
    AtMost,
    ConditionFailedError,
    Event,
    Item,
    Key,
    Missing,
    NotExists,
    Put,
    TableStore,
    Write,
)
from bodega.ports.table import Any as AnyOf
from bodega.values.decode import decode_json

QUEUE = "webhooks"
_log = logging.getLogger(__name__)
_POSITION = Key("consumers", "webhooks")
_BATCH = 500
_TRIES = 20
_RETRY_SECONDS = 5.0
_LEASE_SECONDS = 60.0
# Of one lane in one transaction: two writes each and one for the lane, of 100; data of 128 KiB each, of 4 MB.
_TOGETHER = 20


class FanOut:
    """Follows the change stream. Handling an event again, or after later ones, adds nothing that is not missing.

    It reads the stream itself, because queues promise no order: a later version of a resource must not get into a lane
    before an earlier one. An event that cannot be handled steps aside into a queue, where it is tried again and at last
    becomes a dead letter, so that it holds up nobody.
    """

    def __init__(self, *, table: TableStore, endpoints: Endpoints, queue: Queue, clock: Clock) -> None:
        self._table = table
        self._endpoints = endpoints
        self._queue = queue
        self._clock = clock

    def position(self) -> int:
        """Return the place in the change stream up to which every event is on its way."""
        item = self._table.get(schema.SYSTEM, _POSITION)
        return cast("int", item["position"]) if item else 0

    def work_once(self) -> int:
        """Handle the next events of the stream and those that stepped aside; return how many there were."""
        announced = self._table.announced(self.position(), limit=_BATCH)
        if announced:
            # Read after the events: an endpoint that was there before an event was committed is among them.
            endpoints = self._endpoints.list()
            self._handle_all(announced, endpoints)
            self._advance(announced[-1].position)
        return len(announced) + self._work_aside()

    def handle(self, announced: Sequence[Announced], endpoints: Sequence[Endpoint]) -> None:
        """Make the deliveries of events; InvalidError for one that nobody could read."""
        now = self._clock.now()
        lanes: dict[str, list[Delivery]] = {}
        for one in announced:
            for delivery in _deliveries(one, endpoints, now):
                lanes.setdefault(lane_name(delivery.endpoint_id, delivery.event.resource), []).append(delivery)
        # A lane's earlier deliveries are all in it before its next ones are tried.
        while lanes:
            self._join({lane: sorted(waiting[:_TOGETHER], key=_by_version) for lane, waiting in lanes.items()}, now)
            lanes = {lane: waiting[_TOGETHER:] for lane, waiting in lanes.items() if len(waiting) > _TOGETHER}

    # -- inside

    def _handle_all(self, announced: Sequence[Announced], endpoints: Sequence[Endpoint]) -> None:
        if not endpoints:
            return
        try:
            self.handle(announced, endpoints)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001  # one of them is at fault: find it, and let the others pass
            for one in announced:
                self._handle_or_set_aside(one, endpoints)

    def _handle_or_set_aside(self, one: Announced, endpoints: Sequence[Endpoint]) -> None:
        try:
            self.handle([one], endpoints)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001  # the queue counts it and shows it to staff
            _log.exception("event stepped aside", extra={"event": one.event.id})
            self._queue.send(QUEUE, [msgspec.json.encode(one)], delay_seconds=_RETRY_SECONDS)

    def _work_aside(self) -> int:
        messages = self._queue.receive(QUEUE, limit=10, lease_seconds=_LEASE_SECONDS)
        for message in messages:
            self._retry(message)
        return len(messages)

    def _retry(self, message: Message) -> None:
        try:
            one = msgspec.json.decode(message.body, type=Announced)
            self.handle([one], self._endpoints.list())
        except Exception as exc:  # noqa: BLE001  # whatever it is, the queue keeps it, counts, and shows it to staff
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_RETRY_SECONDS)
        else:
            self._queue.done(QUEUE, message.receipt)

    def _join(self, lanes: dict[str, list[Delivery]], now: datetime) -> None:
        found = self._read_lanes(list(lanes))
        planned = [(lane, waiting, _writes(found.get(lane), waiting, now)) for lane, waiting in lanes.items()]
        outcomes = self._table.load((writes, ()) for _, _, writes in planned)
        for (lane, waiting, _), failure in zip(planned, outcomes, strict=True):
            if failure is not None:
                self._join_singly(lane, waiting, now)

    def _join_singly(self, lane: str, waiting: Sequence[Delivery], now: datetime) -> None:
        for _ in range(_TRIES):
            keys = [delivery_key(one.endpoint_id, one.id) for one in waiting]
            there = self._table.batch_get(schema.DELIVERIES, keys)
            missing = [one for one, key in zip(waiting, keys, strict=True) if key not in there]
            if not missing:
                return  # it was handled before
            try:
                item = self._table.get(schema.LANES, lane_key(lane))
                self._table.transact(_writes(item, missing, now))
            except ConditionFailedError:
                continue
            return
        raise ConflictError("this lane changes too fast; try again")

    def _read_lanes(self, lanes: Sequence[str]) -> dict[str, Item]:
        found: dict[str, Item] = {}
        for start in range(0, len(lanes), MAX_BATCH_GET):
            page = self._table.batch_get(
                schema.LANES, [lane_key(lane) for lane in lanes[start : start + MAX_BATCH_GET]]
            )
            found |= {key.partition: item for key, item in page.items()}
        return found

    def _advance(self, position: int) -> None:
        item: Item = {"name": _POSITION.partition, "part": _POSITION.sort, "position": position}
        forwards = AnyOf((Missing("position"), AtMost("position", position)))
        try:
            self._table.transact([Put(schema.SYSTEM, item, forwards)])
        except ConditionFailedError:
            return  # another worker is further on


def _deliveries(one: Announced, endpoints: Sequence[Endpoint], now: datetime) -> Iterator[Delivery]:
    wanted = [endpoint for endpoint in endpoints if endpoint.wants(one.event.name, one.position)]
    if not wanted:
        return
    fact = _fact(one.event)
    for endpoint in wanted:
        yield Delivery(
            id=delivery_id(endpoint.id, one.event.id, one.position),
            endpoint_id=endpoint.id,
            event=fact,
            created_at=now,
            updated_at=now,
            give_up_at=now + GIVE_UP_AFTER,
            next_attempt_at=now,
        )


def _fact(event: Event) -> Fact:
    decode_json(event.data, dict)  # what is no JSON document would break every receiver
    if event.version < 0:
        raise InvalidError(f"event {event.id!r} has a negative version")
    return Fact(event.id, event.name, event.resource, event.version, event.occurred_at, msgspec.Raw(event.data))


def _writes(lane: Item | None, waiting: Sequence[Delivery], now: datetime) -> list[Write]:
    kept = [Put(schema.DELIVERIES, delivery_item(one), NotExists()) for one in waiting]
    return [*kept, *joining(lane, waiting, now)]


def _by_version(delivery: Delivery) -> tuple[int, str]:
    return delivery.event.version, delivery.id
