"""Take in what shoppers did with recommendations, by the request id of the list."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Public, Route
from bodega.api.reply import Reply, replied
from bodega.domain.catalog.model import Id
from bodega.domain.flows.crediting import Reported
from bodega.domain.recommendations.audience import is_crawler
from bodega.domain.recommendations.receipts import MAX_LENGTH
from bodega.errors import Fault, InvalidError
from bodega.values.text import is_clean

MAX_EVENTS = 100
_Name = Annotated[str, Meta(max_length=64)]


class FeedbackEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody did. Without a product an impression is of the whole list; other events need one.

    The same `id` counts once for a product; without ids, an event counts once for each visitor.
    """

    type: Literal["impression", "click", "cart", "purchase"]
    product: Id | None = None
    order: Annotated[Id | None, Meta(description="The order of a purchase.")] = None
    id: _Name = ""


class FeedbackReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done with one list. With the cart, what is bought later is put down to clicks by itself."""

    request_id: Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)]
    events: Annotated[list[FeedbackEvent], Meta(min_length=1, max_length=MAX_EVENTS)]
    visitor: Annotated[_Name, Meta(description="Any name by which the client tells its shoppers apart.")] = ""
    cart: Annotated[Id | None, Meta(description="The cart that the shopper fills.")] = None


class FeedbackOutcome(msgspec.Struct, frozen=True):
    """How many events counted now, had counted before, and do not count; `reason` where none does."""

    counted: int
    repeated: int
    ignored: int
    reason: Literal["robot", "staff", "opted_out"] | None = None


def report(call: Call) -> Reply:
    """Count events, unless they are a robot's, staff's, or of somebody who does not want to be counted."""
    given: FeedbackReport = call.body
    reason = _uncounted(call)
    if reason is not None:
        return replied(FeedbackOutcome(0, 0, len(given.events), reason))
    _check(given)
    reported = [
        Reported(kind=e.type, product_id=e.product, actor=e.id or given.visitor, order_id=e.order) for e in given.events
    ]
    found = call.shop.crediting.report(given.request_id, reported, cart_id=given.cart, visitor=given.visitor)
    return replied(FeedbackOutcome(found.counted, found.repeated, found.ignored))


def _uncounted(call: Call) -> Literal["robot", "staff", "opted_out"] | None:
    if is_crawler(call.header(b"user-agent") or ""):
        return "robot"
    if (call.header(b"authorization") or "").partition(" ")[2].strip().startswith("bdg_"):
        return "staff"
    if call.header(b"sec-gpc") == "1" or call.header(b"dnt") == "1":
        return "opted_out"
    return None


def _check(given: FeedbackReport) -> None:
    faults = []
    for number, event in enumerate(given.events):
        if event.product is None and event.type != "impression":
            faults.append(Fault(f"/events/{number}/product", "required", f"a {event.type} is of a product"))
        if event.order is None and event.type == "purchase":
            faults.append(Fault(f"/events/{number}/order", "required", "a purchase belongs to an order"))
    names = [given.visitor, *(event.id for event in given.events), *(e.product or "" for e in given.events)]
    if not all(is_clean(name) for name in (*names, given.cart or "")):
        faults.append(Fault("", "bad_text", "names must not contain control characters"))
    if faults:
        raise InvalidError(faults[0].detail, faults)


ROUTES = (
    Route(
        method="POST",
        path="/v1/store/recommendations/feedback",
        name="store.recommendations.feedback",
        summary="Report what shoppers did with recommended products",
        policy=Public(),
        handler=report,
        body=FeedbackReport,
        replies={200: FeedbackOutcome},
        limit="feedback",
        threaded=True,
    ),
)
