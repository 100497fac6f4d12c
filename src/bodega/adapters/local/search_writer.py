"""Write to a search index: changes into the current generation, or a new generation beside it."""

import contextlib
import ctypes
import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence

import tantivy

from bodega.adapters.local import search_fields, search_text
from bodega.adapters.local.search_generations import Generations, tantivy_errors
from bodega.adapters.local.search_journal import Change, Journal
from bodega.adapters.system.file_lock import file_lock
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.search import SearchDocument

log = logging.getLogger(__name__)

_LOCK_SECONDS = 30.0
# The least that tantivy takes: what a running shop changes at once is far smaller. An import's thousands become
# one segment with more, and so cost a quarter less.
_SMALL_HEAP_BYTES = 15_000_000
_LARGE_HEAP_BYTES = 50_000_000
_LARGE_FROM = 2000
_POSITIONS = range(-1, 2**53)
# One bit an id, by its digest: certain that an id is new; in the other case it may err, at a small cost.
_SEEN_BITS = 1 << 26


class SearchWriter:
    """Changes the index of a folder, one writer at a time over all threads and processes."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._threads = threading.Lock()

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:
        """Publish changes in one commit; a process that builds a new generation meanwhile is told of them."""
        _require(deletes, position)
        change = Change(upserts, deletes, position)
        records = change.records()
        with self._exclusive(), tantivy_errors():
            self._tell_builder(change)
            snapshot = self._generations.snapshot(newest=True)
            if snapshot is None:
                self._begin(records, position)
            elif position >= snapshot.position:
                self._write(snapshot.index, [*deletes, *records], records.values(), position)
            else:
                log.info("late changes skipped", extra={"position": position, "published": snapshot.position})

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:
        """Build a new generation, add what was applied meanwhile, and make it the current one."""
        _require((), position)
        with file_lock(self._generations.building, wait_seconds=_LOCK_SECONDS):
            with self._exclusive():
                self._generations.sweep(keep=self._generations.current())
                name, index = self._generations.create()
                journal = Journal(self._generations.directory / name)
                journal.start()
            try:
                with tantivy_errors():
                    count = _fill(index, documents, position)
                with self._exclusive(), tantivy_errors():
                    _catch_up(index, journal, position)
                    journal.end()
                    self._generations.publish(name)
                    self._generations.snapshot(newest=True)
            except BaseException:
                self._generations.drop(name)
                raise
        _release_memory()
        return count

    def _begin(self, records: dict[str, tantivy.Document], position: int) -> None:
        """Make the first generation; never in place of an unreadable one, for more products were in that."""
        if self._generations.current() is not None:
            raise UnavailableError("the search index is unusable and must be rebuilt")
        name, index = self._generations.create()
        self._write(index, (), records.values(), position)
        self._generations.publish(name)
        self._generations.snapshot(newest=True)

    def _write(
        self, index: tantivy.Index, gone: Iterable[str], records: Collection[tantivy.Document], position: int
    ) -> None:
        heap_bytes = _SMALL_HEAP_BYTES if len(records) < _LARGE_FROM else _LARGE_HEAP_BYTES
        with _writer(index, heap_bytes) as writer:
            _put(writer, gone, records)
            _commit(writer, position)
            self._generations.snapshot(newest=True)
        _release_memory()

    def _tell_builder(self, change: Change) -> None:
        """Note the change for whoever is building, or clear away what a builder left that was killed."""
        current = self._generations.current()
        others = self._generations.others(current)
        if not others:
            return
        try:
            with file_lock(self._generations.building, wait_seconds=0):
                self._generations.sweep(keep=current)
        except UnavailableError:
            for folder in others:
                Journal(folder).note(change)

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        if not self._threads.acquire(timeout=_LOCK_SECONDS):
            raise UnavailableError("the search index is being written")
        try:
            with file_lock(self._generations.writing, wait_seconds=_LOCK_SECONDS):
                yield
        finally:
            self._threads.release()


@contextlib.contextmanager
def _writer(index: tantivy.Index, heap_bytes: int) -> Iterator[tantivy.IndexWriter]:
    """Open a writer (0.25 ms) and close it when its merges are done; what is not committed is lost."""
    writer = index.writer(heap_bytes, 1)
    try:
        yield writer
    except BaseException:
        with contextlib.suppress(Exception):
            writer.rollback()
        raise
    finally:
        writer.wait_merging_threads()


def _put(writer: tantivy.IndexWriter, gone: Iterable[str], records: Iterable[tantivy.Document]) -> None:
    for product_id in gone:
        writer.delete_documents_by_term("id", product_id)
    for record in records:
        writer.add_document(record)


def _commit(writer: tantivy.IndexWriter, position: int) -> None:
    writer.delete_documents_by_term("mark", "position")
    writer.add_document(search_fields.position_note(position))
    writer.commit()


def _fill(index: tantivy.Index, documents: Iterable[SearchDocument], position: int) -> int:
    """Write all documents in constant memory. An id that comes again replaces the earlier one."""
    seen = bytearray(_SEEN_BITS // 8)
    with _writer(index, _LARGE_HEAP_BYTES) as writer:
        for document in documents:
            record = search_fields.record(document)
            byte, bit = divmod(search_fields.tie_of(document.id) % _SEEN_BITS, 8)
            if seen[byte] >> bit & 1:
                writer.delete_documents_by_term("id", document.id)
            seen[byte] |= 1 << bit
            writer.add_document(record)
        _commit(writer, position)
    index.reload()
    return int(index.searcher().num_docs) - 1  # The note of the position is no product.


def _catch_up(index: tantivy.Index, journal: Journal, position: int) -> None:
    """Add what was applied to the old generation since the building began."""
    with _writer(index, _SMALL_HEAP_BYTES) as writer:
        reached = None
        for change in journal.changes():
            records = change.records()
            _put(writer, [*change.deletes, *records], records.values())
            reached = max(position, change.position)
        if reached is not None:
            _commit(writer, reached)


def _require(deletes: Sequence[str], position: int) -> None:
    if position not in _POSITIONS:
        raise InvalidError(f"a position is -1 to {_POSITIONS.stop - 1}")
    if not all(map(search_text.is_encodable, deletes)):
        raise InvalidError("an id contains broken Unicode (a lone surrogate)")


def _release_memory() -> None:
    """Give freed memory back: glibc keeps what a writer's threads used, 60 MB after a few changes."""
    if _malloc_trim is not None:
        _malloc_trim(0)


def _find_malloc_trim() -> "ctypes._NamedFuncPointer | None":
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # Another C library; Windows has no CDLL(None).
        return None


_malloc_trim = _find_malloc_trim()
