"""Read rows of a product file: whole documents as our export writes them, and flat rows as people make them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from bodega.domain.catalog.model import (
    Attribute,
    AttributeValue,
    Media,
    Name,
    ProductInput,
    Rating,
    Status,
    Text,
    Title,
    VariantInput,
)
from bodega.domain.catalog.products import Restored
from bodega.domain.flows.imports.cells import plain_cells
from bodega.domain.flows.imports.places import Places
from bodega.domain.flows.imports.product_columns import FlatColumns
from bodega.domain.inventory.service import MAX_UNITS
from bodega.errors import Fault, InvalidError
from bodega.values.decode import convert
from bodega.values.money import Money
from bodega.values.text import parse_sku, parse_sku_or_none

Units: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_UNITS)]
_NESTED = frozenset(
    {
        "categories",
        "collections",
        "attributes",
        "variants",
        "media",
        "rating",
        "stock",
        "price",
        "compare_at",
        "options",
    }
)
_NOT_RESTORED = Restored()


class DocumentRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole product as the export writes it; categories are paths, collections names, stock is by SKU."""

    title: Title
    variants: Annotated[list[VariantInput], Meta(min_length=1, max_length=50)]
    id: Annotated[str, Meta(pattern=r"^prod_[0-9A-Za-z]{1,60}$")] | None = None
    slug: Annotated[str, Meta(max_length=120)] | None = None
    description: Text = ""
    brand: Annotated[str, Meta(max_length=120)] = ""
    status: Status = "active"
    categories: Annotated[list[str], Meta(max_length=20)] = []
    collections: Annotated[list[str], Meta(max_length=20)] = []
    attributes: dict[Name, AttributeValue] = {}
    media: Annotated[list[Media], Meta(max_length=24)] = []
    rating: Rating = Rating()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: Annotated[int, Meta(ge=1, le=2**53)] = 1
    stock: dict[str, Units] = {}


class FlatRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One product with one SKU in flat columns. What a row leaves out stays as it is if the product is there."""

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    title: Title | None = None
    price: Money | None = None
    compare_at: Money | None = None
    slug: Annotated[str, Meta(max_length=120)] | None = None
    description: Text | None = None
    brand: Annotated[str, Meta(max_length=120)] | None = None
    status: Status | None = None
    categories: Annotated[list[str], Meta(max_length=20)] | None = None
    collections: Annotated[list[str], Meta(max_length=20)] | None = None
    attributes: dict[Name, AttributeValue] | None = None
    options: dict[Name, Annotated[str, Meta(max_length=120)]] | None = None
    image: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    barcode: Annotated[str, Meta(max_length=64)] | None = None
    weight_grams: Annotated[int, Meta(ge=0, le=10_000_000)] | None = None
    stock: Units | None = None


class ProductRow(msgspec.Struct, frozen=True):
    """What a row asks for. `flat` rows change a product that is there, `contents` replace it."""

    contents: ProductInput | None
    restored: Restored
    stock: Mapping[str, int]
    flat: FlatRow | None = None

    def names(self) -> set[str]:
        """Return the SKUs and the id by which the row could meet another row."""
        if self.flat is not None:
            return {self.flat.sku}
        variants = self.contents.variants if self.contents is not None else ()
        names = {sku for variant in variants if (sku := parse_sku_or_none(variant.sku)) is not None}
        return names if self.restored.id is None else names | {self.restored.id}

    def weight(self) -> int:
        """Return roughly how many bytes of memory the row's texts take."""
        if self.flat is not None:
            return len(self.flat.description or "") + 1000
        return len(self.contents.description) + 600 * len(self.contents.variants) + 1000 if self.contents else 0


class ProductRows:
    """Turns rows into what they ask for; InvalidError with a reason for one that makes no sense."""

    def __init__(
        self, *, places: Places, currency: str, declared: Mapping[str, Attribute], ignored: Sequence[str] = ()
    ) -> None:
        """Take the columns that are to be left out; every other unknown column is refused."""
        self._places = places
        self._columns = FlatColumns(currency=currency, declared=declared)
        self._ignored = frozenset(ignored)

    def read(self, values: Mapping[str, Any]) -> ProductRow:
        """Read one row."""
        row = plain_cells(values, nested=_NESTED, ignored=self._ignored)
        if "variants" in row:
            return self._document(row)
        return self._flat(row)

    def _document(self, row: dict[str, Any]) -> ProductRow:
        given = convert(row, DocumentRow, strict=False)
        contents = ProductInput(
            title=given.title,
            variants=given.variants,
            slug=given.slug,
            description=given.description,
            brand=given.brand,
            status=given.status,
            categories=[self._places.category(path) for path in given.categories],
            collections=[self._places.collection(name) for name in given.collections],
            attributes=given.attributes,
            media=given.media,
        )
        restored = Restored(
            id=given.id,
            version=given.version,
            created_at=given.created_at,
            updated_at=given.updated_at,
            rating=given.rating,
        )
        _check_times(given)
        return ProductRow(contents, restored, _stock(given) if given.stock else {})

    def _flat(self, row: dict[str, Any]) -> ProductRow:
        given = convert(self._columns.gathered(row), FlatRow, strict=False)
        sku = _sku(given.sku, "/sku")
        if sku != given.sku:
            given = msgspec.structs.replace(given, sku=sku)
        return ProductRow(None, _NOT_RESTORED, {} if given.stock is None else {sku: given.stock}, given)

    def merged(self, flat: FlatRow, old: ProductInput | None) -> ProductInput:
        """Return the contents that a flat row makes of a product, or of none."""
        if old is None:
            return self._new(flat)
        changes: dict[str, Any] = {
            name: value
            for name in ("title", "slug", "description", "brand", "status")
            if (value := getattr(flat, name)) is not None
        }
        changes["variants"] = [_variant(flat, v) if v.sku == flat.sku else v for v in old.variants]
        if flat.categories is not None:
            changes["categories"] = self._categories(flat)
        if flat.collections is not None:
            changes["collections"] = self._collections(flat)
        if flat.attributes is not None:
            changes["attributes"] = {**old.attributes, **flat.attributes}
        if flat.image is not None and flat.image not in [media.key for media in old.media]:
            changes["media"] = [Media(key=flat.image), *old.media]
        return msgspec.structs.replace(old, **changes)

    def _new(self, flat: FlatRow) -> ProductInput:
        if flat.title is None:
            raise InvalidError(
                "a new product needs a title", [Fault("/title", "required", "a new product needs a title")]
            )
        return ProductInput(
            title=flat.title,
            slug=flat.slug,
            description=flat.description or "",
            brand=flat.brand or "",
            status=flat.status or "active",
            categories=self._categories(flat),
            collections=self._collections(flat),
            attributes=flat.attributes or {},
            media=[] if flat.image is None else [Media(key=flat.image)],
            variants=[
                VariantInput(
                    sku=flat.sku,
                    price=flat.price,
                    compare_at=flat.compare_at,
                    barcode=flat.barcode or "",
                    weight_grams=flat.weight_grams,
                    options=flat.options or {},
                )
            ],
        )

    def _categories(self, flat: FlatRow) -> list[str]:
        return [self._places.category(path) for path in flat.categories or ()]

    def _collections(self, flat: FlatRow) -> list[str]:
        return [self._places.collection(name) for name in flat.collections or ()]


def _variant(flat: FlatRow, old: VariantInput) -> VariantInput:
    changes: dict[str, Any] = {
        name: value
        for name in ("price", "compare_at", "barcode", "weight_grams", "options")
        if (value := getattr(flat, name)) is not None
    }
    return msgspec.structs.replace(old, **changes)


def _sku(text: str, pointer: str) -> str:
    try:
        return parse_sku(text)
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault(pointer, "bad_sku", exc.message)]) from None


def _stock(given: DocumentRow) -> dict[str, int]:
    stock = {_sku(sku, "/stock"): units for sku, units in given.stock.items()}
    for sku in stock.keys() - {_sku(variant.sku, "/variants") for variant in given.variants}:
        detail = f"stock is given for SKU {sku!r}, which no variant has"
        raise InvalidError(detail, [Fault("/stock", "unknown_sku", detail)])
    return stock


def _check_times(given: DocumentRow) -> None:
    for name, moment in (("created_at", given.created_at), ("updated_at", given.updated_at)):
        if moment is not None and moment.tzinfo is None:
            detail = f"{name} needs a UTC offset"
            raise InvalidError(detail, [Fault(f"/{name}", "bad_time", detail)])
