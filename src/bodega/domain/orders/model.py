"""Define what an order is: here, one that was placed, be it in this shop or before it."""

import hashlib
from base64 import b32hexencode
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.values.money import Money

MAX_QUANTITY = 10_000_000


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """So many units of a SKU at a price each; `product_id` is the product it belonged to when it was sold."""

    sku: str
    product_id: str
    quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
    unit_price: Money
    name: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A placed order. `number` is what people call it, unique within its `source`; guests have no customer."""

    id: str
    number: str
    placed_at: datetime
    lines: list[Line]
    customer_id: str | None = None
    source: str = "shop"

    @property
    def total(self) -> Money:
        """Return the sum of the lines."""
        return Money(
            sum(line.unit_price.amount * line.quantity for line in self.lines),
            self.lines[0].unit_price.currency,
        )


def natural_id(prefix: str, *parts: str) -> str:
    """Return the id that a thing known by outside names always gets, so that importing it again finds it.

    >>> natural_id("ord", "sales", "536365") == natural_id("ord", "sales", "536365")
    True
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return f"{prefix}_{b32hexencode(digest).decode()[:26]}"


def merged_lines(old: Iterable[Line], new: Iterable[Line]) -> list[Line]:
    """Return each line as often as the order that has it more often does: nothing doubles, nothing gets lost.

    The old lines stay as they are and where they are, so that a new order that adds nothing gives the old lines back.
    """
    merged = list(old)
    known = Counter(map(_line_key, merged))
    for line in new:
        key = _line_key(line)
        if known[key] > 0:
            known[key] -= 1
        else:
            merged.append(line)
    return merged


def _line_key(line: Line) -> tuple[str, int, int, str]:
    return (line.sku, line.quantity, line.unit_price.amount, line.unit_price.currency)
