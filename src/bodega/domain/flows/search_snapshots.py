"""Share the search index through the object store: whoever starts takes the newest snapshot and catches up from there.

`search/files/` holds files that never change, each once for all snapshots that have it; `search/<version>/` what a
snapshot alone has and its manifest, which is written last. A pointer in the table moves by compare-and-set.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.flows.file_chunks import chunks_of
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.objects import ObjectStore
from bodega.ports.search import IndexCopy, IndexFile, SearchIndex
from bodega.ports.table import ConditionFailedError, Equals, Item, Key, Missing, Put, TableStore
from bodega.values.decode import decode_json
from bodega.values.times import parse_time

_log = logging.getLogger(__name__)
_POINTER = Key("search", "snapshot")
_TRIES = 3
# What another process may be writing for a snapshot that nothing points at yet.
_LEFT_ALONE = timedelta(hours=1)


class _Part(msgspec.Struct, frozen=True):
    """A file of a snapshot, the object that holds it, and the digest of its bytes."""

    name: str
    key: str
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    format: str
    position: int
    files: list[_Part]


class _Pointer(msgspec.Struct, frozen=True):
    version: str
    format: str
    position: int
    before: str = ""


class SearchSnapshots:
    """The snapshots of a shop's index. Any process may publish and adopt at any time."""

    def __init__(self, *, table: TableStore, objects: ObjectStore, search: SearchIndex, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._objects = objects
        self._search = search
        self._clock = clock
        self._ids = ids

    def position(self) -> int | None:
        """Return the place in the change stream that the newest snapshot reaches, None if there is none."""
        pointer = self._pointer()
        return pointer.position if pointer is not None else None

    def publish(self) -> bool:
        """Publish the state of this process's index; False if the newest snapshot is as new, or the index is empty."""
        before = self._pointer()
        with self._search.copied() as copy:
            if copy is None or (before is not None and _is_as_new(before, copy)):
                return False
            version = self._ids.new("snap")
            manifest = _Manifest(copy.format, copy.position, [self._put(version, *file) for file in copy.files.items()])
        self._objects.put(_manifest_key(version), msgspec.json.encode(manifest))
        pointer = _Pointer(version, copy.format, copy.position, before.version if before is not None else "")
        published = self._move(pointer, before)
        self._prune()
        return published

    def adopt(self) -> bool:
        """Take the newest snapshot if it is newer than this process's index and fits; True if it was taken."""
        for _ in range(_TRIES):
            pointer = self._pointer()
            if pointer is None or pointer.format != self._search.format or pointer.position <= self._search.position():
                return False
            try:
                manifest = decode_json(self._objects.get(_manifest_key(pointer.version)), _Manifest)
                position = self._search.adopt((part.name, self._bytes_of(part)) for part in manifest.files)
            except NotFoundError:
                continue  # pruned while it was read: there is a newer one
            except InvalidError as fault:
                _log.warning("snapshot cannot be used", extra={"version": pointer.version, "problem": str(fault)})
                return False
            _log.info("search snapshot adopted", extra={"version": pointer.version, "position": position})
            return True
        return False

    # -- inside

    def _pointer(self) -> _Pointer | None:
        item = self._table.get(schema.SYSTEM, _POINTER)
        if item is None:
            return None
        return _Pointer(
            version=cast("str", item["version"]),
            format=cast("str", item["format"]),
            position=cast("int", item["position"]),
            before=cast("str", item["before"]),
        )

    def _move(self, pointer: _Pointer, before: _Pointer | None) -> bool:
        """Point at a snapshot unless somebody pointed elsewhere meanwhile; its files then go with the next pruning."""
        item: Item = {"name": _POINTER.partition, "part": _POINTER.sort, **msgspec.structs.asdict(pointer)}
        condition = Missing("version") if before is None else Equals("version", before.version)
        try:
            self._table.transact([Put(schema.SYSTEM, item, condition)])
        except ConditionFailedError:
            return False
        return True

    def _put(self, version: str, name: str, file: IndexFile) -> _Part:
        """Store a file, unless it never changes and is there already."""
        key = f"{schema.SEARCH}files/{name}" if file.lasting else f"{schema.SEARCH}{version}/{name}"
        digest = hashlib.sha256()
        for chunk in chunks_of(file.path, size_bytes=file.size_bytes):
            digest.update(chunk)
        there = self._objects.find(key) if file.lasting else None
        if there is None or there.size_bytes != file.size_bytes:
            self._objects.put(key, chunks_of(file.path, size_bytes=file.size_bytes))
        return _Part(name, key, digest.hexdigest())

    def _bytes_of(self, part: _Part) -> Iterator[bytes]:
        """Yield a file's bytes; InvalidError at the end unless they are those that were published."""
        digest = hashlib.sha256()
        for chunk in self._objects.stream(part.key):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != part.sha256:
            raise InvalidError(f"{part.key} is not what was published")

    def _prune(self) -> None:
        """Delete what neither the newest snapshot needs nor the one before, which somebody may still be reading."""
        pointer = self._pointer()
        if pointer is None:
            return
        needed = {key for version in (pointer.version, pointer.before) if version for key in self._keys_of(version)}
        since = self._clock.now() - _LEFT_ALONE
        for info in list(self._objects.list(schema.SEARCH)):
            if info.key not in needed and parse_time(info.modified_at) < since:
                self._objects.delete(info.key)

    def _keys_of(self, version: str) -> Iterable[str]:
        key = _manifest_key(version)
        try:
            manifest = decode_json(self._objects.get(key), _Manifest)
        except (NotFoundError, InvalidError):
            return ()
        return (key, *(part.key for part in manifest.files))


def _is_as_new(pointer: _Pointer, copy: IndexCopy) -> bool:
    return pointer.format == copy.format and pointer.position >= copy.position


def _manifest_key(version: str) -> str:
    return f"{schema.SEARCH}{version}/manifest.json"
