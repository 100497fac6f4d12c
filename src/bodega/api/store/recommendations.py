"""Recommend products to shoppers, with reasons."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route
from bodega.api.reply import Reply, encode
from bodega.domain.catalog.model import Card, Id
from bodega.domain.recommendations.model import Placement, Reason
from bodega.errors import Fault, InvalidError


class RecommendationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the list will stand; `product` is the product shown, or what is in the cart, repeated."""

    placement: Placement = "home"
    product: Annotated[list[Id], Meta(max_length=100)] = []
    limit: Annotated[int, Meta(ge=1, le=100)] = 12


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
    if asked.placement == "product" and len(asked.product) != 1:
        detail = "placement=product needs exactly one product"
        raise InvalidError(detail, [Fault("/product", "required", detail)])
    found = call.shop.recommender.suggest(
        placement=asked.placement,
        customer_id=asker(call),
        product_id=asked.product[0] if asked.placement == "product" else None,
        in_cart=asked.product if asked.placement == "cart" else (),
        viewed=asked.product if asked.placement in {"home", "account"} else (),
        limit=asked.limit,
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
