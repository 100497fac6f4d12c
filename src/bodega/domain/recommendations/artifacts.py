"""Keep trained models as immutable versions in the object store, under a pointer that moves by compare-and-set."""

import contextlib
import io
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega import schema
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.objects import ObjectStore
from bodega.ports.table import ConditionFailedError, Equals, Key, Missing, Put, TableStore
from bodega.recsys.serving import ItemTable, Mix, Repeat
from bodega.values.decode import decode_json
from bodega.values.times import format_time, parse_time

_log = logging.getLogger(__name__)
_FORMAT = 2  # 1 had one row of popularity
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}")
_POINTER = Key("recommendations", "current")
_FRESH_SECONDS = 1.0
_TOGETHER = "together_"  # arrays of this prefix take the place of the recommender's in the table of baskets


class BrokenModelError(InvalidError):
    """A model's artifact is missing a part, damaged, or of another format; the one in service stays."""

    code = "broken_model"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a version consists of, beside its arrays, and what is known of how it came about.

    `as_of` is the moment from which ages are counted: that of the newest order, or of training if that was earlier.
    """

    format: int
    version: str
    trained_at: str
    as_of: str
    arrays: list[str]
    include: Mix
    exclude: Mix
    facts: dict[str, Any] = {}


class LoadedModel:
    """A version ready to serve: arrays memory-mapped, products found by binary search in their sorted ids."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        recommender: ItemTable,
        together: ItemTable,
        product_ids: NDArray[np.bytes_],
    ) -> None:
        self.manifest = manifest
        self.version = manifest.version
        self.recommender = recommender
        self.together = together
        self._product_ids = product_ids

    def indices(self, product_ids: Sequence[str]) -> NDArray[np.int32]:
        """Return the items of the products, -1 for those the model does not know; shape (n,), in the order given."""
        if not product_ids or not len(self._product_ids):
            return np.full(len(product_ids), -1, np.int32)
        # Of the table's own type: another would copy the whole table. What does not fit is not in it.
        width = self._product_ids.dtype.itemsize
        encoded = [p.encode("utf-8", "surrogatepass") for p in product_ids]
        wanted = np.array([e if len(e) <= width else b"" for e in encoded], dtype=self._product_ids.dtype)
        at = np.minimum(np.searchsorted(self._product_ids, wanted), len(self._product_ids) - 1)
        return np.where((wanted != b"") & (self._product_ids[at] == wanted), at, -1).astype(np.int32)

    def product(self, item: int) -> str:
        """Return the product of an item."""
        return bytes(self._product_ids[item]).decode()


class ModelStore:
    """Publishes models and gives the current one; a broken one is refused and the last good one keeps serving."""

    def __init__(self, *, table: TableStore, objects: ObjectStore, clock: Clock) -> None:
        self._table = table
        self._objects = objects
        self._clock = clock
        self._lock = threading.Lock()
        self._checked = float("-inf")
        self._pointer: str | None = None
        self._loaded: LoadedModel | None = None
        self._sold: tuple[str | None, Mapping[str, int]] = (None, {})

    def publish(
        self,
        version: str,
        *,
        as_of: datetime,
        arrays: Mapping[str, NDArray[Any]],
        product_ids: Sequence[str],
        mixes: Mapping[str, Mix],
        sold: Mapping[str, int],
        facts: Mapping[str, Any],
    ) -> Manifest:
        """Store a version whole and only then point at it. `product_ids` are ascending, item i is product_ids[i].

        ConflictError if another version was published meanwhile; the files stay, unused.
        """
        before = self.current_version()
        manifest = Manifest(
            format=_FORMAT,
            version=version,
            trained_at=format_time(self._clock.now()),
            as_of=format_time(as_of),
            arrays=sorted(arrays),
            include=mixes["include"],
            exclude=mixes["exclude"],
            facts=dict(facts),
        )
        ids = np.array([p.encode() for p in product_ids] or [], dtype=None if product_ids else "S1")
        for name, array in (*arrays.items(), ("product_ids", ids)):
            self._objects.put(_path(version, f"{name}.npy"), _npy(array))
        self._objects.put(_path(version, "sold.json"), msgspec.json.encode(sold))
        self._objects.put(_path(version, "manifest.json"), msgspec.json.encode(manifest))
        self.point_at(version, expected=before)
        return manifest

    def point_at(self, version: str, *, expected: str | None) -> None:
        """Make a stored version the current one if `expected` still is: publishing, and rolling back.

        NotFoundError for a version that is not stored, BrokenModelError for one that cannot be read.
        """
        if not _VERSION.fullmatch(version) or self._objects.find(_path(version, "manifest.json")) is None:
            raise NotFoundError("model", version[:80])
        self._load(version)
        condition = Missing("version") if expected is None else Equals("version", expected)
        try:
            self._table.transact(
                [
                    Put(
                        schema.SYSTEM,
                        {"name": _POINTER.partition, "part": _POINTER.sort, "version": version},
                        condition,
                    )
                ]
            )
        except ConditionFailedError as exc:
            raise ConflictError("another model was published meanwhile") from exc
        self._checked = float("-inf")

    def current_version(self) -> str | None:
        """Return the version in service, None before the first."""
        item = self._table.get(schema.SYSTEM, _POINTER)
        return cast("str", item["version"]) if item else None

    def versions(self) -> list[Manifest]:
        """Return all stored versions that this version of the shop can read, oldest first."""
        found = []
        for info in self._objects.list(schema.MODELS):
            if info.key.endswith("/manifest.json"):
                with contextlib.suppress(BrokenModelError, NotFoundError):
                    found.append(_manifest(self._objects.get(info.key)))
        return sorted(found, key=lambda manifest: manifest.trained_at)

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

    def sold(self) -> Mapping[str, int]:
        """Return how many units of each product were sold in the recent past, as counted at the last training."""
        version = self.current_version()
        kept, sold = self._sold  # every search by staff after a change asks for it
        if version is None or version == kept:
            return sold
        try:
            sold = decode_json(self._objects.get(_path(version, "sold.json")), dict[str, int])
        except (InvalidError, NotFoundError):
            # Indexing must not stop for it: best sellers are out of order until the next training counts them anew.
            _log.warning("what was sold cannot be read", extra={"version": version})
            sold = {}
        self._sold = (version, sold)
        return sold

    def _refresh(self) -> None:
        version = self.current_version()
        if version is None or version == self._pointer:
            return
        try:
            self._loaded = self._load(version)
        except BrokenModelError:
            _log.exception("model cannot be used; the last good one stays", extra={"version": version})
            self._loaded = self._loaded or self._last_good(version)
        self._pointer = version  # also of a broken one, so that it is not tried again every second

    def _last_good(self, broken: str) -> LoadedModel | None:
        """Return the newest stored model that can be read: for a process that had none when it met a broken one."""
        for manifest in reversed(self.versions()):
            if manifest.version != broken:
                try:
                    return self._load(manifest.version)
                except BrokenModelError:
                    continue
        return None

    def _load(self, version: str) -> LoadedModel:
        try:
            manifest = _manifest(self._objects.get(_path(version, "manifest.json")))
            if manifest.format != _FORMAT:
                raise BrokenModelError(f"model {version} has format {manifest.format}, this version reads {_FORMAT}")
            arrays = {name: self._map(version, name) for name in manifest.arrays}
            ids = self._map(version, "product_ids")
            mixes: dict[Repeat, Mix] = {"include": manifest.include, "exclude": manifest.exclude}
            own = {name: array for name, array in arrays.items() if not name.startswith(_TOGETHER)}
            baskets = {n.removeprefix(_TOGETHER): array for n, array in arrays.items() if n.startswith(_TOGETHER)}
            recommender = ItemTable.from_arrays(own, mixes)
            if len(ids) != recommender.n_items:
                raise BrokenModelError(f"model {version} has {recommender.n_items} items but {len(ids)} product ids")
            return LoadedModel(
                manifest,
                recommender=recommender,
                together=ItemTable.from_arrays(own | baskets, mixes),
                product_ids=ids,
            )
        except (ValueError, OSError, EOFError, NotFoundError) as exc:  # InvalidError is a ValueError
            raise BrokenModelError(f"model {version} cannot be read: {exc}") from exc

    def _map(self, version: str, name: str) -> NDArray[Any]:
        path = self._objects.fetch(_path(version, f"{name}.npy"))
        return cast("NDArray[Any]", np.load(path, mmap_mode="r", allow_pickle=False))


def _manifest(document: bytes) -> Manifest:
    """Read a manifest; BrokenModelError if it is none."""
    try:
        manifest = decode_json(document, Manifest)
        parse_time(manifest.as_of)
        parse_time(manifest.trained_at)
    except InvalidError as exc:
        raise BrokenModelError(f"a model's manifest cannot be read: {exc}") from exc
    return manifest


def _path(version: str, name: str) -> str:
    return f"{schema.MODELS}{version}/{name}"


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def new_version(trained_at: datetime, unique: str) -> str:
    """Return a version's name: it sorts by when it was trained, and no two are alike."""
    return f"{trained_at:%Y%m%dT%H%M%S}-{unique[-6:].lower()}"
