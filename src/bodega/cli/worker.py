"""`bodega worker`: do a shop's background work until told to stop."""

import argparse
import os
import sys
from collections.abc import Mapping

from bodega.cli.beside import ends_with_stdin
from bodega.cli.opening import add_data_argument, settings_of
from bodega.wiring import open_shop, worker_turn
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
        if mine and not run_worker(open_shop(settings), stop):
            # Leaving in order would wait for the thread that does the long work.
            sys.stderr.flush()
            os._exit(0)
    return 0
