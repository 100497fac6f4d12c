"""Round prices the way shops do, and set up reductions: lasting ones, and sales with a beginning and an end."""

from datetime import datetime, timedelta

import msgspec

from bodega.demo.chance import Chance
from bodega.domain.catalog.model import ScheduledPrice
from bodega.values.money import Money

CURRENCY = "GBP"
_NEARLY_TEN, _FORTY = 987, 4000
_CHEAPEST = 75
_SALE_FACTOR = 0.82


class Reduction(msgspec.Struct, frozen=True):
    """How a product is reduced: for good (`was_factor` above 1), in a sale from `starts` to `ends`, or not."""

    was_factor: float = 0.0
    starts: datetime | None = None
    ends: datetime | None = None


class Offer(msgspec.Struct, frozen=True):
    """What a variant costs: the usual price, what it was, and a sale if one is planned."""

    price: Money
    compare_at: Money | None
    schedule: list[ScheduledPrice]


def charm(pence: float) -> int:
    """Round to a price that looks like one: quarters of a pound, then halves and x.95, then whole pounds.

    A rounded price stays as it is when rounded again.

    >>> [charm(p) for p in (312, 1182, 5233)]
    [300, 1195, 5200]
    """
    if pence < _NEARLY_TEN:
        return max(_CHEAPEST, round(pence / 25) * 25)
    if pence < _FORTY:
        halves = round(pence / 50)
        return halves * 50 - (0 if halves % 2 else 5)
    return round(pence / 100) * 100


def draw_reduction(chance: Chance, now: datetime) -> Reduction:
    """Reduce one product in seven for good and one in twenty for some weeks: past, present or to come."""
    draw = chance.real()
    if draw < 0.14:  # noqa: PLR2004 - the shares of the sentence above
        return Reduction(was_factor=1.12 + 0.3 * chance.real())
    if draw < 0.19:  # noqa: PLR2004
        starts = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=chance.whole(-30, 20))
        return Reduction(starts=starts, ends=starts + timedelta(days=chance.whole(7, 28)))
    return Reduction()


def make_offer(pence: float, reduction: Reduction) -> Offer:
    """Price one variant."""
    usual = charm(pence)
    was = max(charm(usual * reduction.was_factor), usual + 25) if reduction.was_factor else None
    schedule = []
    if reduction.starts and usual > _CHEAPEST:
        sale = min(charm(usual * _SALE_FACTOR), usual - 5)
        schedule = [ScheduledPrice(_pounds(sale), _pounds(usual), reduction.starts, reduction.ends)]
    return Offer(_pounds(usual), _pounds(was) if was else None, schedule)


def _pounds(pence: int) -> Money:
    return Money(pence, CURRENCY)
