"""Have the rows of a question's hits: from tantivy at a tenth of a microsecond a hit, or from when it was asked before.

A row is one writing of a document (see `search_fields.Note`), so that what has been found once stays found: since then
hits may have been added, in later batches, and may have been deleted.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple, TypeAlias

import numpy as np
import tantivy
from numpy.typing import NDArray

from bodega.adapters.local import search_fields
from bodega.adapters.local.search_fields import Note

Rows: TypeAlias = NDArray[np.int32]

MAX_BATCHES = 200
"""What was read so many states of the index ago is not worth being brought up to date."""
_HITS_AT_ONCE = 50_000
# Fewer rows than this are had from tantivy as quickly as they are brought up to date.
_WORTH_KEEPING = 256
_MAX_BYTES = 8_000_000
_ENTRY_BYTES = 500
_MAX_ASKED = 5000


def rows_of(searcher: tantivy.Searcher, query: tantivy.Query, count: int) -> Rows:
    """Return the rows of a question that has at most so many hits, ascending."""
    parts = [
        _rows(searcher, query, start, min(_HITS_AT_ONCE, count - start)) for start in range(0, count, _HITS_AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int32), *parts])


def rows_at(searcher: tantivy.Searcher, addresses: Sequence[tantivy.DocAddress]) -> Rows:
    """Return the rows of hits that were found, in their order."""
    return np.fromiter(searcher.fast_field_values("row", list(addresses)), np.int32, len(addresses))


def _rows(searcher: tantivy.Searcher, query: tantivy.Query, start: int, limit: int) -> Rows:
    order = tantivy.Order.Asc
    found = searcher.search(query, limit, count=False, order_by_field="row", order=order, offset=start).hits
    return np.fromiter(map(itemgetter(0), found), np.int32, len(found))


def written_between(before: int, now: int) -> tantivy.Query:
    """Return the query for what was written after one batch and up to another."""
    batches = [str(batch) for batch in range(before + 1, now + 1)]
    return tantivy.Query.term_set_query(search_fields.SCHEMA, "batch", batches)


def both(first: tantivy.Query, second: tantivy.Query) -> tantivy.Query:
    """Return the query for what both find."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, first), (tantivy.Occur.Must, second)])


class _Found(NamedTuple):
    batch: int
    rows: Rows


class FoundRows:
    """The rows of questions that were asked before, of one generation. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[object, _Found] = OrderedDict()
        self._size_bytes = 0
        self._asked: set[object] = set()

    def is_asked_again(self, key: object) -> bool:
        """Tell whether this was asked before: then it will be again, and the rows may be worth their price."""
        if key in self._asked:
            return True
        if len(self._asked) >= _MAX_ASKED:
            self._asked = set()
        self._asked.add(key)
        return False

    def find(self, searcher: tantivy.Searcher, note: Note, key: object, hits: tantivy.Query, total: int) -> Rows | None:
        """Return the rows of a question that has `total` hits at a state; None if what is known of it is too little.

        What was found before, and what was found in the batches since, is at least all of it: whether a document is a
        hit never changes, only whether it is there. So if it is not more than all, it is exactly that.
        """
        known = self._found.get(key)
        if known is None or not 0 <= note.batch - known.batch <= MAX_BATCHES:
            return None
        rows = known.rows
        if known.batch < note.batch:
            later = both(hits, written_between(known.batch, note.batch))
            rows = np.concatenate([rows, rows_of(searcher, later, note.rows)])
        if rows.size != total:
            return None
        self.keep(note, key, rows)
        return rows

    def keep(self, note: Note, key: object, rows: Rows) -> None:
        """Remember what was found at a state; what was not asked for the longest makes room."""
        if rows.size < _WORTH_KEEPING:
            return
        with self._lock:
            self._drop(key)
            self._found[key] = _Found(note.batch, rows)
            self._size_bytes += rows.nbytes + _ENTRY_BYTES
            while self._size_bytes > _MAX_BYTES:
                self._drop(next(iter(self._found)))

    def _drop(self, key: object) -> None:
        known = self._found.pop(key, None)
        if known is not None:
            self._size_bytes -= known.rows.nbytes + _ENTRY_BYTES
