"""Know how the catalog lies in its tables: keys, sentinels, and the bytes in between."""

from collections.abc import Iterable
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.catalog.model import MAX_ID_LENGTH, Attribute, Category, Collection, Product
from bodega.ports.table import All, Exists, Item, Key, Missing

_PRODUCT = msgspec.json.Decoder(Product)
encode = msgspec.json.Encoder().encode

PRODUCT = "product"
CATEGORIES = "categories"
COLLECTIONS = "collections"
ATTRIBUTES = "attributes"
CLOSING = "closing"
OPEN = All((Exists(), Missing(CLOSING)))
"""The condition under which something may be put into a category or collection: it is there and not being removed."""

Named = Category | Collection | Attribute


def is_id(text: str) -> bool:
    """Tell whether this can be an id at all: a stranger's text that cannot is not worth a question to the table."""
    return 0 < len(text) <= MAX_ID_LENGTH and text.isprintable()


def product_key(product_id: str) -> Key:
    """Return where a product is stored."""
    return Key(f"product#{product_id}", PRODUCT)


def product_keys(product_ids: Iterable[str]) -> dict[Key, str]:
    """Return where products are stored, each once; what cannot be an id is left out."""
    return {product_key(product_id): product_id for product_id in product_ids if is_id(product_id)}


def slug_key(slug: str) -> Key:
    """Return where a product's slug is claimed, be it the current or an earlier one."""
    return Key(f"slug#{slug}", "slug")


def sku_key(sku: str) -> Key:
    """Return where a SKU is claimed."""
    return Key(f"sku#{sku}", "sku")


def named_key(kind: str, name: str) -> Key:
    """Return where a category, collection or attribute is stored: all of a kind in one partition."""
    return Key(kind, name)


def product_item(product: Product, doc: bytes, public: bytes | None) -> Item:
    """Build a product's item. `public` is only stored where shoppers see something other than staff do."""
    key = product_key(product.id)
    item: Item = {
        "entity": key.partition,
        "part": key.sort,
        "version": product.version,
        "status": product.status,
        "doc": doc,
    }
    if public is not None:
        item["public"] = public
    return item


def slug_item(slug: str, product_id: str, *, current: bool) -> Item:
    """Build a slug's claim; one that is not current redirects to the product's present slug."""
    return {"entity": f"slug#{slug}", "part": "slug", "product_id": product_id, "current": current}


def sku_item(sku: str, product_id: str) -> Item:
    """Build a SKU's claim."""
    return {"entity": f"sku#{sku}", "part": "sku", "product_id": product_id}


def named_item(kind: str, name: str, value: Named) -> Item:
    """Build the item of a category, collection or attribute."""
    return {"entity": kind, "part": name, "version": value.version, "doc": encode(value)}


def read_product(item: Item) -> Product:
    """Return the product of a product item."""
    return _PRODUCT.decode(cast("bytes", item["doc"]))


TABLE = schema.CATALOG
