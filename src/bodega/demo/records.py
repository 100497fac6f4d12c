"""The plain records of a demo shop, ready to be written into a real one."""

from datetime import datetime

import msgspec

from bodega.demo.pictures.drawing import Drawing
from bodega.domain.catalog.model import AttributeInput, ProductInput


class DemoCategory(msgspec.Struct, frozen=True):
    """A node of the category tree; parents come before their children."""

    key: str
    name: str
    parent_key: str | None
    description: str
    position: int


class DemoCollection(msgspec.Struct, frozen=True):
    """A hand-made group of products."""

    key: str
    name: str
    description: str


class DemoProduct(msgspec.Struct, frozen=True):
    """A product whose `input` names categories and collections by their demo keys.

    `stock` has every SKU of the product. `input.media` names the pictures in the order of `pictures`: a picture's
    file name is its media key. `launched_at` is when the shop began to sell it.
    """

    key: str
    input: ProductInput
    stock: dict[str, int]
    drawings: list[Drawing]
    launched_at: datetime

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """Draw the pictures now (about 0.1 ms each): (file name, SVG of at most 4 KB)."""
        return [(drawing.file, drawing.svg()) for drawing in self.drawings]


class DemoCustomer(msgspec.Struct, frozen=True):
    """Somebody who buys; `name` is a first name."""

    key: str
    name: str
    joined_at: datetime


class DemoOrder(msgspec.Struct, frozen=True):
    """A past order: `lines` are (sku, quantity, unit price in pence); guests have no customer."""

    number: str
    customer_key: str | None
    placed_at: datetime
    lines: list[tuple[str, int, int]]


class DemoReview(msgspec.Struct, frozen=True):
    """What somebody said: at most one by a customer about a product; `verified` means bought here."""

    product_key: str
    customer_key: str
    author: str
    rating: int
    title: str
    text: str
    created_at: datetime
    verified: bool


class DemoShop(msgspec.Struct, frozen=True):
    """The whole shop; orders and reviews are in order of time."""

    categories: list[DemoCategory]
    collections: list[DemoCollection]
    attributes: list[tuple[str, AttributeInput]]
    products: list[DemoProduct]
    customers: list[DemoCustomer]
    orders: list[DemoOrder]
    reviews: list[DemoReview]
