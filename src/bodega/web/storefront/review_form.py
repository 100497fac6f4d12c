"""Build the form with which a customer says what they think of a product."""

from collections.abc import Mapping, Sequence

import msgspec

from bodega.domain.catalog.model import Product
from bodega.domain.reviews.model import MAX_AUTHOR, MAX_TEXT, MAX_TITLE, STARS, Review
from bodega.domain.shop import Shop
from bodega.errors import ShopError
from bodega.web import links
from bodega.web.fields import Field, faults_of, filled, message_of
from bodega.web.forms import form_token
from bodega.web.links import Href
from bodega.web.visitors import Visitor

_RATING = Field(name="rating", label="Stars")
_TEXT = Field(name="text", label="Your review", needed=False, most=MAX_TEXT)
LINES: Sequence[Field] = (
    Field(name="title", label="In a few words", needed=False, most=MAX_TITLE),
    Field(
        name="author",
        label="Name to show",
        needed=False,
        most=MAX_AUTHOR,
        autocomplete="nickname",
        hint="Without one we write “A customer”.",
    ),
)
FIELDS: Sequence[Field] = (_RATING, _TEXT, *LINES)
_STATES = {
    "published": "",
    "pending": "We have yet to look at your review; then it is shown.",
    "rejected": "We took your review down. If you change it, we look at it again.",
}


class StarChoice(msgspec.Struct, frozen=True):
    """A number of stars to choose."""

    value: int
    label: str
    chosen: bool


class ReviewForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form. `owner` is whose it is; `written` tells that there is one to edit or remove, `state` how it stands."""

    action: Href
    token: str
    owner: str
    written: bool
    state: str
    message: str
    stars: Sequence[StarChoice]
    stars_fault: str
    lines: Sequence[Field]
    text: Field


def review_form(
    shop: Shop,
    visitor: Visitor,
    product: Product,
    *,
    sent: Mapping[str, str] | None = None,
    refusal: ShopError | None = None,
) -> ReviewForm:
    """Return the form with what the customer wrote before, or with what was sent and is wrong with it."""
    review = shop.reviews.find(product.id, visitor.account.id)
    values = sent if sent is not None else _words(review)
    faults = faults_of(refusal)
    (text,) = filled([_TEXT], values, faults)
    return ReviewForm(
        action=links.review(product.slug),
        token=form_token(shop.world.keys, visitor.session.id),
        owner=visitor.account.id,
        written=review is not None,
        state=_STATES[review.status] if review is not None else "",
        message=message_of(refusal, FIELDS),
        stars=[StarChoice(n, f"{n} star{'s' if n > 1 else ''}", str(n) == values.get("rating")) for n in STARS[::-1]],
        stars_fault=faults.get("rating", ""),
        lines=filled(LINES, values, faults),
        text=text,
    )


def _words(review: Review | None) -> Mapping[str, str]:
    if review is None:
        return {}
    return {"rating": str(review.rating), "title": review.title, "text": review.text, "author": review.author}
