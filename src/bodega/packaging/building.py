"""Build the packages of functions, and measure them."""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from bodega.errors import InvalidError
from bodega.packaging import archive, libraries
from bodega.packaging.contents import FUNCTIONS, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, PACKAGES, Contents
from bodega.packaging.sources import sources_of

Machine: TypeAlias = Literal["arm64", "x86_64"]
_TIMED = (
    "import sys, time; sys.path.insert(0, {folder!r}); started = time.process_time(); "
    "import {module}, {opens}; print(round((time.process_time() - started) * 1000))"
)


class Target(msgspec.Struct, frozen=True):
    """For what machine to build; None for this one, with what is installed here."""

    machine: Machine
    python: str

    @property
    def is_this_python(self) -> bool:
        """Tell whether this Python compiles modules that the target's can use, whatever the machine."""
        return self.python == f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def is_here(self) -> bool:
        """Tell whether what is built can be run here."""
        return sys.platform == "linux" and self == here()


def here() -> Target:
    """Return this machine and its Python."""
    machine: Any = {"aarch64": "arm64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    return Target(machine, f"{sys.version_info.major}.{sys.version_info.minor}")


class Built(msgspec.Struct, frozen=True):
    """A package that was built. `import_ms` is the CPU of importing its handler, None where it cannot run here."""

    name: str
    path: Path
    zipped_bytes: int
    unzipped_bytes: int
    import_ms: int | None


def build(
    name: str,
    into: Path,
    *,
    root: Path,
    target: Target | None = None,
    quickly: bool = False,
    press: archive.Press | None = None,
) -> Built:
    """Build the package of a function, or of machines, as `<into>/<name>.zip`.

    `root` is a checkout: sources below `src`, pins in `requirements`. Built `quickly` nothing is compiled, measured or
    much compressed: it does the same, but starts slowly. `press` remembers what was compressed for other packages.
    InvalidError for a package that is none, and for a function's that is larger than Lambda takes; UnavailableError if
    a library is missing.
    """
    if name not in PACKAGES:
        raise InvalidError(f"there is no package {name[:40]!r}; there are {', '.join(PACKAGES)}")
    contents = PACKAGES[name]
    pins = root / "requirements" / f"{contents.requirements}.txt"
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(passing) / "package"
        if target is None:
            files = libraries.installed(pins)
        else:
            files = libraries.fetched(pins, Path(passing) / "fetched", machine=target.machine, python=target.python)
        own = sources_of(root / "src", contents.module, without=contents.without)
        files |= {path.as_posix(): root / "src" / path for path in own}
        archive.stage(files, folder, compiled=not quickly and (target is None or target.is_this_python))
        path = into / f"{name}.zip"
        unzipped = archive.write(folder, path, press=press or archive.Press(), level=1 if quickly else 9)
        zipped = path.stat().st_size
        if not quickly and name in FUNCTIONS and (zipped > MAX_ZIPPED_BYTES or unzipped > MAX_UNZIPPED_BYTES):
            raise InvalidError(f"{path.name} has {zipped:,} bytes, {unzipped:,} unpacked: more than Lambda takes")
        runs = not quickly and (target is None or target.is_here)
        return Built(name, path, zipped, unzipped, import_ms(folder, contents) if runs else None)


def import_ms(folder: Path, contents: Contents) -> int:
    """Return the milliseconds of CPU that importing a handler takes a process that has nothing but a package.

    What it imports when it opens counts as well.
    """
    program = _TIMED.format(folder=str(folder), module=contents.module, opens=contents.opens)
    times = [
        int(subprocess.check_output([sys.executable, "-I", "-S", "-c", program], cwd=folder))  # noqa: S603
        for _ in range(3)
    ]
    return min(times)
