"""Let staff see what became of events at each webhook, and have them delivered again."""

from datetime import datetime

import msgspec

from bodega.api.admin.webhooks import ONE, READ, WRITE
from bodega.api.call import Call
from bodega.api.declare import Route
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.webhooks.model import Attempt, Delivery, DeliveryState, Fact

DELIVERIES = ONE + "/deliveries"
_MOST_REDRIVEN = 100


class DeliveryQuery(PagedQuery, frozen=True, forbid_unknown_fields=True):
    """The query of the delivery log."""

    state: DeliveryState | None = msgspec.field(default=None, name="filter[state]")


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery; `id` is its webhook-id. `attempts` are the newest 40 of `attempt_count`, oldest first.

    `given_up` are the dead letters. `note` tells why something was skipped.
    """

    id: str
    event: Fact
    state: DeliveryState
    created_at: datetime
    updated_at: datetime
    next_attempt_at: datetime | None
    give_up_at: datetime
    attempt_count: int
    attempts: list[Attempt]
    note: str


class DeliveryPage(msgspec.Struct, frozen=True):
    """A page of deliveries, those of the newest events first."""

    data: list[DeliveryView]
    page: PageLinks


class Redriven(msgspec.Struct, frozen=True):
    """How many deliveries were put back to be delivered; ask again until there are none."""

    redriven: int


def list_deliveries(call: Call) -> Reply:
    """Answer a page of an endpoint's deliveries."""
    endpoint = call.shop.webhooks.endpoints.get(call.params["webhook"])
    path = DELIVERIES.replace("{webhook}", endpoint.id)
    question = f"{path} {call.query.state}".encode()
    position = call.desk.cursors.read(call.query.cursor, question)
    found = call.shop.webhooks.deliveries.list(
        endpoint.id, state=call.query.state, position=position, limit=call.query.limit
    )
    after = call.desk.cursors.write(found.next, question)
    body = encode(DeliveryPage([_view(one) for one in found.rows], PageLinks(after, None)))
    return Reply(body=body, headers=tuple(link_header(path, call.raw_query, after, None)))


def read_delivery(call: Call) -> Reply:
    """Answer one delivery with its attempts."""
    return replied(_view(call.shop.webhooks.deliveries.get(call.params["webhook"], call.params["delivery"])))


def redeliver(call: Call) -> Reply:
    """Have a delivery made again."""
    endpoint = call.shop.webhooks.endpoints.get(call.params["webhook"])
    again = call.shop.webhooks.deliveries.redeliver(endpoint.id, call.params["delivery"])
    return replied(_view(again), status=202)


def redrive(call: Call) -> Reply:
    """Have what was given up delivered again."""
    endpoint = call.shop.webhooks.endpoints.get(call.params["webhook"])
    return replied(Redriven(call.shop.webhooks.deliveries.redrive(endpoint.id, limit=_MOST_REDRIVEN)), status=202)


def _view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(**{name: getattr(delivery, name) for name in DeliveryView.__struct_fields__})


ROUTES = (
    Route(
        method="GET",
        path=DELIVERIES,
        name="admin.deliveries.list",
        summary="List a webhook's deliveries, newest events first",
        policy=READ,
        handler=list_deliveries,
        query=DeliveryQuery,
        replies={200: DeliveryPage},
    ),
    Route(
        method="GET",
        path=DELIVERIES + "/{delivery}",
        name="admin.deliveries.read",
        summary="Read a delivery and its attempts",
        policy=READ,
        handler=read_delivery,
        replies={200: DeliveryView},
    ),
    Route(
        method="POST",
        path=DELIVERIES + "/{delivery}:redeliver",
        name="admin.deliveries.redeliver",
        summary="Deliver again, whatever became of it",
        policy=WRITE,
        handler=redeliver,
        replies={202: DeliveryView},
        threaded=True,
    ),
    Route(
        method="POST",
        path=DELIVERIES + ":redrive",
        name="admin.deliveries.redrive",
        summary="Deliver again what was given up, up to 100 at a time",
        policy=WRITE,
        handler=redrive,
        replies={202: Redriven},
        threaded=True,
    ),
)
