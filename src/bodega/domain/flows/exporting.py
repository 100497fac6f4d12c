"""Write what the shop holds to files that its imports read back unchanged."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from bodega.domain.accounts.account_transfer import AccountTransfer
from bodega.domain.accounts.customers import Customers
from bodega.domain.catalog.model import Product
from bodega.domain.catalog.service import Catalog
from bodega.domain.flows import order_documents
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.imports.places import path_of
from bodega.domain.flows.imports.stock import FIELDS as STOCK_FIELDS
from bodega.domain.flows.imports.stock import stock_row
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.service import Reviews
from bodega.errors import InvalidError
from bodega.ports.tabular import Tabular
from bodega.values.money import exponent
from bodega.values.page import MAX_LIMIT

FIELDS: Mapping[str, tuple[str, ...]] = {
    "products": (
        "id",
        "slug",
        "title",
        "description",
        "brand",
        "status",
        "categories",
        "collections",
        "attributes",
        "variants",
        "media",
        "rating",
        "created_at",
        "updated_at",
        "version",
        "stock",
    ),
    "orders": order_documents.FIELDS,
    "stock": STOCK_FIELDS,
    "sales": (
        "order",
        "time",
        "customer",
        "sku",
        "name",
        "quantity",
        "unit_price",
        "currency",
        "source",
        "order_id",
        "product_id",
    ),
    "customers": (
        "id",
        "source",
        "reference",
        "created_at",
        "changed_at",
        "version",
        "email",
        "name",
        "phone",
        "addresses",
        "password",
    ),
    "reviews": (
        "id",
        "product_id",
        "reviewer",
        "rating",
        "title",
        "text",
        "author",
        "time",
        "customer_id",
        "verified",
        "status",
    ),
    "categories": ("id", "slug", "name", "parent", "description", "position"),
}
_BATCH = 500
ABOUT_PEOPLE = ("customers", "orders")
"""Subjects whose exports say who people are, unless they are anonymous."""
Privacy: TypeAlias = Literal["anonymous", "personal", "with_passwords"]
"""How much of people leaves with an export: nothing, what they told us, or also the hashes of their passwords."""


class Exporter:
    """Exports files, in constant memory and in an order that depends on nothing but the contents."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        inventory: Inventory,
        stock: Stock,
        orders: Orders,
        contacts: Contacts,
        reviews: Reviews,
        customers: Customers,
        accounts: AccountTransfer,
        tabular: Tabular,
    ) -> None:
        self._catalog = catalog
        self._inventory = inventory
        self._stock = stock
        self._orders = orders
        self._contacts = contacts
        self._reviews = reviews
        self._customers = customers
        self._accounts = accounts
        self._tabular = tabular

    def write(
        self,
        subject: str,
        path: Path,
        *,
        format: str | None = None,  # noqa: A002
        privacy: Privacy = "anonymous",
        on_progress: Callable[[int], None] | None = None,
    ) -> int:
        """Write all there is of a subject and return how many rows; the file appears only when it is complete."""
        rows = self.rows(subject, privacy=privacy)
        writer = self._tabular.writer(path, format=format, fields=FIELDS[subject])
        return writer.write(_watched(rows, on_progress) if on_progress is not None else rows)

    def rows(self, subject: str, *, privacy: Privacy = "anonymous") -> Iterator[Mapping[str, Any]]:
        """Yield all rows of a subject; InvalidError for one that there is not."""
        subjects: dict[str, Callable[[], Iterator[Mapping[str, Any]]]] = {
            "products": self._products,
            "orders": lambda: self._order_documents(privacy),
            "sales": self._order_lines,
            "stock": self._stock_rows,
            "customers": lambda: self._customer_rows(privacy),
            "reviews": self._review_rows,
            "categories": self._category_rows,
        }
        if subject not in subjects:
            raise InvalidError(f"{subject!r} cannot be exported; there are {', '.join(subjects)}")
        return subjects[subject]()

    def _products(self) -> Iterator[Mapping[str, Any]]:
        tree = self._catalog.taxonomy.tree(current=True)
        names = {c.id: c.name for c in self._catalog.taxonomy.collections(current=True).values()}
        paths = {category_id: path_of(tree, category_id) for category_id in tree.by_id}
        products = self._catalog.products.all()
        while batch := list(islice(products, _BATCH)):
            levels = self._inventory.find_levels(v.sku for product in batch for v in product.variants)
            for product in batch:
                row: dict[str, Any] = msgspec.to_builtins(product)
                row["categories"] = [paths[c] for c in product.categories if c in paths]
                row["collections"] = [names[c] for c in product.collections if c in names]
                row["stock"] = _stock(product, {sku: level.on_hand for sku, level in levels.items()})
                yield row

    def _order_documents(self, privacy: Privacy) -> Iterator[Mapping[str, Any]]:
        for order in self._orders.all():
            history = self._orders.whole_history(order.id) if order.sums is not None else ()
            contact = None if privacy == "anonymous" else self._contacts.of(order)
            yield order_documents.document_of(order, contact=contact, history=history)

    def _stock_rows(self) -> Iterator[Mapping[str, Any]]:
        page = self._stock.list(limit=MAX_LIMIT)
        while True:
            yield from map(stock_row, page.rows)
            if page.next is None:
                return
            page = self._stock.list(position=page.next, limit=MAX_LIMIT)

    def _order_lines(self) -> Iterator[Mapping[str, Any]]:
        for order in self._orders.all():
            yield from _lines(order)

    def _customer_rows(self, privacy: Privacy) -> Iterator[Mapping[str, Any]]:
        yield from (msgspec.to_builtins(customer) for customer in self._customers.all())
        if privacy != "anonymous":
            documents = self._accounts.all(passwords=privacy == "with_passwords")
            yield from (msgspec.to_builtins(document) for document in documents)

    def _review_rows(self) -> Iterator[Mapping[str, Any]]:
        for review in self._reviews.all():
            row: dict[str, Any] = {field: getattr(review, field, None) for field in FIELDS["reviews"]}
            row["time"] = msgspec.to_builtins(review.created_at)
            yield row

    def _category_rows(self) -> Iterator[Mapping[str, Any]]:
        tree = self._catalog.taxonomy.tree(current=True)
        for root in tree.children(None):
            for category in tree.below(root.id):
                yield {field: getattr(category, field) for field in FIELDS["categories"]}


def _lines(order: Order) -> Iterator[Mapping[str, Any]]:
    time = msgspec.to_builtins(order.placed_at)
    for line in order.lines:
        price = line.unit_price
        yield {
            "order": order.number,
            "time": time,
            "customer": order.customer_id,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": str(Decimal(price.amount).scaleb(-exponent(price.currency))),
            "currency": price.currency,
            "source": order.source,
            "order_id": order.id,
            "product_id": line.product_id,
        }


def _stock(product: Product, on_hand: Mapping[str, int]) -> dict[str, int]:
    # Units that are owed can only be told together with how the SKU is kept, which the stock file does.
    return {v.sku: on_hand[v.sku] for v in product.variants if on_hand.get(v.sku, -1) >= 0}


def _watched(rows: Iterator[Mapping[str, Any]], on_progress: Callable[[int], None]) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows, 1):
        if number % _BATCH == 0:
            on_progress(number)
        yield row
