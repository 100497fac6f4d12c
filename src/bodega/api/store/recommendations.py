"""Recommend products to shoppers, with reasons."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route
from bodega.api.lists import Amount, known_categories
from bodega.api.reply import Reply, encode
from bodega.api.shapes import Names
from bodega.domain.catalog.model import Card, Id
from bodega.domain.flows.recommending import MAX_LIMIT, Filters
from bodega.domain.recommendations.model import NEED_PRODUCT, STRIP_OF, Placement, Reason
from bodega.errors import Fault, InvalidError


class RecommendationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the list will stand, and for what.

    `product` is the product shown; for a cart what is in it, and for a person what they looked at last, newest first,
    repeated. The other parameters keep the list within categories and prices.
    """

    placement: Placement = "home"
    product: Annotated[list[Id], Meta(max_length=100)] = []
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 12
    category: Annotated[Names, Meta(description="Ids or slugs.")] = msgspec.field(default=[], name="filter[category]")
    price_from: Amount | None = msgspec.field(default=None, name="filter[price][gte]")
    price_to: Amount | None = msgspec.field(default=None, name="filter[price][lte]")


class Recommended(msgspec.Struct, frozen=True):
    """A product, its score within this list, and why it is here."""

    product: Card
    score: float
    reason: Reason


class Recommendations(msgspec.Struct, frozen=True):
    """A list, best first. `fallback` names what stood in for the model, null if nothing had to."""

    data: list[Recommended]
    model_version: str | None
    fallback: str | None
    request_id: str


def suggest(call: Call) -> Reply:
    """Answer a list for a place in the shop."""
    asked: RecommendationQuery = call.query
    strip = STRIP_OF[asked.placement]
    if strip in NEED_PRODUCT and len(asked.product) != 1:
        detail = f"placement={asked.placement} needs exactly one product"
        raise InvalidError(detail, [Fault("/product", "required", detail)])
    one = strip in NEED_PRODUCT or strip == "because_you_bought"
    in_cart = strip == "cart_additions"
    categories = known_categories(call.desk, asked.category)
    found = call.shop.recommender.suggest(
        placement=asked.placement,
        customer_id=asker(call),
        product_id=asked.product[0] if one and asked.product else None,
        in_cart=asked.product if in_cart else (),
        viewed=() if one or in_cart else asked.product,
        limit=asked.limit,
        filters=Filters(tuple(categories), asked.price_from, asked.price_to),
    )
    rows = [Recommended(s.card, s.score, s.reason) for s in found.items]
    return Reply(body=encode(Recommendations(rows, found.model_version, found.fallback, found.request_id)))


ROUTES = (
    Route(
        method="GET",
        path="/v1/store/recommendations",
        name="store.recommendations",
        summary="Recommended products for a place in the shop",
        policy=Public(),
        handler=suggest,
        query=RecommendationQuery,
        replies={200: Recommendations},
    ),
)
