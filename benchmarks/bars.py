"""Measure everything that has a bar, one after the other on an otherwise idle machine, and print it.

    PYTHONPATH=src python benchmarks/bars.py [--large 1000000] [--medium 100000] [--folder DIR] [--quick]

Runs the other programs of this folder: each prints machine, versions, seed, figures and its calibration. `--quick`
takes small sizes, to see that all of them run. With `--folder` the filled shops are kept and used again.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run every measurement; the exit code tells whether all of them came to an end."""
    args = _arguments()
    with tempfile.TemporaryDirectory() as passing:
        folder = args.folder or Path(passing)
        failed = [name for name, command in measurements(args, folder) if not run(name, command)]
    if failed:
        print("these did not come to an end: " + ", ".join(failed))
    return 1 if failed else 0


def measurements(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what to measure: a title and the program with its arguments."""
    large, medium, small = (3000, 3000, 1000) if args.quick else (args.large, args.medium, 1000)
    seconds = "1" if args.quick else "5"
    over_http = ("over_http.py", "--seconds", seconds)
    for size in sorted({large, small}):
        data = str(folder / f"shop-{size}")
        yield (
            f"product and list over HTTP, {size:,} products",
            (*over_http, "--products", str(size), "--data", data, "--only", "product,list"),
        )
    data = str(folder / f"shop-{medium}")
    yield (
        f"search, changes and memory, {medium:,} products",
        (*over_http, "--products", str(medium), "--data", data, "--only", "product,list,search,mix,distinct,modify"),
    )
    rows = ["2000"] if args.quick else ["10000", "100000", str(args.large)]
    yield "import of products", ("imports.py", "--rows", *rows)
    yield "cart updates", ("carts.py", "--seconds", seconds)
    yield "checkout", ("checkout.py", "--seconds", "1" if args.quick else "4", "--rounds", "1" if args.quick else "3")
    yield "start", ("start.py", "--starts", "3")


def run(name: str, command: Sequence[str]) -> bool:
    """Run one measurement, its output passed through; tell whether it succeeded."""
    print(f"\n=== {name}\n", flush=True)
    return subprocess.run([sys.executable, HERE / command[0], *command[1:]], check=False).returncode == 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure everything that has a bar.")
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--medium", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the filled shops here and use them again")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
