"""`bodega up`: set up what is missing, then serve the shop and do its background work."""

import argparse
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import msgspec

from bodega.cli import prepare
from bodega.cli.beside import run_beside
from bodega.cli.opening import add_data_argument, settings_of
from bodega.errors import UnavailableError
from bodega.settings import MAX_WORKERS, Settings, to_env
from bodega.wiring import check_place

# Server processes of a shop that was killed notice within this time and leave the port.
_PREDECESSOR_SECONDS = 1.5
_LOOK_SECONDS = 0.05


class CannotListenError(UnavailableError):
    """The shop cannot be served under this address."""

    code = "cannot_listen"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega up --port 8000 --data ./data"
    parser.add_argument("--port", type=_port, help="where to serve (default 8000; 0: any free port)")
    parser.add_argument("--host", help="address to serve on (default 127.0.0.1)")
    parser.add_argument("--workers", type=_workers, help="server processes (default 1)")
    add_data_argument(parser)
    prepare.add_filling_arguments(parser)


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Prepare, then serve until interrupted."""
    settings = _with_free_address(settings_of(arguments, environment))
    check_place(settings)
    # The processes that we start, the server's among them, read their settings from the environment.
    os.environ.update(to_env(settings))  # noqa: TID251
    with _terminated_like_interrupted():
        if prepare.is_needed(settings, demo=arguments.demo):
            code = run_beside("prepare", *prepare.filling_of(arguments))
            if code:
                return code
        from bodega.cli.serving import serve  # noqa: PLC0415  # a first start need not hold the server's modules

        return serve(settings)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let whoever ends us with SIGTERM have the same orderly stop as Ctrl-C; servers then set handlers of their own."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _with_free_address(settings: Settings) -> Settings:
    """Return the settings with the numeric address and port that will be served, or raise CannotListenError."""
    deadline = time.monotonic() + _PREDECESSOR_SECONDS
    while True:
        try:
            host, port = _bound(settings)
        except (OSError, UnicodeError) as exc:
            if getattr(exc, "errno", None) == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
                continue
            raise CannotListenError(_reason(settings, exc)) from exc
        return msgspec.structs.replace(settings, host=host, port=port)


def _bound(settings: Settings) -> tuple[str, int]:
    """Bind the address for a moment, to learn whether one can and which port it is."""
    family, _, _, _, where = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there the option means to share the port with whoever has it
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
        host, port = probe.getsockname()[:2]
    return host, port


def _reason(settings: Settings, exc: OSError | UnicodeError) -> str:
    port = f"port {settings.port}"
    if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
        return f"{port} of {settings.host} is in use: name another with --port, or --port 0 for any free one"
    if isinstance(exc, OSError) and exc.errno == errno.EACCES:
        return f"{port} is for privileged programs only: name one above 1023 with --port"
    reason = exc.strerror if isinstance(exc, OSError) else "not a host name"
    return f"cannot serve on {settings.host!r} ({reason}): name an address of this machine with --host"


def _port(text: str) -> int:
    return _within(text, 0, 65535)


def _workers(text: str) -> int:
    return _within(text, 1, MAX_WORKERS)


def _within(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number from {low} to {high}")
    return int(text)
