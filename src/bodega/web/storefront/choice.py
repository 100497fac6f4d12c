"""Read from an address what a shopper chose to see, and write addresses that change one thing of it."""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

import msgspec
from starlette.datastructures import QueryParams

from bodega.domain.catalog.shelves import ShelfQuery
from bodega.errors import InvalidError
from bodega.ports.search import Sort
from bodega.values.money import MAX_AMOUNT, Money, exponent
from bodega.web import links
from bodega.web.links import Href

_PREFIX = "filter."
_MAX_VALUES = 12
_MAX_ATTRIBUTES = 8
_MAX_LENGTH = 120
_SORTS: frozenset[str] = frozenset(get_args(Sort))


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What to show: words, filters and an order. Prices are in minor units, both ends included."""

    path: str
    text: str = ""
    category: str | None = None
    brands: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = {}
    price_from: int | None = None
    price_to: int | None = None
    sort: str | None = None
    currency: str

    @property
    def is_filtered(self) -> bool:
        """Tell whether anything beside words and order is chosen."""
        return bool(self.brands or self.attributes or self.category or self.has_price)

    @property
    def has_price(self) -> bool:
        """Tell whether the price is limited."""
        return self.price_from is not None or self.price_to is not None

    def params(self, *, sort: bool = True, price: bool = True) -> list[tuple[str, str]]:
        """Return the choice as query parameters, always in the same order."""
        pairs = [("q", self.text)] if self.text else []
        if self.category:
            pairs.append(("category", self.category))
        pairs += [("brand", brand) for brand in self.brands]
        pairs += [(_PREFIX + name, value) for name, values in self.attributes.items() for value in values]
        if price and self.price_from is not None:
            pairs.append(("min", _major(self.price_from, self.currency)))
        if price and self.price_to is not None:
            pairs.append(("max", _major(self.price_to, self.currency)))
        if sort and self.sort is not None:
            pairs.append(("sort", self.sort))
        return pairs

    def href(self) -> Href:
        """Return the address of the first page of this choice."""
        return links.with_params(self.path, self.params())

    def toggled(self, name: str, value: str) -> "Choice":
        """Return the choice with a value of `brand` or of an attribute put in or taken out."""
        if name == "brand":
            return msgspec.structs.replace(self, brands=_toggled(self.brands, value))
        values = _toggled(self.attributes.get(name, ()), value)
        others = {other: chosen for other, chosen in self.attributes.items() if other != name}
        return msgspec.structs.replace(self, attributes=others | {name: values} if values else others)

    def query(
        self,
        *,
        categories: Sequence[str],
        collections: Sequence[str],
        facets: Sequence[str],
        limit: int,
        fallback: Sort,
    ) -> ShelfQuery:
        """Return the question to put to the shelves."""
        return ShelfQuery(
            text=self.text,
            categories=categories,
            collections=collections,
            brands=self.brands,
            attributes=self.attributes,
            price_from=self.price_from,
            price_to=self.price_to,
            facets=facets,
            sort=cast("Sort", self.sort) if self.sort else fallback,
            limit=limit,
        )


def read_choice(path: str, given: QueryParams, *, currency: str) -> Choice:
    """Read a choice; what makes no sense in it is left out, because half a choice shows more than an error does."""
    attributes: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(given.keys()):
        values = _values(given, name) if name.startswith(_PREFIX) and len(name) <= _MAX_LENGTH else ()
        if values and len(attributes) < _MAX_ATTRIBUTES and name != _PREFIX and name.isprintable():
            attributes[name.removeprefix(_PREFIX)] = values
    low, high = _amount(given.get("min"), currency), _amount(given.get("max"), currency)
    if low is not None and high is not None and low > high:
        low, high = high, low
    sort = given.get("sort")
    return Choice(
        path=path,
        text=_words(given.get("q", "")),
        category=next(iter(_values(given, "category")), None),
        brands=_values(given, "brand"),
        attributes=attributes,
        price_from=low,
        price_to=high,
        sort=sort if sort in _SORTS else None,
        currency=currency,
    )


def _values(given: QueryParams, name: str) -> tuple[str, ...]:
    values = dict.fromkeys(v for v in given.getlist(name) if v and len(v) <= _MAX_LENGTH and v.isprintable())
    return tuple(values)[:_MAX_VALUES]


def _words(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _toggled(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(v for v in values if v != value) if value in values else (*values, value)


def _amount(text: str | None, currency: str) -> int | None:
    if not text or len(text) > _MAX_LENGTH:
        return None
    try:
        amount = Money.parse(text.strip(), currency).amount
    except InvalidError:
        return None
    return amount if 0 <= amount < MAX_AMOUNT else None


def _major(amount: int, currency: str) -> str:
    """Write minor units as a plain decimal: what `Money.parse` reads, and a number field takes.

    >>> _major(1999, "GBP"), _major(500, "GBP"), _major(500, "JPY")
    ('19.99', '5', '500')
    """
    digits = exponent(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}}" if rest else str(whole)
