"""Serve the open shop with the HTTP server of the settings, its background worker beside it."""

import functools
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Any

from bodega.cli.beside import Kept, end_with_parent
from bodega.errors import ShopError
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.wiring.logs import server_log

_STOP_SECONDS = 10
_STARTUP_FAILURE = 3  # uvicorn does not start a process again that ended so
_LOOK_SECONDS = 0.02


def serve(settings: Settings) -> int:
    """Serve until told to stop; return the exit code."""
    if multiprocessing.get_start_method() == "fork":
        import bodega.asgi  # noqa: F401, PLC0415  # server processes then find everything imported
    refusal = _Refusal()
    worker = Kept("worker")
    threading.Thread(target=_announce, args=(settings, worker), daemon=True).start()
    try:
        code = _serve_uvicorn(settings) if settings.server == "uvicorn" else _serve_granian(settings)
    finally:
        worker.stop()
    if refusal.told:
        open_shop(settings).close()  # raises what the server process met, this time where it is shown once
        return 1
    return code


class _Refusal:
    """Hears from server processes that the shop cannot be opened, and stops the server: trying again will not help."""

    def __init__(self) -> None:
        self.told = False
        if sys.platform != "win32":
            signal.signal(signal.SIGURG, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.told = True
        os.kill(os.getpid(), signal.SIGTERM)


def _serve_granian(settings: Settings) -> int:
    from granian import Granian  # noqa: PLC0415  # one of two servers; only the chosen one is loaded
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LOGGING_CONFIG, LogLevels  # noqa: PLC0415

    server = Granian(
        "bodega.cli.serving:app_of_child",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        websockets=False,
        workers=settings.workers,
        log_level=LogLevels.warning,
        log_dictconfig=server_log(settings, LOGGING_CONFIG, "generic", "access"),
        log_access=settings.access_log,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        workers_kill_timeout=_STOP_SECONDS,
        respawn_failed_workers=True,
    )
    server.on_startup(functools.partial(_stop_on_hangup, server))
    try:
        server.serve()
    except SystemExit:
        # A server process that hears Ctrl-C before this one does is taken for a crash.
        return 0 if server.interrupt_signal else 1
    return 0


def _serve_uvicorn(settings: Settings) -> int:
    import uvicorn  # noqa: PLC0415  # one of two servers; only the chosen one is loaded

    config = uvicorn.Config(
        "bodega.cli.serving:app_of_child",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level="warning",
        log_config=server_log(settings, uvicorn.config.LOGGING_CONFIG, "default", "access"),
        access_log=settings.access_log,
        ws="none",
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    try:
        if settings.workers == 1:
            server = uvicorn.Server(config)
            server.run()
            return 0 if server.started else 1
        _supervise_uvicorn(config)
    except KeyboardInterrupt:
        return 0  # it raises the signal again after an orderly stop
    except SystemExit as exc:
        return 1 if exc.code else 0
    return 0


def _supervise_uvicorn(config: Any) -> None:
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415  # as above

    class Supervisor(Multiprocess):
        def handle_hup(self) -> None:
            """Stop when the terminal is closed, where uvicorn would start its processes anew."""
            self.should_exit.set()

    Supervisor(config, sockets=[config.bind_socket()]).run()


def app_of_child() -> Any:
    """Return the application in a server process; if the shop cannot be opened, tell the process that started it."""
    end_with_parent()
    from bodega.asgi import app_from_environment  # noqa: PLC0415  # costs most of a start; see `serve`

    try:
        return app_from_environment()
    except ShopError:
        if multiprocessing.parent_process() is None or sys.platform == "win32":
            raise
        os.kill(os.getppid(), signal.SIGURG)  # uvicorn takes the signals for users, and who does not listen ignores it
        sys.exit(_STARTUP_FAILURE)


def _stop_on_hangup(server: Any) -> None:
    """Stop when the terminal is closed, where granian would reload; `nohup` is respected."""
    if sys.platform != "win32" and _HANGUP_BEFORE != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, server.signal_handler_interrupt)


_HANGUP_BEFORE = None if sys.platform == "win32" else signal.getsignal(signal.SIGHUP)


def _announce(settings: Settings, worker: Kept) -> None:
    """Print the address once the shop answers there; only then start the worker, because a visitor may be waiting."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # any address
    while True:
        try:
            with socket.create_connection((host, settings.port), timeout=1):
                break
        except OSError:
            time.sleep(_LOOK_SECONDS)
    scheme = "https" if settings.tls_certificate else "http"
    address = f"[{host}]" if ":" in host else host
    print(f"The shop is open: {scheme}://{address}:{settings.port}", flush=True)
    worker.start()
