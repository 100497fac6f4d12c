"""Draw the variants of a product: its colours and sizes, and the SKUs that name them."""

import re

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.colours import Colour
from bodega.demo.kinds.kind import Kind, Size
from bodega.demo.pricing import Offer
from bodega.domain.catalog.model import VariantInput

MOST_VARIANTS = 6
_NOT_CODE = re.compile(r"[^A-Z0-9]+")
_CODE_LENGTH = 6
_ONE_SIZE = Size("", 1.0)


class Option(msgspec.Struct, frozen=True):
    """One choice a shopper has: a colour, a size, both or neither; `factor` scales the price."""

    colour: Colour | None
    size: str
    factor: float


def draw_options(kind: Kind, colours: list[Colour], chance: Chance) -> list[Option]:
    """Combine the product's colours with a run of the kind's sizes, one to six of them in all."""
    hues: list[Colour | None] = list(colours) if kind.in_colours else [None]
    sizes = list(kind.sizes) or [_ONE_SIZE]
    if kind.sizes and kind.in_colours:
        hues = hues[: chance.whole(1, 3)]
        sizes = sizes[: chance.whole(1, max(1, MOST_VARIANTS // len(hues)))]
    elif kind.sizes:
        sizes = sizes[: chance.whole(1, len(sizes))]
    return [Option(hue, size.label, size.factor) for hue in hues for size in sizes][:MOST_VARIANTS]


def make_variant(code: str, number: int, place: int, option: Option, *, kind: Kind, offer: Offer) -> VariantInput:
    """Build a variant; its SKU reads as kind, number, colour and size: MUGS-0123-RED."""
    parts, options = [code], {}
    if option.colour:
        parts.append(option.colour.code)
        options["Colour"] = option.colour.name
    if option.size:
        parts.append(_NOT_CODE.sub("", option.size.upper())[:_CODE_LENGTH])
        options[kind.size_name] = option.size
    return VariantInput(
        sku="-".join(parts),
        price=offer.price,
        compare_at=offer.compare_at,
        schedule=offer.schedule,
        title=", ".join(options.values()),
        options=options,
        barcode=_barcode(number, place),
        weight_grams=int(kind.grams * option.factor**0.9),
    )


def _barcode(number: int, place: int) -> str:
    """Make an EAN-13 from the range that shops may use for themselves (GS1: prefix 20 to 29)."""
    digits = f"2{number:09d}{place:02d}"
    weighted = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"
