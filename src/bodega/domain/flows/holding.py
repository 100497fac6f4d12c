"""Promise a cart's units to it for some minutes, so that they are still there when its shopper has found their card."""

from datetime import UTC, datetime

from bodega.domain.carts.lines import units_of
from bodega.domain.carts.model import Cart
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import Hold, Line, StockMovedError


class CartHolds:
    """Holds of carts. A cart knows its hold's id; whether that holds exactly what is in the cart is asked here."""

    def __init__(self, *, holds: Holds) -> None:
        self._holds = holds

    def find(self, cart: Cart) -> Hold | None:
        """Return the hold on all units of a cart, None if it has none, or one that is over."""
        hold = self._holds.find(hold_id=cart.hold_id) if cart.hold_id is not None else None
        return hold if hold is not None and units_held(hold) == units_of(cart) else None

    def place(self, cart: Cart) -> Hold:
        """Hold all units of a cart or none: InsufficientStockError names what lacks."""
        return self._holds.place(owner=cart.id, lines=[Line(line.sku, line.quantity) for line in cart.lines])

    def let_go(self, hold_id: str | None) -> None:
        """Give units back. If the stock is in too much of a turmoil for that, the hold runs out by itself."""
        try:
            if hold_id is not None:
                self._holds.release(hold_id=hold_id)
        except StockMovedError:
            return


def units_held(hold: Hold | None) -> dict[str, int]:
    """Return how many units of each SKU a hold has."""
    return {line.sku: line.quantity for line in hold.lines} if hold is not None else {}


def end_of(hold: Hold | None) -> datetime | None:
    """Return when a hold ends."""
    return datetime.fromtimestamp(hold.expires_at, UTC) if hold is not None else None
