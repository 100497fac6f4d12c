"""Open an SQLite file the way this shop needs it: durable, shared by processes, written in groups."""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

import apsw

from bodega.adapters.local.sqlite_batch import Batch
from bodega.adapters.local.sqlite_checkpoint import Checkpointer
from bodega.adapters.local.sqlite_lock import FairLock
from bodega.adapters.local.sqlite_writer import Pending, Writer
from bodega.adapters.system.files import sync_folder
from bodega.errors import UnavailableError

T = TypeVar("T")

APPLICATION_ID = 0x426F6467  # "Bodg"; `file` and SQLite's own tools show it
FORMAT_VERSION = 1
OLDEST_SQLITE = 3_051_003  # earlier ones can corrupt a database when the log is reset: https://sqlite.org/wal.html
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
PAGE_BYTES = 8192
READER_CACHE_KIB = 8192
WRITER_CACHE_KIB = 16384
SHARED_CACHE_BYTES = 48 * 1024 * 1024
BUSY_MS = 10_000
CHECKPOINT_BUSY_MS = 100  # writers are kept out meanwhile
CHECKPOINT_BYTES = 16 * 1024 * 1024
LOG_LIMIT_BYTES = 64 * 1024 * 1024


class OldEngineError(UnavailableError):
    """The SQLite in use is too old to be trusted with orders."""

    code = "old_engine"


class ForeignDataError(UnavailableError):
    """The file is not a database of this shop, or of a newer version of it; it was left alone."""

    code = "foreign_data"


class UnwritableError(UnavailableError):
    """The file or its folder cannot be created or written."""

    code = "unwritable"


class Database:
    """An open database file. Thread-safe; several processes may have the same file open."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._readers: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._closed = False
        self._locks: list[FairLock] = []
        self._writing: apsw.Connection | None = None
        self._checkpointing: apsw.Connection | None = None
        self._writer: Writer | None = None
        self._checkpointer: Checkpointer | None = None

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the file, creating it and its folder unless `read_only`.

        Raises OldEngineError, ForeignDataError or UnwritableError, each with what to do about it.
        """
        if apsw.SQLITE_VERSION_NUMBER < OLDEST_SQLITE or _library_version() < OLDEST_SQLITE:
            raise OldEngineError(
                f"SQLite {apsw.sqlite_lib_version()} is too old, 3.51.3 is needed: pip install --upgrade apsw"
            )
        database = cls(path, read_only=read_only)
        try:
            database._start()
        except BaseException:
            database.close()
            raise
        return database

    def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Run a change in the writer's next transaction and return its result once that is on the disk.

        What the change raises is raised here, and only its own effects are taken back. It must not commit,
        and must not call `write` itself. It may be run again if a neighbour in the group spoiled the
        transaction.
        """
        return self._submit(Pending(change=change)).wait()

    def write_planned(self, change: Callable[[Batch], T]) -> T:
        """Do as `write`, but cheaper: the change decides and refuses before it says what to write, never after."""
        return self.start_planned(change).wait()

    def start_planned(self, change: Callable[[Batch], T]) -> Pending[T]:
        """Hand a planned change in without waiting for it."""
        return self._submit(Pending(planned=change))

    def make(self, sql: str, *, last: str) -> None:
        """Run statements that make tables and indexes, unless the last of them is there: then nothing is written.

        So that a process which starts while another holds the database, or while the disk is full, can start.
        """
        found = self.reader().execute("SELECT 1 FROM sqlite_master WHERE name = ?", (last,)).get
        if found is None:
            self.write(lambda connection: connection.execute(sql) and None)

    def reader(self) -> apsw.Connection:
        """Return this thread's connection for reading; every statement sees the newest commit."""
        if self._closed:
            raise UnavailableError("the store is closed")
        try:
            return self._local.connection  # type: ignore[no-any-return]
        except AttributeError:
            return self._open_reader()

    @contextmanager
    def sorting_reader(self) -> Iterator[apsw.Connection]:
        """Open a connection of its own whose sorting goes to the disk where memory is short, and close it in the end.

        What it reads is one state for as long as a statement is open, and the log grows meanwhile.
        """
        connection = self._connect(cache_kib=READER_CACHE_KIB)
        try:
            connection.execute("PRAGMA temp_store = FILE; PRAGMA query_only = ON")
            yield connection
        finally:
            connection.close(force=True)

    def close(self) -> None:
        """Commit what was accepted, empty the log and release everything; the second call does nothing."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
        if self._writer is not None:
            self._writer.close()
        if self._checkpointer is not None:
            self._checkpointer.close()
        for connection in (*self._readers, self._checkpointing, self._writing):
            _close(connection)
        for lock in self._locks:
            lock.close()

    # -- opening -------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if _identify(self.path) is None and self.read_only:
            raise ForeignDataError(f"there is no database at {self.path}; name another folder")
        # Threads of a server come and go in dozens: their caches share a bound as well.
        apsw.soft_heap_limit(SHARED_CACHE_BYTES)
        if self.read_only:
            self._open_reader()
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._locks = [FairLock(self.path), FairLock(self.path)]
            writer_lock, checkpointer_lock = self._locks
            with writer_lock:
                self._writing = self._connect(cache_kib=WRITER_CACHE_KIB)
            self._checkpointing = self._connect(cache_kib=READER_CACHE_KIB)
            # SQLite syncs the log's name only through the connection that made the log, which may not be the first to
            # commit, and never the removal of the journal of a file's birth: after a power cut the one could be gone
            # with all that it held, and the other be back and undo the whole file.
            sync_folder(self.path.parent)
        except OSError as error:
            raise UnwritableError(
                f"cannot write in {self.path.parent} ({error.strerror}); name another folder or its owner"
            ) from error
        self._checkpointing.set_busy_timeout(CHECKPOINT_BUSY_MS)
        pages = CHECKPOINT_BYTES // PAGE_BYTES
        self._checkpointer = Checkpointer(self._checkpointing, checkpointer_lock, after_pages=pages)
        self._writing.set_wal_hook(self._checkpointer.committed)
        self._writer = Writer(self._writing, writer_lock)

    def _connect(self, *, cache_kib: int) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY
        if not self.read_only:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        try:
            connection = apsw.Connection(str(self.path), flags=flags)
            connection.set_busy_timeout(BUSY_MS)
            if not self.read_only:
                self._own(connection)
        except apsw.NotADBError as error:
            raise ForeignDataError(f"{self.path} is no database of this shop; name another") from error
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError, apsw.PermissionsError) as error:
            raise UnwritableError(f"cannot open {self.path} ({error}); correct its permissions") from error
        connection.execute("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        # What is deleted is overwritten where that costs no further page: the key of somebody who was erased must be
        # gone from the file, and not only from its tables.
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}; PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}")
        connection.wal_autocheckpoint(0)
        return connection

    def _own(self, connection: apsw.Connection) -> None:
        """Make an empty file ours; whose it is is the first thing written, so a crash leaves no riddle."""
        if connection.readonly("main"):
            raise apsw.ReadOnlyError("the file is read-only")
        if connection.execute("PRAGMA application_id").get != APPLICATION_ID:
            connection.execute(
                f"PRAGMA page_size = {PAGE_BYTES}; BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {FORMAT_VERSION}; COMMIT"
            )
        if connection.execute("PRAGMA journal_mode").get != "wal":
            connection.execute("PRAGMA journal_mode = WAL")

    def _open_reader(self) -> apsw.Connection:
        connection = self._connect(cache_kib=READER_CACHE_KIB)
        connection.execute("PRAGMA query_only = ON")
        with self._guard:
            if self._closed:
                connection.close()
                raise UnavailableError("the store is closed")
            self._readers.add(connection)
        self._local.connection = connection
        return connection

    def _submit(self, job: Pending[T]) -> Pending[T]:
        if self._writer is None:
            raise UnavailableError("the database was opened for reading only")
        return self._writer.submit(job)


def _library_version() -> int:
    major, minor, patch = (int(part) for part in apsw.sqlite_lib_version().split(".")[:3])
    return (major * 1000 + minor) * 1000 + patch


def _identify(path: Path) -> int | None:
    """Return the version of what is in the file, None for nothing; ForeignDataError if it is not ours.

    This looks at the file's header and does not open it with SQLite, which could touch what belongs to others.
    https://sqlite.org/fileformat2.html#the_database_header
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnwritableError(f"cannot read {path} ({error.strerror}); correct its permissions") from error
    if not header or _was_being_born(path):
        return None
    version, application = int.from_bytes(header[60:64]), int.from_bytes(header[68:72])
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID:
        raise ForeignDataError(f"{path} belongs to another program; name another folder")
    if version > FORMAT_VERSION:
        raise ForeignDataError(f"{path} was made by a newer version of this program; upgrade it")
    return version


def _was_being_born(path: Path) -> bool:
    """Tell whether the power went during the file's first transaction: SQLite will empty it, whatever is in it.

    https://sqlite.org/fileformat2.html#the_rollback_journal
    """
    try:
        with path.with_name(path.name + "-journal").open("rb") as file:
            header = file.read(20)
    except OSError:
        return False
    return header.startswith(JOURNAL_MAGIC) and header[16:20] == bytes(4)  # so many pages there were before


def _close(connection: apsw.Connection | None) -> None:
    if connection is None:
        return
    try:
        connection.close()
    except apsw.Error:
        # A thread is still inside a read; its connection goes with it, and reader() hands out no other.
        return
