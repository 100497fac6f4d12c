"""Find the files of the libraries that a function needs: as they are installed here, or fetched for another machine."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from bodega.errors import UnavailableError
from bodega.packaging.contents import NOT_RUN, NOT_RUN_NAMES, NOT_RUN_SUFFIXES, PARTS

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)")
_NOT_KEPT = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})  # they differ from machine to machine
# What Amazon Linux 2023 runs, newest first: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_TAGS = (*(f"manylinux_2_{minor}" for minor in range(34, 16, -1)), "manylinux2014")
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


def pins_in(requirements: Path) -> dict[str, list[str]]:
    """Return the versions that a file of requirements pins, by library; several where markers choose one."""
    pins: dict[str, list[str]] = {}
    for line in requirements.read_text().splitlines():
        found = _PIN.match(line)
        if found:
            pins.setdefault(found[1].lower(), []).append(found[2])
    return pins


def installed(requirements: Path) -> dict[str, Path]:
    """Return the files to be packed of libraries that are installed here, by their place in the package.

    UnavailableError that names the first which is missing or not of the version that is pinned.
    """
    files: dict[str, Path] = {}
    for name, versions in pins_in(requirements).items():
        found = _installed(name, versions, marked=_is_marked(requirements, name))
        for place in (found.files or ()) if found is not None else ():
            if ".." not in place.parts and is_run(place):
                files[str(place)] = Path(str(place.locate()))
    return files


def fetched(requirements: Path, into: Path, *, machine: str, python: str) -> dict[str, Path]:
    """Fetch the pinned libraries for another machine, checked by their hashes, and return the files to be packed."""
    platforms = [f"--platform={tag}_{_MACHINES[machine]}" for tag in _TAGS]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
        *(*platforms, f"--target={into}", f"--requirement={requirements}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise UnavailableError(f"the libraries in {requirements.name} cannot be fetched: {_last_line(done.stderr)}")
    return {str(place): into / place for place in _walk(into) if is_run(place)}


def is_run(place: PurePosixPath) -> bool:
    """Tell whether a library's file is part of what runs, or of what its licence wants kept."""
    if place.name in _NOT_KEPT or place.name.endswith(NOT_RUN_SUFFIXES) or place.parts[0] == "bin":
        return False
    if place.name.startswith(NOT_RUN_NAMES) or not NOT_RUN.isdisjoint(_folders(place)):
        return False
    for whole, parts in PARTS.items():
        above = PurePosixPath(whole)
        if place.is_relative_to(above):
            inside = place.relative_to(above).parts
            if len(inside) > 1 and inside[0] not in parts:
                return False
    return True


def _folders(place: PurePosixPath) -> Iterator[str]:
    """Yield the names of the folders that a file is in, and their places."""
    for folder in place.parents:
        yield folder.name
        yield str(folder)


def _installed(name: str, versions: Sequence[str], *, marked: bool) -> Distribution | None:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        if marked:
            return None  # its marker means other machines than this one
        raise UnavailableError(
            f"{name} is not installed: install requirements/aws.txt, or fetch for a machine"
        ) from None
    if found.version not in versions:
        raise UnavailableError(f"{name} {found.version} is installed and {' or '.join(versions)} pinned: install anew")
    return found


def _is_marked(requirements: Path, name: str) -> bool:
    return (
        re.search(rf"^{re.escape(name)}==[^\n;]*;", requirements.read_text(), re.MULTILINE | re.IGNORECASE) is not None
    )


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    return (PurePosixPath(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "pip says nothing"
