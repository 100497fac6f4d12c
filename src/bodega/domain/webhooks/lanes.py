"""Keep deliveries of one resource to one endpoint in order: a lane, of which only the first delivery is attempted.

A lane is an item that says how many deliveries wait in it (`waiting`) and, while there are any, when its first is due
(`due_at`), beside one item for each of them. Whoever works on a lane claims it by moving `due_at` to when the claim
ends; if they die, it is due again. All changes are conditional, so that any number of workers and writers may meet.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from bodega import schema
from bodega.domain.webhooks.model import Delivery
from bodega.domain.webhooks.records import WAITING_PREFIX, expiry, lane_key, lane_name, waiting_key
from bodega.errors import ConflictError
from bodega.ports.table import (
    All,
    AtLeast,
    AtMost,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    Missing,
    NotExists,
    Put,
    SortRange,
    TableStore,
    Update,
    Write,
)
from bodega.ports.table import Any as AnyOf
from bodega.values.times import format_time

LEASE = timedelta(seconds=60)
_NOTHING = -1


class LaneLostError(ConflictError):
    """The claim ended and somebody else works on the lane; what was done counts only once they see it."""

    code = "lane_lost"


class Claim(NamedTuple):
    """The right to work on a lane until the lease ends; `delivered` is the newest version that was, or -1."""

    lane: str
    endpoint_id: str
    token: str
    delivered: int


class Head(NamedTuple):
    """The first delivery of a lane."""

    key: Key
    version: int
    delivery_id: str


def joining(lane: Item | None, deliveries: Sequence[Delivery], now: datetime) -> list[Write]:
    """Return what puts deliveries of one resource into their lane, and wakes it if nothing waits there.

    `lane` is the lane's item as it was read. ConditionFailedError at commit if a delivery waits already, or the lane
    fell idle or awoke meanwhile: read it again.
    """
    first = deliveries[0]
    name = lane_name(first.endpoint_id, first.event.resource)
    expires = expiry(now)
    writes: list[Write] = []
    for one in deliveries:
        key = waiting_key(name, one.event.version, one.id)
        item: Item = {"lane": key.partition, "entry": key.sort, "expires_at": expires, "delivery_id": one.id}
        writes.append(Put(schema.LANES, item | {"version": one.event.version}, NotExists()))
    busy = lane is not None and cast("int", lane.get("waiting", 0)) > 0
    change: Item = {"expires_at": expires}
    if not busy:
        change |= {"due_at": format_time(now), "endpoint_id": first.endpoint_id}
    state = AtLeast("waiting", 1) if busy else AnyOf((Missing("waiting"), AtMost("waiting", 0)))
    added = {"waiting": len(deliveries)}
    return [*writes, Update(schema.LANES, lane_key(name), set=change, add=added, condition=state)]


class Lanes:
    """The lanes of all endpoints."""

    def __init__(self, table: TableStore) -> None:
        self._table = table

    def due(self, endpoint_id: str, now: datetime, *, limit: int) -> Sequence[str]:
        """Return up to `limit` lanes of an endpoint that are due and not claimed, longest due first."""
        until = SortRange(high=format_time(now))
        page = self._table.query(schema.LANES, endpoint_id, index="by_due", sort=until, limit=limit)
        return [cast("str", item["lane"]) for item in page.items]

    def claim(self, lane: str, now: datetime, token: str) -> Claim | None:
        """Claim a lane; None if it is not due any more or somebody else was first."""
        item = self._table.get(schema.LANES, lane_key(lane))
        if item is None or "due_at" not in item or cast("str", item["due_at"]) > format_time(now):
            return None
        lease: Item = {"due_at": format_time(now + LEASE), "claim": token, "expires_at": expiry(now)}
        unchanged = All((Equals("due_at", item["due_at"]), _claimed_by(item.get("claim"))))
        try:
            self._table.transact([Update(schema.LANES, lane_key(lane), set=lease, condition=unchanged)])
        except ConditionFailedError:
            return None
        return Claim(lane, cast("str", item["endpoint_id"]), token, cast("int", item.get("delivered", _NOTHING)))

    def head(self, claim: Claim) -> Head | None:
        """Return the first delivery that waits in a lane, None if there is none."""
        page = self._table.query(schema.LANES, claim.lane, sort=SortRange(prefix=WAITING_PREFIX), limit=1)
        for item in page.items:
            key = Key(claim.lane, cast("str", item["entry"]))
            return Head(key, cast("int", item["version"]), cast("str", item["delivery_id"]))
        return None

    def finish(
        self, claim: Claim, head: Head, writes: Sequence[Write], *, delivered: bool, now: datetime
    ) -> Claim | None:
        """Take the first delivery out of its lane, together with other writes.

        Returns the claim, renewed, if more wait; None if the lane is idle now. LaneLostError, and nothing written, if
        the claim has ended.
        """
        newest = max(claim.delivered, head.version) if delivered else claim.delivered
        known: Item = {"expires_at": expiry(now)}
        if newest > _NOTHING:
            known["delivered"] = newest
        gone = Delete(schema.LANES, head.key)
        last = Update(
            schema.LANES,
            lane_key(claim.lane),
            set=known,
            add={"waiting": -1},
            remove=("due_at", "claim"),
            condition=All((Equals("claim", claim.token), Equals("waiting", 1))),
        )
        more = Update(
            schema.LANES,
            lane_key(claim.lane),
            set=known | {"due_at": format_time(now + LEASE)},
            add={"waiting": -1},
            condition=All((Equals("claim", claim.token), AtLeast("waiting", 2))),
        )
        # Deliveries join while we work, so that it is the commit that finds out which of the two it is.
        for update in (last, more, last):
            try:
                self._table.transact([update, gone, *writes])
            except ConditionFailedError as exc:
                item = exc.items.get(0)
                if item is None or item.get("claim") != claim.token:
                    raise LaneLostError("the claim on this lane has ended") from exc
                continue
            return None if update is last else claim._replace(delivered=newest)
        raise LaneLostError("this lane changes too fast; it is due again when the claim ends")

    def release(self, claim: Claim, due_at: datetime, writes: Sequence[Write] = ()) -> None:
        """Give a claim up, together with other writes; the lane is due at that time. LaneLostError if it had ended."""
        back = Update(
            schema.LANES,
            lane_key(claim.lane),
            set={"due_at": format_time(due_at), "expires_at": expiry(due_at)},
            remove=("claim",),
            condition=Equals("claim", claim.token),
        )
        self._commit([back, *writes])

    def clear(self, claim: Claim) -> None:
        """Let a lane fall idle in which nothing waits although it was due: what waited has expired."""
        item = self._table.get(schema.LANES, lane_key(claim.lane)) or {}
        if self.head(claim) is not None:
            return  # it joined a moment ago; the lane is due again when the claim ends
        idle = Update(
            schema.LANES,
            lane_key(claim.lane),
            set={"waiting": 0},
            remove=("due_at", "claim"),
            condition=All((Equals("claim", claim.token), Equals("waiting", item.get("waiting")))),
        )
        self._commit([idle])

    def hasten(self, lane: str, now: datetime) -> None:
        """Make a lane due now unless somebody is at it or nothing waits in it."""
        soon = Update(
            schema.LANES,
            lane_key(lane),
            set={"due_at": format_time(now)},
            condition=All((AtLeast("waiting", 1), Missing("claim"))),
        )
        try:
            self._table.transact([soon])
        except ConditionFailedError:
            return

    def _commit(self, writes: Sequence[Write]) -> None:
        try:
            self._table.transact(writes)
        except ConditionFailedError as exc:
            raise LaneLostError("the claim on this lane has ended") from exc


def _claimed_by(token: object) -> Equals | Missing:
    return Missing("claim") if token is None else Equals("claim", str(token))
