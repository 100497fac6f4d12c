"""`bodega package`: build the archives that AWS runs as functions, and the one that machines of a fleet run."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bodega.errors import UnavailableError
from bodega.packaging.archive import Press
from bodega.packaging.building import Built, Target, build, here
from bodega.packaging.contents import FUNCTIONS, PACKAGES

_FOLDER = "lambdas"  # below the folder of packages, where the infrastructure looks for them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what may be asked for."""
    parser.epilog = "example: bodega package --into dist --machine arm64 --python 3.12"
    parser.add_argument("names", nargs="*", metavar="PACKAGE", help=f"all, or some of {', '.join(PACKAGES)}")
    parser.add_argument("--into", type=Path, default=Path("dist"), help="folder of packages (dist)")
    parser.add_argument("--machine", choices=("arm64", "x86_64"), default="arm64", help="what they will run on (arm64)")
    parser.add_argument("--python", default="3.12", help="the Python they will run on (3.12)")
    parser.add_argument(
        "--installed", action="store_true", help="fetch nothing: for this machine, of what is installed here"
    )
    parser.add_argument("--quickly", action="store_true", help="for trying out: larger, and slow to start")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:  # noqa: ARG001 - as all commands
    """Build, and print the size of each package and what importing it costs."""
    root = checkout()
    target = None if arguments.installed else Target(arguments.machine, arguments.python)
    if target is not None and not target.is_this_python and not arguments.quickly:
        print(
            f"without compiled modules, which only Python {target.python} itself can make: functions start slower",
            file=sys.stderr,
        )
    press = Press()
    for name in arguments.names or PACKAGES:
        into = arguments.into / _FOLDER if name in FUNCTIONS else arguments.into
        built = build(name, into, root=root, target=target, quickly=arguments.quickly, press=press)
        print(line_of(built), flush=True)
    _note(target or here(), arguments.into)
    return 0


def _note(target: Target, into: Path) -> None:
    """Write beside the packages what they were built for: `bodega deploy` has AWS run them on that."""
    noted = {"python": target.python, "architecture": target.machine}
    (into / "target.json").write_bytes(msgspec.json.encode(noted))


def line_of(built: Built) -> str:
    """Return what is to be known of a package in one line."""
    cost = f"imported in {built.import_ms} ms of CPU" if built.import_ms is not None else "not run here"
    sizes = f"{built.zipped_bytes / 1e6:.1f} MB, {built.unzipped_bytes / 1e6:.0f} MB unpacked"
    return f"{built.path}: {sizes}, {cost}"


def checkout() -> Path:
    """Return the folder with our sources and pins; UnavailableError where only the shop itself is installed."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "requirements" / "lambda-http.txt").exists():
        raise UnavailableError("packages are built from a checkout: run this in one")
    return root
