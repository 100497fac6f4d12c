"""Join a trained model with the catalogue: every product becomes an item, with what is known of it beside its sales."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.domain.catalog.model import Product
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.views import card_of, public_view, text_of
from bodega.domain.inventory.service import Inventory
from bodega.domain.recommendations.handover import Handover
from bodega.domain.recommendations.versions import ModelParts
from bodega.recsys.arrays import Indices, Mask, Weights
from bodega.recsys.assortment import Assortment
from bodega.recsys.demand import Demand
from bodega.recsys.models.content import content_neighbours
from bodega.recsys.ranking import descending
from bodega.recsys.reshaping import lifted, rating_lift, spoken_for, widened
from bodega.recsys.sketches import rarity_of, sketches_of
from bodega.recsys.twins import twins_of

_ALIKE_WIDTH = 12
_SKUS_AT_ONCE = 5_000


class _Item(msgspec.Struct, frozen=True):
    """What the arrays are made of; a product that was sold and is gone leaves an empty one."""

    text: str = ""
    price: int = -1
    categories: Sequence[str] = ()
    skus: Sequence[str] = ()
    reviews: int = 0
    stars: int = 0


def assort(
    handover: Handover,
    products: Iterable[Product],
    *,
    tree: CategoryTree,
    inventory: Inventory,
    now: datetime,
) -> ModelParts:
    """Return what is published: the model's items are those that were sold and all products that are not drafts."""
    known = {p.id: _item(p, tree, now) for p in products if p.status != "draft"}
    product_ids = sorted(known.keys() | set(handover.product_ids))
    rank = {product_id: place for place, product_id in enumerate(product_ids)}
    places = np.array([rank[product_id] for product_id in handover.product_ids], dtype=np.int32)
    items = [known.get(product_id, _Item()) for product_id in product_ids]
    # What customers think of an item counts for every list, whoever asks.
    lift = rating_lift(np.array([i.reviews for i in items]), np.array([i.stars for i in items]))
    recommender = lifted(widened(handover.trained.recommender, places, len(items)), lift)
    arrays = _likeness(items, recommender.popularity[0])
    recommender = spoken_for(recommender, arrays["alike"], arrays["alike_says"])
    category_ids = sorted(tree.by_id)
    arrays |= _sales(handover.demand, places, len(items)) | _places(items, tree, category_ids)
    arrays |= {"on_show": _on_show(items, inventory), "prices": np.array([i.price for i in items], dtype=np.int64)}
    return ModelParts(
        recommender=recommender,
        together=widened(handover.trained.together, places, len(items)),
        assortment=Assortment.from_arrays(arrays, n_items=len(items), n_categories=len(category_ids)),
        product_ids=product_ids,
        category_ids=category_ids,
    )


def _item(product: Product, tree: CategoryTree, now: datetime) -> _Item:
    card = card_of(public_view(product, now))
    return _Item(
        text=text_of(product, tree),
        price=card.price.amount if card.price is not None else -1,
        categories=tree.with_ancestors(product.categories),
        skus=[variant.sku for variant in product.variants] if product.status == "active" else (),
        reviews=product.rating.count,
        stars=product.rating.total,
    )


def _sales(demand: Demand, places: Indices, n_items: int) -> dict[str, NDArray[Any]]:
    """Return what orders say of items: how many customers took them, how often again, and whether ever more do."""

    def spread(values: NDArray[Any], kind: type) -> NDArray[Any]:
        wide: NDArray[Any] = np.zeros(n_items, dtype=kind)
        wide[places] = values
        return wide

    trend = spread(demand.trend, np.float32)
    return {
        "buyers": spread(demand.buyers, np.int32),
        "gaps": spread(demand.gaps, np.float32),
        "trend": trend,
        "trend_order": descending(trend, trend),
    }


def _places(items: Sequence[_Item], tree: CategoryTree, category_ids: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return where items stand: the first category of each, and all of them with what is above them."""
    number = {category_id: place for place, category_id in enumerate(category_ids)}
    counts = np.array([len(item.categories) for item in items], dtype=np.int64)
    # `with_ancestors` goes from the root down: the last of the first way is the product's own category.
    own = [_own_category(item, tree) for item in items]
    return {
        "aisles": np.array([-1 if c is None else number[c] for c in own], dtype=np.int32),
        "category_starts": np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        "category_of": np.array([number[c] for item in items for c in item.categories], dtype=np.int32),
    }


def _own_category(item: _Item, tree: CategoryTree) -> str | None:
    """Return the deepest category on the first way down."""
    found = None
    for category_id in item.categories:
        if found is not None and tree.by_id[category_id].parent != found:
            break
        found = category_id
    return found


def _likeness(items: Sequence[_Item], worth: Weights) -> dict[str, NDArray[Any]]:
    texts = [item.text for item in items]
    rarity = rarity_of(texts)
    alike, says = content_neighbours(texts, width=_ALIKE_WIDTH)
    return {
        "sketches": sketches_of(texts, rarity),
        "rarity": rarity,
        "alike": alike,
        "alike_says": says,
        "twins": twins_of(alike, says, worth),
    }


def _on_show(items: Sequence[_Item], inventory: Inventory) -> Mask:
    """Return which items can be bought: those of which at least one variant is not sold out."""
    skus = [sku for item in items for sku in item.skus]
    gone: set[str] = set()
    for start in range(0, len(skus), _SKUS_AT_ONCE):
        levels = inventory.find_levels(skus[start : start + _SKUS_AT_ONCE])
        gone |= {sku for sku, level in levels.items() if level.state == "out_of_stock"}
    return np.array([any(sku not in gone for sku in item.skus) for item in items], dtype=np.bool_)
