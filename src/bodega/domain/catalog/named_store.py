"""Keep what has a name and a version, all of a kind in one partition: categories, collections, attributes."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

import msgspec

from bodega import schema
from bodega.domain.catalog import place_slugs
from bodega.domain.catalog.model import Attribute, Category, Collection
from bodega.domain.catalog.place_slugs import NameTakenError
from bodega.domain.catalog.records import CLOSING, Named, named_item, named_key
from bodega.domain.writes import WritePlan
from bodega.errors import NotFoundError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import (
    All,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    NotExists,
    Put,
    TableStore,
    Update,
    query_all,
)

N = TypeVar("N", Category, Collection, Attribute)
_FRESH_SECONDS = 1.0


class NamedStore:
    """Reads kinds whole, which are small, and keeps them for a second. Thread-safe."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Mapping[str, Named]]] = {}

    def all(self, kind: str, shape: type[N], *, current: bool) -> Mapping[str, Named]:
        """Return all of a kind by name or id; unless `current`, they may be a second old."""
        now = self._clock.now().timestamp()
        kept = self._kept.get(kind)
        if kept and not current and 0 <= now - kept[0] < _FRESH_SECONDS:
            return kept[1]
        with self._lock:
            kept = self._kept.get(kind)
            if kept and not current and 0 <= now - kept[0] < _FRESH_SECONDS:
                return kept[1]  # read by another thread while we waited
            items = query_all(self._table, schema.CATALOG, kind)
            fresh = {cast("str", i["part"]): msgspec.json.decode(cast("bytes", i["doc"]), type=shape) for i in items}
            if kept is not None and fresh == kept[1]:
                fresh = cast("dict[str, N]", kept[1])  # the same object, so that what was derived from it stays valid
            self._kept[kind] = (now, fresh)
            return fresh

    def put_new(self, plan: WritePlan, kind: str, name: str, value: Named) -> None:
        """Plan that this is there, which must not have been: NameTakenError."""
        plan.add(
            Put(schema.CATALOG, named_item(kind, name, value), NotExists()),
            otherwise=lambda _: NameTakenError(f"{name!r} is already there"),
        )

    def put_changed(self, plan: WritePlan, kind: str, name: str, value: Named) -> None:
        """Plan that this takes the place of the version before it: StaleVersionError, NotFoundError."""
        plan.add(
            Put(schema.CATALOG, named_item(kind, name, value), Equals("version", value.version - 1)),
            otherwise=lambda found: _stale(kind, name, found),
        )

    def delete(self, plan: WritePlan, kind: str, name: str, version: int) -> None:
        """Plan that one is gone if it is of this version: StaleVersionError, NotFoundError."""
        plan.add(
            Delete(schema.CATALOG, named_key(kind, name), Equals("version", version)),
            otherwise=lambda found: _stale(kind, name, found),
        )

    @contextlib.contextmanager
    def closed(self, kind: str, place: Category | Collection) -> Iterator[None]:
        """Let nothing new be put into a place while it is looked through and removed; open it again if it stays.

        One that a killed process left closed is opened by modifying it, and can be removed.
        """
        key = named_key(kind, place.id)
        plan = WritePlan()
        plan.add(
            Update(schema.CATALOG, key, set={CLOSING: True}, condition=Equals("version", place.version)),
            otherwise=lambda found: _stale(kind, place.id, found),
        )
        plan.commit(self._table)
        try:
            yield
        except BaseException:
            with contextlib.suppress(ConditionFailedError):  # somebody removed it, or changed and so opened it
                opened = Update(schema.CATALOG, key, remove=(CLOSING,), condition=Equals("version", place.version))
                self._table.transact([opened])
            raise

    def remove(self, kind: str, noun: str, place: Category | Collection) -> None:
        """Take away a place that is closed, and let go of its slug."""
        plan = WritePlan()
        still_closed = All((Equals("version", place.version), Equals(CLOSING, value=True)))
        plan.add(
            Delete(schema.CATALOG, named_key(kind, place.id), still_closed),
            otherwise=lambda found: _stale(kind, place.id, found),
        )
        place_slugs.release(plan, noun, place.slug)
        self.commit(plan, kind)

    def commit(self, plan: WritePlan, kind: str) -> None:
        """Write what was planned for one of a kind; what is read next shows it."""
        plan.commit(self._table)
        with self._lock:  # else a reader who looked before the commit would keep what it saw after it
            self._kept.pop(kind, None)


def _stale(kind: str, name: str, found: Item | None) -> StaleVersionError | NotFoundError:
    if found is None:
        return NotFoundError(kind, name)
    return StaleVersionError(kind, name, current=cast("int", found["version"]))
