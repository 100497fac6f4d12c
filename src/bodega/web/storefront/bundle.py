"""Show what is often bought together with a product, and what that would cost."""

from collections.abc import Sequence

import msgspec

from bodega.domain.catalog.model import Product, Variant
from bodega.domain.catalog.views import card_of
from bodega.domain.shop import Shop
from bodega.values.money import Money
from bodega.web import links
from bodega.web.links import Href
from bodega.web.storefront.cards import CardView, card_view

_OTHERS = 3


class Bundle(msgspec.Struct, frozen=True):
    """The product itself, its companions, and the sum of their prices."""

    this: CardView
    others: Sequence[CardView]
    total: str
    count: str
    prefix: str
    shown: Href


def build_bundle(shop: Shop, product: Product, chosen: Variant) -> Bundle | None:
    """Return the bundle, None where nothing stands in the same orders."""
    together = shop.recommender.suggest(placement="bought_together", product_id=product.id, limit=_OTHERS, shared=True)
    found = [s.card for s in together.items if s.card.price]
    if not found:
        return None
    this = msgspec.structs.replace(
        card_of(product), price=chosen.price, compare_at=chosen.compare_at, price_varies=False
    )
    prices = [card.price for card in (this, *found) if card.price is not None]
    total = _sum(prices) if this.price is not None else None
    return Bundle(
        this=card_view(this),
        others=[card_view(card, via=together.reference) for card in found],
        total=total.format() if total else "",
        count={2: "both", 3: "all three", 4: "all four"}.get(len(prices), "all"),
        prefix="from " if any(card.price_varies for card in found) else "",
        shown=links.shown(together.request_id),
    )


def _sum(prices: Sequence[Money]) -> Money | None:
    if len({price.currency for price in prices}) != 1:
        return None
    return Money(sum(price.amount for price in prices), prices[0].currency)
