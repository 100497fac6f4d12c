"""Every kind of goods, and the seasons that move them."""

from bodega.demo.kinds import (
    bath,
    coffee_tea,
    garden,
    home,
    kitchen,
    lighting,
    little_ones,
    pantry,
    pets,
    stationery,
    tableware,
    textiles,
)
from bodega.demo.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (
    *coffee_tea.KINDS,
    *pantry.KINDS,
    *kitchen.KINDS,
    *tableware.KINDS,
    *textiles.KINDS,
    *home.KINDS,
    *lighting.KINDS,
    *garden.KINDS,
    *stationery.KINDS,
    *bath.KINDS,
    *little_ones.KINDS,
    *pets.KINDS,
)
BY_CODE = {kind.code: kind for kind in KINDS}

SEASONS: dict[str, tuple[float, ...]] = {
    "flat": (1.0,) * 12,
    "christmas": (0.4, 0.45, 0.45, 0.45, 0.45, 0.45, 0.45, 0.5, 0.65, 1.0, 2.1, 3.4),
    "winter": (1.5, 1.3, 1.0, 0.7, 0.5, 0.4, 0.4, 0.5, 0.8, 1.2, 1.6, 1.6),
    "spring": (0.6, 1.3, 2.3, 2.6, 2.2, 1.4, 0.9, 0.7, 0.6, 0.4, 0.25, 0.3),
    "summer": (0.6, 0.6, 0.8, 1.1, 1.5, 1.7, 1.7, 1.4, 0.9, 0.7, 0.8, 1.0),
    "autumn": (0.4, 0.4, 0.4, 0.4, 0.4, 0.5, 0.9, 1.9, 2.4, 2.2, 1.4, 0.5),
}
"""How eagerly each kind of season buys, January first; 1 is an ordinary month."""
