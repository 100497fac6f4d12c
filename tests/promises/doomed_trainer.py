"""Sell, read for training what was sold, and keep it, until killed. Run as a program: folder and a name."""

import itertools
import sys
from pathlib import Path

from bodega.domain.orders.model import Line, Order, natural_id
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.wiring.recommendations import order_log_of


def main(folder, name):
    shop = open_shop(Settings.for_directory(Path(folder)))
    log = order_log_of(shop.world, shop.orders)
    for number in itertools.count():
        lines = [Line(sku="MUG", product_id=f"prod_{number % 7}", quantity=1, unit_price=Money(100, "GBP"))]
        order = Order(
            id=natural_id("ord", name, str(number)),
            number=f"{name}-{number}",
            customer_id=f"cus_{number % 5}",
            placed_at=shop.world.clock.now(),
            lines=lines,
        )
        shop.orders.record_many([order])
        log.read()
        sys.stdout.write("read\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
