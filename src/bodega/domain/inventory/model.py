"""Define what is known of a SKU's stock."""

import msgspec

LOW_STOCK = 5


class Level(msgspec.Struct, frozen=True):
    """Stock of a SKU at a location, in units. What is not tracked (no level) is always available."""

    sku: str
    on_hand: int
    held: int = 0
    backorder: bool = False
    location: str = "main"

    @property
    def available(self) -> int:
        """Return how many can still be promised."""
        return max(0, self.on_hand - self.held)

    @property
    def state(self) -> str:
        """Return `in_stock`, `low_stock`, `backorder` or `out_of_stock`."""
        if self.available > LOW_STOCK:
            return "in_stock"
        if self.available > 0:
            return "low_stock"
        return "backorder" if self.backorder else "out_of_stock"
