"""Write a package: the same bytes from the same files, whenever and wherever it is made."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that an archive can say
_MODE = 0o644 << 16
_PROGRAM = 0o755 << 16
_ROOT = "/var/task"  # where Lambda unpacks it, so that tracebacks name what is there


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


def write(folder: Path, archive: Path, *, level: int) -> int:
    """Zip all that is in a folder, in order of names and without times, and return the size of what is in it."""
    size = 0
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".unfinished")
    with ZipFile(unfinished, "w", ZIP_DEFLATED, compresslevel=level) as zipped:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                entry = ZipInfo(path.relative_to(folder).as_posix(), _DATE)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = _PROGRAM if ".so" in path.suffixes else _MODE
                contents = path.read_bytes()
                zipped.writestr(entry, contents, compresslevel=level)
                size += len(contents)
    unfinished.replace(archive)
    return size
