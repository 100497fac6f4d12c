"""Measure how long people wait for the shop: its first start, and every later one, to the first page served.

    PYTHONPATH=src python benchmarks/start.py [--starts 5] [--workers 1] [--server granian|uvicorn] [--via start.sh]

A first start makes the demo shop in a new folder; what `./start.sh` does before it, the download and installation of
dependencies, is left out. Each start is followed until the home page has come whole, then stopped as by Ctrl-C.
The calibration is the start of a bare interpreter, `python -c pass`, taken between the starts: a slow or busy machine
shows in it, and the ratio says how many such starts a start of the shop costs.
"""

import argparse
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

FIRST_SECONDS, LATER_SECONDS = 60.0, 3.0  # the bars
REPOSITORY = Path(__file__).parents[1]
PATIENCE_SECONDS = 300


class Start(NamedTuple):
    """Seconds to the first page, from there to the end after Ctrl-C, and of the processors in all."""

    to_page: float
    to_end: float
    processor: float


def main() -> int:
    asked = _arguments()
    print(f"machine:  {platform.machine()} {platform.system()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("granian", "uvicorn", "apsw", "tantivy"))
    print(f"versions: Python {platform.python_version()}, {versions}")
    print(f"data:     the demo shop, seed of the project; {asked.workers} processes of {asked.server}\n")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        bare = [_bare()]
        first = _start(data, asked)
        later = []
        for _ in range(asked.starts):
            bare.append(_bare())
            later.append(_start(data, asked))
    calibration = statistics.median(bare)
    second = Start(*(statistics.median(column) for column in zip(*later, strict=True)))
    print(f"calibration: python -c pass {calibration * 1000:.0f} ms, median of {len(bare)}")
    _show("first start", first, calibration, FIRST_SECONDS)
    _show("later start", second, calibration, LATER_SECONDS)
    print(f"later starts: {', '.join(f'{start.to_page:.2f}' for start in later)} s")
    return 0 if first.to_page <= FIRST_SECONDS and second.to_page <= LATER_SECONDS else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure starts of the shop.")
    parser.add_argument("--starts", type=int, default=5, help="how many later starts (default 5)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--server", default="granian", choices=("granian", "uvicorn"))
    parser.add_argument("--via", type=Path, help="start through this script, as ./start.sh, instead of the command")
    return parser.parse_args()


def _show(what: str, start: Start, calibration: float, bar: float) -> None:
    verdict = "met" if start.to_page <= bar else "NOT MET"
    print(
        f"{what}: {start.to_page:.2f} s to the first page ({start.to_page / calibration:.0f} x calibration; "
        f"bar {bar:.0f} s: {verdict}), {start.processor:.2f} s of processor, stopped in {start.to_end:.2f} s"
    )


def _bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


def _start(data: Path, asked: argparse.Namespace) -> Start:
    """Start the shop, wait for its home page, stop it."""
    command = [str(asked.via.resolve())] if asked.via else [sys.executable, "-m", "bodega.cli.main", "up"]
    port = _free_port()
    arguments = ["--data", str(data), "--port", str(port), "--workers", str(asked.workers)]
    before = _processor()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, *arguments],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "BODEGA_SERVER": asked.server},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _fetch(f"http://127.0.0.1:{port}/", process)
        opened = time.perf_counter()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()
    return Start(opened - started, time.perf_counter() - opened, _processor() - before)


def _fetch(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  # our own address
                answer.read()
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
