"""Keep what products have for each facet in arrays by row, so that to count hits is to look into an array.

tantivy's own aggregation takes 100 microseconds a facet before it has counted anything, since it makes a Python object
for every value. Here counting costs a few, but the rows of the hits must be had from it, at 0.15 microseconds a hit.

What a row has for a facet never changes: a changed product gets a new row. So a column is read once, value by value,
and with each later state of the index only what was written since is added to it.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
import numpy as np
import tantivy
from numpy.typing import NDArray

from bodega.adapters.local import search_fields
from bodega.adapters.local.search_errors import tantivy_errors
from bodega.adapters.local.search_fields import Note
from bodega.adapters.local.search_rows import MAX_BATCHES, Rows, both, rows_of, written_between
from bodega.errors import UnavailableError

log = logging.getLogger(__name__)

Codes: TypeAlias = NDArray[np.uint16]
Counts: TypeAlias = NDArray[np.intp]

# Facets beyond these bounds are left to tantivy: one with too many values, or a product that has too many.
_MAX_VALUES, _MAX_LAYERS = 10_000, 16
# Reading a column takes 15 milliseconds for 100,000 products: longer ones are read beside the requests.
_READ_AT_ONCE = 50_000
# What the columns of a generation may take together: 4 MB are those of 100,000 products and ten facets.
_MAX_BYTES, _MAX_COLUMNS = 48_000_000, 200


class Values:
    """The values of a facet by code, from 1; 0 is none.

    `texts` are as the index has them, `heads` the beginnings of their JSON, up to the count, and `ranks` their places
    in the order of names.
    """

    def __init__(self, facet: str, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        shown = [search_fields.shown(facet, text) for text in self.texts]
        heads = [b'{"value":%s,"count":' % msgspec.json.encode(text) for text in shown]
        self.heads = np.array([b"", *heads], dtype=object)
        self.ranks = np.zeros(len(shown) + 1, np.intp)
        if facet == search_fields.PRICE:
            self.ranks[1:] = [int(text) for text in self.texts]
        else:
            self.ranks[1:][sorted(range(len(shown)), key=shown.__getitem__)] = np.arange(len(shown))


@dataclass(frozen=True, slots=True)
class Column:
    """What rows have for a facet, at one state of the index.

    `layers` are arrays by row of codes into `values`: the first has the first value of each row, the second what
    second value there is, and so on.
    """

    batch: int
    rows: int
    layers: tuple[Codes, ...]
    values: Values

    def count(self, rows: Rows) -> Counts:
        """Return how many of the rows have each value, by code: shape (number of values + 1,); of none it says 0."""
        length = len(self.values.heads)
        counts: Counts | None = None
        for layer in self.layers:
            counted = np.bincount(layer.take(rows), None, length)
            counts = counted if counts is None else counts + counted
        if counts is None:
            return np.zeros(length, np.intp)
        counts[0] = 0
        return counts

    @property
    def size_bytes(self) -> int:
        """Return what the layers take; the values take little."""
        return sum(layer.nbytes for layer in self.layers)


class Columns:
    """The columns of one generation, each read when it is first asked for. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # None is for a facet that cannot have a column.
        self._columns: dict[str, Column | None] = {}
        self._reading: set[str] = set()

    def find(self, searcher: tantivy.Searcher, note: Note, facet: str) -> Column | None:
        """Return the facet's column at a state, None if it cannot have one, has a later one, or is being read."""
        column = self._columns.get(facet)
        if column is not None and column.batch == note.batch:
            return column
        if facet in self._columns and (column is None or column.batch > note.batch):
            return None
        aside = note.rows - (column.rows if column is not None else 0) > _READ_AT_ONCE
        with self._lock:
            # One facet may be read by one thread; and beside the requests one at all, however many are asked for.
            if facet in self._reading or (aside and self._reading):
                return None
            self._reading.add(facet)
        if aside:
            threading.Thread(target=self._read_aside, args=(searcher, note, facet), name="search column").start()
            return None
        return self._read(searcher, note, facet)

    def _read_aside(self, searcher: tantivy.Searcher, note: Note, facet: str) -> None:
        try:
            with tantivy_errors():
                self._read(searcher, note, facet)
        except UnavailableError as error:
            log.warning("a facet could not be read", extra={"facet": facet, "problem": str(error)})

    def _read(self, searcher: tantivy.Searcher, note: Note, facet: str) -> Column | None:
        try:
            before = self._columns.get(facet)
            if before is not None and before.batch >= note.batch:  # another thread was quicker
                return before if before.batch == note.batch else None
            column = _read(searcher, note, facet, before)
            with self._lock:
                self._keep(facet, column)
        finally:
            self._reading.discard(facet)
        return column

    def _keep(self, facet: str, column: Column | None) -> None:
        """Remember a column; those that were read longest ago make room for it."""
        self._columns.pop(facet, None)
        size = sum(kept.size_bytes for kept in (column, *self._columns.values()) if kept is not None)
        for other, kept in list(self._columns.items()):
            if size <= _MAX_BYTES and len(self._columns) < _MAX_COLUMNS:
                break
            size -= kept.size_bytes if kept is not None else 0
            del self._columns[other]
        self._columns[facet] = column


def _read(searcher: tantivy.Searcher, note: Note, facet: str, before: Column | None) -> Column | None:
    """Return the column at a state, from an earlier one if there is one; None if there can be none."""
    written = None
    if before is not None and note.batch - before.batch <= MAX_BATCHES:
        written = written_between(before.batch, note.batch)
    else:
        before = Column(-1, 0, (), Values(facet, ()))
    layers = [_longer(layer, note.rows) for layer in before.layers]
    codes = {text: code for code, text in enumerate(before.values.texts, 1)}
    for text, rows in _value_rows(searcher, written, facet):
        code = codes.setdefault(text, len(codes) + 1)
        if code > _MAX_VALUES or not _put(layers, rows, code, note.rows):
            log.info("a facet without a column", extra={"facet": facet, "values": len(codes), "layers": len(layers)})
            return None
    values = before.values if len(codes) == len(before.values.texts) else Values(facet, tuple(codes))
    return Column(note.batch, note.rows, tuple(layers), values)


def _value_rows(searcher: tantivy.Searcher, written: tantivy.Query | None, facet: str) -> Iterable[tuple[str, Rows]]:
    """Yield each value that anything written has, as the index has it, and the rows of what has it."""
    field = search_fields.facet_field(facet)
    asked = {"terms": {"field": field, "size": _MAX_VALUES + 1, "segment_size": _MAX_VALUES + 1}}
    scope = written or tantivy.Query.all_query()
    buckets: Sequence[Mapping[str, Any]] = searcher.aggregate(scope, {"values": asked})["values"]["buckets"]
    for bucket in buckets:
        key = int(bucket["key"]) if facet == search_fields.PRICE else bucket["key"]
        having = tantivy.Query.term_query(search_fields.SCHEMA, field, key, "basic")
        yield str(key), rows_of(searcher, having if written is None else both(written, having), bucket["doc_count"])


def _put(layers: list[Codes], rows: Rows, code: int, length: int) -> bool:
    """Give rows a value, each in its first layer that has none; False if a row has too many."""
    depth = 0
    while rows.size:
        if depth == len(layers):
            if depth == _MAX_LAYERS:
                return False
            layers.append(np.zeros(length, np.uint16))
        free = layers[depth][rows] == 0
        layers[depth][rows[free]] = code
        rows = rows[~free]
        depth += 1
    return True


def _longer(layer: Codes, length: int) -> Codes:
    """Return a copy with room for more rows: who reads the earlier one goes on reading it."""
    longer = np.zeros(length, layer.dtype)
    longer[: len(layer)] = layer
    return longer
