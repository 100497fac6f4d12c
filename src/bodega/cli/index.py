"""`bodega index`: rebuild the search index from the catalog, while the shop goes on serving."""

import argparse
from collections.abc import Mapping

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega index --data ./data"
    add_data_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Rebuild and say how many products are in."""
    with opened_shop(arguments, environment) as shop:
        products = shop.indexer.rebuild()
    print(msgspec.json.encode({"products": products}).decode() if arguments.json else f"{products:,} products indexed")
    return 0
