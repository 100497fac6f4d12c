"""`bodega where`: print at which addresses a service of the shop answers."""

import argparse
from collections.abc import Mapping

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.errors import UnavailableError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega where http"
    parser.add_argument("service", help="its name: http is the shop's front door, broker the one of its devices")
    add_data_argument(parser)


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print one address a line, so that other programs can read them."""
    with opened_shop(arguments, environment) as shop:
        found = shop.world.discovery.find(arguments.service)
    if not found:
        raise UnavailableError(f"no instance of {arguments.service} is well at the moment")
    print("\n".join(found))
    return 0
