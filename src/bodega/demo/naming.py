"""Compose titles, slugs and descriptions from the words of a kind, a maker and a material."""

import re

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.kinds.kind import Kind, words
from bodega.demo.words.describing import MAKER_LINES, OPENERS, USES
from bodega.demo.words.makers import Maker
from bodega.demo.words.materials import MATERIALS
from bodega.demo.words.voices import voice_of
from bodega.values.text import make_slug

_TRIES = 5
# Leads that keep their capital inside a title; all others are common nouns ("Small-batch raspberry jam").
_PROPER = frozenset(
    words(
        "Seville|Scotch|Ceylon|Kampot|Aleppo|Tellicherry|Sichuan|Earl|Lady|Irish|Russian|Assam|Darjeeling|Lapsang"
        "|Keemun|Nilgiri|Yunnan|Harbour|Genovese|Madagascan|Tahitian|Bourbon|Mexican|Sicilian|Cantabrian|Galician"
        "|Picual|Arbequina|Koroneiki|Taggiasca|Hojiblanca|Cotswold|Nocellara|Kalamata|Chardonnay|Pedro|Piura"
        "|Tanzania|Cajun|Morello|Tulip|Narcissus|Allium|London|Uji|Dutch"
    )
)


class Name(msgspec.Struct, frozen=True):
    """What a product is called: its title and slug, unique in the shop, and the noun to speak of it by."""

    title: str
    slug: str
    noun: str
    lead: str


class Naming:
    """Give out titles, never the same one twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._used: dict[str, int] = {}

    def title(self, kind: Kind, lead: str, material: str, product_range: str, chance: Chance) -> Name:
        """Find a title that is still free, by other words if possible and by a number if not."""
        lead, fixed, own_noun = lead.partition(">")
        for attempt in range(_TRIES):
            noun = own_noun if fixed else chance.pick(kind.nouns) if kind.nouns else ""
            title = _compose(kind, lead, material, product_range, noun, chance, plain=not attempt)
            slug = str(make_slug(title))
            if slug not in self._taken:
                break
        else:
            title, slug = self._numbered(title)
        self._taken.add(slug)
        return Name(title, slug, noun or lead.lower(), lead)

    def _numbered(self, title: str) -> tuple[str, str]:
        while True:
            number = self._used[title] = self._used.get(title, 1) + 1
            slug = str(make_slug(f"{title}, No. {number}"))
            if slug not in self._taken:
                return f"{title}, No. {number}", slug


def _compose(
    kind: Kind, lead: str, material: str, product_range: str, noun: str, chance: Chance, *, plain: bool
) -> str:
    quality = (
        chance.pick(kind.qualities) if kind.qualities else chance.pick(("small-batch", "reserve", "everyday", "garden"))
    )
    style = chance.whole(0, 5)
    if lead and (plain or style < 1):
        parts = [lead, noun]
    elif lead:
        parts = [product_range if style < 4 else quality, _inside(lead), noun]  # noqa: PLR2004 - four styles in six
    elif not kind.materials or style == 0:
        parts = [product_range, quality if style % 2 else "", noun]
    elif style < 3:  # noqa: PLR2004
        parts = [product_range, "" if material in noun else material, noun]
    elif style < 5:  # noqa: PLR2004
        parts = [product_range, quality, noun]
    else:
        parts = [quality, "" if material in noun else material, noun]
    title = " ".join(word for word in parts if word)
    return title[0].upper() + title[1:]


def _inside(lead: str) -> str:
    first = re.split(r"[ ,-]", lead, maxsplit=1)[0]
    common = first.isascii() and first not in _PROPER and "'" not in lead
    return lead[0].lower() + lead[1:] if common else lead


def describe(kind: Kind, name: Name, material: str, maker: Maker, product_range: str, chance: Chance) -> str:
    """Write two short paragraphs: what it is like, then where it comes from and how to live with it."""
    voice = voice_of(kind)
    first, second = chance.some(kind.details, 2)
    lines = [chance.pick(OPENERS[voice])] if chance.odds(0.7) else []
    lines.append(first)
    if material in MATERIALS and chance.odds(0.8):
        lines.append(chance.pick(MATERIALS[material]))
    if chance.odds(0.6):
        lines.append(second)
    if chance.odds(0.25):
        lines.reverse()
    after = [chance.pick(MAKER_LINES), chance.pick(USES[voice])]
    text = " ".join(lines) + "\n\n" + " ".join(after)
    article = "an" if name.noun[:1].lower() in "aeiou" else "a"
    return text.format(
        lead=name.lead,
        noun=name.noun,
        a_noun=f"{article} {name.noun}",
        range=product_range,
        maker=maker.name,
        place=maker.place,
        story=maker.story,
    )
