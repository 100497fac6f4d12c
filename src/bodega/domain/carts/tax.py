"""Know how much tax falls on an amount, by the country it goes to and the product's tax class."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.domain.carts.model import ANYWHERE, STANDARD, Handle, Percent, Place
from bodega.errors import Fault, InvalidError
from bodega.values.shares import MILLION, half_even, parts_per_million


class TaxRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is charged in a country on products of a class."""

    country: Place
    percent: Percent
    tax_class: Handle = STANDARD


class TaxTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shop's rates; what none is said for is not taxed. `prices_include_tax` is for all prices alike.

    Shipping is taxed like products of `shipping_class`.
    """

    rates: Annotated[list[TaxRate], Meta(max_length=1000)] = []
    prices_include_tax: bool = True
    shipping_class: Handle = STANDARD


class Taxes:
    """A tax table made ready for questions."""

    def __init__(self, table: TaxTable) -> None:
        self.table = table
        self.included = table.prices_include_tax
        self.needs_country = any(rate.country != ANYWHERE for rate in table.rates)
        self._rates = {(rate.country, rate.tax_class): parts_per_million(rate.percent) for rate in table.rates}

    def rate(self, country: str | None, tax_class: str) -> int:
        """Return the rate in millionths: of the country, else of all others, else of the standard class, else none."""
        if not self._rates:
            return 0
        for wanted in dict.fromkeys((tax_class, STANDARD)):
            for place in (country, ANYWHERE):
                found = self._rates.get((place or ANYWHERE, wanted))
                if found is not None:
                    return found
        return 0

    def on(self, amount: int, rate: int) -> tuple[int, int]:
        """Return the tax in or on an amount, rounded half-even, and what is paid in all.

        >>> Taxes(TaxTable()).on(120, 200_000)
        (20, 120)
        >>> Taxes(TaxTable(prices_include_tax=False)).on(100, 200_000)
        (20, 120)
        """
        if not rate:
            return 0, amount
        if self.included:
            return half_even(amount * rate, MILLION + rate), amount
        tax = half_even(amount * rate, MILLION)
        return tax, amount + tax


def check_tax(table: TaxTable) -> None:
    """Refuse a table with impossible rates, or two for one country and class; with every fault."""
    faults = [*_bad_rates(table.rates), *_repeated(table.rates)]
    if faults:
        raise InvalidError(f"the tax table has {len(faults)} fault(s): {faults[0].detail}", faults)


def _bad_rates(rates: Sequence[TaxRate]) -> list[Fault]:
    faults = []
    for index, rate in enumerate(rates):
        try:
            parts_per_million(rate.percent)
        except InvalidError as exc:
            faults.append(Fault(f"/rates/{index}/percent", "out_of_range", exc.message))
    return faults


def _repeated(rates: Sequence[TaxRate]) -> list[Fault]:
    seen: set[tuple[str, str]] = set()
    faults = []
    for index, rate in enumerate(rates):
        if (rate.country, rate.tax_class) in seen:
            detail = f"{rate.country} has two rates for {rate.tax_class}"
            faults.append(Fault(f"/rates/{index}", "repeated", detail))
        seen.add((rate.country, rate.tax_class))
    return faults
