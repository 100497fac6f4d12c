"""Write to a search index: changes into the current generation, or a new generation beside it."""

import contextlib
import ctypes
import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tantivy

from bodega.adapters.local import search_fields, search_text
from bodega.adapters.local.search_cards import CardWriter
from bodega.adapters.local.search_errors import tantivy_errors
from bodega.adapters.local.search_fields import Note
from bodega.adapters.local.search_generations import Generations
from bodega.adapters.local.search_journal import Change, Journal, Record, record_of
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
_EMPTY = Note()


@dataclass(frozen=True, slots=True)
class Place:
    """Where to write: a generation's folder, its index, and what its last commit reached."""

    folder: Path
    index: tantivy.Index
    note: Note


class SearchWriter:
    """Changes the index of a folder, one writer at a time over all threads and processes."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._threads = threading.Lock()

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:
        """Publish changes in one commit; a process that builds a new generation meanwhile is told of them."""
        _require(deletes, position)
        change = Change(upserts, deletes, position)
        documents = change.latest()
        with self.exclusive(), tantivy_errors():
            snapshot = self._generations.snapshot(newest=True)
            if snapshot is not None and position < snapshot.note.position:
                log.info("late changes skipped", extra={"position": position, "published": snapshot.note.position})
                return
            self._tell_builder(change)
            if snapshot is None:
                self._begin(documents.values(), position)
            else:
                name, index = snapshot.generation.name, snapshot.generation.index
                place = self._place(name, index, snapshot.note)
                self._write(place, [*deletes, *documents], documents.values(), position)

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:
        """Build a new generation, add what was applied meanwhile, and make it the current one."""
        _require((), position)
        with file_lock(self._generations.building, wait_seconds=_LOCK_SECONDS):
            with self.exclusive():
                self._generations.sweep(keep=self._generations.current())
                name, index = self._generations.create()
                place = self._place(name, index, _EMPTY)
                journal = Journal(place.folder)
                journal.start()
            try:
                with tantivy_errors():
                    filled = _fill(place, documents, position)
                with self.exclusive(), tantivy_errors():
                    _catch_up(replace(place, note=filled), journal)
                    journal.end()
                    self._generations.publish(name)
                    self._generations.snapshot(newest=True)
            except BaseException:
                self._generations.drop(name)
                raise
            count = _count(index)
        _release_memory()
        return count

    def _begin(self, documents: Collection[SearchDocument], position: int) -> None:
        """Make the first generation; never in place of an unreadable one, for more products were in that."""
        if self._generations.current() is not None:
            raise UnavailableError("the search index is unusable and must be rebuilt")
        name, index = self._generations.create()
        self._write(self._place(name, index, _EMPTY), (), documents, position)
        self._generations.publish(name)
        self._generations.snapshot(newest=True)

    def _write(self, place: Place, gone: Sequence[str], documents: Collection[SearchDocument], position: int) -> None:
        heap_bytes = _SMALL_HEAP_BYTES if len(documents) < _LARGE_FROM else _LARGE_HEAP_BYTES
        with _batch(place, heap_bytes) as batch:
            batch.put(gone, documents)
            batch.commit(position)
            self._generations.snapshot(newest=True)
        _release_memory()

    def _place(self, name: str, index: tantivy.Index, note: Note) -> Place:
        return Place(self._generations.directory / name, index, note)

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
    def exclusive(self) -> Iterator[None]:
        """Keep everybody else from changing what is current."""
        if not self._threads.acquire(timeout=_LOCK_SECONDS):
            raise UnavailableError("the search index is being written")
        try:
            with file_lock(self._generations.writing, wait_seconds=_LOCK_SECONDS):
                yield
        finally:
            self._threads.release()


class Batch:
    """What one commit writes: it stamps documents with their rows, and puts their cards beside them."""

    def __init__(self, writer: tantivy.IndexWriter, cards: CardWriter, note: Note) -> None:
        self._writer = writer
        self._cards = cards
        self._note = note
        self._row = note.rows
        self._card_at = note.last_card_at
        self._changed = False

    def put(self, gone: Iterable[str], documents: Iterable[SearchDocument]) -> None:
        """Take out the products with these ids, and put in these, all sound.

        One after the other: thousands of tantivy's documents at once take more memory, and more time, than all else.
        """
        for product_id in gone:
            self._writer.delete_documents_by_term("id", product_id)
            self._changed = True
        for document in documents:
            self.add(record_of(document))

    def add(self, record: Record) -> None:
        """Put in a product whose id is in no more."""
        self._card_at = self._cards.add(record.id, record.card)
        search_fields.stamp(record.document, row=self._row, batch=self._note.batch + 1, card_at=self._card_at)
        self._writer.add_document(record.document)
        self._row += 1
        self._changed = True

    def commit(self, position: int) -> Note:
        """Make everything permanent and visible, cards first; return what is reached."""
        note = Note(position, self._row, self._note.batch + self._changed, self._card_at)
        self._cards.sync()
        self._writer.delete_documents_by_term("mark", search_fields.NOTE)
        self._writer.add_document(search_fields.note_of(note))
        self._writer.commit()
        return note


@contextlib.contextmanager
def _batch(place: Place, heap_bytes: int) -> Iterator[Batch]:
    """Open a writer (0.25 ms) and close it when its merges are done; what is not committed is lost."""
    with CardWriter(place.folder) as cards:
        writer = place.index.writer(heap_bytes, 1)
        try:
            # The dead leave files of a commit that they never published. The next commit would give the same name to
            # its list of deleted products, and tantivy refuses to write over a file, now and for ever.
            writer.garbage_collect_files()
            yield Batch(writer, cards, place.note)
        except BaseException:
            with contextlib.suppress(Exception):
                writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()


def _fill(place: Place, documents: Iterable[SearchDocument], position: int) -> Note:
    """Write all documents in constant memory. An id that comes again replaces the earlier one."""
    seen = bytearray(_SEEN_BITS // 8)
    with _batch(place, _LARGE_HEAP_BYTES) as batch:
        for document in documents:
            search_fields.check(document)
            byte, bit = divmod(search_fields.tie_of(document.id) % _SEEN_BITS, 8)
            batch.put([document.id] if seen[byte] >> bit & 1 else (), [document])
            seen[byte] |= 1 << bit
        return batch.commit(position)


def _catch_up(place: Place, journal: Journal) -> None:
    """Add what was applied to the old generation since the building began, and reach no further than that did.

    Whoever applied may have read a product before the builder did: what happened to it in between is behind their
    position, and has to be applied yet.
    """
    with _batch(place, _SMALL_HEAP_BYTES) as batch:
        reached = None
        for change in journal.changes():
            documents = change.latest()
            batch.put([*change.deletes, *documents], documents.values())
            reached = change.position
        if reached is not None:
            batch.commit(reached)


def _count(index: tantivy.Index) -> int:
    """Return how many products a new generation has."""
    index.reload()
    return int(index.searcher().num_docs) - 1  # The note is no product.


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
