"""Show staff an order and let them do with it what it allows: take its money, send it, take it back, pay back."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.orders.model import Entry, Order
from bodega.domain.orders.moves import MOVES
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.values.money import Money
from bodega.web import headers, links
from bodega.web.admin.frame import signed_in, staff_page
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.order_parts import (
    OrderLine,
    ParcelView,
    UnitChoice,
    address_lines,
    chosen_units,
    order_lines,
    parcel_views,
    unit_choices,
)
from bodega.web.site import Site
from bodega.web.sums import SumView, order_sums
from bodega.web.words import GOODS, MONEY, sentence, time_text

_KEY_BYTES = 16
_SHOWN = 250
_STALE = "Somebody changed this order since you opened it. This is how it is now"


class OperationView(msgspec.Struct, frozen=True):
    """Money that moved, or is to."""

    at: str
    what: str
    amount: str
    state: str


class EntryView(msgspec.Struct, frozen=True):
    """Something that happened."""

    at: str
    what: str
    actor: str
    detail: str


class StaffOrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """An order's page for staff. `key` makes a button pressed twice one act, `version` is of the order that is shown.

    `may` has the names of what the order allows and the role of whoever looks.
    """

    action: Href
    key: str
    version: int
    message: str
    number: str
    placed: str
    state: str
    payment: str
    customer: str
    source: str
    lines: Sequence[OrderLine]
    sums: Sequence[SumView]
    total: str
    captured: str
    refunded: str
    refundable: str
    address: Sequence[str]
    email: str
    parcels: Sequence[ParcelView]
    provider: str
    operations: Sequence[OperationView]
    history: Sequence[EntryView]
    sendable: Sequence[UnitChoice]
    returnable: Sequence[UnitChoice]
    may: Sequence[str]


def staff_order_page(site: Site, request: Request) -> Response:
    """Answer with an order."""
    return _page(site, request, _named(site, request))


def act_on_order(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Do what one of the page's forms asks for."""
    colleague = signed_in(site, request)
    check_token(site.shop.world.keys, colleague.session.id, fields)
    order = _named(site, request)
    try:
        _act(site, order, fields, actor=colleague.user.id)
    except (InvalidError, ConflictError) as exc:
        return _page(site, request, _named(site, request), refusal=exc)
    return RedirectResponse(links.staff_order(order.id), 303, {"cache-control": headers.UNCACHED})


def _act(site: Site, order: Order, fields: Mapping[str, str], *, actor: str) -> None:
    returning, do = site.shop.returning, fields.get("do")
    key, version = f"{actor} {fields.get('key', '')[:100]}", _version(fields)
    reason, restock = fields.get("reason", "").strip(), "restock" in fields
    match do:
        case "capture":
            returning.capture(order_id=order.id, key=key, actor=actor, version=version)
        case "fulfil":
            returning.fulfil(
                order_id=order.id,
                key=key,
                units=chosen_units(order, fields),
                carrier=fields.get("carrier", "").strip(),
                tracking=fields.get("tracking", "").strip(),
                actor=actor,
                version=version,
            )
        case "deliver":
            returning.deliver(order_id=order.id, actor=actor, version=version)
        case "refund":
            amount = _amount(order, fields)
            if amount is None:
                raise InvalidError("say how much is to be given back")
            returning.refund(order_id=order.id, key=key, amount=amount, reason=reason, actor=actor, version=version)
        case "return":
            returning.take_back(
                order_id=order.id,
                key=key,
                units=chosen_units(order, fields),
                restock=restock,
                refund=_amount(order, fields),
                reason=reason,
                actor=actor,
                version=version,
            )
        case "cancel":
            returning.cancel(order_id=order.id, key=key, reason=reason, restock=restock, actor=actor, version=version)
        case _:
            raise InvalidError("this form asks for nothing that can be done with an order")


def _version(fields: Mapping[str, str]) -> int:
    text = fields.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0  # noqa: PLR2004


def _amount(order: Order, fields: Mapping[str, str]) -> Money | None:
    text = fields.get("amount", "").strip()
    if not text:
        return None
    try:
        return Money.parse(text, order.currency)
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault("/amount", "bad_amount", exc.message)]) from None


def _named(site: Site, request: Request) -> Order:
    order_id = request.path_params["order_id"]
    order = site.shop.orders.find(order_id)
    if order is None:
        raise NotFoundError("order", order_id[:80])
    return order


def _page(site: Site, request: Request, order: Order, *, refusal: ShopError | None = None) -> Response:
    message = "" if refusal is None else sentence(_STALE if isinstance(refusal, StaleVersionError) else refusal.message)
    status = 200 if refusal is None else 409 if isinstance(refusal, ConflictError) else 422
    may_act = signed_in(site, request).user.allows("orders:write") and order.sums is not None
    view = _view(site, order, message, may=_moves(order) if may_act else ())
    title = f"Order {order.number}"
    return staff_page(site, request, "staff_order.html", title=title, view=view, current=links.ORDERS, status=status)


def _moves(order: Order) -> Sequence[str]:
    """Return what may be done now; the table of moves knows no more than the state."""
    impossible = {
        "capture": order.paid is None or bool(order.paid.pending),
        "cancel": bool(order.shipped),
        "refund": not order.refundable.amount,
        "return": not order.with_customers(),
    }
    return [move for move in MOVES[order.state] if not impossible.get(move)]


def _view(site: Site, order: Order, message: str, *, may: Sequence[str]) -> StaffOrderPage:
    contact = site.shop.contacts.of(order)
    paid = order.paid
    return StaffOrderPage(
        action=Href(f"{links.staff_order(order.id)}/act"),
        key=site.shop.world.ids.secret(size_bytes=_KEY_BYTES),
        version=order.version,
        message=message,
        number=order.number,
        placed=time_text(order.placed_at),
        state=GOODS[order.state],
        payment=MONEY[order.payment_state],
        customer=order.customer_id or "",
        source=order.source if order.sums is None else "",
        lines=order_lines(order),
        sums=order_sums(order),
        total=order.total.format(),
        captured=order.captured.format(),
        refunded=order.refunded.format() if order.refunded.amount else "",
        refundable=order.refundable.format(),
        address=address_lines(contact),
        email=contact.email if contact is not None else "",
        parcels=parcel_views(order),
        provider=f"{paid.provider} {paid.reference or paid.payment_id}" if paid is not None else "",
        operations=[
            OperationView(
                time_text(op.at), op.kind, op.amount.format(), f"{op.state}: {op.reason}" if op.reason else op.state
            )
            for op in (paid.operations if paid is not None else ())
        ],
        history=[_entry(entry) for entry in site.shop.orders.history(order.id, limit=_SHOWN).rows],
        sendable=unit_choices(order, order.outstanding(), order.outstanding()),
        returnable=unit_choices(order, order.with_customers(), order.return_requested),
        may=may,
    )


def _entry(entry: Entry) -> EntryView:
    units = ", ".join(f"{count} of {sku}" for sku, count in entry.units.items())
    amount = entry.amount.format() if entry.amount is not None else ""
    detail = "; ".join(text for text in (amount, units, entry.reason) if text)
    return EntryView(time_text(entry.at), entry.name.replace("_", " "), entry.actor, detail)
