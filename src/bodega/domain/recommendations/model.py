"""Define what a recommendation is: where it stands, what it is, and why it is there."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

Placement: TypeAlias = Literal[
    "home",
    "product",
    "cart",
    "account",
    "for_you",
    "because_you_bought",
    "bought_together",
    "similar",
    "trending",
    "buy_again",
    "recently_viewed",
    "cart_additions",
]
"""Where a list stands. The first four are places in a shop, the others what such a place may be put together from."""

Strip: TypeAlias = Literal[
    "for_you",
    "because_you_bought",
    "bought_together",
    "similar",
    "trending",
    "buy_again",
    "recently_viewed",
    "cart_additions",
    "product",
    "account",
]
"""How a list is made: `product` is what is bought together, then what is similar; `account` what is bought again."""

STRIP_OF: Mapping[Placement, Strip] = {
    "home": "for_you",
    "product": "product",
    "cart": "cart_additions",
    "account": "account",
    "for_you": "for_you",
    "because_you_bought": "because_you_bought",
    "bought_together": "bought_together",
    "similar": "similar",
    "trending": "trending",
    "buy_again": "buy_again",
    "recently_viewed": "recently_viewed",
    "cart_additions": "cart_additions",
}
NEED_PRODUCT: frozenset[Strip] = frozenset({"product", "bought_together", "similar"})
"""Lists that go with a product."""

ReasonCode: TypeAlias = Literal[
    "because_you_bought",
    "because_you_viewed",
    "because_in_cart",
    "bought_together",
    "similar",
    "also_bought",
    "buy_again",
    "recently_viewed",
    "trending",
    "popular",
    "new",
    "picked",
    "more",
]


class Reason(msgspec.Struct, frozen=True):
    """Why something is recommended: a code, and the products that contributed most, the most important first.

    because_you_bought, because_you_viewed, because_in_cart: those products led to it. bought_together: it stands in the
    same orders. similar: it reads like that product. also_bought: the same customers take it. buy_again: bought before,
    `every_days` so often if that is known. trending: more customers than usual take it. popular: many do. new: it came
    lately. picked: staff put it there. more: the shop has it, and nothing better was left.
    """

    code: ReasonCode
    because: Sequence[str] = ()
    every_days: Annotated[int, Meta(ge=1)] | UnsetType = UNSET


class Scored(msgspec.Struct, frozen=True):
    """A recommended product; scores of one list descend and mean nothing across lists."""

    product_id: str
    score: float
    reason: Reason
