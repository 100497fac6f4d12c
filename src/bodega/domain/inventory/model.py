"""Define stock, holds on it, and the refusals that they lead to."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from bodega.errors import ConflictError, Fault, InvalidError
from bodega.values.text import is_clean, parse_location, parse_sku

MAIN = "main"
LOW_STOCK = 5
MAX_UNITS = 10**9
MAX_QUANTITY = 10_000
MAX_REASON_LENGTH = 200
MAX_ACTOR_LENGTH = 100
MAX_BUCKETS = 16
MAX_LINES = 100
"""Different SKUs in one hold, as many as a cart has lines."""
MIN_HOLD_SECONDS = 60
MAX_HOLD_SECONDS = 3600
HOLD_SECONDS = 600


class Place(NamedTuple):
    """A SKU at a location."""

    sku: str
    location: str = MAIN


class Level(msgspec.Struct, frozen=True):
    """Stock of a SKU at a location, in units. What is not tracked (no level) is always available.

    `on_hand` is what lies there, `held` the part of it promised to carts, `sold` what ever left. With `backorder`
    more may be promised than there is; then `on_hand` less than `held`, and below zero, is what is owed. `buckets` is
    over how many piles it is spread now, and `wanted` over how many it is to be while there is plenty.
    """

    sku: str
    on_hand: int
    held: int = 0
    backorder: bool = False
    location: str = MAIN
    sold: int = 0
    low_at: int = LOW_STOCK
    buckets: int = 1
    wanted: int = 1

    @property
    def available(self) -> int:
        """Return how many can still be promised."""
        return max(0, self.on_hand - self.held)

    @property
    def state(self) -> str:
        """Return `in_stock`, `low_stock`, `backorder` or `out_of_stock`."""
        if self.available > self.low_at:
            return "in_stock"
        if self.available > 0:
            return "low_stock"
        return "backorder" if self.backorder else "out_of_stock"


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is on hand that was no sale: by how much, why, by whom, and when."""

    id: str
    change: int
    reason: str
    actor: str
    at: str


class Line(msgspec.Struct, frozen=True):
    """What somebody wants held."""

    sku: str
    quantity: int
    location: str = MAIN


class HeldLine(msgspec.Struct, frozen=True):
    """A line of a hold, and where its units lie: in this bucket, as long as the stock's epoch is this one.

    Those of a line that was `taken` have left the shelf already, and come back unless the hold is confirmed.
    """

    sku: str
    quantity: int
    location: str = MAIN
    tracked: bool = True
    bucket: int = 0
    epoch: int = 0
    taken: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Units promised to a cart until `expires_at` (epoch seconds, exclusive).

    `partial` tells that it is being placed or given back in parts: it promises nothing.
    """

    id: str
    owner: str
    lines: tuple[HeldLine, ...]
    expires_at: int
    version: int = 1
    partial: bool = False


class Shortage(NamedTuple):
    """A line that cannot be had: how many were wanted, and how many there are."""

    sku: str
    wanted: int
    available: int


class InsufficientStockError(ConflictError):
    """There is less than was wanted, so nothing was taken; `shortages` names every line that lacks."""

    code = "insufficient_stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        first = shortages[0]
        more = f", and {len(shortages) - 1} more like it" if len(shortages) > 1 else ""
        super().__init__(f"{first.wanted} of {first.sku!r} wanted, {first.available} available{more}")
        self.shortages = tuple(shortages)


class HoldExpiredError(ConflictError):
    """The hold has run out, was released or was used; its units may be somebody else's by now."""

    code = "hold_expired"

    def __init__(self, hold_id: str) -> None:
        super().__init__(f"hold {hold_id!r} is over")
        self.hold_id = hold_id


class StockMovedError(ConflictError):
    """The stock was rearranged between plan and commit, and nothing was written: plan again from the start."""

    code = "stock_moved"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed by somebody else meanwhile; try again")


class StockChangedError(ConflictError):
    """What is on hand is not what the caller believed; `current` is what it is, None if it is not tracked."""

    code = "stock_changed"

    def __init__(self, place: Place, current: int | None) -> None:
        now = "its stock is not tracked" if current is None else f"{current} are on hand"
        super().__init__(f"the stock of {place.sku!r} at {place.location!r} has changed: {now}")
        self.sku = place.sku
        self.location = place.location
        self.current = current


def check_whole(number: object, *, low: int, high: int, what: str, pointer: str = "") -> int:
    """Return the number if it is a whole one within bounds; InvalidError says what it was meant to be."""
    if type(number) is not int or not low <= number <= high:
        shown = str(number)[:40] if type(number) is not int or abs(number) < MAX_UNITS**2 else "a number that large"
        detail = f"{what} must be a whole number from {low} to {high}, not {shown}"
        raise InvalidError(detail, [Fault(pointer, "out_of_range", detail)])
    return number


def check_place(sku: object, location: object, *, pointer: str = "") -> Place:
    """Return the place in its canonical form; InvalidError for what is no SKU or no location."""
    try:
        canonical = parse_sku(sku if type(sku) is str else "")
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault(pointer + "/sku", "bad_sku", exc.message)]) from None
    try:
        return Place(canonical, parse_location(location))
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault(pointer + "/location", "bad_location", exc.message)]) from None


def check_reason(reason: str) -> str:
    """Return the reason, trimmed; InvalidError for an empty one, a long one, or one with control characters."""
    trimmed = reason.strip()
    if not 1 <= len(trimmed) <= MAX_REASON_LENGTH or not is_clean(trimmed):
        detail = f"a reason has 1 to {MAX_REASON_LENGTH} characters, without control characters"
        raise InvalidError(detail, [Fault("/reason", "bad_reason", detail)])
    return trimmed


def check_actor(actor: str) -> str:
    """Return who did it, empty if nobody says; InvalidError for a long name or one with control characters."""
    if len(actor) > MAX_ACTOR_LENGTH or not is_clean(actor):
        raise InvalidError(f"an actor has at most {MAX_ACTOR_LENGTH} characters, without control characters")
    return actor


def merged_lines(lines: Sequence[Line]) -> dict[Place, int]:
    """Return the quantity wanted of each place: lines of one SKU at one location count together."""
    wanted: dict[Place, int] = {}
    if not lines:
        raise InvalidError("a hold needs at least one line")
    for number, line in enumerate(lines):
        pointer = f"/lines/{number}"
        place = check_place(line.sku, line.location, pointer=pointer)
        quantity = check_whole(
            line.quantity, low=1, high=MAX_QUANTITY, what="a quantity", pointer=pointer + "/quantity"
        )
        wanted[place] = check_whole(
            wanted.get(place, 0) + quantity,
            low=1,
            high=MAX_QUANTITY,
            what=f"the quantity of {place.sku!r} in all lines together",
            pointer=pointer + "/quantity",
        )
        if len(wanted) > MAX_LINES:
            raise InvalidError(f"at most {MAX_LINES} different SKUs can be held together")
    return wanted
