"""Run other commands of ours beside this process, and never let a process outlive the one that started it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.25
_STOP_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_INTERRUPTED = 130


def start_beside(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a `bodega` command that ends when this process does: the pipe to its standard input breaks."""
    return subprocess.Popen(  # noqa: S603  # our own interpreter with our own arguments
        [sys.executable, "-m", "bodega.cli.main", *arguments, "--until-stdin-closes"], stdin=subprocess.PIPE
    )


def run_beside(*arguments: str) -> int:
    """Run a `bodega` command to its end and return its exit code; interrupted, stop it and return 130."""
    process = start_beside(*arguments)
    try:
        return process.wait()
    except KeyboardInterrupt:
        stop_process(process)
        return _INTERRUPTED


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to stop, wait for it, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Kept:
    """A `bodega` command that is kept running: started anew a moment after it died."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the command and return when it has ended; harmless if it never began."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        while not self._stop.is_set():
            process = start_beside(*self._arguments)
            while process.poll() is None and not self._stop.wait(0.05):
                pass
            if process.poll() is None:
                stop_process(process)
            elif self._stop.wait(_AGAIN_SECONDS):
                return


@contextmanager
def ends_with_stdin(*, wanted: bool) -> Iterator[None]:
    """Terminate this process as SIGTERM would when standard input ends, which is when whoever started us is gone."""
    if wanted:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    yield


def _end_with_stdin() -> None:
    # The descriptor itself: a thread inside sys.stdin's lock would keep the interpreter from ending.
    while os.read(0, 4096):
        pass
    _end()


def end_with_parent() -> None:
    """Watch, in a thread, the process that started this one through multiprocessing, and end when it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        threading.Thread(target=_end_with, args=(parent.pid,), daemon=True).start()


def _end_with(parent: int) -> None:
    if sys.platform == "win32":
        process = multiprocessing.parent_process()
        if process is not None:
            process.join()
    else:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
    _end()


def _end() -> None:
    """Stop in order, or at once if that takes too long."""
    signal.raise_signal(signal.SIGTERM) if sys.platform == "win32" else os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(1)
