"""Write an order with its history and its address as one document, and read it back as the same order."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.flows.checkout_request import Contact
from bodega.domain.orders.model import (
    MAX_OPERATIONS,
    MAX_PARCELS,
    Entry,
    Line,
    Order,
    Paid,
    Parcel,
    Return,
    State,
    Sums,
)
from bodega.errors import Fault, InvalidError
from bodega.values.money import Money
from bodega.values.text import is_clean

MAX_LINES = 5000
MAX_ENTRIES = 10_000
Units = Annotated[dict[Annotated[str, Meta(max_length=200)], Annotated[int, Meta(ge=0)]], Meta(max_length=MAX_LINES)]


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order as files have it: opened, where the shop seals, and without the id of the cart that it was."""

    id: Annotated[str, Meta(pattern=r"^ord_[0-9A-Z]{26}$")]
    number: Annotated[str, Meta(min_length=1, max_length=80)]
    placed_at: datetime
    lines: Annotated[list[Line], Meta(min_length=1, max_length=MAX_LINES)]
    customer_id: Annotated[str, Meta(pattern=r"^cus_[0-9A-Z]{26}$")] | None = None
    source: Annotated[str, Meta(min_length=1, max_length=80)] = "shop"
    state: State = "delivered"
    version: Annotated[int, Meta(ge=1, le=10**9)] = 1
    changed_at: datetime | None = None
    sums: Sums | None = None
    paid: Paid | None = None
    parcels: Annotated[tuple[Parcel, ...], Meta(max_length=MAX_PARCELS)] = ()
    returns: Annotated[tuple[Return, ...], Meta(max_length=MAX_PARCELS)] = ()
    shipped: Units = {}
    returned: Units = {}
    dropped: Units = {}
    return_requested: Units = {}
    restock: Units = {}
    retry_at: datetime | None = None
    retries: Annotated[int, Meta(ge=0, le=10**6)] = 0
    contact: Contact | None = None
    history: Annotated[list[Entry], Meta(max_length=MAX_ENTRIES)] = []

    def order(self, *, private: bytes) -> Order:
        """Return the order, with its address as the shop keeps it."""
        shared = {name: getattr(self, name) for name in _SHARED}
        return Order(**shared, private=private)

    def check(self, *, currency: str) -> None:
        """Refuse what no order of a shop in this currency can be: InvalidError with every fault."""
        order = self.order(private=b"")
        faults = [*self._texts(), *self._times(), *_amounts(order, currency)]
        faults = faults or [*_counts(order), *self._histories()]
        if faults:
            raise InvalidError(faults[0].detail, faults)
        if self.contact is not None:
            self.contact.check()

    def _texts(self) -> Iterator[Fault]:
        texts = {"number": self.number, "source": self.source}
        texts |= {f"lines/{n}/{what}": t for n, ln in enumerate(self.lines) for what, t in _texts_of(ln).items()}
        for pointer, text in texts.items():
            if len(text) > _MAX_TEXT or not is_clean(text):
                yield Fault(f"/{pointer}", "bad_text", f"{pointer} is too long or not printable")

    def _times(self) -> Iterator[Fault]:
        moments: list[datetime | None] = [self.placed_at, self.changed_at, self.retry_at]
        for several in (self.parcels, self.returns, self.history):
            moments += [one.at for one in several]
        moments += [one.at for one in (self.paid.operations if self.paid is not None else ())]
        if any(moment is not None and moment.tzinfo is None for moment in moments):
            yield Fault("", "bad_time", "every time needs a UTC offset")

    def _histories(self) -> Iterator[Fault]:
        versions = [entry.version for entry in self.history]
        if len(set(versions)) < len(versions) or any(not 1 <= version <= self.version for version in versions):
            yield Fault("/history", "bad_history", "an entry of the history is of another version, or there twice")


FIELDS: tuple[str, ...] = OrderDocument.__struct_fields__
NESTED = (
    "lines",
    "sums",
    "paid",
    "parcels",
    "returns",
    "shipped",
    "returned",
    "dropped",
    "return_requested",
    "restock",
    "contact",
    "history",
)
_SHARED = [name for name in FIELDS if name not in {"contact", "history"}]
_MAX_TEXT = 500


def document_of(order: Order, *, contact: Contact | None, history: Sequence[Entry]) -> Mapping[str, Any]:
    """Return an order as a row of a file."""
    shared = {name: getattr(order, name) for name in _SHARED}
    row: dict[str, Any] = msgspec.to_builtins({**shared, "contact": contact, "history": list(history)})
    return row


def _texts_of(line: Line) -> dict[str, str]:
    return {"sku": line.sku, "product_id": line.product_id, "name": line.name}


def _amounts(order: Order, currency: str) -> Iterator[Fault]:
    sums, paid = order.sums, order.paid
    amounts = [line.unit_price for line in order.lines]
    amounts += [sums.shipping, sums.tax, sums.discount, sums.total] if sums is not None else []
    amounts += [paid.authorised, *(op.amount for op in paid.operations)] if paid is not None else []
    if any(money.currency != currency for money in amounts):
        yield Fault("", "other_currency", f"every amount must be in {currency}")
    elif any(money.amount < 0 for money in amounts):
        yield Fault("", "bad_price", "no amount of an order is below zero")
    else:
        yield from _sums(order)


def _sums(order: Order) -> Iterator[Fault]:
    sums, paid = order.sums, order.paid
    if sums is not None:
        goods = Money(0, order.currency)
        for line in order.lines:
            goods += line.unit_price.times(line.quantity)
        added = 0 if sums.tax_included else sums.tax.amount
        if goods.amount + sums.shipping.amount + added - sums.discount.amount != sums.total.amount:
            yield Fault("/sums/total", "bad_sum", "the parts of the order do not add up to its total")
    if paid is not None:
        if len(paid.operations) > MAX_OPERATIONS or len({op.id for op in paid.operations}) < len(paid.operations):
            yield Fault("/paid/operations", "bad_payment", "too many operations, or two of one id")
        if order.captured.amount > paid.authorised.amount or order.refundable.amount < 0:
            yield Fault("/paid/operations", "bad_payment", "more was taken or given back than there was")


def _counts(order: Order) -> Iterator[Fault]:
    for sku in {*order.shipped, *order.returned, *order.dropped, *order.return_requested, *order.restock}:
        ordered, shipped = order.ordered.get(sku, 0), order.shipped.get(sku, 0)
        gone = shipped + order.dropped.get(sku, 0)
        back = max(order.returned.get(sku, 0), order.return_requested.get(sku, 0))
        if gone > ordered or back > shipped or order.restock.get(sku, 0) > ordered:
            yield Fault("", "bad_counts", f"more units of {sku[:80]!r} went or came back than were ordered")
