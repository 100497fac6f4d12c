"""Keep the generations of a search index in folders, and the pointer file that says which one is current.

current            the name of the current generation; replaced atomically
writing, building  locks: of the one who changes what is current, of the one who builds a new generation
f1-00000007/       a generation: a tantivy index; "f1" is the format its fields have
"""

import contextlib
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tantivy

from bodega.adapters.local import search_fields
from bodega.errors import InvalidError, UnavailableError

T = TypeVar("T")
log = logging.getLogger(__name__)

_NAME = re.compile(r"f(\d+)-(\d{8})")
_POINTER = "current"
_CHECK_SECONDS = 0.1
_OPEN_ATTEMPTS = 5
# What a process remembers of one state: two megabytes of cards, and counts of up to two again.
_MAX_CARDS, _MAX_COUNTS = 2000, 100
_STORE_BLOCK_BYTES = 4096


class Snapshot:
    """One published state, which stays readable and unchanged for as long as somebody holds it."""

    def __init__(self, index: tantivy.Index, generation: str) -> None:
        self.index = index
        self.generation = generation
        self.searcher: tantivy.Searcher = index.searcher()
        self.position = _read_position(self.searcher)
        self._cards: dict[tuple[int, int], tuple[str, bytes]] = {}
        self._counts: dict[object, Any] = {}

    def card(self, address: tantivy.DocAddress) -> tuple[str, bytes]:
        """Return a hit's id and card; remembered, for unpacking the store costs more than finding the hit."""
        key = (address.segment_ord, address.doc)
        card = self._cards.get(key)
        if card is None:
            document = self.searcher.doc(address)
            card = (search_fields.stored_text(document, "id"), search_fields.stored_bytes(document, "card"))
            if len(self._cards) >= _MAX_CARDS:
                self._cards = {}
            self._cards[key] = card
        return card

    def remembered(self, key: object, count: Callable[[], T]) -> T:
        """Return what was counted for the key; a state never changes, so that a count stays true."""
        if key in (known := self._counts):
            found: T = known[key]
            return found
        if len(known) >= _MAX_COUNTS:
            # A new dictionary, since another thread may be reading from the old one.
            known = self._counts = {}
        counted = known[key] = count()
        return counted


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
        """Make the folder of a generation after every other; nobody reads it before it is published."""
        numbers = [
            int(match[2]) for match in (_NAME.fullmatch(path.name) for path in self.directory.iterdir()) if match
        ]
        name = f"f{search_fields.FORMAT}-{max(numbers, default=0) + 1:08d}"
        path = self.directory / name
        path.mkdir()
        tantivy.Index(search_fields.SCHEMA, str(path))
        _make_blocks_small(path / "meta.json")
        return name, search_fields.prepare(tantivy.Index.open(str(path)))

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

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._snapshot, self._seen = None, None

    def _look(self) -> None:
        signature = self._signature()
        if signature != self._seen:
            self._snapshot = self._load()
            self._seen = signature
        self._check_at = time.monotonic() + _CHECK_SECONDS

    def _signature(self) -> object:
        """Identify the pointer and the commit it leads to: two calls of stat, whatever the size."""
        marks: list[tuple[int, int, int] | None] = []
        folder = self._snapshot.generation if self._snapshot else "-"
        for path in (self.directory / _POINTER, self.directory / folder / "meta.json"):
            try:
                stat = path.stat()
                marks.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
            except OSError:
                marks.append(None)
        return marks

    def _load(self) -> Snapshot | None:
        """Open what is current; once more if it was replaced and deleted after its name was read."""
        problem: BaseException | None = None
        for _ in range(_OPEN_ATTEMPTS):
            name = self.current()
            if name is None:
                return None
            try:
                with tantivy_errors():
                    return self._open(name)
            except UnavailableError as error:
                problem = error
                if name == self.current():
                    break
        if self._snapshot is None or self._snapshot.generation != name:
            log.warning("the search index must be rebuilt", extra={"generation": name, "problem": str(problem)})
            return None
        log.warning("the newest state of the search index is unreadable", extra={"problem": str(problem)})
        return self._snapshot

    def _open(self, name: str) -> Snapshot:
        if self._snapshot is not None and self._snapshot.generation == name:
            self._snapshot.index.reload()
            return Snapshot(self._snapshot.index, name)
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) != search_fields.FORMAT:
            raise ValueError(f"not a generation of format {search_fields.FORMAT}: {name!r}")
        return Snapshot(search_fields.prepare(tantivy.Index.open(str(self.directory / name))), name)


@contextlib.contextmanager
def tantivy_errors() -> Iterator[None]:
    """Turn tantivy's refusals and panics, which a damaged file may cause, into UnavailableError."""
    try:
        yield
    except InvalidError:
        raise  # a ValueError too, but ours and about what was asked
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the search index is unusable: {error}") from error
    except BaseException as error:
        # A panic in Rust is no Exception; its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise UnavailableError(f"the search index is damaged: {error}") from error


def _read_position(searcher: tantivy.Searcher) -> int:
    found = searcher.search(tantivy.Query.term_query(search_fields.SCHEMA, "mark", "position", "basic"), limit=1).hits
    if not found:
        raise ValueError("no position in the index")
    return int(search_fields.stored_text(searcher.doc(found[0][1]), "position"))


def _make_blocks_small(meta: Path) -> None:
    """Set the size of the store's blocks, which Python cannot: a hit costs the unpacking of the block it is in.

    4 KB instead of 16 takes a quarter off a page of hits and adds a tenth to the store.
    """
    settings = msgspec.json.decode(meta.read_bytes())
    settings["index_settings"]["docstore_blocksize"] = _STORE_BLOCK_BYTES
    meta.write_bytes(msgspec.json.encode(settings))


def _sync(directory: Path) -> None:
    """Make the names in a folder durable; Windows neither can nor needs to."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
