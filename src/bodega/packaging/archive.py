"""Write a package: the same bytes from the same files, whenever and wherever it is made."""

import io
import shutil
import subprocess
import sys
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that an archive can say
_MODE = 0o644 << 16
_PROGRAM = 0o755 << 16
_ROOT = "/var/task"  # where Lambda unpacks it, so that tracebacks name what is there


class Pressed(NamedTuple):
    """What stands in an archive for contents: them deflated, and the CRC-32 of what they were."""

    data: bytes
    crc: int


class Press:
    """Deflates contents, each once however many packages they are in: libraries are most of all of them."""

    def __init__(self) -> None:
        self._done: dict[tuple[bytes, int], Pressed] = {}

    def __call__(self, contents: bytes, *, level: int) -> Pressed:
        """Return contents as they stand in an archive; 1 is the quickest level, 9 the smallest."""
        key = blake2b(contents, digest_size=16).digest(), level
        if key not in self._done:
            deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._done[key] = Pressed(deflater.compress(contents) + deflater.flush(), zlib.crc32(contents))
        return self._done[key]


def stage(files: Mapping[str, Path], folder: Path, *, compiled: bool) -> None:
    """Lay out the files of a package in a folder.

    `compiled` adds compiled modules, which Lambda cannot keep by itself, and which are checked against nothing: the
    package never changes. It needs the Python that will run them.
    """
    for place, path in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    if compiled:
        command = [
            *(sys.executable, "-I", "-S", "-m", "compileall", "-q", "-j1"),
            *("--invalidation-mode=unchecked-hash", "-s", str(folder), "-p", _ROOT, str(folder)),
        ]
        # Some libraries carry templates that are no Python: what does not compile is not imported either.
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - our own arguments


def write(folder: Path, archive: Path, *, press: Press, level: int) -> int:
    """Zip all that is in a folder, in order of names and without times, and return the size of what is in it."""
    size = 0
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".unfinished")
    with unfinished.open("wb") as file, ZipFile(file, "w") as zipped:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                entry = ZipInfo(path.relative_to(folder).as_posix(), _DATE)
                entry.external_attr = _PROGRAM if ".so" in path.suffixes else _MODE
                contents = path.read_bytes()
                pressed = press(contents, level=level)
                # The library deflates by itself only: it is handed the bytes as they are, and told what they mean.
                zipped.writestr(entry, pressed.data, ZIP_STORED)
                entry.compress_type, entry.CRC, entry.file_size = ZIP_DEFLATED, pressed.crc, len(contents)
                file.seek(entry.header_offset)
                file.write(entry.FileHeader())
                file.seek(0, io.SEEK_END)
                size += len(contents)
    unfinished.replace(archive)
    return size
