"""The shop's colours: names, codes for SKUs and the pigments that pictures are drawn with."""

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour as shoppers read it, as SKUs end with it and as pictures show it."""

    name: str
    code: str
    hex: str


_TABLE = """
oat OAT e3d5bd|chalk CHK efe9dd|white WHT f6f2ea|charcoal CHA 45484f
ink INK 2f3f5e|navy NVY 26365a|denim DEN 5d7f9f|sky SKY a6c5d8
duck-egg DUC b4cfc8|sage SAG 9bae88|moss MOS 727f49|forest FOR 37593f
olive OLV 8b8548|mustard MUS d9a63a|ochre OCH c88b31|honey HON e4b35f
apricot APR eeab84|terracotta TER c46b4c|brick BRK a44d3f|tomato TOM d4503f
red RED bf3a33|coral COR e58069|blush BLU e9c0b5|rose ROS cf808a
plum PLU 7c4862|aubergine AUB 513856|lavender LAV a99bc7|cocoa COC 70503f
slate SLA 6e7c88|teal TEA 31807f|mint MIN b2d6be|lemon LEM efd76b
black BLK 2a2a2f|amber AMB b96f2b|clear CLR d6e4e4|natural NAT d8b98c
oak OAK cfa771|walnut WAL 7a5438|beech BCH e0bd8c|olivewood OLW b58a55
bamboo BAM dcc183|brass BRS c9a24d|copper COP c47a52|steel STL b3bac0
graphite GRA 4b5057|cork CRK c79a66|rattan RAT cda46b|linen LIN d9ccb4
willow WIL a98455
"""

COLOURS = {
    name: Colour(name, code, f"#{pigment}")
    for name, code, pigment in (entry.split() for entry in _TABLE.replace("\n", "|").split("|") if entry)
}

_PALETTES = {
    "glaze": "oat chalk sage denim terracotta blush charcoal mustard teal forest sky cocoa duck-egg rose",
    "enamel": "white navy forest red mustard sky charcoal mint tomato",
    "glass": "clear amber sky sage rose lavender teal",
    "cloth": "oat linen sage ink mustard terracotta rose denim forest plum blush slate ochre lavender teal",
    "paper": "forest navy coral mustard lavender sage black sky blush tomato teal plum oat",
    "bright": "tomato lemon sky mint coral lavender teal apricot denim",
    "soft": "oat blush mint sky honey lavender duck-egg apricot",
    "metal": "brass black copper steel",
    "steel": "steel graphite",
    "wood": "oak walnut beech olivewood bamboo",
    "woven": "natural rattan willow oat",
    "tool": "forest red charcoal mustard teal",
    "wax": "chalk blush sage terracotta plum honey forest slate oat ochre",
    "pack": "forest terracotta mustard navy plum teal coral sage brick olive rose denim aubergine ochre",
    "soap": "oat blush sage lavender honey charcoal apricot mint",
    "pot": "terracotta oat charcoal sage duck-egg blush mustard slate forest",
    "pet": "mustard teal tomato sage denim plum charcoal oat",
}
PALETTES = {name: tuple(COLOURS[word] for word in words.split()) for name, words in _PALETTES.items()}


def mix(one: str, other: str, share: float) -> str:
    """Blend two #rrggbb colours; share 0 is the first, 1 the other.

    >>> mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    first, second = int(one[1:], 16), int(other[1:], 16)
    blended = 0
    for shift in (16, 8, 0):
        here, there = first >> shift & 255, second >> shift & 255
        blended = blended << 8 | int(here + (there - here) * share + 0.5)
    return f"#{blended:06x}"
