"""Offer ways to narrow a list: which facets are worth showing, how many products each choice leaves, what is chosen."""

from collections.abc import Mapping, Sequence

import msgspec

from bodega.domain.catalog.model import Attribute, Category
from bodega.domain.catalog.shelves import ShelfQuery, Shelves
from bodega.ports.search import FacetCount
from bodega.values.money import Money
from bodega.web.links import Href
from bodega.web.storefront.choice import Choice

ATTRIBUTE = "attributes."
_SHOWN = 8
_MOST = 40


class Option(msgspec.Struct, frozen=True):
    """A value to choose or, if it is chosen, to leave."""

    label: str
    count: str
    href: Href
    chosen: bool


class Facet(msgspec.Struct, frozen=True):
    """A group of options; `more` are those that few will want."""

    name: str
    label: str
    options: Sequence[Option]
    more: Sequence[Option] = ()


class Chip(msgspec.Struct, frozen=True):
    """An active filter and the address without it."""

    label: str
    href: Href


class PriceForm(msgspec.Struct, frozen=True):
    """The two fields of a price range, and what else the form must carry along."""

    low: str
    high: str
    currency: str
    hidden: Sequence[tuple[str, str]]


def count_facets(
    shelves: Shelves, choice: Choice, query: ShelfQuery, counted: Mapping[str, Sequence[FacetCount]]
) -> dict[str, Sequence[FacetCount]]:
    """Return counts for every facet of the query; a facet in which something is chosen is counted without that choice.

    Otherwise its other values would all read 0, and nobody could choose a second brand.
    """
    counts = dict(counted)
    if choice.brands and "brand" in counts:
        counts["brand"] = _recount(shelves, msgspec.structs.replace(query, brands=()), "brand")
    if choice.has_price and "price" in counts:
        counts["price"] = _recount(shelves, msgspec.structs.replace(query, price_from=None, price_to=None), "price")
    for name in choice.attributes:
        facet = ATTRIBUTE + name
        if facet in counts:
            others = {other: values for other, values in choice.attributes.items() if other != name}
            counts[facet] = _recount(shelves, msgspec.structs.replace(query, attributes=others), facet)
    return counts


def facet_views(
    choice: Choice, counts: Mapping[str, Sequence[FacetCount]], attributes: Mapping[str, Attribute]
) -> list[Facet]:
    """Show the facets that can narrow the list: those with a choice made or at least two values."""
    facets = []
    for name, values in counts.items():
        if name == "price":
            options = price_options(choice, values)
        elif name == "brand":
            options = _options(choice, "brand", choice.brands, values)
        elif name.startswith(ATTRIBUTE):
            plain = name.removeprefix(ATTRIBUTE)
            options = _options(choice, plain, choice.attributes.get(plain, ()), values)
        else:
            continue
        if len(options) > 1 or any(option.chosen for option in options):
            facets.append(Facet(name, label_of(name, attributes), *_split(options, whole=name == "price")))
    return facets


def chips(choice: Choice, attributes: Mapping[str, Attribute]) -> list[Chip]:
    """Show what is chosen, each with the way to take it back."""
    shown = [Chip(brand, choice.toggled("brand", brand).href()) for brand in choice.brands]
    for name, values in choice.attributes.items():
        label = label_of(ATTRIBUTE + name, attributes)
        shown += [Chip(f"{label}: {value_text(value)}", choice.toggled(name, value).href()) for value in values]
    if choice.has_price:
        free = msgspec.structs.replace(choice, price_from=None, price_to=None)
        shown.append(Chip(range_text(choice.price_from, choice.price_to, choice.currency), free.href()))
    return shown


def within_chip(choice: Choice, category: Category | None) -> Chip | None:
    """Show the category that a search or a collection is narrowed to, with the way to take it back."""
    if category is None:
        return None
    return Chip(f"In {category.name}", msgspec.structs.replace(choice, category=None).href())


def price_form(choice: Choice) -> PriceForm:
    """Show the form for a price range of the shopper's own."""
    given = dict(choice.params())
    hidden = choice.params(price=False)
    return PriceForm(given.get("min", ""), given.get("max", ""), choice.currency, hidden)


def label_of(facet: str, attributes: Mapping[str, Attribute]) -> str:
    """Return a facet's heading: the declared label, or its name made readable."""
    name = facet.removeprefix(ATTRIBUTE)
    declared = attributes.get(name)
    if declared is not None and declared.label:
        return declared.label
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def value_text(value: str) -> str:
    """Return a value as shown: it begins with a capital, unless its writer mixed cases on purpose."""
    return value[:1].upper() + value[1:] if value.islower() else value


def price_options(choice: Choice, values: Sequence[FacetCount]) -> list[Option]:
    """Show price ranges; a chosen one is left by choosing it again."""
    options = []
    for value in values:
        low_text, _, high_text = value.value.partition("-")
        low = int(low_text) if low_text else None
        high = int(high_text) - 1 if high_text else None
        chosen = choice.has_price and (choice.price_from, choice.price_to) == (low, high)
        target = (None, None) if chosen else (low, high)
        changed = msgspec.structs.replace(choice, price_from=target[0], price_to=target[1])
        label = range_text(low, high, choice.currency)
        options.append(Option(label, f"{value.count:,}", changed.href(), chosen))
    return options


def range_text(low: int | None, high: int | None, currency: str) -> str:
    """Return a price range in words; the last penny of a round limit is not worth a reader's time.

    >>> range_text(1000, 1999, "GBP"), range_text(None, 999, "GBP"), range_text(2000, None, "GBP")
    ('£10 to £20', 'Under £10', '£20 and over')
    """
    rounded = high + 1 if high is not None and (high + 1) % 100 == 0 else high
    if low is None or low == 0:
        return f"Under {_short(rounded, currency)}" if rounded is not None else "Any price"
    if rounded is None:
        return f"{_short(low, currency)} and over"
    return f"{_short(low, currency)} to {_short(rounded, currency)}"


def _short(amount: int, currency: str) -> str:
    return Money(amount, currency).format().removesuffix(".00")


def _recount(shelves: Shelves, query: ShelfQuery, facet: str) -> Sequence[FacetCount]:
    page = shelves.find(msgspec.structs.replace(query, facets=(facet,), limit=1))
    return page.facets.get(facet, ())


def _options(choice: Choice, name: str, chosen: Sequence[str], values: Sequence[FacetCount]) -> list[Option]:
    """Show values, the chosen first: a chosen value stays to be taken back even if nothing has it."""
    by_value = {value.value: value.count for value in values[:_MOST]}
    ordered = [*chosen, *(value for value in by_value if value not in chosen)]
    return [
        Option(value_text(v), f"{by_value.get(v, 0):,}", choice.toggled(name, v).href(), v in chosen) for v in ordered
    ]


def _split(options: list[Option], *, whole: bool) -> tuple[list[Option], list[Option]]:
    """Return what is shown at once and the rest; a rest of one or two is not worth hiding."""
    if whole or len(options) <= _SHOWN + 2:
        return options, []
    return options[:_SHOWN], options[_SHOWN:]
