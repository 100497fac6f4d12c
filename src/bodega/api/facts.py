"""Say of a refusal, as members of its problem document, what a program needs to know to go on."""

from typing import Any

import msgspec

from bodega.domain.carts.model import TooFewError
from bodega.domain.flows.checkout_request import PriceChangedError
from bodega.domain.inventory.model import InsufficientStockError
from bodega.domain.orders.moves import IllegalMoveError, RefundTooLargeError
from bodega.ports.payments import PaymentDeclinedError


class Shortage(msgspec.Struct, frozen=True):
    """A SKU of which there is less than was wanted."""

    sku: str
    wanted: int
    available: int


def facts_of(exc: Exception) -> dict[str, Any]:  # noqa: PLR0911 - one line a kind is the point
    """Return the members that a refusal has beside code and detail."""
    match exc:
        case InsufficientStockError():
            shortages = [Shortage(*one) for one in exc.shortages]
            return {"available": shortages[0].available, "shortages": shortages}
        case TooFewError():
            return {"available": exc.available, "shortages": [Shortage(exc.sku, exc.wanted, exc.available)]}
        case PriceChangedError():
            return {"price_version": exc.current}
        case PaymentDeclinedError():
            return {"decline_code": exc.decline_code}
        case IllegalMoveError():
            return {"allowed": list(exc.allowed)}
        case RefundTooLargeError():
            return {"refundable": exc.left}
        case _:
            return {}
