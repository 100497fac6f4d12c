"""Know what it costs to send a cart, by the zone of its country and the band of its value or weight."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.domain.carts.model import ANYWHERE, Handle, Place, ShippingOption
from bodega.errors import Fault, InvalidError
from bodega.values.money import Money

_MOST = 10**15


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price for carts up to this many minor units or grams, that many included; without an end, for all above."""

    price: Money
    up_to: Annotated[int, Meta(ge=0, le=_MOST)] | None = None


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way of sending. The first band that the cart is in has the price; a cart beyond all bands cannot go this way.

    `free_from` is a value of goods, discounts taken off, from which it costs nothing.
    """

    code: Handle
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    bands: Annotated[list[Band], Meta(min_length=1, max_length=50)]
    basis: Literal["subtotal", "weight"] = "subtotal"
    free_from: Money | None = None


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Countries that things are sent to in the same ways; `*` stands for all that no other zone names."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    countries: Annotated[list[Place], Meta(min_length=1, max_length=250)]
    methods: Annotated[list[Method], Meta(min_length=1, max_length=20)]


class ShippingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a shop sends to. One without zones sends everywhere and charges nothing."""

    zones: Annotated[list[Zone], Meta(max_length=100)] = []


class Shipping:
    """A shipping table made ready for questions."""

    def __init__(self, table: ShippingTable) -> None:
        self.table = table
        self._zones = {country: zone for zone in table.zones for country in zone.countries}
        self.charged = bool(table.zones)
        self.needs_country = any(country != ANYWHERE for country in self._zones)

    def options(self, country: str | None, *, value: Money, weight_grams: int) -> tuple[ShippingOption, ...]:
        """Return the ways to send goods of this value and weight, the cheapest first; none where nothing goes."""
        zone = self._zones.get(country or ANYWHERE) or self._zones.get(ANYWHERE)
        if zone is None:
            return ()
        found = []
        for method in zone.methods:
            price = _price(method, value, weight_grams)
            if price is not None:
                found.append(ShippingOption(method.code, method.name, price))
        return tuple(sorted(found, key=lambda option: option.price.amount))


def _price(method: Method, value: Money, weight_grams: int) -> Money | None:
    if method.free_from is not None and value.amount >= method.free_from.amount:
        return msgspec.structs.replace(value, amount=0)
    measure = value.amount if method.basis == "subtotal" else weight_grams
    return next((band.price for band in method.bands if band.up_to is None or measure <= band.up_to), None)


def check_shipping(table: ShippingTable, *, currency: str) -> None:
    """Refuse a table that says two things of one country, has bands out of order, or prices of another currency."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, zone in enumerate(table.zones):
        for country in zone.countries:
            if country in seen:
                detail = f"{country} stands in the table twice"
                faults.append(Fault(f"/zones/{index}/countries", "repeated", detail))
            seen.add(country)
        codes = [method.code for method in zone.methods]
        if len(set(codes)) < len(codes):
            detail = "two methods of one zone have the same code"
            faults.append(Fault(f"/zones/{index}/methods", "repeated", detail))
        for number, method in enumerate(zone.methods):
            faults += _method_faults(method, f"/zones/{index}/methods/{number}", currency)
    if faults:
        raise InvalidError(f"the shipping table has {len(faults)} fault(s): {faults[0].detail}", faults)


def _method_faults(method: Method, pointer: str, currency: str) -> list[Fault]:
    faults = []
    ends = [band.up_to for band in method.bands]
    bounded = [end for end in ends if end is not None]
    if None in ends[:-1] or sorted(set(bounded)) != bounded:
        detail = "bands go upwards, and only the last one may be without an end"
        faults.append(Fault(f"{pointer}/bands", "out_of_order", detail))
    prices = [(f"/bands/{n}/price", band.price) for n, band in enumerate(method.bands)]
    if method.free_from is not None:
        prices.append(("/free_from", method.free_from))
    for where, price in prices:
        if price.currency != currency or price.amount < 0:
            detail = f"this is an amount of {currency} that is not negative"
            faults.append(Fault(pointer + where, "bad_price", detail))
    return faults
