"""Make products: each one drawn from its own stream of chance, so that the thousandth is cheap and always the same."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from math import log, sqrt

import msgspec

from bodega.demo.attributes import draw_attributes
from bodega.demo.chance import Chance
from bodega.demo.colours import COLOURS, PALETTES, Colour
from bodega.demo.kinds.all import KINDS
from bodega.demo.kinds.kind import Kind
from bodega.demo.naming import Naming, describe
from bodega.demo.pictures.drawing import draw_plan
from bodega.demo.pricing import Reduction, draw_reduction, make_offer
from bodega.demo.records import DemoProduct
from bodega.demo.tree import root_of
from bodega.demo.variants import Option, draw_options, make_variant
from bodega.demo.words.makers import MAKERS, SPECIALISTS, Maker
from bodega.domain.catalog.model import AttributeValue, Media, ProductInput, Status, VariantInput

PICTURE_PIXELS = 600
_GOLDEN = 0.6180339887498949
_OLDEST_DAYS, _WINDOW_DAYS, _NEW_DAYS = 1500, 730, 50
_MIDDLE_DEVIATIONS = 2.563  # the middle 80 % of a normal distribution is this many standard deviations wide
_GIFT_PENCE = 2000
_DEEP_CUT = 1.25
_KEEN = 0.5  # from this weight in a theme on, a kind is one of the theme's own
_NATURAL = frozenset({"wool", "linen", "cotton", "oak", "beech", "willow", "stoneware", "glass", "paper", "terracotta"})
_SLOW = frozenset({"BEAN", "BLKT", "SCAN", "THRW", "MUGS", "SOAK", "PUZZ"})


class Good(msgspec.Struct, frozen=True):
    """A product with what the story of its sales needs: kind, maker, range, quality and popularity."""

    product: DemoProduct
    kind: Kind
    noun: str
    maker: str
    range: str
    quality: float
    popularity: float


class _Look(msgspec.Struct, frozen=True):
    lead: str
    material: str
    colours: list[Colour]


def make_goods(seed: int, *, now: datetime, count: int) -> Iterator[Good]:
    """Yield `count` goods; a longer run begins with the same goods as a shorter one."""
    totals = list(accumulate(kind.share for kind in KINDS))
    makers = {kind.code: _makers_of(kind) for kind in KINDS}
    naming = Naming()
    for number in range(1, count + 1):
        # Multiples of the golden ratio spread evenly: every kind gets its share, and neighbours differ in kind.
        kind = KINDS[bisect_right(totals, number * _GOLDEN % 1.0 * totals[-1])]
        chance = Chance(seed, "good", number)
        yield _make_good(kind, chance.pick(makers[kind.code]), number, chance, naming, now)


def _makers_of(kind: Kind) -> tuple[Maker, ...]:
    root = root_of(kind.leaf)
    named = tuple(maker for maker in MAKERS if maker.name in kind.makers)
    return named or SPECIALISTS.get(kind.code) or tuple(maker for maker in MAKERS if root in maker.roots)


def _make_good(kind: Kind, maker: Maker, number: int, chance: Chance, naming: Naming, now: datetime) -> Good:
    product_range = chance.pick(maker.ranges)
    look = _draw_look(kind, chance)
    name = naming.title(kind, look.lead, look.material, product_range, chance)
    options = draw_options(kind, look.colours, chance)
    base = _base_price(kind, chance)
    key = f"{kind.code}-{number:04d}"
    popularity = chance.skewed(1.15)
    reduction = draw_reduction(chance, now)
    variants = [
        make_variant(key, number, place, option, kind=kind, offer=make_offer(base * option.factor, reduction))
        for place, option in enumerate(options)
    ]
    launched = now - _age(chance)
    drawings = draw_plan(
        key.lower(),
        kind.motif,
        title=name.title,
        pigments=[colour.hex for colour in look.colours],
        label=name.lead or product_range,
        hint=f"{name.lead} {name.noun}",
        number=number,
        chance=chance,
    )
    product_input = ProductInput(
        title=name.title,
        slug=name.slug,
        variants=variants,
        description=describe(kind, name, look.material, maker, product_range, chance),
        brand=maker.name,
        status=_status(chance),
        categories=[kind.leaf],
        collections=_collections(kind, variants, reduction, look.material, now - launched),
        attributes=_attributes(kind, look, maker, options, chance),
        media=[Media(drawing.file, drawing.alt, PICTURE_PIXELS, PICTURE_PIXELS) for drawing in drawings],
    )
    product = DemoProduct(key.lower(), product_input, _stock(variants, popularity, chance), drawings, launched)
    return Good(product, kind, name.noun, maker.name, product_range, chance.gauss(0.0, 1.0), popularity)


def _draw_look(kind: Kind, chance: Chance) -> _Look:
    lead = chance.pick(kind.leads) if kind.leads else ""
    material = chance.pick(kind.materials) if kind.materials else ""
    palette = PALETTES[kind.palette]
    if kind.in_colours:
        return _Look(lead, material, chance.some(palette, chance.whole(1, 6)))
    matches = [COLOURS[name] for part, name in kind.pigments.items() if part and part in lead]
    if matches:
        own = matches[0]
    elif "" in kind.pigments:
        own = COLOURS[kind.pigments[""]]
    elif material in COLOURS and material != "linen":
        own = COLOURS[material]
    else:
        own = chance.pick(palette)
    return _Look(lead, material, [own, *chance.some(palette, 2)])


def _base_price(kind: Kind, chance: Chance) -> float:
    low, high = kind.price
    spread = log(high / low) / _MIDDLE_DEVIATIONS
    return min(max(sqrt(low * high) * chance.skewed(spread), low * 0.75), high * 1.5)


def _age(chance: Chance) -> timedelta:
    draw = chance.real()
    if draw < 0.03:  # noqa: PLR2004 - a few things are new
        days = 2 + chance.real() * (_NEW_DAYS - 4)
    elif draw < 0.2:  # noqa: PLR2004 - some came during the two years of orders
        days = _NEW_DAYS + chance.real() * (_WINDOW_DAYS - _NEW_DAYS)
    else:
        days = _WINDOW_DAYS + chance.real() * (_OLDEST_DAYS - _WINDOW_DAYS)
    return timedelta(seconds=int(days * 86_400))


def _status(chance: Chance) -> Status:
    draw = chance.real()
    return "draft" if draw < 0.01 else "archived" if draw < 0.02 else "active"  # noqa: PLR2004 - one in a hundred each


def _collections(
    kind: Kind, variants: list[VariantInput], reduction: Reduction, material: str, age: timedelta
) -> list[str]:
    cheapest = min(variant.price.amount for variant in variants if variant.price)
    root = root_of(kind.leaf)
    belongs = {
        "gifts-under-20": cheapest < _GIFT_PENCE and kind.themes.get("gift", 0.0) >= _KEEN,
        "new-in": age < timedelta(days=_NEW_DAYS),
        "kitchen-favourites": root in {"kitchen", "tableware"} and kind.themes.get("cook", 0.0) >= _KEEN,
        "slow-sunday": kind.code in _SLOW,
        "plastic-free": material in _NATURAL,
        "last-chance": reduction.was_factor > _DEEP_CUT,
    }
    return [key for key, inside in belongs.items() if inside]


def _attributes(
    kind: Kind, look: _Look, maker: Maker, options: list[Option], chance: Chance
) -> dict[str, AttributeValue]:
    attributes = draw_attributes(kind, chance, first_size=options[0].size)
    if look.material:
        attributes["material"] = look.material
    if kind.in_colours:
        attributes["colour"] = list(dict.fromkeys(option.colour.name for option in options if option.colour))
    if kind.lead_fact:
        attributes[kind.lead_fact] = look.lead.partition(">")[0]
    attributes["made_in"] = maker.place
    return attributes


def _stock(variants: list[VariantInput], popularity: float, chance: Chance) -> dict[str, int]:
    gone = chance.odds(0.02)
    return {
        variant.sku: 0 if gone or chance.odds(0.04) else max(1, int(24 * sqrt(popularity) * chance.skewed(0.7)))
        for variant in variants
    }
