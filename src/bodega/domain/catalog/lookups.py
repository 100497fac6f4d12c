"""Find products by what they are called: the reads that everything else is built on."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.catalog.model import Product
from bodega.domain.catalog.records import PRODUCT, is_id, product_key, product_keys, read_product, sku_key, slug_key
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.table import MAX_BATCH_GET, Item, Key, TableStore, scan_all
from bodega.values.text import parse_sku, parse_sku_or_none, parse_slug


class Stored(msgspec.Struct, frozen=True):
    """A product's document as bytes, ready to be sent; `public` is what shoppers see, None unless it is active."""

    version: int
    doc: bytes
    public: bytes | None


class Lookups:
    """Reads of products by id, SKU and slug."""

    def __init__(self, table: TableStore) -> None:
        self._table = table

    def find_stored(self, product_id: str) -> Stored | None:
        """Return the documents of a product, or None: the hot path, nothing is decoded."""
        item = self.find_item(product_id)
        return _stored(item) if item is not None else None

    def find_many_stored(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Return the documents of those products that exist, any number of them."""
        wanted = product_keys(product_ids)
        return {wanted[key]: _stored(item) for key, item in self.read(wanted)}

    def find_id_by_sku(self, sku: str) -> str | None:
        """Return the id of the product with this SKU, or None."""
        item = self._table.get(schema.CATALOG, sku_key(parse_sku(sku)))
        return cast("str", item["product_id"]) if item else None

    def find_ids_by_sku(self, skus: Iterable[str]) -> dict[str, str]:
        """Return product ids by canonical SKU for those SKUs that exist, any number of them."""
        wanted = {sku_key(sku): sku for sku in skus if parse_sku_or_none(sku) == sku}
        return {wanted[key]: cast("str", item["product_id"]) for key, item in self.read(wanted)}

    def find_id_by_slug(self, slug: str) -> tuple[str, bool] | None:
        """Return the id of the product with this slug and whether the slug is the current one, or None."""
        try:
            item = self._table.get(schema.CATALOG, slug_key(parse_slug(slug)))
        except InvalidError:
            return None
        return (cast("str", item["product_id"]), bool(item["current"]) and slug == parse_slug(slug)) if item else None

    def resolve(self, reference: str) -> tuple[str, bool]:
        """Return the id that `prod_…`, `slug:…` or `sku:…` names, and whether that is its current name."""
        if reference.startswith("slug:"):
            found = self.find_id_by_slug(reference[5:])
            if found is None:
                raise NotFoundError("product", reference)
            return found
        if reference.startswith("sku:"):
            product_id = self.find_id_by_sku(reference[4:])
            if product_id is None:
                raise NotFoundError("product", reference)
            return product_id, True
        return reference, True

    def get(self, product_id: str) -> Product:
        """Return a product, whatever its status; NotFoundError if there is none."""
        return read_product(self.item(product_id))

    def all(self) -> Iterator[Product]:
        """Walk through every product there is, in the table's order: for exports and checks."""
        return map(read_product, scan_all(self._table, schema.CATALOG, sort=PRODUCT))

    def find_item(self, product_id: str) -> Item | None:
        """Return what is stored of a product, or None."""
        return self._table.get(schema.CATALOG, product_key(product_id)) if is_id(product_id) else None

    def item(self, product_id: str) -> Item:
        """Return what is stored of a product; NotFoundError if there is none."""
        item = self.find_item(product_id)
        if item is None:
            raise NotFoundError("product", product_id)
        return item

    def read(self, keys: Iterable[Key]) -> Iterator[tuple[Key, Item]]:
        """Yield those items of the catalog that exist, any number of them."""
        wanted = list(keys)
        for start in range(0, len(wanted), MAX_BATCH_GET):
            yield from self._table.batch_get(schema.CATALOG, wanted[start : start + MAX_BATCH_GET]).items()


def _stored(item: Item) -> Stored:
    doc = cast("bytes", item["doc"])
    public = cast("bytes", item.get("public", doc)) if item["status"] == "active" else None
    return Stored(cast("int", item["version"]), doc, public)
