"""A machine whose power can be cut: an SQLite VFS that knows what has reached the disk, and what had not yet.

Writes go to real files, so that whoever wrote reads it back. Beside them the machine keeps what a disk would: of each
file the bytes as of its last sync and all changes since, of the folder the names as of its last sync. At the cut, which
comes before the n-th change or sync, chance decides of every change since then whether it was kept, dropped, or torn
at sectors of 512 bytes; names that were made or removed may be there or not; and the WAL-index, which nobody syncs,
may be gone, stale or nonsense. What is left is written into another folder, to be opened like any data folder.

Source of what may be lost: https://sqlite.org/atomiccommit.html#_hardware_assumptions (with powersafe overwrite, which
SQLite assumes by default: bytes beside a torn write stay as they were).
"""

import contextlib
import errno
import itertools
import os
import random
import shutil
import sys
import threading
from pathlib import Path

import apsw

SECTOR = 512
NAME = "power"
_JOURNALS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
_FATES = ("dropped", "kept", "in order", "at random", "torn")


class NoPowerError(apsw.IOError):
    """What every change meets once the power is off."""


class Inode:
    """A file: what is surely on the disk, and what was done to it since, oldest first."""

    def __init__(self, platter=b""):
        self.platter = bytearray(platter)
        self.pending = []

    def sync(self):
        for change in self.pending:
            _apply(self.platter, *change)
        self.pending = []

    def left(self, chance):
        """Return what the disk holds after the cut."""
        fate = chance.choice(_FATES)
        filler = chance.choice([b"\0", b"\xa5"])
        platter = bytearray(self.platter)
        whole = chance.randint(0, len(self.pending))
        for place, change in enumerate(self.pending):
            if fate == "kept" or (fate == "in order" and place < whole) or (fate == "at random" and _coin(chance)):
                _apply(platter, *change, filler=filler)
            elif fate == "torn" or (fate == "in order" and place == whole):
                for piece in _sectors(*change):
                    if _coin(chance):
                        _apply(platter, *piece, filler=filler)
        if fate != "kept" and _coin(chance):
            self._grow(platter, filler)
        return bytes(platter)

    def _grow(self, platter, filler):
        """Make the file as long as it was to be, without its bytes: file systems keep the two apart."""
        longest = max((at + len(data) for at, data in self.pending if data is not None), default=0)
        platter.extend(filler * (longest - len(platter)))


class Machine:
    """One folder of files, up to the cut. `cut_before` counts changes and syncs from 1; None leaves the power on."""

    def __init__(self, folder, *, seed, cut_before=None):
        self.folder = Path(folder).resolve()
        self.cut_before = cut_before
        self.off = False
        self.over = False  # nobody is to hear of files that are closed at some later time
        self.happened = 0
        self.syncs = 0
        self._chance = random.Random(seed)
        self._guard = threading.RLock()
        self._names = {path.name: Inode(path.read_bytes()) for path in self.folder.iterdir() if path.is_file()}
        self._durable_names = dict(self._names)
        self._left = {}

    def owns(self, path):
        return path is not None and Path(path).parent == self.folder

    def inode(self, path):
        """Return the file of that name, which is new if the disk never heard of it."""
        with self._guard:
            return self._names.setdefault(Path(path).name, Inode())

    @contextlib.contextmanager
    def event(self):
        """Stand around everything that changes or syncs: this is where the power may go."""
        with self._guard:
            self.happened += not self.off
            if self.happened == self.cut_before:
                self.cut()
            if self.off and not self.over:
                raise NoPowerError
            yield

    def sync(self, inode, *, names):
        with self.event():
            self.syncs += 1
            inode.sync()
            if names:
                self._durable_names = dict(self._names)

    def sync_folder(self):
        try:
            with self.event():
                self._durable_names = dict(self._names)
        except NoPowerError as exc:
            raise OSError(errno.EIO, "there is no power") from exc

    def delete(self, path, *, sync):
        with self.event():
            self._names.pop(Path(path).name, None)
            if sync:
                self._durable_names = dict(self._names)

    def cut(self):
        """Cut the power now; the second time does nothing."""
        with self._guard:
            if self.off:
                return
            self.off = True
            for name in sorted(self._names.keys() | self._durable_names.keys()):
                entry = self._chance.choice([self._names.get(name), self._durable_names.get(name)])
                if entry is not None:
                    self._left[name] = entry.left(self._chance)
            for path in sorted(self.folder.glob("*-shm")):
                self._left.pop(path.name, None)
                self._leave_index(path)

    def _leave_index(self, path):
        index = path.read_bytes()
        nonsense = self._chance.randbytes(len(index))
        torn = b"".join(
            (nonsense if _coin(self._chance) else index)[at : at + SECTOR] for at in range(0, len(index), SECTOR)
        )
        left = self._chance.choice([None, b"", index, nonsense, torn])
        if left is not None:
            self._left[path.name] = left

    def leave(self, folder):
        """Write what the disk holds into a new folder."""
        self.cut()
        folder.mkdir()
        for name, data in self._left.items():
            (folder / name).write_bytes(data)


class _PowerFile(apsw.VFSFile):
    def __init__(self, machine, name, flags):
        self._machine = machine
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        new = not Path(path).exists()
        super().__init__("unix", name, flags)
        self._inode = machine.inode(path)
        # As SQLite's own VFS has it: the first sync of a new journal syncs the folder as well.
        self._names_too = new and bool(flags[0] & _JOURNALS)

    def xWrite(self, data, offset):  # noqa: N802
        with self._machine.event():
            super().xWrite(data, offset)
            self._inode.pending.append((offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802
        with self._machine.event():
            super().xTruncate(size)
            self._inode.pending.append((size, None))

    def xSync(self, _flags):  # noqa: N802
        self._machine.sync(self._inode, names=self._names_too)
        self._names_too = False


class _QuickFile(apsw.VFSFile):
    """A file of another machine, whose power stays on: it need not be synced."""

    def xSync(self, _flags):  # noqa: N802
        pass


class _Vfs(apsw.VFS):
    def __init__(self, machine):
        self._machine = machine
        super().__init__(NAME, "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if self._machine.owns(path):
            return _PowerFile(self._machine, name, flags)
        return _QuickFile("unix", name, flags)

    def xDelete(self, name, sync):  # noqa: N802
        if self._machine.owns(name):
            self._machine.delete(name, sync=sync)
        super().xDelete(name, False)  # noqa: FBT003  # as SQLite calls it


@contextlib.contextmanager
def running(machine):
    """Have every database that is opened meanwhile opened on this machine; it is off at the end, cut or not."""
    vfs = _Vfs(machine)
    report, fsync = sys.unraisablehook, os.fsync
    # SQLite passes over what goes wrong while it closes files, and so may we.
    sys.unraisablehook = lambda fault: None if isinstance(fault.exc_value, NoPowerError) else report(fault)
    os.fsync = lambda file: machine.sync_folder() if os.path.sameopenfile(file, here) else fsync(file)
    here = os.open(machine.folder, os.O_RDONLY)
    try:
        yield machine
    finally:
        machine.cut()
        machine.over = True
        sys.unraisablehook, os.fsync = report, fsync
        os.close(here)
        apsw.set_default_vfs("unix")
        vfs.unregister()


def fresh_folders(parent):
    """Yield a new folder every time; those of runs that went well are deleted, and the last stays to be looked at."""
    for number in itertools.count():
        folder = parent / str(number)
        folder.mkdir()
        yield folder
        shutil.rmtree(folder)


def _apply(platter, at, data, *, filler=b"\0"):
    """Write, or truncate where there is no data."""
    if data is None:
        del platter[at:]
        platter.extend(b"\0" * (at - len(platter)))
        return
    if at > len(platter):
        platter.extend(filler * (at - len(platter)))
    platter[at : at + len(data)] = data


def _sectors(at, data):
    """Return a change in the pieces in which it may reach the disk."""
    if data is None:
        return [(at, None)]
    cuts = [at, *range(at - at % SECTOR + SECTOR, at + len(data), SECTOR), at + len(data)]
    return [(low, data[low - at : high - at]) for low, high in itertools.pairwise(cuts)]


def _coin(chance):
    return chance.random() < 0.5
