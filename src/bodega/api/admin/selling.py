"""Let staff keep coupons, and the tables of shipping and tax."""

from typing import Any
from urllib.parse import quote

import msgspec

from bodega.api.call import Call
from bodega.api.conditional import expected_version
from bodega.api.declare import Route, Scope
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.carts.coupon import Coupon, CouponInput
from bodega.domain.carts.shipping import ShippingTable
from bodega.domain.carts.tax import TaxTable

COUPONS = "/v1/admin/coupons"
SHIPPING = "/v1/admin/shipping-table"
TAX = "/v1/admin/tax-table"
READ, WRITE = Scope("selling:read"), Scope("selling:write")


class CouponPage(msgspec.Struct, frozen=True):
    """A page of coupons, by code."""

    data: list[Coupon]
    page: PageLinks


def list_coupons(call: Call) -> Reply:
    """Answer a page of coupons."""
    question = COUPONS.encode()
    position = call.desk.cursors.read(call.query.cursor, question)
    page = call.shop.coupons.list(position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, question)
    body = encode(CouponPage(list(page.rows), PageLinks(after, None)))
    return Reply(body=body, headers=tuple(link_header(COUPONS, call.raw_query, after, None)))


def read_coupon(call: Call) -> Reply:
    """Answer one coupon. Its tag is of its version, which uses do not change."""
    coupon = call.shop.coupons.get(call.params["code"])
    if call.header(b"if-none-match") is not None:
        return replied(coupon)  # a count of uses changes without the version: there is no telling that it is the same
    return _shown(coupon)


def create_coupon(call: Call) -> Reply:
    """Add a coupon."""
    coupon = call.shop.coupons.create(call.body)
    location = f"{COUPONS}/{quote(coupon.code, safe='')}"
    return replied(coupon, status=201, etag=etag_of_version(coupon.version), location=location)


def change_coupon(call: Call) -> Reply:
    """Change single fields of a coupon."""
    code = call.params["code"]
    version = expected_version(call, lambda: call.shop.coupons.get(code).version)
    return _shown(call.shop.coupons.change(code, call.body, expected_version=version))


def remove_coupon(call: Call) -> Reply:
    """Forget a coupon that was never used."""
    code = call.params["code"]
    version = expected_version(call, lambda: call.shop.coupons.get(code).version)
    call.shop.coupons.remove(code, expected_version=version)
    return Reply(204)


def read_shipping(call: Call) -> Reply:
    """Answer the shipping table."""
    found = call.shop.rates.shipping()
    return replied(found.table, etag=etag_of_version(found.version))


def replace_shipping(call: Call) -> Reply:
    """Put a new shipping table in the old one's place."""
    version = expected_version(call, lambda: call.shop.rates.shipping().version)
    saved = call.shop.rates.set_shipping(call.body, expected_version=version)
    return replied(saved.table, etag=etag_of_version(saved.version))


def read_tax(call: Call) -> Reply:
    """Answer the tax table."""
    found = call.shop.rates.tax()
    return replied(found.table, etag=etag_of_version(found.version))


def replace_tax(call: Call) -> Reply:
    """Put a new tax table in the old one's place."""
    version = expected_version(call, lambda: call.shop.rates.tax().version)
    saved = call.shop.rates.set_tax(call.body, expected_version=version)
    return replied(saved.table, etag=etag_of_version(saved.version))


def _shown(coupon: Coupon) -> Reply:
    return replied(coupon, etag=etag_of_version(coupon.version))


ROUTES = (
    Route(
        method="GET",
        path=COUPONS,
        name="admin.coupons.list",
        summary="List coupons",
        policy=READ,
        handler=list_coupons,
        query=PagedQuery,
        replies={200: CouponPage},
    ),
    Route(
        method="POST",
        path=COUPONS,
        name="admin.coupons.create",
        summary="Add a coupon",
        policy=WRITE,
        handler=create_coupon,
        body=CouponInput,
        replies={201: Coupon},
        threaded=True,
    ),
    Route(
        method="GET",
        path=COUPONS + "/{code}",
        name="admin.coupons.read",
        summary="Read a coupon and how often it was used",
        policy=READ,
        handler=read_coupon,
        replies={200: Coupon},
    ),
    Route(
        method="PATCH",
        path=COUPONS + "/{code}",
        name="admin.coupons.patch",
        summary="Change single fields of a coupon",
        policy=WRITE,
        handler=change_coupon,
        body=dict[str, Any],
        patches=CouponInput,
        precondition=True,
        replies={200: Coupon, 204: None},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=COUPONS + "/{code}",
        name="admin.coupons.remove",
        summary="Remove a coupon that no order was placed with",
        policy=WRITE,
        handler=remove_coupon,
        precondition=True,
        replies={204: None},
        threaded=True,
    ),
    Route(
        method="GET",
        path=SHIPPING,
        name="admin.shipping_table.read",
        summary="Read the shipping table",
        policy=READ,
        handler=read_shipping,
        replies={200: ShippingTable},
    ),
    Route(
        method="PUT",
        path=SHIPPING,
        name="admin.shipping_table.put",
        summary="Replace the shipping table",
        policy=WRITE,
        handler=replace_shipping,
        body=ShippingTable,
        precondition=True,
        replies={200: ShippingTable, 204: None},
        threaded=True,
    ),
    Route(
        method="GET",
        path=TAX,
        name="admin.tax_table.read",
        summary="Read the tax table",
        policy=READ,
        handler=read_tax,
        replies={200: TaxTable},
    ),
    Route(
        method="PUT",
        path=TAX,
        name="admin.tax_table.put",
        summary="Replace the tax table",
        policy=WRITE,
        handler=replace_tax,
        body=TaxTable,
        precondition=True,
        replies={200: TaxTable, 204: None},
        threaded=True,
    ),
)
