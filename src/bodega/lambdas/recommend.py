"""Recommend products to a shopper from their past orders, with nothing at hand that would take long to start."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.flows.recommending import MAX_LIMIT, Recommender
from bodega.domain.recommendations.model import Placement
from bodega.lambdas.starting import Handler, cold_start, environment
from bodega.settings import Settings
from bodega.values.decode import convert

_Id = Annotated[str, Meta(min_length=1, max_length=80)]
_Ids = Annotated[list[_Id], Meta(max_length=100)]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom, and where in the shop the list will stand; what they look at and have in their cart counts at once."""

    customer_id: _Id | None = None
    placement: Placement = "home"
    product_id: _Id | None = None
    viewed: _Ids = []
    in_cart: _Ids = []
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 12


def opened(settings: Settings) -> Handler:
    """Return what answers an ask with a list in the form that the API gives lists; InvalidError for what is none."""
    recommender = _recommender(settings)

    def answer(event: Any, _context: Any = None) -> dict[str, Any]:
        found = recommender.suggest(**msgspec.structs.asdict(convert(event, Ask)))
        rows = [{"product": one.card, "score": one.score, "reason": one.reason} for one in found.items]
        document = {
            "data": rows,
            "model_version": found.model_version,
            "fallback": found.fallback,
            "request_id": found.request_id,
        }
        plain: dict[str, Any] = msgspec.to_builtins(document)
        return plain

    return answer


def _recommender(settings: Settings) -> Recommender:
    if settings.cloud == "none":
        from bodega.wiring.opening import open_shop  # noqa: PLC0415 - on one machine the shop is there anyway

        return open_shop(settings).recommender
    from bodega.wiring.alone import open_recommender  # noqa: PLC0415 - on AWS, where a shop needs its libraries

    return open_recommender(settings, environment())


handler = cold_start(opened)
