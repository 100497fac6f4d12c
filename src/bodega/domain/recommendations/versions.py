"""Keep each version of a model as files of its own in the object store: arrays without pickle, and a manifest."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega import schema
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.objects import ObjectStore
from bodega.recsys.arrays import Indices
from bodega.recsys.assortment import Assortment
from bodega.recsys.serving import ItemTable, Mix, Repeat
from bodega.values.decode import decode_json
from bodega.values.times import parse_time

FORMAT = 3  # 1 had one row of popularity, 2 knew nothing of items but their sales
_TOGETHER = "together_"  # arrays of this prefix take the place of the recommender's in the table of baskets
_BEFORE = "1970-01-01T00:00:00.000Z"
_ITEMS = "items_"  # arrays of this prefix are the assortment's


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


class ModelParts(msgspec.Struct, frozen=True):
    """What training hands over to be published: two tables and an assortment of the same items, and their names.

    `product_ids` are ascending, item i is product_ids[i]; category c of the assortment is category_ids[c].
    """

    recommender: ItemTable
    together: ItemTable
    assortment: Assortment
    product_ids: Sequence[str]
    category_ids: Sequence[str]


class LoadedModel:
    """A version ready to serve: arrays memory-mapped, products found by binary search in their sorted ids."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        recommender: ItemTable,
        together: ItemTable,
        assortment: Assortment,
        product_ids: NDArray[np.bytes_],
        category_ids: NDArray[np.bytes_],
    ) -> None:
        self.manifest = manifest
        self.version = manifest.version
        self.as_of = parse_time(manifest.as_of)
        self.recommender = recommender
        self.together = together
        self.assortment = assortment
        self._product_ids = product_ids
        self._categories = {bytes(name).decode(): number for number, name in enumerate(category_ids)}

    def indices(self, product_ids: Sequence[str]) -> Indices:
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

    def category(self, category_id: str) -> int:
        """Return the number of a category in the assortment, -1 for one that the model does not know."""
        return self._categories.get(category_id, -1)


def no_model() -> LoadedModel:
    """Return what serves before the first training: a model without items, and without a version."""
    empty = ItemTable.of(np.empty((0, 1)), np.empty((0, 1)), np.empty(0))
    manifest = Manifest(
        format=FORMAT,
        version="",
        trained_at=_BEFORE,
        as_of=_BEFORE,
        arrays=[],
        include=empty.mixes["include"],
        exclude=empty.mixes["exclude"],
    )
    return LoadedModel(
        manifest,
        recommender=empty,
        together=empty,
        assortment=Assortment.empty(),
        product_ids=_ids(()),
        category_ids=_ids(()),
    )


class Versions:
    """The files of all versions. A version is written once, whole, and never changed."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write(self, manifest: Manifest, parts: ModelParts, *, sold: Mapping[str, int]) -> Manifest:
        """Store a version and return its manifest with the names of its arrays; that is written last."""
        arrays: dict[str, NDArray[Any]] = dict(parts.recommender.to_arrays())
        arrays[f"{_TOGETHER}neighbours"] = parts.together.neighbours
        arrays[f"{_TOGETHER}weights"] = parts.together.weights
        arrays |= {_ITEMS + name: array for name, array in parts.assortment.to_arrays().items()}
        manifest = msgspec.structs.replace(manifest, arrays=sorted(arrays))
        arrays |= {"product_ids": _ids(parts.product_ids), "category_ids": _ids(parts.category_ids)}
        for name, array in arrays.items():
            self._objects.put(_path(manifest.version, f"{name}.npy"), _npy(array))
        self._objects.put(_path(manifest.version, "sold.json"), msgspec.json.encode(sold))
        self._objects.put(_path(manifest.version, "manifest.json"), msgspec.json.encode(manifest))
        return manifest

    def exists(self, version: str) -> bool:
        """Tell whether a version was stored."""
        return self._objects.find(_path(version, "manifest.json")) is not None

    def all(self) -> list[Manifest]:
        """Return all stored versions that this version of the shop can read, oldest first."""
        found = []
        for info in self._objects.list(schema.MODELS):
            if info.key.endswith("/manifest.json"):
                with contextlib.suppress(BrokenModelError, NotFoundError):
                    manifest = _manifest(self._objects.get(info.key))
                    if manifest.format == FORMAT:
                        found.append(manifest)
        return sorted(found, key=lambda manifest: manifest.trained_at)

    def sold(self, version: str) -> dict[str, int]:
        """Return how many units of each product were sold before this version; NotFoundError, InvalidError."""
        return decode_json(self._objects.get(_path(version, "sold.json")), dict[str, int])

    def remove(self, version: str) -> None:
        """Delete a version's files, the manifest first, so that nothing half-deleted is taken for a version."""
        self._objects.delete(_path(version, "manifest.json"))
        for info in list(self._objects.list(_path(version, ""))):
            self._objects.delete(info.key)

    def load(self, version: str) -> LoadedModel:
        """Return a version ready to serve; BrokenModelError if a part is missing, damaged or of another format."""
        try:
            manifest = _manifest(self._objects.get(_path(version, "manifest.json")))
            if manifest.format != FORMAT:
                raise BrokenModelError(f"model {version} has format {manifest.format}, this version reads {FORMAT}")
            return self._loaded(version, manifest)
        except (ValueError, OSError, EOFError, NotFoundError) as exc:  # InvalidError is a ValueError
            raise BrokenModelError(f"model {version} cannot be read: {exc}") from exc

    def _loaded(self, version: str, manifest: Manifest) -> LoadedModel:
        arrays = {name: self._map(version, name) for name in manifest.arrays}
        product_ids, category_ids = self._map(version, "product_ids"), self._map(version, "category_ids")
        mixes: dict[Repeat, Mix] = {"include": manifest.include, "exclude": manifest.exclude}
        own = {name: array for name, array in arrays.items() if not name.startswith((_TOGETHER, _ITEMS))}
        recommender = ItemTable.from_arrays(own, mixes)
        if len(product_ids) != recommender.n_items:
            raise BrokenModelError(f"model {version} has {recommender.n_items} items but {len(product_ids)} ids")
        return LoadedModel(
            manifest,
            recommender=recommender,
            together=ItemTable.from_arrays(own | _with(_TOGETHER, arrays), mixes),
            assortment=Assortment.from_arrays(
                _with(_ITEMS, arrays), n_items=recommender.n_items, n_categories=len(category_ids)
            ),
            product_ids=product_ids,
            category_ids=category_ids,
        )

    def _map(self, version: str, name: str) -> NDArray[Any]:
        path = self._objects.fetch(_path(version, f"{name}.npy"))
        # A plain array over the mapped pages: the subclass memmap makes taking single numbers three times as slow.
        # Not np.load, which takes archives and pickles for arrays, too.
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))


def _with(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


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


def _ids(names: Sequence[str]) -> NDArray[np.bytes_]:
    return np.array([name.encode() for name in names] or [], dtype=None if names else "S1")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
