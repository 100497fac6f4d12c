"""Lay reviews out in items: the review with its places in the lists, where it is found by id, and the tally."""

from collections.abc import Mapping
from typing import cast

import msgspec

from bodega.domain.reviews.model import STARS, Review, Tally
from bodega.ports.table import Item, Key
from bodega.values.times import format_time

PLACE = "place"
EVERY = "all"
MAX_ID_LENGTH = 80
_TALLY = "tally"
_REVIEW = msgspec.json.Decoder(Review)
_encode = msgspec.json.Encoder().encode
_SHOWN = "shown_product_id"


def is_id(text: str) -> bool:
    """Tell whether this can be an id at all: what cannot is not looked up."""
    return 0 < len(text) <= MAX_ID_LENGTH and text.isprintable()


def review_key(product_id: str, reviewer: str) -> Key:
    """Return the key of a reviewer's one review of a product."""
    return Key(product_id, reviewer)


def review_item(review: Review) -> Item:
    """Return a new review as an item."""
    attributes, _ = review_attributes(review)
    item = {"product_id": review.product_id, "review_key": review.reviewer, "helpful": review.helpful, **attributes}
    return item | {"helpful_key": helpful_key(review)}


def review_attributes(review: Review) -> tuple[Item, tuple[str, ...]]:
    """Return what a change of a review sets and what it removes; votes are left alone, they are counted meanwhile."""
    created = format_time(review.created_at)
    item: Item = {
        "id": review.id,
        "doc": _encode(msgspec.structs.replace(review, helpful=0)),
        "version": review.version,
        "status": review.status,
        "listed": EVERY,
        "created_at": created,
        "rating_key": f"{review.rating}#{created}",
    }
    if review.customer_id is not None:
        item["customer_id"] = review.customer_id
    if review.counts:
        return item | {_SHOWN: review.product_id}, ()
    return item, (_SHOWN,)


def helpful_key(review: Review) -> str:
    """Return where a review stands among those sorted by votes."""
    return f"{review.helpful:010d}#{format_time(review.created_at)}"


def read_review(item: Item) -> Review:
    """Read a review."""
    review = _REVIEW.decode(cast("bytes", item["doc"]))
    helpful = cast("int", item.get("helpful", 0))
    return msgspec.structs.replace(review, helpful=helpful) if helpful else review


# -- finding a review by its id, beside the votes for it


def place_key(review_id: str) -> Key:
    """Return the key of the item that says whose review of what has an id."""
    return Key(review_id, PLACE)


def place_item(review: Review) -> Item:
    """Return that item."""
    return {
        "review_id": review.id,
        "voter": PLACE,
        "product_id": review.product_id,
        "reviewer": review.reviewer,
    }


def vote_item(review_id: str, customer_id: str) -> Item:
    """Return a customer's vote for a review."""
    return {"review_id": review_id, "voter": customer_id, "customer_id": customer_id}


# -- tallies


def tally_key(product_id: str) -> Key:
    """Return the key of a product's tally."""
    return Key(product_id, _TALLY)


def tally_change(old: Review | None, new: Review | None) -> Mapping[str, int]:
    """Return what is added to a tally when one review becomes another; None is one that is not there."""
    change: dict[str, int] = {}
    for review, step in ((old, -1), (new, 1)):
        if review is not None and review.counts:
            name = _attribute(review.rating)
            change[name] = change.get(name, 0) + step
    return {name: step for name, step in change.items() if step}


def read_tally(item: Item | None) -> Tally:
    """Read a tally; of a product that nobody judged there is none."""
    if item is None:
        return Tally()
    return Tally(tuple(cast("int", item.get(_attribute(stars), 0)) for stars in STARS))


def _attribute(stars: int) -> str:
    return f"stars_{stars}"
