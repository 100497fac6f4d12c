"""Make the whole demo shop from a seed."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bodega.demo.attributes import ATTRIBUTES
from bodega.demo.goods import make_goods
from bodega.demo.opinions import write_reviews
from bodega.demo.people import make_person
from bodega.demo.records import DemoProduct, DemoShop
from bodega.demo.sales import WINDOW_DAYS, tell_sales
from bodega.demo.shelves import Shelves
from bodega.demo.tree import CATEGORIES, COLLECTIONS
from bodega.errors import InvalidError

_REVIEWS_PER_ORDER = 0.3


def stream_products(seed: int, *, now: datetime, count: int) -> Iterator[DemoProduct]:
    """Yield the products that `generate` would make, one at a time: a million need no more room than their names.

    Raises InvalidError for a `now` without an offset.
    """
    return (good.product for good in make_goods(seed, now=_whole_second(now), count=count))


def generate(
    seed: int, *, now: datetime, products: int = 2000, customers: int = 1500, orders: int = 20_000
) -> DemoShop:
    """Make a shop whose last order was just before `now`; the same arguments make the same shop, byte for byte.

    Time and memory grow linearly with each number; pictures are drawn only when asked for. A shop without anything to
    sell has no orders; one without customers has guests only, and no reviews. Raises InvalidError for a `now` without
    an offset and for negative numbers.
    """
    if min(products, customers, orders) < 0:
        raise InvalidError("products, customers and orders must not be negative")
    now = _whole_second(now)
    goods = list(make_goods(seed, now=now, count=products))
    people = [make_person(seed, number, now=now, window_days=WINDOW_DAYS) for number in range(1, customers + 1)]
    for_sale = any(good.product.input.status != "draft" for good in goods)
    sales = tell_sales(seed, Shelves(seed, goods), people, now=now, count=orders) if for_sale else []
    return DemoShop(
        categories=list(CATEGORIES),
        collections=list(COLLECTIONS),
        attributes=list(ATTRIBUTES),
        products=[good.product for good in goods],
        customers=[person.customer for person in people],
        orders=[sale.order for sale in sales],
        reviews=write_reviews(seed, goods, people, sales, now=now, count=int(orders * _REVIEWS_PER_ORDER)),
    )


def _whole_second(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise InvalidError("now needs a UTC offset")
    return now.astimezone(UTC).replace(microsecond=0)
