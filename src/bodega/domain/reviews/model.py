"""Define what a review is."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

ReviewStatus: TypeAlias = Literal["published", "pending", "rejected"]


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer's judgement of a product. `reviewer` is the natural key: one review a reviewer and product."""

    id: str
    product_id: str
    reviewer: Annotated[str, Meta(min_length=1, max_length=200)]
    rating: Annotated[int, Meta(ge=1, le=5)]
    created_at: datetime
    author: Annotated[str, Meta(max_length=80)] = ""
    title: Annotated[str, Meta(max_length=200)] = ""
    text: Annotated[str, Meta(max_length=5000)] = ""
    customer_id: str | None = None
    verified: bool = False
    status: ReviewStatus = "published"
