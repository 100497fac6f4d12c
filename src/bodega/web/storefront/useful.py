"""Choose the few attributes by which the products of a category really differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec

from bodega.domain.catalog.model import Product
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.shop import Shop
from bodega.ports.search import FacetCount
from bodega.web.storefront.cards import decoded
from bodega.web.storefront.facets import ATTRIBUTE

_KEEP_SECONDS = 300.0
_SAMPLE = 48
_CANDIDATES = 12
_CHOSEN = 4
_MIN_COVERAGE = 0.25
_MOST_VALUES = 60
_PREVAILS = 0.6
_product = msgspec.json.Decoder(Product).decode
_names = msgspec.json.Decoder(list[str]).decode


def useful_attributes(shop: Shop, category_id: str | None) -> list[str]:
    """Return up to four names, the most useful first, remembered for five minutes."""
    body = shop.world.cache.get_or_make(
        f"web.facets#{category_id or ''}",
        lambda: msgspec.json.encode(_choose(shop, category_id)),
        ttl_seconds=_KEEP_SECONDS,
    )
    return _names(body)


def prevailing_category(shop: Shop, text: str, collections: Sequence[str]) -> str | None:
    """Return the narrowest category in which most of what was found is, None if it is everywhere."""
    if not text and not collections:
        return None
    page = shop.catalog.shelves.find(ShelfQuery(text=text, collections=collections, facets=("category",), limit=1))
    enough = (page.total or 0) * _PREVAILS
    tree = shop.catalog.taxonomy.tree()
    paths = [tree.path(value.value) for value in page.facets.get("category", ()) if value.count >= enough]
    deepest = max(paths, key=len, default=[])
    return deepest[-1].id if deepest else None


def _choose(shop: Shop, category_id: str | None) -> list[str]:
    categories = [category_id] if category_id else []
    candidates = _candidates(shop, categories)
    if not candidates:
        return []
    facets = [ATTRIBUTE + name for name in candidates]
    page = shop.catalog.shelves.find(ShelfQuery(categories=categories, facets=facets, limit=1))
    scores = {name: usefulness(page.facets.get(ATTRIBUTE + name, ()), page.total or 0) for name in candidates}
    ranked = sorted(candidates, key=lambda name: -scores[name])
    # A colour may be an attribute and an option as well, differing in a capital: people would see the same facet twice.
    distinct = {name.casefold(): name for name in reversed(ranked) if scores[name] > 0}
    return [name for name in ranked if distinct.get(name.casefold()) == name][:_CHOSEN]


def usefulness(values: Sequence[FacetCount], total: int) -> float:
    """Return how much a facet helps, 0 to 1: how many products have it, times how rarely two of them agree in it.

    0 for what fewer than a quarter have, for a single value, and for what is different in nearly every product.

    >>> usefulness([FacetCount("red", 5), FacetCount("blue", 5)], 10)
    0.5
    """
    counted = sum(value.count for value in values)
    if total <= 0 or counted < total * _MIN_COVERAGE or len(values) < 2 or len(values) > _MOST_VALUES:  # noqa: PLR2004
        return 0.0
    if len(values) > counted / 2:
        return 0.0
    agreement = sum((value.count / counted) ** 2 for value in values)
    return min(1.0, counted / total) * (1.0 - agreement)


def _candidates(shop: Shop, categories: Sequence[str]) -> list[str]:
    """Return the attributes and options that products of the category have, the most frequent first."""
    page = shop.catalog.shelves.find(ShelfQuery(categories=categories, limit=_SAMPLE))
    stored = shop.catalog.products.find_many_stored([card.id for card in decoded(page.cards)])
    seen: Counter[str] = Counter()
    for one in stored.values():
        if one.public is not None:
            seen.update(_attribute_names(_product(one.public)))
    return [name for name, _ in seen.most_common(_CANDIDATES) if name.isprintable()]


def _attribute_names(product: Product) -> set[str]:
    """Return what a product can be filtered by: words and truths, and no measurements."""
    words: Mapping[str, object] = {n: v for n, v in product.attributes.items() if isinstance(v, str | bool | list)}
    return set(words) | set(chain.from_iterable(variant.options for variant in product.variants))
