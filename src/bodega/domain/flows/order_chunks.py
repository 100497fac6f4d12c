"""Keep columns of orders as files that never change, and say by compare-and-set which of them count, up to when."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple, cast

import msgspec

from bodega import schema
from bodega.domain.flows.order_lines import OrderLines
from bodega.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.objects import ObjectStore
from bodega.ports.table import Equals, Item, Key, Missing, Put, TableStore
from bodega.values.times import format_time

_log = logging.getLogger(__name__)
FORMAT = 1
FILES = f"{schema.TRAINING}order-log/"
POINTER = Key("order log", "current")
_GROWTH = 4
"""A file is written together with those before it that are at most so many times as large: so there are few of them,
and each line is written a few times in its life."""
_ABANDONED = timedelta(days=1)
"""So long may a file that nothing points at lie there: whoever wrote it may be about to point at it."""


class Chunk(msgspec.Struct, frozen=True):
    """A file of columns, and what its bytes must add up to."""

    key: str
    sha256: str
    orders: int
    lines: int


class Head(msgspec.Struct, frozen=True):
    """What counts: the chunks, later ones over earlier ones, are all orders as they were at a position of the stream.

    `event` is the id of the event there, so that the stream of another shop is not taken for this one's.
    """

    position: int
    event: str
    chunks: tuple[Chunk, ...] = ()

    @property
    def orders(self) -> int:
        """How many orders there are at most: one that changed may be in several files."""
        return sum(chunk.orders for chunk in self.chunks)


class Pointer(NamedTuple):
    """The number of what was published last, 0 for nothing, and what it is, if this version of the shop can read it."""

    edition: int
    head: Head | None


class DamagedError(InvalidError):
    """A file that counts is missing, or is not what was written."""

    code = "damaged_order_log"


class OrderChunks:
    """Files in the object store, pointed at from beside the orders: tables that are restored have a pointer of then."""

    def __init__(self, *, table: TableStore, objects: ObjectStore, clock: Clock) -> None:
        self._table = table
        self._objects = objects
        self._clock = clock

    def pointer(self) -> Pointer:
        """Return what counts now."""
        item = self._table.get(schema.SYSTEM, POINTER)
        if item is None:
            return Pointer(0, None)
        return Pointer(cast("int", item["edition"]), _head(item))

    def read(self, head: Head) -> list[OrderLines]:
        """Return what is in the files; DamagedError if one is not there, or is not what was written."""
        return [self._read(chunk) for chunk in head.chunks]

    def publish(self, lines: OrderLines, *, after: Pointer, position: int, event: str) -> None:
        """Let lines count, and nothing else, if what was published last is what the pointer says.

        If it is not, or there is no room or no way to the store, whatever counts stays: it is as true as it was.
        """
        self._publish([lines], (), after=after, head=Head(position, event))

    def append(
        self, lines: OrderLines, *, after: Pointer, known: Sequence[OrderLines], position: int, event: str
    ) -> None:
        """Let lines count over what does; `known` is what `read` returned of it. Otherwise as `publish`."""
        chunks = list(after.head.chunks) if after.head is not None else []
        if not lines.order_ids.size:
            self._publish([], chunks, after=after, head=Head(position, event))
            return
        tables = [lines]
        while chunks and chunks[-1].lines <= _GROWTH * sum(table.product.size for table in tables):
            chunks.pop()
            tables.insert(0, known[len(chunks)])
        self._publish(tables, chunks, after=after, head=Head(position, event))

    # -- inside

    def _publish(self, tables: Sequence[OrderLines], kept: Sequence[Chunk], *, after: Pointer, head: Head) -> None:
        try:
            written = [self._written(OrderLines.merged(tables), after.edition + 1)] if tables else []
            head = msgspec.structs.replace(head, chunks=(*kept, *written))
            self._move(after, head)
            self._sweep(after.head, head)
        except ConflictError:
            _log.info("somebody else kept what was read of orders", extra={"position": head.position})
        except UnavailableError as exc:
            _log.warning("what was read of orders is not kept", extra={"problem": exc.message})

    def _written(self, lines: OrderLines, edition: int) -> Chunk:
        document = lines.to_bytes()
        digest = sha256(document).hexdigest()
        key = f"{FILES}{edition:08d}-{digest[:16]}.npz"
        self._objects.put(key, document)
        return Chunk(key, digest, lines.order_ids.size, lines.product.size)

    def _move(self, after: Pointer, head: Head) -> None:
        item: Item = {
            "name": POINTER.partition,
            "part": POINTER.sort,
            "edition": after.edition + 1,
            "format": FORMAT,
            "head": msgspec.json.encode(head),
        }
        unchanged = Equals("edition", after.edition) if after.edition else Missing("edition")
        self._table.transact([Put(schema.SYSTEM, item, unchanged)])

    def _sweep(self, before: Head | None, head: Head) -> None:
        """Remove files that counted and do no more, and, when there are any, those that never came to count."""
        counting = {chunk.key for chunk in head.chunks}
        replaced = {chunk.key for chunk in before.chunks} - counting if before is not None else set()
        if replaced:
            oldest = format_time(self._clock.now() - _ABANDONED)
            old = {info.key for info in self._objects.list(FILES) if info.modified_at < oldest}
            for key in sorted(replaced | (old - counting)):
                self._objects.delete(key)

    def _read(self, chunk: Chunk) -> OrderLines:
        try:
            document = self._objects.get(chunk.key)
        except NotFoundError as exc:
            raise DamagedError(f"{chunk.key} is not there") from exc
        if sha256(document).hexdigest() != chunk.sha256:
            raise DamagedError(f"{chunk.key} is not what was written")
        try:
            return OrderLines.from_bytes(document)
        except InvalidError as exc:
            raise DamagedError(f"{chunk.key}: {exc.message}") from exc


def _head(item: Item) -> Head | None:
    """Read what counts; None for a format that this version does not know."""
    try:
        if item["format"] == FORMAT:
            return msgspec.json.decode(cast("bytes", item["head"]), type=Head)
        _log.info("orders were kept in another format", extra={"format": item["format"]})
    except msgspec.MsgspecError:
        _log.warning("what is said of kept orders is refused")
    return None
