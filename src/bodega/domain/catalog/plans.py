"""Plan what one change of a product writes: its item, its claims on names, its list entries and its event."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.catalog.events import product_changed
from bodega.domain.catalog.model import Product
from bodega.domain.catalog.records import (
    CATEGORIES,
    COLLECTIONS,
    OPEN,
    encode,
    named_key,
    product_item,
    sku_item,
    sku_key,
    slug_item,
)
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.views import (
    Projection,
    card_of,
    entry_items,
    project,
    public_view,
    read_projection,
)
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import MAX_ITEM_BYTES, Check, Delete, Equals, Item, Key, NotExists, Put
from bodega.ports.table import Any as AnyOf

_MAX_DOCUMENT_BYTES = MAX_ITEM_BYTES - 8192  # an item's limit, less its keys and the lists it stands in


class SkuTakenError(ConflictError):
    """Another product has this SKU."""

    code = "sku_taken"

    def __init__(self, sku: str, owner: str | None) -> None:
        super().__init__(f"SKU {sku!r} belongs to product {owner}")
        self.sku = sku
        self.owner = owner


class SlugTakenError(ConflictError):
    """Another product has, or had, this slug."""

    code = "slug_taken"

    def __init__(self, slug: str) -> None:
        super().__init__(f"slug {slug!r} belongs to another product")
        self.slug = slug


class AlreadyExistsError(ConflictError):
    """A create-only request named a product that is already there."""

    code = "already_exists"


class ProductPlans:
    """Plans of products' changes. Nothing is written before they are committed."""

    def __init__(self, *, taxonomy: Taxonomy, clock: Clock) -> None:
        self._taxonomy = taxonomy
        self._clock = clock

    def creation(self, product: Product, *, tree: CategoryTree | None = None) -> WritePlan:
        """Plan a new product. Its commit raises AlreadyExistsError, SlugTakenError or SkuTakenError."""
        plan = WritePlan()
        self._put_product(plan, product, None, self._clock.now(), tree=tree)
        plan.add(
            Put(schema.CATALOG, slug_item(product.slug, product.id, current=True), NotExists()),
            otherwise=lambda _: SlugTakenError(product.slug),
        )
        _move_skus(plan, product, [])
        _require_places(plan, product, None)
        plan.announce(product_changed(product))
        plan.check_size()
        return plan

    def change(
        self, item: Item, old: Product, new: Product, *, tree: CategoryTree | None = None
    ) -> tuple[WritePlan, Product]:
        """Plan what makes `new` of `old`, which stands in `item`; return also the product as it will be.

        The plan's commit raises StaleVersionError if it changed meanwhile, SlugTakenError or SkuTakenError.
        """
        now = self._clock.now()
        product = msgspec.structs.replace(new, version=old.version + 1, updated_at=now)
        plan = WritePlan()
        self._put_product(plan, product, item, now, tree=tree)
        if product.slug != old.slug:
            _move_slug(plan, old, product)
        _move_skus(plan, product, [v.sku for v in old.variants])
        _require_places(plan, product, old)
        plan.announce(product_changed(product))
        plan.check_size()
        return plan, product

    def _put_product(
        self, plan: WritePlan, product: Product, old: Item | None, now: datetime, *, tree: CategoryTree | None = None
    ) -> None:
        """Plan the product's own item and the difference between its old and new list entries."""
        public = public_view(product, now)
        card = card_of(public)
        projection = project(product, card, tree or self._taxonomy.tree(), now)
        item = _item(product, public, encode(card), projection)
        if old is None:
            plan.add(
                Put(schema.CATALOG, item, NotExists()),
                otherwise=lambda _: AlreadyExistsError(f"product {product.id} is already there"),
            )
        else:
            plan.add(
                Put(schema.CATALOG, item, Equals("version", product.version - 1)),
                otherwise=lambda found: _gone_or_stale(product.id, found),
            )
        _move_entries(plan, product, projection, item, old)


def _item(product: Product, public: Product, card: bytes, projection: Projection) -> Item:
    """Return what is stored of a product; InvalidError if that is too large for any table."""
    doc = encode(product)
    item = product_item(product, doc, public_bytes(product, public, doc))
    item["lists"] = list(projection.lists)
    item["amount"] = projection.amount
    item["changes_at"] = projection.changes_at
    item["card"] = card
    if len(doc) + len(cast("bytes", item.get("public", b""))) + len(card) > _MAX_DOCUMENT_BYTES:
        detail = f"the product is too large: at most about {MAX_ITEM_BYTES // 1024} KB can be stored of one"
        raise InvalidError(detail, [Fault("", "too_large", detail)])
    return item


def _move_entries(plan: WritePlan, product: Product, projection: Projection, item: Item, old: Item | None) -> None:
    """Plan the difference between the list entries that the old item stands in and those of the new."""
    card = cast("bytes", item["card"])
    earlier = read_projection(old) if old is not None else None
    if old is not None and earlier is not None and earlier != projection:
        after = _by_place(entry_items(product, projection, card))
        before = _by_place(entry_items(product, earlier, cast("bytes", old["card"])))
        plan.add_all(Delete(schema.LISTINGS, Key(*place)) for place in sorted(before.keys() - after.keys()))
        plan.add_all(Put(schema.LISTINGS, entry) for place, entry in after.items() if before.get(place) != entry)
    elif old is None or old["card"] != card:  # a new product, or one that stays where it is and looks different
        plan.add_all([Put(schema.LISTINGS, entry) for entry in entry_items(product, projection, card)])


def _by_place(entries: Iterable[Item]) -> dict[tuple[str, str], Item]:
    return {(cast("str", entry["list"]), cast("str", entry["position"])): entry for entry in entries}


def _move_slug(plan: WritePlan, old: Product, new: Product) -> None:
    plan.add(
        Put(
            schema.CATALOG,
            slug_item(new.slug, new.id, current=True),
            AnyOf((NotExists(), Equals("product_id", new.id))),
        ),
        otherwise=lambda _: SlugTakenError(new.slug),
    )
    plan.add(Put(schema.CATALOG, slug_item(old.slug, new.id, current=False)))


def _move_skus(plan: WritePlan, product: Product, old_skus: Sequence[str]) -> None:
    skus = [v.sku for v in product.variants]
    for sku in skus:
        if sku not in old_skus:
            plan.add(
                Put(schema.CATALOG, sku_item(sku, product.id), NotExists()),
                otherwise=lambda found, sku=sku: SkuTakenError(sku, _owner(found)),  # type: ignore[misc]
            )
    for sku in old_skus:
        if sku not in skus:
            plan.add(Delete(schema.CATALOG, sku_key(sku), Equals("product_id", product.id)))


def _require_places(plan: WritePlan, product: Product, old: Product | None) -> None:
    """Let the transaction fail if a category or collection was deleted since we looked.

    One that a listed product stands in cannot be deleted, and need not be asked for.
    """
    listed = old is not None and old.status == "active"
    asked = old is None or (product.status == "active" and not listed)
    for kind, ids, before in (
        (CATEGORIES, product.categories, old.categories if old else ()),
        (COLLECTIONS, product.collections, old.collections if old else ()),
    ):
        for index, name in enumerate(ids):
            if asked or name not in before:
                plan.add(_is_open(kind, name), otherwise=partial(_was_deleted, kind, index, name))


@lru_cache(maxsize=10_000)
def _is_open(kind: str, name: str) -> Check:
    return Check(schema.CATALOG, named_key(kind, name), OPEN)


def _was_deleted(kind: str, index: int, name: str, _: Item | None) -> InvalidError:
    noun = {CATEGORIES: "category", COLLECTIONS: "collection"}[kind]
    fault = Fault(f"/{kind}/{index}", f"unknown_{noun}", f"{name!r} was deleted")
    return InvalidError(fault.detail, [fault])


def public_bytes(product: Product, public: Product, doc: bytes) -> bytes | None:
    """Return what shoppers see, None where it is the same document."""
    body = doc if public is product else encode(public)
    return None if body == doc else body


def _gone_or_stale(product_id: str, found: Item | None) -> ShopError:
    if found is None:
        return NotFoundError("product", product_id)
    return StaleVersionError("product", product_id, current=cast("int", found["version"]))


def _owner(found: Item | None) -> str | None:
    return cast("str", found["product_id"]) if found else None
