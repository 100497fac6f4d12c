"""Tell two years of orders: growth, seasons, regulars and guests, ending now."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

import msgspec

from bodega.demo.buying import Basket, Household
from bodega.demo.chance import Chance
from bodega.demo.people import Person, draw_tastes, make_person
from bodega.demo.pricing import charm
from bodega.demo.records import DemoOrder
from bodega.demo.shelves import Shelves

WINDOW_DAYS = 730
_GUEST_SHARE = 0.12
_GROWTH = 1.1  # the last day is this much busier than the first, on top of it
_WEEK = (1.05, 0.95, 0.92, 0.98, 1.0, 1.02, 1.2)
_YEAR = (0.85, 0.85, 0.95, 1.0, 1.0, 0.95, 0.9, 0.85, 0.98, 1.05, 1.35, 1.6)
_HOURS = tuple(accumulate((1, 1, 1, 1, 1, 1, 3, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 13, 16, 18, 16, 10, 4)))
# Prices were lower before: (older than this many days, share of today's price).
_OLD_PRICES = ((430, 0.94), (200, 0.97))
_FIRST_NUMBER = 100_001


class Sale(msgspec.Struct, frozen=True):
    """An order with what reviews need to know: who, and the goods by index."""

    order: DemoOrder
    person: int | None
    goods: list[int]


def tell_sales(seed: int, shelves: Shelves, people: list[Person], *, now: datetime, count: int) -> list[Sale]:
    """Return `count` sales in order of time; nobody buys before joining and nothing sells before its launch."""
    days = _Days(now)
    chance = Chance(seed, "calendar")
    guests = int(count * _GUEST_SHARE) if people else count
    shares = _shares(people, days, count - guests)
    raw: list[tuple[datetime, int | None, Basket]] = []
    for place, share in enumerate(shares):
        raw.extend((at, place, basket) for at, basket in _life(seed, shelves, people[place], share, days))
    raw.extend((at, None, basket) for at, basket in _guests(seed, shelves, guests, days, chance))
    raw.sort(key=lambda sale: sale[0])
    return [_sale(number, at, who, basket, shelves, people, now) for number, (at, who, basket) in enumerate(raw)]


class _Days:
    """The calendar: how busy each day of the window is."""

    def __init__(self, now: datetime) -> None:
        self._start = now - timedelta(days=WINDOW_DAYS)
        busy = []
        for day in range(WINDOW_DAYS):
            date = self._start + timedelta(days=day)
            busy.append((1.0 + _GROWTH * day / WINDOW_DAYS) * _WEEK[date.weekday()] * _YEAR[date.month - 1])
        self._totals = list(accumulate(busy))

        self.busyness = self._totals[-1]
        self.end = now

    def before(self, joined: datetime) -> float:
        """Return the busyness gone by when somebody joined, out of `busyness` in the whole window."""
        day = min((joined - self._start).days, WINDOW_DAYS)
        return self._totals[day - 1] if day > 0 else 0.0

    def moment(self, busyness: float, chance: Chance) -> datetime:
        """Turn a place on the scale of busyness into a moment, at a likely hour and before now."""
        day = min(bisect_left(self._totals, busyness), WINDOW_DAYS - 1)
        seconds = chance.along(_HOURS) * 3600 + chance.whole(0, 3599)
        midnight = (self._start + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(seconds=seconds)
        return min(max(at, self._start), self.end - timedelta(seconds=chance.whole(60, 7200)))


def _shares(people: list[Person], days: _Days, count: int) -> list[int]:
    """Divide the orders by activity and time since joining, to the last one, by the running total of fair shares."""
    weights = [person.activity * (days.busyness - days.before(person.customer.joined_at)) for person in people]
    totals = list(accumulate(weights))
    ends = [round(count * total / totals[-1]) for total in totals]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _life(seed: int, shelves: Shelves, person: Person, count: int, days: _Days) -> Iterator[tuple[datetime, Basket]]:
    """Let one customer come `count` times: regulars once in each equal stretch of busyness, others whenever."""
    chance = Chance(seed, "life", person.customer.key)
    before = days.before(person.customer.joined_at)
    places = [(visit + chance.real()) / count if person.regular else chance.real() for visit in range(count)]
    household = Household()
    moments = sorted(days.moment(before + place * (days.busyness - before), chance) for place in places)
    for moment in moments:
        at = max(moment, person.customer.joined_at)
        basket = Basket(shelves, person, household, at, chance)
        basket.fill()
        yield at, basket


def _guests(seed: int, shelves: Shelves, count: int, days: _Days, chance: Chance) -> Iterator[tuple[datetime, Basket]]:
    stranger = make_person(seed, 0, now=days.end, window_days=WINDOW_DAYS)
    for _ in range(count):
        at = days.moment(chance.real() * days.busyness, chance)
        guest = msgspec.structs.replace(stranger, tastes=draw_tastes(chance), thrift=chance.real())
        basket = Basket(shelves, guest, Household(), at, chance)
        basket.fill()
        yield at, basket


def _sale(
    number: int, at: datetime, who: int | None, basket: Basket, shelves: Shelves, people: list[Person], now: datetime
) -> Sale:
    share = next((share for days, share in _OLD_PRICES if (now - at).days > days), 1.0)
    lines = [
        (sku, quantity, shelves.pence[sku] if share == 1.0 else charm(shelves.pence[sku] * share))
        for sku, (_, quantity) in basket.lines.items()
    ]
    key = None if who is None else people[who].customer.key
    order = DemoOrder(str(_FIRST_NUMBER + number), key, at, lines)
    return Sale(order, who, list(dict.fromkeys(index for index, _ in basket.lines.values())))
