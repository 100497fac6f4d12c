"""Declare the attributes of demo goods and draw their values."""

import re

from bodega.demo.chance import Chance
from bodega.demo.kinds.kind import Fact, Kind
from bodega.domain.catalog.model import AttributeInput, AttributeValue

ATTRIBUTES: list[tuple[str, AttributeInput]] = [
    ("colour", AttributeInput("list", "Colour")),
    ("material", AttributeInput("text", "Material")),
    ("origin", AttributeInput("text", "Origin")),
    ("scent", AttributeInput("text", "Scent")),
    ("made_in", AttributeInput("text", "Made in")),
    ("capacity_ml", AttributeInput("integer", "Capacity", "ml")),
    ("net_weight_g", AttributeInput("integer", "Net weight", "g")),
    ("length_cm", AttributeInput("integer", "Length", "cm")),
    ("height_cm", AttributeInput("integer", "Height", "cm")),
    ("diameter_cm", AttributeInput("integer", "Diameter", "cm")),
    ("pieces", AttributeInput("integer", "Pieces")),
    ("pages", AttributeInput("integer", "Pages")),
    ("paper", AttributeInput("text", "Paper")),
    ("power_w", AttributeInput("integer", "Power", "W")),
    ("colour_temperature_k", AttributeInput("integer", "Colour temperature", "K")),
    ("burn_hours", AttributeInput("integer", "Burning time", "h")),
    ("heat", AttributeInput("integer", "Heat, 0 to 5")),
    ("roast", AttributeInput("text", "Roast", choices=["light", "medium", "dark"])),
    ("caffeine", AttributeInput("text", "Caffeine", choices=["none", "low", "medium", "high"])),
    ("tasting_notes", AttributeInput("list", "Tasting notes")),
    ("sow", AttributeInput("list", "Sow or plant in")),
    ("age_from_months", AttributeInput("integer", "From age", "months")),
    ("recycled_percent", AttributeInput("integer", "Recycled content", "%")),
    ("dishwasher_safe", AttributeInput("boolean", "Dishwasher safe")),
    ("oven_safe", AttributeInput("boolean", "Oven safe")),
    ("handmade", AttributeInput("boolean", "Made by hand")),
    ("organic", AttributeInput("boolean", "Organic")),
    ("vegan", AttributeInput("boolean", "Vegan")),
]

_MEASURE = re.compile(r"(\d[\d,]*) (ml|l|g|kg|sheets|bulbs|pieces|bags)\b")
_UNITS = {
    "ml": ("capacity_ml", 1),
    "l": ("capacity_ml", 1000),
    "g": ("net_weight_g", 1),
    "kg": ("net_weight_g", 1000),
    "sheets": ("pieces", 1),
    "bulbs": ("pieces", 1),
    "pieces": ("pieces", 1),
    "bags": ("pieces", 1),
}


def draw_attributes(kind: Kind, chance: Chance, *, first_size: str) -> dict[str, AttributeValue]:
    """Draw the facts of one product; a measure that its first size already states is taken from there."""
    facts = {name: _draw(fact, chance) for name, fact in kind.facts.items()}
    if first_size and (match := _MEASURE.search(first_size)):
        name, factor = _UNITS[match[2]]
        if name in facts:
            facts[name] = int(match[1].replace(",", "")) * factor
    return facts


def _draw(fact: Fact, chance: Chance) -> AttributeValue:
    if isinstance(fact, str):
        return chance.pick(fact.split("|"))
    if isinstance(fact, list):
        return chance.some(fact[0].split("|"), chance.whole(2, 3))
    if isinstance(fact, tuple):
        low, high, step = fact
        return low + step * chance.whole(0, (high - low) // step)
    return chance.odds(fact)
