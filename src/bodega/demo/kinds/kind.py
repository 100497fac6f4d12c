"""Define a kind of goods (a mug, a jam) from which many products are made."""

from typing import TypeAlias

import msgspec

Fact: TypeAlias = "str | float | tuple[int, int, int] | list[str]"
"""How an attribute's value is drawn: one of "a|b|c"; yes with a probability; a whole number in (low, high, step);
two or three out of ["a|b|c"]."""


class Size(msgspec.Struct, frozen=True):
    """A choice of size: what it is called and how its price and weight compare with the first one."""

    label: str
    factor: float


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of goods. Words are in lower case unless they are names; `price` spans the middle 80 % in pence.

    `leads` tell one product from another (a fruit, an origin, an animal); without leads the maker's range does.
    `lasts_days` is how long one is used before another is bought, 0 for what is kept. `companions` are (code of another
    kind, probability that a basket with this gets one of those too).
    """

    code: str
    leaf: str
    motif: str
    nouns: tuple[str, ...]
    price: tuple[int, int]
    details: tuple[str, ...]
    leads: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    palette: str = "pack"
    sizes: tuple[Size, ...] = ()
    size_name: str = "Size"
    in_colours: bool = False
    lead_fact: str = ""
    facts: dict[str, Fact] = {}
    themes: dict[str, float] = {}
    season: str = "flat"
    lasts_days: int = 0
    companions: dict[str, float] = {}
    share: float = 1.0
    grams: int = 400
    makers: tuple[str, ...] = ()
    pigments: dict[str, str] = {}


def words(text: str) -> tuple[str, ...]:
    """Split "a|b|c", trimming each, so that long lists of words stay readable."""
    return tuple(word.strip() for word in text.split("|") if word.strip())


def sizes(text: str) -> tuple[Size, ...]:
    """Read "250 g=1|1 kg=3.4" as sizes with price factors."""
    pairs = (entry.split("=") for entry in words(text))
    return tuple(Size(label, float(factor)) for label, factor in pairs)


def kind(
    code: str,
    leaf: str,
    motif: str,
    nouns: str,
    price: tuple[int, int],
    *,
    details: tuple[str, ...],
    leads: str = "",
    qualities: str = "",
    materials: str = "",
    palette: str = "pack",
    in_sizes: str = "",
    size_name: str = "Size",
    in_colours: bool = False,
    lead_fact: str = "",
    facts: dict[str, Fact] | None = None,
    themes: dict[str, float],
    season: str = "flat",
    lasts_days: int = 0,
    companions: dict[str, float] | None = None,
    share: float = 1.0,
    grams: int = 400,
    makers: str = "",
    pigments: dict[str, str] | None = None,
) -> Kind:
    """Build a kind from its shorthand: lists of words are written "a|b|c", sizes "label=price factor"."""
    return Kind(
        code=code, leaf=leaf, motif=motif, nouns=words(nouns), price=price, details=details, leads=words(leads),
        qualities=words(qualities), materials=words(materials), palette=palette, sizes=sizes(in_sizes),
        size_name=size_name, in_colours=in_colours, lead_fact=lead_fact, facts=facts or {}, themes=themes,
        season=season, lasts_days=lasts_days, companions=companions or {}, share=share, grams=grams,
        makers=words(makers), pigments=pigments or {},
    )  # fmt: skip
