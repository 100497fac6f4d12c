"""Say in words whether something is there."""

import msgspec

from bodega.domain.inventory.model import Level


class StockView(msgspec.Struct, frozen=True):
    """A stock state: its code for colour, and words for everybody."""

    state: str
    text: str


def stock_view(level: Level | None) -> StockView:
    """Show a level; what is not tracked is always there.

    >>> stock_view(Level("A", on_hand=3))
    StockView(state='low_stock', text='Only 3 left')
    """
    if level is None or level.state == "in_stock":
        return StockView("in_stock", "In stock")
    if level.state == "low_stock":
        return StockView("low_stock", f"Only {level.available} left")
    if level.state == "backorder":
        return StockView("backorder", "On its way to us, sent when it arrives")
    return StockView("out_of_stock", "Sold out")
