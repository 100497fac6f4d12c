"""Describe what several routes answer: pages, cards, files to upload."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bodega.domain.catalog.model import Card, Product
from bodega.errors import InvalidError
from bodega.ports.search import FacetCount
from bodega.values.page import DEFAULT_LIMIT, MAX_LIMIT, Position

Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description=f"Rows a page, {DEFAULT_LIMIT} unless said.")]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=4096, description="`page.next` or `page.prev` of an earlier reply.")
]
Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=50)]
Words = Annotated[list[Annotated[str, Meta(min_length=1, max_length=120)]], Meta(max_length=20, extra={"commas": True})]


class PageLinks(msgspec.Struct, frozen=True):
    """Cursors of the neighbouring pages, null at the ends."""

    next: str | None
    prev: str | None


class CardPage(msgspec.Struct, frozen=True):
    """A page of product cards; `corrected` tells that nothing matched as typed and near spellings were taken."""

    data: list[Card]
    page: PageLinks
    total: int | UnsetType = UNSET
    facets: dict[str, list[FacetCount]] | UnsetType = UNSET
    corrected: bool | UnsetType = UNSET


class ProductList(msgspec.Struct, frozen=True):
    """Products by id, in the order asked for, and the ids that no shopper may see."""

    data: list[Product]
    missing: list[str]


class PagedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a list without filters."""

    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT


class Upload(msgspec.Struct, frozen=True):
    """Where to send a file: one PUT of its bytes to `url`, before it expires. The address is the permission."""

    method: Literal["PUT"]
    url: str
    content_types: list[str]
    max_bytes: int
    expires_at: datetime


class FormUpload(msgspec.Struct, frozen=True):
    """Where to send a file of any size that is taken: one POST of a form, before it expires.

    multipart/form-data with all of `fields`, and behind them the file in the field `file`, of 1 to `max_bytes` bytes.
    """

    method: Literal["POST"]
    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: datetime


def paged(rows: int, start: int) -> Position | None:
    """Return the position behind the rows of a list that is held in memory, None at its end."""
    return Position(str(start)) if start < rows else None


def start_of(position: Position | None) -> int:
    """Return where a page of a list that is held in memory starts."""
    if position is None:
        return 0
    if not position.after.isdigit():
        raise InvalidError("this position belongs to another list")
    return int(position.after)
