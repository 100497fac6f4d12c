"""Show what became of deliveries, and let staff ask for them again."""

from datetime import datetime

import msgspec

from bodega import schema
from bodega.domain.webhooks.backoff import GIVE_UP_AFTER
from bodega.domain.webhooks.lanes import Lanes, joining
from bodega.domain.webhooks.model import Delivery, DeliveryState
from bodega.domain.webhooks.records import (
    delivery_item,
    delivery_key,
    is_id,
    lane_key,
    lane_name,
    read_delivery,
    state_partition,
)
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.table import ConditionFailedError, Equals, Key, Put, TableStore
from bodega.values.page import Page, Position

_SEPARATOR = "\x1f"
_TRIES = 10


class Deliveries:
    """The delivery log of every endpoint, kept for 30 days after the last attempt."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lanes = Lanes(table)

    def list(
        self, endpoint_id: str, *, state: DeliveryState | None = None, position: Position | None = None, limit: int = 24
    ) -> Page[Delivery]:
        """Return an endpoint's deliveries, those of the newest events first."""
        after = None
        if position is not None:
            sort, _, index_sort = position.after.partition(_SEPARATOR)
            after = Key(endpoint_id, sort, index_sort or None)
        page = self._table.query(
            schema.DELIVERIES,
            endpoint_id if state is None else state_partition(endpoint_id, state),
            index=None if state is None else "by_state",
            after=after,
            descending=True,
            limit=limit,
        )
        last = page.last
        return Page(
            rows=[read_delivery(item) for item in page.items],
            next=Position(f"{last.sort}{_SEPARATOR}{last.index_sort or ''}") if last is not None else None,
        )

    def get(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Return a delivery; NotFoundError if there is none, or no more."""
        if is_id(endpoint_id, "hook") and is_id(delivery_id, "dlv"):
            item = self._table.get(schema.DELIVERIES, delivery_key(endpoint_id, delivery_id))
            if item is not None:
                return read_delivery(item)
        raise NotFoundError("delivery", delivery_id[:80])

    def redeliver(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Deliver again what was delivered, given up or skipped, and at once what waits for its next attempt.

        It takes its place in its resource's order among what waits, however stale it is, and has 24 hours again.
        """
        for _ in range(_TRIES):
            old = self.get(endpoint_id, delivery_id)
            lane = lane_name(endpoint_id, old.event.resource)
            now = self._clock.now()
            if old.state == "pending":
                self._lanes.hasten(lane, now)
                return old
            again = _again(old, now)
            item = self._table.get(schema.LANES, lane_key(lane))
            unchanged = Equals("state", old.state)
            try:
                self._table.transact(
                    [Put(schema.DELIVERIES, delivery_item(again), unchanged), *joining(item, [again], now)]
                )
            except ConditionFailedError:
                continue
            return again
        raise ConflictError("this delivery changes too fast; try again")

    def redrive(self, endpoint_id: str, *, limit: int = 100) -> int:
        """Deliver again up to `limit` of what was given up, oldest first; return how many that were."""
        partition = state_partition(endpoint_id, "given_up")
        page = self._table.query(schema.DELIVERIES, partition, index="by_state", limit=limit)
        for item in page.items:
            self.redeliver(endpoint_id, read_delivery(item).id)
        return len(page.items)


def _again(old: Delivery, now: datetime) -> Delivery:
    return msgspec.structs.replace(
        old,
        state="pending",
        updated_at=now,
        give_up_at=now + GIVE_UP_AFTER,
        next_attempt_at=now,
        note="",
        forced=True,
    )
