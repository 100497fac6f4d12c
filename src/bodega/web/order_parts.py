"""Show the parts of an order that shoppers and staff both see, and read from their forms how many units are meant."""

from collections.abc import Mapping, Sequence

import msgspec

from bodega.domain.flows.checkout_request import Contact
from bodega.domain.orders.model import Order
from bodega.errors import Fault, InvalidError
from bodega.values.money import Money
from bodega.web.words import date_text


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order, and what has become of its goods so far."""

    name: str
    sku: str
    quantity: int
    unit_price: str
    total: str
    note: str


class UnitChoice(msgspec.Struct, frozen=True):
    """A field of a form: how many units of one SKU, up to `most`."""

    field: str
    name: str
    most: int
    value: int


class ParcelView(msgspec.Struct, frozen=True):
    """What was sent together."""

    sent: str
    units: int
    carrier: str
    tracking: str


def order_lines(order: Order) -> Sequence[OrderLine]:
    """Return an order's lines; what became of a SKU is said once, although it may stand in several lines."""
    untold = set(order.ordered)
    lines = []
    for line in order.lines:
        note = _note(order, line.sku) if line.sku in untold else ""
        untold.discard(line.sku)
        lines.append(
            OrderLine(
                name=line.name or line.sku,
                sku=line.sku,
                quantity=line.quantity,
                unit_price=line.unit_price.format(),
                total=Money(line.unit_price.amount * line.quantity, order.currency).format(),
                note=note,
            )
        )
    return lines


def address_lines(contact: Contact | None) -> Sequence[str]:
    """Return an address as it is written on a parcel."""
    if contact is None:
        return []
    to = contact.shipping
    return [
        text
        for text in (to.name, to.line1, to.line2, f"{to.postal_code} {to.city}", to.region, to.country)
        if text.strip()
    ]


def parcel_views(order: Order) -> Sequence[ParcelView]:
    """Return an order's parcels."""
    return [
        ParcelView(date_text(parcel.at), sum(parcel.units.values()), parcel.carrier, parcel.tracking)
        for parcel in order.parcels
    ]


def _note(order: Order, sku: str) -> str:
    counts = (
        (order.shipped, "sent"),
        (order.return_requested, "to come back"),
        (order.returned, "came back"),
        (order.dropped, "not sent"),
    )
    return ", ".join(f"{units[sku]} {word}" for units, word in counts if units.get(sku))


def unit_choices(order: Order, most: Mapping[str, int], values: Mapping[str, int]) -> Sequence[UnitChoice]:
    """Return a field for each SKU of which there may be any, with what it says at first."""
    names = {line.sku: line.name or line.sku for line in order.lines}
    return [
        UnitChoice(field, names[sku], most[sku], values.get(sku, 0))
        for field, sku in _unit_fields(order).items()
        if most.get(sku)
    ]


def chosen_units(order: Order, fields: Mapping[str, str]) -> dict[str, int]:
    """Return how many units of each SKU a form names; InvalidError for what is no number."""
    units = {}
    for field, sku in _unit_fields(order).items():
        text = fields.get(field, "").strip()
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004
            detail = f"{text[:20]!r} is no number of units"
            raise InvalidError(detail, [Fault(f"/{field}", "out_of_range", detail)])
        if int(text):
            units[sku] = int(text)
    return units


def _unit_fields(order: Order) -> Mapping[str, str]:
    """Return the SKU that each field for units of a form is about: SKUs may be anything, names of fields may not."""
    return {f"units-{place}": sku for place, sku in enumerate(order.ordered)}
