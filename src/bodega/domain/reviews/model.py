"""Define reviews as customers write them and as the shop keeps them, and what the stars of a product add up to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bodega.errors import Fault, InvalidError
from bodega.values.text import is_clean

MAX_TEXT = 5000
MAX_TITLE = 200
MAX_AUTHOR = 80
MAX_REVIEWER = 200
STARS = (1, 2, 3, 4, 5)
# They reorder what stands around them, on a page and in a terminal; right-to-left words need none of them.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Stars: TypeAlias = Annotated[int, Meta(ge=STARS[0], le=STARS[-1])]
ReviewStatus: TypeAlias = Literal["published", "pending", "rejected"]
ReviewSort: TypeAlias = Literal["-created_at", "created_at", "-helpful", "-rating", "rating"]


class ReviewInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A review as a customer sends it; `author` is the name they want to be shown under, if any."""

    rating: Stars
    title: Annotated[str, Meta(max_length=MAX_TITLE)] = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    author: Annotated[str, Meta(max_length=MAX_AUTHOR)] = ""

    def check(self) -> None:
        """Raise InvalidError with a fault for every text that could do more than be read."""
        faults = [
            Fault(f"/{name}", "bad_text", f"{name} must not contain control characters or marks that reorder text")
            for name, words in (("title", self.title), ("text", self.text), ("author", self.author))
            if not is_clean(words, multiline=name == "text") or not _REORDERING.isdisjoint(words)
        ]
        if faults:
            raise InvalidError(faults[0].detail, faults)


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer's judgement of a product. `reviewer` is the natural key: one review a reviewer and product.

    `verified` is the shop's own finding that the customer bought it. `helpful` counts the customers who found it so,
    and changes without the version.
    """

    id: str
    product_id: str
    reviewer: Annotated[str, Meta(min_length=1, max_length=MAX_REVIEWER)]
    rating: Stars
    created_at: datetime
    author: Annotated[str, Meta(max_length=MAX_AUTHOR)] = ""
    title: Annotated[str, Meta(max_length=MAX_TITLE)] = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    customer_id: str | None = None
    verified: bool = False
    status: ReviewStatus = "published"
    updated_at: datetime | None = None
    version: int = 1
    helpful: int = 0

    @property
    def changed_at(self) -> datetime:
        """Return when it was last written."""
        return self.updated_at or self.created_at

    @property
    def counts(self) -> bool:
        """Tell whether its stars are among those of the product."""
        return self.status == "published"


class Tally(msgspec.Struct, frozen=True):
    """What the published reviews of a product add up to: how many gave 1, 2, 3, 4 and 5 stars."""

    stars: Sequence[int] = (0, 0, 0, 0, 0)

    @property
    def count(self) -> int:
        """Return how many reviews there are."""
        return sum(self.stars)

    @property
    def total(self) -> int:
        """Return the sum of all stars."""
        return sum(stars * count for stars, count in zip(STARS, self.stars, strict=True))
