"""`bodega worker`: do a shop's background work until told to stop."""

import argparse
import os
import sys
import threading
from collections.abc import Callable, Mapping

from bodega.cli.beside import ends_with_stdin
from bodega.cli.opening import add_data_argument, settings_of
from bodega.domain.shop import Shop
from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.wiring import check_place, open_shop, worker_turn
from bodega.worker.run import run as run_worker
from bodega.worker.run import stop_on_signals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega worker --data ./data"
    add_data_argument(parser)
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends too")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Wait for the turn on this data folder, then work."""
    settings = settings_of(arguments, environment)
    stop = stop_on_signals()
    with ends_with_stdin(wanted=arguments.until_stdin_closes), worker_turn(settings, stop) as mine:
        if mine:
            check_place(settings)
            shop = open_shop(settings)
            if not run_worker(shop, stop, beside=_listeners(settings, shop)):
                # Leaving in order would wait for the thread that does the long work.
                sys.stderr.flush()
                os._exit(0)
    return 0


def _listeners(settings: Settings, shop: Shop) -> list[Callable[[threading.Event], object]]:
    """Return what listens to devices, if there is a broker that they publish to."""
    if not settings.mqtt_url:
        return []
    try:
        # Only who has devices needs the library.
        from bodega.worker.listening import Broker, Listener  # noqa: PLC0415
    except ImportError as exc:
        raise UnavailableError("BODEGA_MQTT_URL needs an MQTT library: install bodega[mqtt]") from exc
    broker = Broker(
        url=settings.mqtt_url,
        authorities=settings.mqtt_authorities,
        certificate=settings.mqtt_certificate,
        key=settings.mqtt_key,
    )
    return [Listener(broker, shop.world.queue).listen_until]
