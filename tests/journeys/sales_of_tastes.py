"""Sales of an invented shop: customers of some tastes who come again, guests, wholesalers, and what is bought twice."""

from datetime import UTC, datetime, timedelta
from random import Random

from bodega.domain.orders.model import Line, Order, natural_id
from bodega.values.money import Money

END = datetime(2026, 3, 1, 12, 30, 15, 123_000, tzinfo=UTC)
_PRICE = Money(100, "GBP")


def orders_of(customers, *, products=60, tastes=4, days=120, seed=7):
    """Yield orders in no order of time; some have the same product in two lines, some are guests'."""
    chance = Random(seed)
    for customer in range(customers):
        liked = [p for p in range(products) if p % tastes == customer % tastes]
        for visit in range(chance.randint(3, 9)):
            wanted = chance.choices(liked, k=chance.randint(1, 4)) + chance.choices(range(products), k=1)
            yield _order(f"{customer}-{visit}", customer, wanted, chance.uniform(0, days), chance)
    for guest in range(customers // 10):
        yield _order(f"guest-{guest}", None, chance.sample(range(products), 3), chance.uniform(0, days), chance)
    for visit in range(3):
        yield _order(f"wholesale-{visit}", customers, range(products), 10.0 * visit, chance)


def _order(number, customer, wanted, age, chance):
    lines = [
        Line(sku=f"sku{p}", product_id=f"prod_{p:03}", quantity=chance.randint(1, 4), unit_price=_PRICE) for p in wanted
    ]
    return Order(
        id=natural_id("ord", number),
        number=number,
        customer_id=None if customer is None else natural_id("cus", str(customer)),
        placed_at=END - timedelta(seconds=int(age * 86400)),
        lines=lines,
    )
