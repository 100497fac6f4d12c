"""Say what the catalog and the stock know of SKUs that lie in carts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

import msgspec

from bodega.domain.carts.model import STANDARD, CartLine, Goods, StockState
from bodega.domain.catalog.model import AttributeValue, Media, Variant
from bodega.domain.catalog.products import Products, Stored
from bodega.domain.catalog.views import in_force
from bodega.domain.inventory.model import Level
from bodega.domain.inventory.service import Inventory
from bodega.ports.clock import Clock

TAX_CLASS = "tax_class"
"""The attribute of a product that names its tax class; without it the product is taxed as `standard`."""
_MOST_DECODED = 1000


class _Product(msgspec.Struct, frozen=True, gc=False):
    """What a cart needs of a product's document; the rest of it is not decoded."""

    id: str
    slug: str
    title: str
    status: str
    variants: list[Variant]
    attributes: dict[str, AttributeValue] = {}
    media: list[Media] = []


_product = msgspec.json.Decoder(_Product).decode


class GoodsReader:
    """Reads goods with the prices of this moment. What no shopper may see, or has no price, is not there."""

    def __init__(self, *, products: Products, inventory: Inventory, clock: Clock) -> None:
        self._products = products
        self._inventory = inventory
        self._clock = clock
        self._decoded: dict[str, tuple[int, _Product]] = {}

    def of_lines(self, lines: Sequence[CartLine], *, held: Mapping[str, int] = {}) -> dict[str, Goods]:
        """Return what is for sale of a cart's lines, by SKU: products in one read, stock in another.

        Units that are `held` for this cart are available to it.
        """
        product_ids = {line.sku: line.product_id for line in lines}
        return self._moved_too(self._of(product_ids, self._levels(product_ids, held)), product_ids)

    def prices_of_lines(self, lines: Sequence[CartLine]) -> dict[str, Goods]:
        """Return the same without a look at the stock, as if everything were there."""
        product_ids = {line.sku: line.product_id for line in lines}
        return self._moved_too(self._of(product_ids, {}), product_ids)

    def _moved_too(self, found: dict[str, Goods], skus: Iterable[str]) -> dict[str, Goods]:
        """Add SKUs that moved to another product since: that is rare, and asked only for what was not found."""
        moved = [sku for sku in skus if sku not in found]
        return found | self.of_skus(moved) if moved else found

    def of_skus(self, skus: Iterable[str]) -> dict[str, Goods]:
        """Return what is for sale of some SKUs."""
        product_ids = self._products.find_ids_by_sku(skus)
        return self._of(product_ids, self._levels(product_ids))

    def _levels(self, skus: Iterable[str], held: Mapping[str, int] = {}) -> dict[str, Level]:
        levels = dict(self._inventory.find_levels(skus))
        for sku, units in held.items():
            if sku in levels:
                levels[sku] = msgspec.structs.replace(levels[sku], held=levels[sku].held - units)
        return levels

    def _of(self, product_ids: Mapping[str, str], levels: Mapping[str, Level]) -> dict[str, Goods]:
        if not product_ids:
            return {}
        now = self._clock.now()
        stored = self._products.find_many_stored(list(dict.fromkeys(product_ids.values())))
        products = {key: self._decode(key, one) for key, one in stored.items() if one.public is not None}
        found = {}
        for sku, product_id in product_ids.items():
            product = products.get(product_id)
            goods = _goods_of_product(product, sku, levels.get(sku), now) if product is not None else None
            if goods is not None:
                found[sku] = goods
        return found

    def _decode(self, product_id: str, stored: Stored) -> _Product:
        """Return the product of a document, decoded once a version: what is in many carts is asked for all the time."""
        kept = self._decoded.get(product_id)
        if kept is not None and kept[0] == stored.version:
            return kept[1]
        if len(self._decoded) >= _MOST_DECODED:
            self._decoded.clear()
        product = _product(stored.doc)
        self._decoded[product_id] = (stored.version, product)
        return product


def _goods_of_product(product: _Product, sku: str, level: Level | None, now: datetime) -> Goods | None:
    """Return a variant as goods; None for one that is gone or has no price."""
    variant = next((one for one in product.variants if one.sku == sku), None)
    price = in_force(variant, now).price if variant is not None else None
    if variant is None or price is None:
        return None
    variety = variant.title or ", ".join(variant.options.values())
    tax_class = product.attributes.get(TAX_CLASS, STANDARD)
    return Goods(
        sku=sku,
        product_id=product.id,
        slug=product.slug,
        name=f"{product.title}, {variety}" if variety else product.title,
        price=price,
        weight_grams=variant.weight_grams or 0,
        tax_class=tax_class if isinstance(tax_class, str) else STANDARD,
        stock=cast("StockState", level.state) if level is not None else "in_stock",
        available=level.available if level is not None and not level.backorder else None,
        image=product.media[0].key if product.media else None,
    )
