"""Make customers: what they like, whom they favour, how often they come."""

from datetime import datetime, timedelta
from itertools import accumulate

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.records import DemoCustomer
from bodega.demo.words.makers import MAKERS
from bodega.demo.words.people import LIVES, NAMES

_EARLIER_DAYS = 500
_LIVES_TOTALS = list(accumulate(weight for weight, _ in LIVES))
_STRENGTHS = (1.0, 0.45, 0.2)
_BROWSING = 0.06


class Person(msgspec.Struct, frozen=True):
    """A customer and what drives the purchases: tastes by theme, favourites, activity, rhythm and mood."""

    customer: DemoCustomer
    tastes: dict[str, float]
    makers: frozenset[str]
    colours: frozenset[str]
    activity: float
    regular: bool
    pace: float
    thrift: float
    kindness: float
    talkative: float


def make_person(seed: int, number: int, *, now: datetime, window_days: int) -> Person:
    """Draw one customer; the first third were here before the window of orders began, the others join as it grows."""
    chance = Chance(seed, "person", number)
    if chance.odds(0.36):
        days = window_days + chance.real() * _EARLIER_DAYS
    else:
        days = (1.0 - chance.real() ** 0.75) * (window_days - 20) + 15
    joined = now - timedelta(seconds=int(days * 86_400))
    return Person(
        customer=DemoCustomer(f"demo-{number:04d}", chance.pick(NAMES), joined),
        tastes=draw_tastes(chance),
        makers=frozenset(maker.name for maker in chance.some(MAKERS, 9)),
        colours=frozenset(chance.some(_FAVOURITES, 4)),
        activity=chance.skewed(0.75),
        regular=chance.odds(0.55),
        pace=min(max(chance.skewed(0.3), 0.55), 1.9),
        thrift=chance.real(),
        kindness=chance.gauss(0.0, 0.45),
        talkative=chance.skewed(0.8),
    )


_FAVOURITES = (
    "oat",
    "sage",
    "ink",
    "navy",
    "terracotta",
    "mustard",
    "blush",
    "forest",
    "charcoal",
    "teal",
    "rose",
    "sky",
    "white",
    "lavender",
    "plum",
    "denim",
    "tomato",
    "brass",
    "black",
    "chalk",
)


def draw_tastes(chance: Chance) -> dict[str, float]:
    """Mix one to three lives into weights by theme; everybody also gives presents and sometimes wanders."""
    count = 1 + chance.odds(0.6) + chance.odds(0.3)
    tastes = {"gift": 0.07}
    for strength in _STRENGTHS[:count]:
        for theme, weight in LIVES[chance.along(_LIVES_TOTALS)][1].items():
            tastes[theme] = tastes.get(theme, 0.0) + weight * strength
    stray = LIVES[chance.along(_LIVES_TOTALS)][1]
    for theme in stray:
        tastes[theme] = tastes.get(theme, 0.0) + _BROWSING
    return tastes
