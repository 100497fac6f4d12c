"""Define what a coupon is: what it takes off, for whom, when, how often, and why it may be refused."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.domain.carts.model import Percent
from bodega.errors import ConflictError, InvalidError
from bodega.values.money import Money
from bodega.values.shares import MILLION, half_even, parts_per_million

_MANY = 10**9


class CouponInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A coupon as staff send it. `percent` goes with that kind, `amount` with that one.

    It holds from `valid_from` (inclusive) until `valid_until` (exclusive), for carts of at least `minimum_subtotal`,
    `limit_total` times in all and `limit_per_customer` times for each; what is left out does not bind. With
    `customer_id` it is that customer's alone.
    """

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    kind: Literal["percent", "amount", "free_shipping"]
    percent: Percent | None = None
    amount: Money | None = None
    minimum_subtotal: Money | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limit_total: Annotated[int, Meta(ge=1, le=_MANY)] | None = None
    limit_per_customer: Annotated[int, Meta(ge=1, le=_MANY)] | None = None
    customer_id: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    active: bool = True
    note: Annotated[str, Meta(max_length=200)] = ""


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as stored. `used` counts the orders placed with it; `version` grows when staff change it."""

    code: str
    kind: Literal["percent", "amount", "free_shipping"]
    percent: str | None = None
    amount: Money | None = None
    minimum_subtotal: Money | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limit_total: int | None = None
    limit_per_customer: int | None = None
    customer_id: str | None = None
    active: bool = True
    note: str = ""
    used: int = 0
    version: int = 1

    def takes_off(self, subtotal: int) -> int:
        """Return what is taken off goods of this value, in minor units: never more than they cost."""
        if self.kind == "percent":
            return half_even(subtotal * parts_per_million(self.percent or "0"), MILLION)
        return min(subtotal, self.amount.amount) if self.kind == "amount" and self.amount else 0


class UnknownCouponError(InvalidError):
    """No coupon has this code, or it was withdrawn."""

    code = "coupon_unknown"


class CouponExpiredError(InvalidError):
    """The coupon's time is over."""

    code = "coupon_expired"


class CouponNotYetError(InvalidError):
    """The coupon's time has not come."""

    code = "coupon_not_yet"


class ForeignCouponError(InvalidError):
    """The coupon is another customer's."""

    code = "coupon_foreign"


class CouponMinimumError(InvalidError):
    """The cart is worth less than the coupon asks for."""

    code = "coupon_minimum"


class CouponUsedUpError(ConflictError):
    """The coupon was used as often as it may be, by everybody or by this customer."""

    code = "coupon_used_up"


class CouponTakenError(ConflictError):
    """A coupon with this code is already there."""

    code = "coupon_taken"


class CouponInUseError(ConflictError):
    """Orders were placed with the coupon, so that it can only be made inactive."""

    code = "coupon_in_use"
