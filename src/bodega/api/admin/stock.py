"""Let staff and machines see stock, correct it with a reason, set what was counted, and choose how a SKU is kept."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, etag_of_bytes, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.inventory.model import (
    MAIN,
    MAX_BUCKETS,
    MAX_REASON_LENGTH,
    MAX_UNITS,
    Adjustment,
    Level,
    check_place,
)
from bodega.errors import Fault, InvalidError, NotFoundError

PATH = "/v1/admin/stock"
READ, WRITE = Scope("stock:read"), Scope("stock:write")

SkuName = Annotated[str, Meta(min_length=1, max_length=200)]
Location = Annotated[str, Meta(min_length=1, max_length=40)]
Skus = Annotated[list[SkuName], Meta(max_length=100, description="Only these; repeat for several.")]
Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON_LENGTH)]
Units = Annotated[int, Meta(ge=0, le=MAX_UNITS)]
Change = Annotated[int, Meta(ge=-MAX_UNITS, le=MAX_UNITS)]


class StockQuery(PagedQuery, frozen=True, forbid_unknown_fields=True):
    """The query of the list of stock; `location` is only looked at together with `sku`."""

    sku: Skus = msgspec.field(default=[])
    location: Location = MAIN


class AdjustmentsQuery(PagedQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of the changes of one SKU's stock."""

    sku: SkuName
    location: Location = MAIN


class StockAdjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction: so many more, or fewer, and why."""

    sku: SkuName
    change: Change
    reason: Reason
    location: Location = MAIN


class StockCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted, and what was believed to be there: null for what was not tracked."""

    sku: SkuName
    on_hand: Units
    expected: Units | None
    reason: Reason
    location: Location = MAIN


class StockSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a SKU is kept; what is left out, or null, stays as it is."""

    sku: SkuName
    backorder: bool | None = None
    low_at: Units | None = None
    buckets: Annotated[int, Meta(ge=1, le=MAX_BUCKETS)] | None = None
    location: Location = MAIN


class StockLevel(msgspec.Struct, frozen=True):
    """Stock of a SKU at a location, in units. `held` is the part of `on_hand` that is promised to carts."""

    sku: str
    location: str
    on_hand: int
    held: int
    available: int
    sold: int
    state: str
    backorder: bool
    low_at: int
    buckets: int


class StockPage(msgspec.Struct, frozen=True):
    """A page of stock, in order of SKU and location."""

    data: list[StockLevel]
    page: PageLinks


class AdjustmentPage(msgspec.Struct, frozen=True):
    """A page of changes, newest first."""

    data: list[Adjustment]
    page: PageLinks


def list_all(call: Call) -> Reply:
    """Answer a page of everything that is tracked, or what is known of the SKUs that were named."""
    stock = call.shop.stock
    if call.query.sku:
        named = dict.fromkeys(check_place(sku, call.query.location) for sku in call.query.sku)
        levels = [stock.find(sku=sku, location=location) for sku, location in named]
        body = encode(StockPage([_view(one) for one in levels if one is not None], PageLinks(None, None)))
        return Reply(body=body, etag=etag_of_bytes(body))
    question = PATH.encode()
    page = stock.list(position=call.desk.cursors.read(call.query.cursor, question), limit=call.query.limit)
    after = call.desk.cursors.write(page.next, question)
    body = encode(StockPage([_view(level) for level in page.rows], PageLinks(after, None)))
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(link_header(PATH, call.raw_query, after, None)))


def list_adjustments(call: Call) -> Reply:
    """Answer a page of the changes of a SKU that were no sales."""
    place = check_place(call.query.sku, call.query.location)
    question = encode(["adjustments", *place])
    position = call.desk.cursors.read(call.query.cursor, question)
    page = call.shop.stock.adjustments(
        sku=place.sku, location=place.location, position=position, limit=call.query.limit
    )
    after = call.desk.cursors.write(page.next, question)
    body = encode(AdjustmentPage(list(page.rows), PageLinks(after, None)))
    return Reply(
        body=body,
        etag=etag_of_bytes(body),
        headers=tuple(link_header(f"{PATH}/adjustments", call.raw_query, after, None)),
    )


def adjust(call: Call) -> Reply:
    """Add to what is on hand, or take away."""
    given: StockAdjustment = call.body
    if given.change == 0:
        detail = "a change of 0 units changes nothing"
        raise InvalidError(detail, [Fault("/change", "out_of_range", detail)])
    sku = _known(call, given.sku, given.location)
    level = call.shop.stock.adjust(
        sku=sku, change=given.change, reason=given.reason, location=given.location, actor=_actor(call)
    )
    return replied(_view(level))


def set_count(call: Call) -> Reply:
    """Set what is on hand, if it still is what the counter believed."""
    given: StockCount = call.body
    sku = _known(call, given.sku, given.location)
    level = call.shop.stock.set(
        sku=sku,
        on_hand=given.on_hand,
        expected=given.expected,
        reason=given.reason,
        location=given.location,
        actor=_actor(call),
    )
    return replied(_view(level))


def configure(call: Call) -> Reply:
    """Change how a SKU is kept."""
    given: StockSettings = call.body
    level = call.shop.stock.configure(
        sku=given.sku,
        location=given.location,
        backorder=given.backorder,
        low_at=given.low_at,
        buckets=given.buckets,
    )
    return replied(_view(level))


def _known(call: Call, sku: str, location: str) -> str:
    """Return the canonical SKU if a product has it, or if it is tracked already; NotFoundError otherwise."""
    place = check_place(sku, location)
    known = call.shop.catalog.products.find_ids_by_sku([place.sku])
    if not known and call.shop.stock.find(sku=place.sku, location=place.location) is None:
        raise NotFoundError("SKU", place.sku)
    return place.sku


def _actor(call: Call) -> str:
    return call.key.id if call.key is not None else ""


def _view(level: Level) -> StockLevel:
    return StockLevel(
        sku=level.sku,
        location=level.location,
        on_hand=level.on_hand,
        held=level.held,
        available=level.available,
        sold=level.sold,
        state=level.state,
        backorder=level.backorder,
        low_at=level.low_at,
        buckets=level.buckets,
    )


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.stock.list",
        summary="List stock by SKU and location",
        policy=READ,
        handler=list_all,
        query=StockQuery,
        replies={200: StockPage},
    ),
    Route(
        method="GET",
        path=f"{PATH}/adjustments",
        name="admin.stock.adjustments",
        summary="List the changes of a SKU's stock that were no sales",
        policy=READ,
        handler=list_adjustments,
        query=AdjustmentsQuery,
        replies={200: AdjustmentPage},
    ),
    Route(
        method="POST",
        path=f"{PATH}:adjust",
        name="admin.stock.adjust",
        summary="Add to stock or take away, with a reason",
        policy=WRITE,
        handler=adjust,
        body=StockAdjustment,
        replies={200: StockLevel},
        statuses=(404,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=f"{PATH}:set",
        name="admin.stock.set",
        summary="Set what was counted, if it still is what the counter believed",
        policy=WRITE,
        handler=set_count,
        body=StockCount,
        replies={200: StockLevel},
        statuses=(404,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=f"{PATH}:configure",
        name="admin.stock.configure",
        summary="Choose backorder, low mark and buckets of a SKU",
        policy=WRITE,
        handler=configure,
        body=StockSettings,
        replies={200: StockLevel},
        statuses=(404,),
        threaded=True,
    ),
)
