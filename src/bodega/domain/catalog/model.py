"""Define what a product is: the shapes that staff send, that the shop stores and that shoppers see."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bodega.values.money import Money

Status: TypeAlias = Literal["draft", "active", "archived"]
AttributeValue: TypeAlias = "str | int | float | bool | list[str]"
AttributeType: TypeAlias = Literal["text", "number", "integer", "boolean", "list"]

MAX_VARIANTS = 50
MAX_CATEGORIES = 5
MAX_COLLECTIONS = 8
MAX_LISTS = 20  # all, categories with ancestors, collections: a product that moves costs two writes for each, of 100
MAX_MEDIA = 24
MAX_ATTRIBUTES = 64
MAX_DEPTH = 6
MAX_ID_LENGTH = 80

Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]
Text: TypeAlias = Annotated[str, Meta(max_length=20_000)]
Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]


class ScheduledPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A price for a while: valid from (inclusive) until (exclusive); None is open.

    It outranks the variant's own price.
    """

    price: Money
    compare_at: Money | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A picture: `key` in the object store, served below /media/.

    In each of `widths` it is there as WebP, too, under its key with `-<width>.webp` in place of the suffix.
    """

    key: Annotated[str, Meta(min_length=1, max_length=300)]
    alt: Annotated[str, Meta(max_length=300)] = ""
    width: Annotated[int, Meta(ge=1, le=20_000)] | None = None
    height: Annotated[int, Meta(ge=1, le=20_000)] | None = None
    widths: Annotated[list[Annotated[int, Meta(ge=1, le=20_000)]], Meta(max_length=10)] = []


class VariantInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A variant as staff send it. Without an id, an existing variant with this SKU keeps its id.

    `price` holds whenever no entry of `schedule` does; of several that hold, the one that began last counts.
    """

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    price: Money | None = None
    compare_at: Money | None = None
    schedule: Annotated[list[ScheduledPrice], Meta(max_length=20)] = []
    title: Annotated[str, Meta(max_length=200)] = ""
    options: Annotated[dict[Name, Annotated[str, Meta(max_length=120)]], Meta(max_length=8)] = {}
    barcode: Annotated[str, Meta(max_length=64)] = ""
    weight_grams: Annotated[int, Meta(ge=0, le=10_000_000)] | None = None
    id: Id | None = None


class ProductInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A product as staff send it, whole. `categories` and `collections` are ids."""

    title: Title
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=MAX_VARIANTS)]
    slug: Annotated[str, Meta(max_length=120)] | None = None
    description: Text = ""
    brand: Annotated[str, Meta(max_length=120)] = ""
    status: Status = "draft"
    categories: Annotated[list[Id], Meta(max_length=MAX_CATEGORIES)] = []
    collections: Annotated[list[Id], Meta(max_length=MAX_COLLECTIONS)] = []
    attributes: Annotated[dict[Name, AttributeValue], Meta(max_length=MAX_ATTRIBUTES)] = {}
    media: Annotated[list[Media], Meta(max_length=MAX_MEDIA)] = []


class Variant(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A variant as stored.

    In what shoppers see, `price` and `compare_at` are those in force and `schedule` is empty.
    """

    id: str
    sku: str
    price: Money | None = None
    compare_at: Money | None = None
    schedule: list[ScheduledPrice] = []
    title: str = ""
    options: dict[str, str] = {}
    barcode: str = ""
    weight_grams: int | None = None


USUAL_STARS, PRIOR_REVIEWS = 4.0, 10
"""So many reviews of so many stars every product is given where products are ordered by their stars."""


class Rating(msgspec.Struct, frozen=True, gc=False):
    """How a product was judged: `count` published reviews and the sum of their 1 to 5 stars."""

    count: int = 0
    total: int = 0

    @property
    def average(self) -> float:
        """Return the mean, 0.0 without reviews."""
        return self.total / self.count if self.count else 0.0

    @property
    def standing(self) -> float:
        """Return the mean shrunk to USUAL_STARS by the count, to order by: one five is less than many good ones.

        0.0 without reviews. What is usual is fixed: the shop's own mean moves with every review, and with it would the
        place of every product.
        """
        return (self.total + PRIOR_REVIEWS * USUAL_STARS) / (self.count + PRIOR_REVIEWS) if self.count else 0.0


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A product as stored. `version` starts at 1 and grows with every change; times are UTC."""

    id: str
    slug: str
    title: str
    description: str = ""
    brand: str = ""
    status: Status = "draft"
    categories: list[str] = []
    collections: list[str] = []
    attributes: dict[str, AttributeValue] = {}
    variants: list[Variant] = []
    media: list[Media] = []
    rating: Rating = Rating()
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Card(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The fields of a product that lists, search hits and recommendation strips show."""

    id: str
    slug: str
    title: str
    status: Status
    sku: str
    brand: str = ""
    price: Money | None = None
    compare_at: Money | None = None
    price_varies: bool = False
    image: Media | None = None
    rating: Rating = Rating()
    categories: list[str] = []


class CategoryInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A category as staff send it; `parent` is an id, None for a root."""

    name: Name
    slug: Annotated[str, Meta(max_length=120)] | None = None
    parent: Id | None = None
    description: Annotated[str, Meta(max_length=2000)] = ""
    position: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Category(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A category as stored."""

    id: str
    slug: str
    name: str
    parent: str | None = None
    description: str = ""
    position: int = 0
    version: int = 1


class CollectionInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A hand-made group of products as staff send it."""

    name: Name
    slug: Annotated[str, Meta(max_length=120)] | None = None
    description: Annotated[str, Meta(max_length=2000)] = ""


class Collection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A collection as stored."""

    id: str
    slug: str
    name: str
    description: str = ""
    version: int = 1


class AttributeInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The declaration of an attribute: once declared, every product's value must be of this type."""

    type: AttributeType
    label: Annotated[str, Meta(max_length=80)] = ""
    unit: Annotated[str, Meta(max_length=20)] = ""
    choices: Annotated[list[Annotated[str, Meta(max_length=120)]], Meta(max_length=500)] = []


class Attribute(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attribute's declaration as stored; `name` is the key in `Product.attributes`."""

    name: str
    type: AttributeType
    label: str = ""
    unit: str = ""
    choices: list[str] = []
    version: int = 1
