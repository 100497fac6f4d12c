"""Say which version of the model is in service: a pointer that moves by compare-and-set, and that can be moved back."""

import logging
import re
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from bodega import schema
from bodega.domain.recommendations.versions import (
    FORMAT,
    BrokenModelError,
    LoadedModel,
    Manifest,
    ModelParts,
    Versions,
)
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.objects import ObjectStore
from bodega.ports.table import ConditionFailedError, Equals, Exists, Item, Key, Missing, Put, TableStore, Update
from bodega.values.times import format_time, parse_time

__all__ = ["BrokenModelError", "LoadedModel", "Manifest", "ModelParts", "ModelStore", "new_version"]

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}")
_POINTER = Key("recommendations", "current")
_FRESH_SECONDS = 1.0
KEPT = 5
"""So many versions stay, to be rolled back to; a large shop's takes a hundred megabytes."""


class ModelStore:
    """Publishes models and gives the current one; a broken one is refused and the last good one keeps serving."""

    def __init__(self, *, table: TableStore, objects: ObjectStore, clock: Clock) -> None:
        self._table = table
        self._versions = Versions(objects)
        self._clock = clock
        self._lock = threading.Lock()
        self._checked = float("-inf")
        self._pointer: str | None = None
        self._loaded: LoadedModel | None = None
        self._others: dict[str, LoadedModel] = {}
        self._sold: tuple[str | None, Mapping[str, int]] = (None, {})

    # -- publishing

    def publish(
        self,
        version: str,
        *,
        as_of: datetime,
        parts: ModelParts,
        sold: Mapping[str, int],
        facts: Mapping[str, Any],
    ) -> Manifest:
        """Store a version whole and only then point at it.

        ConflictError if another version was published meanwhile; the files stay, unused.
        """
        before = self.current_version()
        now = self._clock.now()
        manifest = Manifest(
            format=FORMAT,
            version=version,
            trained_at=format_time(now),
            as_of=format_time(as_of),
            arrays=[],
            include=parts.recommender.mixes["include"],
            exclude=parts.recommender.mixes["exclude"],
            facts=dict(facts),
        )
        manifest = self._versions.write(manifest, parts, sold=sold)
        self._move(version, expected=before, published_at=now)
        return manifest

    def point_at(self, version: str, *, expected: str | None) -> None:
        """Make a stored version the current one if `expected` still is.

        NotFoundError for a version that is not stored, BrokenModelError for one that cannot be read.
        """
        if not _VERSION.fullmatch(version) or not self._versions.exists(version):
            raise NotFoundError("model", version[:80])
        self._move(version, expected=expected, published_at=self.last_published())

    def roll_back(self) -> str:
        """Put the version before the one in service into service and return it; what cannot be read is passed over.

        It stays until the next training is due by the time of the last, or somebody publishes. NotFoundError if there
        is none before.
        """
        current = self.current_version()
        stored = [manifest.version for manifest in self.versions()]
        before = stored[: stored.index(current)] if current in stored else stored
        for version in reversed(before):
            try:
                self.point_at(version, expected=current)
            except BrokenModelError:
                _log.warning("model cannot be rolled back to", extra={"version": version})
                continue
            return version
        raise NotFoundError("model before", current or "the first")

    def prune(self, *, also_kept: frozenset[str] = frozenset()) -> list[str]:
        """Delete all but the newest versions and those in use, and return what was deleted."""
        kept = also_kept | {self.current_version()}
        old = [manifest.version for manifest in self.versions()[:-KEPT] if manifest.version not in kept]
        for version in old:
            self._versions.remove(version)
        return old

    # -- serving

    def current_version(self) -> str | None:
        """Return the version in service, None before the first."""
        item = self._pointed()
        return cast("str", item["version"]) if item else None

    def last_published(self) -> datetime | None:
        """Return when a version was last published; going back to an earlier one does not count."""
        item = self._pointed()
        return parse_time(cast("str", item["published_at"])) if item and "published_at" in item else None

    def note_refused(self) -> None:
        """Note that a training was not worth publishing; what is in service stays."""
        tried = {"refused_at": format_time(self._clock.now())}
        try:
            self._table.transact([Update(schema.SYSTEM, _POINTER, set=tried, condition=Exists())])
        except ConditionFailedError:
            _log.info("no model is in service that a refused one could have taken the place of")

    def last_tried(self) -> datetime | None:
        """Return when a version was last published, or was not worth it since."""
        item = self._pointed() or {}
        times = [parse_time(cast("str", item[name])) for name in ("published_at", "refused_at") if name in item]
        return max(times, default=None)

    def versions(self) -> list[Manifest]:
        """Return all stored versions that this version of the shop can read, oldest first."""
        return self._versions.all()

    def current(self) -> LoadedModel | None:
        """Return the model in service, at most a second old; None before the first or if none can be read."""
        now = self._clock.now().timestamp()
        if 0 <= now - self._checked < _FRESH_SECONDS:
            return self._loaded
        with self._lock:
            if not 0 <= now - self._checked < _FRESH_SECONDS:
                self._refresh()
                self._checked = now
        return self._loaded

    def find(self, version: str) -> LoadedModel | None:
        """Return another version than the one in service, None if it cannot be read: for comparing two."""
        with self._lock:
            if version not in self._others:
                try:
                    found = self._versions.load(version) if _VERSION.fullmatch(version) else None
                except BrokenModelError:
                    _log.warning("model cannot be compared with", extra={"version": version[:80]})
                    found = None
                if found is None:
                    return None
                self._others = {version: found}  # one at a time: two are compared, and one of them is in service
            return self._others[version]

    def sold(self) -> Mapping[str, int]:
        """Return how many units of each product were sold in the recent past, as counted at the last training."""
        version = self.current_version()
        kept, sold = self._sold  # every search by staff after a change asks for it
        if version is None or version == kept:
            return sold
        try:
            sold = self._versions.sold(version)
        except (InvalidError, NotFoundError):
            # Indexing must not stop for it: best sellers are out of order until the next training counts them anew.
            _log.warning("what was sold cannot be read", extra={"version": version})
            sold = {}
        self._sold = (version, sold)
        return sold

    def close(self) -> None:
        """Let go of models, each of which keeps a descriptor open for every array of it."""
        with self._lock:
            self._loaded, self._pointer, self._checked = None, None, float("-inf")
            self._others = {}

    # -- inside

    def _pointed(self) -> Item | None:
        return self._table.get(schema.SYSTEM, _POINTER)

    def _move(self, version: str, *, expected: str | None, published_at: datetime | None) -> None:
        """Move the pointer to a version that can be read; ConflictError unless it still points at `expected`."""
        self._versions.load(version)
        pointer: Item = {"name": _POINTER.partition, "part": _POINTER.sort, "version": version}
        if published_at is not None:
            pointer["published_at"] = format_time(published_at)
        condition = Missing("version") if expected is None else Equals("version", expected)
        try:
            self._table.transact([Put(schema.SYSTEM, pointer, condition)])
        except ConditionFailedError as exc:
            raise ConflictError("another model was published meanwhile") from exc
        self._checked = float("-inf")

    def _refresh(self) -> None:
        version = self.current_version()
        if version is None or version == self._pointer:
            return
        try:
            self._loaded = self._versions.load(version)
        except BrokenModelError:
            _log.exception("model cannot be used; the last good one stays", extra={"version": version})
            self._loaded = self._loaded or self._last_good(version)
        self._pointer = version  # also of a broken one, so that it is not tried again every second

    def _last_good(self, broken: str) -> LoadedModel | None:
        """Return the newest stored model that can be read: for a process that had none when it met a broken one."""
        for manifest in reversed(self.versions()):
            if manifest.version != broken:
                try:
                    return self._versions.load(manifest.version)
                except BrokenModelError:
                    continue
        return None


def new_version(trained_at: datetime, unique: str) -> str:
    """Return a version's name: it sorts by when it was trained, and no two are alike."""
    return f"{trained_at:%Y%m%dT%H%M%S}-{unique[-6:].lower()}"
