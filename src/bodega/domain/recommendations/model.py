"""Define what a recommendation is."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

Placement: TypeAlias = Literal["home", "product", "cart", "account"]
ReasonCode: TypeAlias = Literal["because_you_bought", "buy_again", "bought_together", "similar", "trending", "new"]


class Reason(msgspec.Struct, frozen=True):
    """Why something is recommended: a code, and the products that contributed most (true, not decoration)."""

    code: ReasonCode
    because: Sequence[str] = ()


class Scored(msgspec.Struct, frozen=True):
    """A recommended product; scores of one list descend and mean nothing across lists."""

    product_id: str
    score: float
    reason: Reason
