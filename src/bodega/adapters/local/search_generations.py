"""Keep the generations of a search index in folders, and the pointer file that says which one is current.

current            the name of the current generation; replaced atomically
writing, building  locks: of the one who changes what is current, of the one who builds a new generation
f2-00000007/       a generation: a tantivy index and its cards; "f2" is the format they have
"""

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from bodega.adapters.local import search_fields
from bodega.adapters.local.search_cards import Cards
from bodega.adapters.local.search_columns import Column, Columns
from bodega.adapters.local.search_dictionary import Dictionary
from bodega.adapters.local.search_errors import tantivy_errors
from bodega.adapters.local.search_fields import Note
from bodega.adapters.local.search_rows import FoundRows, Rows, rows_of
from bodega.errors import UnavailableError

T = TypeVar("T")
log = logging.getLogger(__name__)

_NAME = re.compile(r"f(\d+)-(\d{8})")
_POINTER = "current"
_CHECK_SECONDS = 0.1
# What could not be opened is tried again: it may have lacked nothing but memory, or files that a process may open.
_RETRY_SECONDS = 1.0
_OPEN_ATTEMPTS = 5
# What a process remembers of a generation: up to two megabytes of counts.
_MAX_COUNTS = 100


class Memory:
    """Remembers what was counted, up to so many counts. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[object, Any] = {}

    def get_or_count(self, key: object, count: Callable[[], T]) -> T:
        """Return what was counted for the key, or count it now."""
        if key in (known := self._counts):
            found: T = known[key]
            return found
        if len(known) >= self._most:
            # A new dictionary, since another thread may be reading from the old one.
            known = self._counts = {}
        counted = known[key] = count()
        return counted


@dataclass(frozen=True, slots=True)
class Generation:
    """What all states of one generation share."""

    name: str
    index: tantivy.Index
    cards: Cards
    columns: Columns
    found: FoundRows
    memory: Memory


class Snapshot:
    """One published state, which stays readable and unchanged for as long as somebody holds it."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.searcher: tantivy.Searcher = generation.index.searcher()
        self.dictionary = Dictionary(self.searcher)
        self.note = _read_note(self.searcher)
        # The same while no document changes, whatever else moves the position in the change stream.
        self.name = f"{generation.name}#{self.note.batch}"
        if self.note.last_card_at is not None:
            generation.cards.read([self.note.last_card_at])  # ValueError if the file is not what was committed

    def column(self, facet: str) -> Column | None:
        """Return what the products of this state have for a facet, None if only tantivy can say."""
        return self.generation.columns.find(self.searcher, self.note, facet)

    def rows(self, key: object, hits: tantivy.Query, total: int, *, cheap: int, most: int) -> Rows | None:
        """Return the rows of a question's hits, None if they are more than is cheap and were not asked for before.

        Of more than `most` they are never worth it.
        """
        found = self.generation.found
        if total > most:
            return None
        rows = found.find(self.searcher, self.note, key, hits, total)
        if rows is None and (total <= cheap or found.is_asked_again(key)):
            rows = rows_of(self.searcher, hits, total)
            found.keep(self.note, key, rows)
        return rows

    def cards(self, addresses: list[tantivy.DocAddress]) -> list[tuple[str, bytes]]:
        """Return the ids and cards of hits."""
        places = self.searcher.fast_field_values("card_at", addresses)
        return self.generation.cards.read(int(place or 0) for place in places)

    def products(self) -> int:
        """Return how many products there are."""
        return int(self.searcher.num_docs) - 1  # The note is no product.

    def remembered(self, key: object, count: Callable[[], T]) -> T:
        """Return what was counted for the key; a state never changes, so that a count stays true."""
        return self.generation.memory.get_or_count((self.note.batch, key), count)


class Generations:
    """The folder of an index: the current state for readers, new folders for the writer. Thread-safe."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.writing = directory / "writing"
        self.building = directory / "building"
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._seen: object = None
        self._warned: object = None
        self._check_at = 0.0

    def snapshot(self, *, newest: bool = False) -> Snapshot | None:
        """Return the published state, a tenth of a second old or, if asked for, the newest; None if unusable.

        Whoever finds another thread looking takes the state that was there before, so that reads never queue.
        """
        if newest:
            with self._lock:
                self._look()
        elif time.monotonic() >= self._check_at and self._lock.acquire(blocking=self._snapshot is None):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._snapshot

    def current(self) -> str | None:
        """Return the name of the current generation, None if there never was one; garbage as it is."""
        try:
            return (self.directory / _POINTER).read_bytes()[:100].decode(errors="replace").strip()
        except FileNotFoundError:
            return None

    def create(self) -> tuple[str, tantivy.Index]:
        """Make a generation after every other; nobody reads it before it is published."""
        name = self.make_folder()
        return name, search_fields.prepare(tantivy.Index(search_fields.SCHEMA, str(self.directory / name)))

    def make_folder(self) -> str:
        """Make the empty folder of a generation after every other, and return its name."""
        numbers = [
            int(match[2]) for match in (_NAME.fullmatch(path.name) for path in self.directory.iterdir()) if match
        ]
        name = f"f{search_fields.FORMAT}-{max(numbers, default=0) + 1:08d}"
        (self.directory / name).mkdir()
        return name

    def publish(self, name: str) -> None:
        """Make a complete generation the current one, durably and at once for all readers."""
        _sync(self.directory / name)
        fresh = self.directory / f"{_POINTER}.new"
        with fresh.open("w") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.directory / _POINTER)
        _sync(self.directory)

    def others(self, current: str | None) -> list[Path]:
        """Return the folders of generations that are not current: old ones, and ones being built."""
        return [path for path in self.directory.iterdir() if _NAME.fullmatch(path.name) and path.name != current]

    def sweep(self, *, keep: str | None) -> None:
        """Delete all other generations. Readers lose nothing: what is open stays, opening is tried again."""
        for path in self.others(keep):
            self.drop(path.name)

    def drop(self, name: str) -> None:
        """Delete a generation; where files in use cannot be deleted, the next time does it."""
        shutil.rmtree(self.directory / name, ignore_errors=True)

    def opened(self, name: str) -> Snapshot:
        """Return the state of a generation that is not published yet; UnavailableError if it is not sound."""
        with tantivy_errors():
            return self._open(name)

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._snapshot, self._seen = None, None

    def _look(self) -> None:
        signature, wait_seconds = self._signature(), _CHECK_SECONDS
        if signature != self._seen:
            self._snapshot, problem = self._load()
            self._seen = signature if problem is None else None
            if problem is not None:
                wait_seconds = _RETRY_SECONDS
                self._warn(problem, signature)
        self._check_at = time.monotonic() + wait_seconds

    def _warn(self, problem: UnavailableError, signature: object) -> None:
        """Say once of each state what is wrong with it."""
        if signature == self._warned:
            return
        self._warned = signature
        what = "its newest state is unreadable" if self._snapshot is not None else "it must be rebuilt"
        log.warning("the search index is damaged: %s", what, extra={"problem": str(problem)})

    def _signature(self) -> object:
        """Identify the pointer and the commit it leads to: two calls of stat, whatever the size."""
        marks: list[tuple[int, int, int] | None] = []
        folder = self._snapshot.generation.name if self._snapshot else "-"
        for path in (self.directory / _POINTER, self.directory / folder / "meta.json"):
            try:
                stat = path.stat()
                marks.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
            except OSError:
                marks.append(None)
        return marks

    def _load(self) -> tuple[Snapshot | None, UnavailableError | None]:
        """Open what is current; once more if it was replaced and deleted after its name was read.

        Return also what went wrong: then the state is the one before, if it is of the same generation, or None.
        """
        problem: UnavailableError | None = None
        name = None
        for _ in range(_OPEN_ATTEMPTS):
            name = self.current()
            if name is None:
                return None, None
            try:
                with tantivy_errors():
                    return self._open(name), None
            except UnavailableError as error:
                problem = error
                if name == self.current():
                    break
        before = self._snapshot
        return before if before is not None and before.generation.name == name else None, problem

    def _open(self, name: str) -> Snapshot:
        before = self._snapshot
        if before is not None and before.generation.name == name:
            before.generation.index.reload()
            return Snapshot(before.generation)
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) != search_fields.FORMAT:
            raise ValueError(f"not a generation of format {search_fields.FORMAT}: {name!r}")
        folder = self.directory / name
        index = search_fields.prepare(tantivy.Index.open(str(folder)))
        return Snapshot(Generation(name, index, Cards(folder), Columns(), FoundRows(), Memory(_MAX_COUNTS)))


def _read_note(searcher: tantivy.Searcher) -> Note:
    query = tantivy.Query.term_query(search_fields.SCHEMA, "mark", search_fields.NOTE, "basic")
    found = searcher.search(query, limit=1).hits
    if not found:
        raise ValueError("the index does not say what it reaches")
    return search_fields.read_note(searcher.doc(found[0][1]))


def _sync(directory: Path) -> None:
    """Make the names in a folder durable; Windows neither can nor needs to."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
