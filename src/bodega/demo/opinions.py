"""Write reviews: by buyers, some days after the parcel, in stars that follow quality and mood."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import nlargest

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.goods import Good
from bodega.demo.people import Person
from bodega.demo.records import DemoReview
from bodega.demo.sales import Sale
from bodega.demo.words.grumbles import GRUMBLES
from bodega.demo.words.praise import PRAISE
from bodega.demo.words.reviewing import CLOSINGS, HEADLINES, OPENINGS
from bodega.demo.words.voices import voice_of

_UNVERIFIED = 0.04
_MEAN_STARS = 4.6
_QUALITY_STARS, _MOOD_STARS = 0.6, 0.7
_MISHAP, _MISHAP_STARS = 0.06, 2.2
_CONTENT, _PLEASED = 3, 4


class _Occasion(msgspec.Struct, frozen=True):
    person: int
    good: int
    since: datetime
    bought: bool


def write_reviews(
    seed: int, goods: list[Good], people: list[Person], sales: list[Sale], *, now: datetime, count: int
) -> list[DemoReview]:
    """Return up to `count` reviews in order of time, at most one by a person about a product.

    Fewer if fewer things were bought.
    """
    chance = Chance(seed, "opinions")
    bought = dict(_first_purchases(sales))
    strangers = _strangers(chance, goods, people, set(bought), int(count * _UNVERIFIED), now)
    wanted = min(count - len(strangers), len(bought))
    # Efraimidis and Spirakis (2006): the largest u ** (1 / weight) are a weighted sample without replacement.
    drawn = [(chance.real() ** (1.0 / people[who].talkative), who, good) for who, good in bought]
    chosen = [_Occasion(who, good, bought[who, good], bought=True) for _, who, good in nlargest(wanted, drawn)]
    reviews = [_write(seed, occasion, goods, people, now) for occasion in [*chosen, *strangers]]
    return sorted(reviews, key=lambda review: (review.created_at, review.product_key, review.customer_key))


def _first_purchases(sales: list[Sale]) -> Iterator[tuple[tuple[int, int], datetime]]:
    seen = set()
    for sale in sales:
        for good in sale.goods if sale.person is not None else ():
            if sale.person is not None and (sale.person, good) not in seen:
                seen.add((sale.person, good))
                yield (sale.person, good), sale.order.placed_at


def _strangers(
    chance: Chance, goods: list[Good], people: list[Person], bought: set[tuple[int, int]], count: int, now: datetime
) -> list[_Occasion]:
    """Let a few write about what they did not buy here."""
    found: dict[tuple[int, int], _Occasion] = {}
    for _ in range(count * bool(goods and people)):
        who, good = chance.whole(0, len(people) - 1), chance.whole(0, len(goods) - 1)
        if (who, good) in bought or goods[good].product.input.status == "draft":
            continue
        since = max(people[who].customer.joined_at, goods[good].product.launched_at)
        found[who, good] = _Occasion(who, good, since + (now - since) * chance.real() * 0.98, bought=False)
    return list(found.values())


def _write(seed: int, occasion: _Occasion, goods: list[Good], people: list[Person], now: datetime) -> DemoReview:
    good, person = goods[occasion.good], people[occasion.person]
    chance = Chance(seed, "review", occasion.person, occasion.good)
    stars = _MEAN_STARS + _QUALITY_STARS * good.quality + person.kindness + chance.gauss(0.0, _MOOD_STARS)
    stars -= _MISHAP_STARS * chance.odds(_MISHAP)
    rating = min(max(round(stars), 1), 5)
    waited = timedelta(seconds=int((3 + 25 * chance.real() ** 2) * 86_400))
    created = occasion.since + waited
    if created >= now:
        created = occasion.since + (now - occasion.since) * (0.5 + 0.45 * chance.real())
    title, text = _words(voice_of(good.kind), rating, good.noun, good.maker, chance)
    return DemoReview(
        product_key=good.product.key,
        customer_key=person.customer.key,
        author=person.customer.name,
        rating=rating,
        title=title,
        text=text,
        created_at=created.replace(microsecond=0),
        verified=occasion.bought,
    )


def _words(voice: str, rating: int, noun: str, maker: str, chance: Chance) -> tuple[str, str]:
    lines = [chance.pick(OPENINGS[rating])] if chance.odds(0.75) else []
    if rating >= _CONTENT:
        lines += chance.some(PRAISE[voice], 1 if rating <= _PLEASED else chance.whole(1, 2))
    if rating <= _CONTENT or (rating == _PLEASED and chance.odds(0.35)):
        lines += chance.some(GRUMBLES[voice], 1 if rating >= _CONTENT else chance.whole(1, 2))
    lines.append(chance.pick(CLOSINGS[rating]))
    text = " ".join(line for line in lines if line).format(noun=noun, maker=maker)
    title = chance.pick(HEADLINES[rating]).format(noun=noun) if chance.odds(0.85) else ""
    return title, text
