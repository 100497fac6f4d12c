"""Say what training hands over to be published, wherever it ran: arrays without pickle, names, and facts as JSON."""

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.domain.recommendations.evidence import DataSize, Judgement
from bodega.errors import InvalidError, NotFoundError
from bodega.recsys.demand import Demand
from bodega.recsys.training import TrainedModel

FORMAT = 1
_LAST_DAY = 2_932_896  # of the year 9999
_DEMAND = "demand_"  # arrays of this prefix are the demand's
_IDS, _FACTS, _MODEL = "product_ids.npy", "handover.json", "model.json"
_ARRAYS = (
    "neighbours",
    "weights",
    "popularity",
    "popular_order",
    "habit",
    "together_neighbours",
    "together_weights",
    *(_DEMAND + name for name in Demand._fields),
)


class UnusableHandoverError(InvalidError):
    """What should have been handed over is missing a part, damaged, or of another format; nothing was published."""

    code = "unusable_handover"


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a training beside its arrays; `as_of_days` since 1970 is the moment from which ages count."""

    format: int
    engine: str
    as_of_days: float
    seconds: float
    size: DataSize
    judged: Judgement | None = None


class Handover(msgspec.Struct, frozen=True):
    """A model of products by name: item i of `trained` and `demand` is `product_ids[i]`, ascending."""

    trained: TrainedModel
    demand: Demand
    product_ids: Sequence[str]
    facts: Facts

    @property
    def sold(self) -> dict[str, int]:
        """The units of each product that were sold lately; products without are left out."""
        units = self.demand.units
        return {self.product_ids[int(item)]: int(units[item]) for item in np.flatnonzero(units)}

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield names and contents; that of the facts last, so that what is not complete has none."""
        arrays = self.trained.to_arrays()
        arrays |= {_DEMAND + name: array for name, array in self.demand._asdict().items()}
        for name in _ARRAYS:
            yield f"{name}.npy", _npy(arrays[name])
        yield _IDS, _npy(np.array([name.encode() for name in self.product_ids], dtype="S"))
        yield _MODEL, msgspec.json.encode(self.trained.metadata)
        yield _FACTS, msgspec.json.encode(self.facts)

    @classmethod
    def read(cls, get: Callable[[str], bytes]) -> "Handover":
        """Read `files` back by their names; UnusableHandoverError for anything else."""
        try:
            facts = msgspec.json.decode(get(_FACTS), type=Facts)
            if facts.format != FORMAT:
                raise InvalidError(f"it has format {facts.format}; this version reads {FORMAT}")
            arrays = {name: _array(get(f"{name}.npy")) for name in _ARRAYS}
            demand = {name.removeprefix(_DEMAND): a for name, a in arrays.items() if name.startswith(_DEMAND)}
            trained = TrainedModel.from_arrays({n: a for n, a in arrays.items() if _DEMAND not in n}, get(_MODEL))
            product_ids = _names(_array(get(_IDS)))
            _check(facts, trained, demand, product_ids)
        except (ValueError, OSError, EOFError, NotFoundError, msgspec.MsgspecError) as exc:  # also InvalidError
            raise UnusableHandoverError(f"this is nothing to publish: {exc}") from exc
        return cls(trained, Demand(**demand), product_ids, facts)


def _check(facts: Facts, trained: TrainedModel, demand: Mapping[str, NDArray[Any]], product_ids: Sequence[str]) -> None:
    n_items = trained.recommender.n_items
    if len(product_ids) != n_items:
        raise InvalidError(f"it has {n_items} items but {len(product_ids)} ids")
    if any(first >= second for first, second in itertools.pairwise(product_ids)):
        raise InvalidError("its products are not in order, or not each once")
    fault = Demand.fault_in(demand, n_items)
    if fault:
        raise InvalidError(fault)
    if not 0 <= facts.as_of_days <= _LAST_DAY:
        raise InvalidError(f"its time is day {facts.as_of_days} since 1970")
    if min(facts.seconds, *msgspec.structs.astuple(facts.size)) < 0:
        raise InvalidError("it was learnt in less than no time, or from less than nothing")


def _names(ids: NDArray[Any]) -> list[str]:
    if ids.dtype.kind != "S" or ids.ndim != 1:
        raise InvalidError(f"its product ids are {ids.dtype}")
    return [bytes(name).decode() for name in ids]


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    """Read an array of numbers or bytes without reserving more than there is, whatever its header says."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise InvalidError("an array is of an unknown version of its format")
    shape, by_column, kind = np.lib.format.read_array_header_1_0(stream)
    if kind.hasobject or by_column:
        raise InvalidError("an array holds objects, or its columns one after the other")
    array: NDArray[Any] = np.frombuffer(data, dtype=kind, offset=stream.tell()).reshape(shape)
    return array
