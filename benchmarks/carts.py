"""Measure changes and reads of carts of three lines over HTTP, as a ratio to a null server in the same run.

    PYTHONPATH=src python benchmarks/carts.py [--products 10000] [--seconds 5] [--connections 32] [--server granian]

A change sets the quantity of one line: it is durable when it is answered, and the answer is the whole cart at the
prices of that moment. Both servers are one process.
"""

import contextlib
import tempfile
from pathlib import Path
from urllib.parse import quote

from over_http import SHOP, Load, _arguments, burst, describe, hello, prepare, serving, show

from bodega.domain.catalog.products import Products
from bodega.domain.flows.carting import Wanted
from bodega.settings import Settings
from bodega.wiring import open_shop

CARTS = 500
LINES = 3


def main() -> None:
    """Fill a shop, put carts into it, serve it, and print a line for each kind of request."""
    args = _arguments()
    describe(args)
    with contextlib.ExitStack() as stack:
        folder = Path(args.data) if args.data else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "shop"
        settings = Settings.for_directory(folder, admin_requests_per_minute=10**9, log_level="warning")
        prepare(settings, args.products, args.seed)
        lines, carts = _paths(settings)
        loads = {
            "cart update": (
                Load(lines, "PATCH", {"content-type": "application/json"}, '{"quantity":7%.0s}'),
                ">= 15%",
            ),
            "cart read": (Load(carts), "-"),
        }
        print(f"{'':24}{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'hello/s':>10}{'ratio':>8}{'bar':>9}")
        with hello(args) as null_port, serving(args.server, SHOP, settings, factory=True) as (port, _):
            for name, (load, bar) in loads.items():
                show(name, [(burst(args, null_port, Load(["/"])), burst(args, port, load)) for _ in range(3)], bar)


def _paths(settings: Settings) -> tuple[list[str], list[str]]:
    """Make the carts; return the address of a line of each, and that of each."""
    shop = open_shop(settings)
    try:
        skus = _skus(shop.catalog.products)
        carts = []
        for number in range(CARTS):
            wanted = [Wanted(skus[(number * LINES + line) % len(skus)], 1) for line in range(LINES)]
            carts.append(shop.carting.create(lines=wanted).cart)
        lines = [f"/v1/store/carts/{cart.id}/lines/{quote(cart.lines[0].sku, safe='')}" for cart in carts]
        return lines, [f"/v1/store/carts/{cart.id}" for cart in carts]
    finally:
        shop.close()


def _skus(products: Products) -> list[str]:
    found = []
    for product in products.all():
        variant = product.variants[0]
        if product.status == "active" and variant.price is not None:
            found.append(variant.sku)
        if len(found) == CARTS * LINES:
            break
    return found


if __name__ == "__main__":
    main()
