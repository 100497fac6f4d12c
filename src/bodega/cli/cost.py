"""`bodega cost`: say what a deployed shop costs, idle and in use, and where the prices come from."""

import argparse
from collections.abc import Mapping

import msgspec

from bodega.cli.costs import bill, read_prices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega cost --shape fleet"
    parser.add_argument("--shape", choices=("serverless", "fleet"), help="only this one (default: both)")
    parser.add_argument("--internet", action="store_true", help="a fleet that reaches the Internet")
    parser.add_argument("--letters", action="store_true", help="with letters by SES, two an order")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, _environment: Mapping[str, str]) -> int:
    """Print the bill of one shape or both."""
    prices = read_prices()
    shapes = (arguments.shape,) if arguments.shape else ("serverless", "fleet")
    bills = [bill(prices, shape, internet=arguments.internet, letters=arguments.letters) for shape in shapes]
    if arguments.json:
        rows = [
            {"shape": one.shape, "idle_month": round(one.cost(one.idle), 2), "million": round(one.cost(one.busy), 2)}
            for one in bills
        ]
        print(msgspec.json.encode({"as_of": prices.as_of, "currency": "USD", "shapes": rows}).decode())
        return 0
    for one in bills:
        print(f"{one.shape}:")
        for line in one.lines(details=True):
            print(line)
    return 0
