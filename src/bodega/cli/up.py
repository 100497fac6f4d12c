"""`bodega up`: set up what is missing, then serve the shop and do its background work."""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping

from bodega.cli.opening import add_data_argument, settings_of
from bodega.domain.accounts.model import EVERY_SCOPE
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.shop import Shop
from bodega.errors import UnavailableError
from bodega.settings import MAX_WORKERS, Settings, to_env
from bodega.wiring import open_shop

_STOP_SECONDS = 10


class PortTakenError(UnavailableError):
    """Something else serves where the shop should."""

    code = "port_taken"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega up --port 8000 --data ./data"
    parser.add_argument("--port", type=_port, help="where to serve (default 8000)")
    parser.add_argument("--host", help="address to serve on (default 127.0.0.1)")
    parser.add_argument("--workers", type=_workers, help="server processes (default 1)")
    add_data_argument(parser)
    filling = parser.add_mutually_exclusive_group()
    filling.add_argument("--demo", action="store_true", help="fill an empty shop with the demo (the default)")
    filling.add_argument("--empty", action="store_true", help="leave an empty shop empty")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Prepare, then serve until interrupted."""
    settings = settings_of(arguments, environment)
    _require_free_port(settings)
    prepare(settings, demo=not arguments.empty)
    # The processes that we start, granian's among them, read their settings from the environment.
    os.environ.update(to_env(settings))  # noqa: TID251
    with _worker():
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        _serve(settings)
    return 0


def prepare(settings: Settings, *, demo: bool) -> None:
    """Create what is missing: the data folder, a first API key, the demo shop, a trained recommender."""
    shop = open_shop(settings)
    try:
        if not shop.api_keys.list():
            _, token = shop.api_keys.create(name="first start", scopes=[EVERY_SCOPE])
            print(f"An API key for staff, shown this once: {token}", flush=True)
        if demo and _is_empty(shop):
            _fill(shop)
    finally:
        shop.close()


def _is_empty(shop: Shop) -> bool:
    return not shop.catalog.shelves.find(ShelfQuery(limit=1, audience="staff")).cards


def _fill(shop: Shop) -> None:
    from bodega.cli.seed import fill  # noqa: PLC0415  # only a first start pays for the demo's vocabulary

    started = time.perf_counter()

    def progress(what: str) -> None:
        print(f"  {time.perf_counter() - started:5.1f} s  {what}", flush=True)

    print("The shop is empty; making the demo shop (--empty leaves it so):", flush=True)
    fill(shop, now=shop.world.clock.now(), progress=progress)
    progress("training the recommender")
    shop.trainer.train()
    progress("done")


def _serve(settings: Settings) -> None:
    if settings.server == "uvicorn":
        _serve_uvicorn(settings)
    else:
        _serve_granian(settings)


def _serve_granian(settings: Settings) -> None:
    from granian import Granian  # noqa: PLC0415  # one of two servers; only the chosen one is loaded
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    Granian(
        "bodega.asgi:app_from_environment",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        log_level=LogLevels.warning,
        log_access=settings.access_log,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        workers_kill_timeout=_STOP_SECONDS,
    ).serve()


def _serve_uvicorn(settings: Settings) -> None:
    import uvicorn  # noqa: PLC0415  # one of two servers; only the chosen one is loaded

    uvicorn.run(
        "bodega.asgi:app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level="warning",
        access_log=settings.access_log,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


@contextlib.contextmanager
def _worker() -> Iterator[None]:
    """Run the background worker beside the server, and stop it with the server."""
    process = subprocess.Popen([sys.executable, "-m", "bodega.cli.main", "worker"])
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _require_free_port(settings: Settings) -> None:
    if settings.port == 0:
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            raise PortTakenError(
                f"cannot serve on {settings.host} port {settings.port} ({exc.strerror}): name another with --port"
            ) from exc


def _announce(settings: Settings) -> None:
    """Print the address once the shop answers there."""
    scheme = "https" if settings.tls_certificate else "http"
    while True:
        try:
            with socket.create_connection((settings.host, settings.port), timeout=1):
                break
        except OSError:
            time.sleep(0.02)
    print(f"The shop is open: {scheme}://{settings.host}:{settings.port}", flush=True)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("a port is 1 to 65535")
    return port


def _workers(text: str) -> int:
    workers = int(text)
    if not 1 <= workers <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"workers are 1 to {MAX_WORKERS}")
    return workers
