"""Give out a search index as files, and take one in: how machines that share no disk begin with the same index."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bodega.adapters.local import search_fields
from bodega.adapters.local.scratch import LocalScratch
from bodega.adapters.local.search_generations import Generations
from bodega.adapters.local.search_writer import SearchWriter
from bodega.adapters.system.file_lock import file_lock
from bodega.adapters.system.files import sync_file
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.search import IndexCopy, IndexFile

FORMAT = f"tantivy-{search_fields.FORMAT}"
# Files of segments are named by chance and never changed; what tells which of them count, and the cards, are.
_LASTING = re.compile(r"[0-9a-f]{32}\.[0-9a-z.]+")
_NAME = re.compile(r"[.A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PASSING = (".lock", ".tmp", "journal")
_COPIES = "copies"
_LOCK_SECONDS = 30.0


class SearchCopies:
    """Copies of the index in a folder."""

    def __init__(self, generations: Generations, writer: SearchWriter) -> None:
        self._generations = generations
        self._writer = writer
        self._scratch = LocalScratch(generations.directory / _COPIES)

    @contextlib.contextmanager
    def copied(self) -> Iterator[IndexCopy | None]:
        """Yield the newest state, in a folder of links: writers delete what they merged, but not from there."""
        with self._scratch.folder() as made:
            with self._writer.exclusive():
                snapshot = self._generations.snapshot(newest=True)
                copy = None
                if snapshot is not None:
                    files = _linked(self._generations.directory / snapshot.generation.name, made)
                    copy = IndexCopy(FORMAT, snapshot.note.position, files)
            yield copy

    def adopt(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:
        """Take the files into a new generation, look whether it is sound, and make it the current one."""
        with file_lock(self._generations.building, wait_seconds=_LOCK_SECONDS):
            with self._writer.exclusive():
                self._generations.sweep(keep=self._generations.current())
                name = self._generations.make_folder()
            try:
                for file_name, chunks in files:
                    _write(self._generations.directory / name, file_name, chunks)
                try:
                    position = self._generations.opened(name).note.position
                except (UnavailableError, OSError) as error:
                    raise InvalidError("what was to be adopted is no whole search index") from error
                with self._writer.exclusive():
                    self._generations.publish(name)
                    self._generations.snapshot(newest=True)
            except BaseException:
                self._generations.drop(name)
                raise
        return position


def _linked(folder: Path, into: Path) -> dict[str, IndexFile]:
    found: dict[str, IndexFile] = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.endswith(_PASSING):
            continue
        target = into / path.name
        try:
            os.link(path, target)
        except OSError:  # a disk without links
            shutil.copyfile(path, target)
        found[path.name] = IndexFile(target, target.stat().st_size, lasting=_LASTING.fullmatch(path.name) is not None)
    return found


def _write(folder: Path, name: str, chunks: Iterable[bytes]) -> None:
    if not _NAME.fullmatch(name) or ".." in name:
        raise InvalidError(f"no file of a search index is called {name[:100]!r}")
    with (folder / name).open("xb") as file:
        file.writelines(chunks)
        sync_file(file)
