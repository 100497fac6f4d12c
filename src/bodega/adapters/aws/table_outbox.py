"""Keep announced events beside the tables, and give them their place in one order afterwards.

DynamoDB has no number that grows with every commit: a counter in every transaction would let them all conflict. So an
event is first put among those that wait, in its transaction, spread over a few partitions. Whoever reads the stream
moves what waits behind the end of the log, a transaction a batch that only one of several readers can win. What was
committed is thus never skipped, and events of one resource are in the order of their versions.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import count
from typing import Any, Protocol, cast
from zlib import crc32

from bodega.adapters.rules.table_changes import TOKEN_SECONDS, decode_event, encode_event
from bodega.ports.table import (
    Announced,
    ConditionFailedError,
    Delete,
    Equals,
    Event,
    Exists,
    Item,
    Key,
    Missing,
    Put,
    QueryPage,
    SortRange,
    TokenReusedError,
    Update,
    Write,
)
from bodega.schema import OUTBOX

_SHARDS = 4
_BUCKET = 1000  # positions in one partition of the log
_HEAD = Key("head", "head")
_MOVED_AT_ONCE = 48  # two writes each and the head: within a transaction
_MOVED_BYTES = 3 * 1024 * 1024
_ANNOUNCED_BYTES = 4 * 1024 * 1024


class _Store(Protocol):
    """What the outbox needs of the table store it belongs to."""

    def get(self, table: str, key: Key) -> Item | None: ...

    def query(self, table: str, partition: str, *, sort: SortRange | None = None, limit: int = 100) -> QueryPage: ...

    def transact(self, writes: Sequence[Write]) -> None: ...

    def write_batch(self, writes: Sequence[Put | Delete]) -> None: ...


class Outbox:
    """The events of one table store. Thread-safe; any number of processes may read and write."""

    def __init__(self, store: _Store, *, now_ms: Callable[[], int], writer: str) -> None:
        """Take `writer`, a name that no other process has: two events of one millisecond need different places."""
        self._store = store
        self._now_ms = now_ms
        self._writer = writer
        self._number = count()

    def announcement(self, event: Event) -> Put:
        """Return the write that announces an event; InvalidError for an unfit one."""
        shard = crc32(event.resource.encode("utf-8", "surrogatepass")) % _SHARDS
        place = f"{self._now_ms():015d}.{next(self._number):012d}.{self._writer}"
        return Put(OUTBOX.name, {"stream": _waiting(shard), "place": place, "event": encode_event(event)})

    def announced(self, after: int, limit: int) -> list[Announced]:
        """Return events behind a position, moving those that wait if the log has fewer than are asked for."""
        head, trimmed = self._head()
        if head - after < limit:
            self._move_all()
            head, trimmed = self._head()
        found: list[Announced] = []
        size = 0
        for item in self._log(max(after, trimmed), head):
            event = cast("bytes", item["event"])
            found.append(Announced(int(cast("str", item["place"])), decode_event(event)))
            size += len(event)
            if len(found) == limit or size > _ANNOUNCED_BYTES:
                break
        return found

    def last_position(self) -> int:
        """Return the position of the newest committed event, 0 if there is none."""
        self._move_all()
        return self._head()[0]

    def forgotten(self) -> int:
        """Return the position up to which events were trimmed."""
        return self._head()[1]

    def trim(self, up_to: int) -> None:
        """Delete events up to a position for good."""
        head, trimmed = self._head()
        goal = min(up_to, head)
        if goal <= trimmed:
            return
        doomed = [
            Delete(OUTBOX.name, Key(_log_bucket(position), _log_place(position)))
            for position in range(trimmed + 1, goal + 1)
        ]
        self._store.write_batch(doomed)
        self._store.transact([Update(OUTBOX.name, _HEAD, set={"trimmed": goal})])

    # -- inside --------------------------------------------------------------------------------------------

    def _head(self) -> tuple[int, int]:
        item = self._store.get(OUTBOX.name, _HEAD) or {}
        return cast("int", item.get("position", 0)), cast("int", item.get("trimmed", 0))

    def _log(self, after: int, head: int) -> Iterator[Item]:
        position = after + 1
        while position <= head:
            page = self._store.query(
                OUTBOX.name, _log_bucket(position), sort=SortRange(low=_log_place(position)), limit=250
            )
            yield from page.items
            # A bucket that is through ends where the next begins; positions have no holes but where they were trimmed.
            last = int(cast("str", page.items[-1]["place"])) if page.items else 0
            position = last + 1 if page.last is not None else (position // _BUCKET + 1) * _BUCKET

    def _move_all(self) -> None:
        """Move all that wait now. Whoever loses the race for a batch looks again: the winner moved it."""
        while waiting := self._waiting():
            head, _ = self._head()
            batch = _batch(waiting)
            condition = Equals("position", head) if head else Missing("position")
            writes: list[Write] = [Update(OUTBOX.name, _HEAD, set={"position": head + len(batch)}, condition=condition)]
            for position, item in enumerate(batch, start=head + 1):
                writes.append(Delete(OUTBOX.name, Key(str(item["stream"]), str(item["place"])), Exists()))
                writes.append(
                    Put(
                        OUTBOX.name,
                        {"stream": _log_bucket(position), "place": _log_place(position), "event": item["event"]},
                    )
                )
            try:
                self._store.transact(writes)
            except ConditionFailedError:
                continue

    def _waiting(self) -> list[Item]:
        """Return the first of those that wait, in order of their places, and of versions within a resource."""
        items: list[Item] = []
        for shard in range(_SHARDS):
            items += self._store.query(OUTBOX.name, _waiting(shard), limit=_MOVED_AT_ONCE).items
        items.sort(key=lambda item: str(item["place"]))
        return _by_version(items[:_MOVED_AT_ONCE])


def _by_version(items: list[Item]) -> list[Item]:
    """Let the events of each resource change places among themselves, so that versions grow.

    Clocks of several machines differ: the place of a later commit may be before that of an earlier one.
    """
    places: dict[str, list[int]] = {}
    versions: list[int] = []
    for place, item in enumerate(items):
        event = decode_event(cast("bytes", item["event"]))
        places.setdefault(event.resource, []).append(place)
        versions.append(event.version)
    ordered = list(items)
    for own in places.values():
        for place, source in zip(own, sorted(own, key=versions.__getitem__), strict=True):
            ordered[place] = items[source]
    return ordered


def _batch(waiting: list[Item]) -> list[Item]:
    batch: list[Item] = []
    size = 0
    for item in waiting:
        size += len(cast("bytes", item["event"]))
        if batch and size > _MOVED_BYTES:
            break
        batch.append(item)
    return batch


def token_record(token: str, digest: bytes, now: int) -> Put:
    """Return the write that lets a transaction happen once in ten minutes; its condition is that none is there."""
    key = blake2b(token.encode(), digest_size=16).hexdigest()
    item: dict[str, Any] = {
        "stream": f"token#{key}",
        "place": "token",
        "digest": digest,
        "expires_at": now + TOKEN_SECONDS,
    }
    return Put(OUTBOX.name, item, Missing("stream"))


def check_token(found: Item | None, digest: bytes) -> None:
    """Raise TokenReusedError unless the record that stood in the way is of the same transaction."""
    if found is None or found.get("digest") != digest:
        raise TokenReusedError


def _waiting(shard: int) -> str:
    return f"waiting#{shard}"


def _log_bucket(position: int) -> str:
    return f"log#{position // _BUCKET:012d}"


def _log_place(position: int) -> str:
    return f"{position:020d}"
