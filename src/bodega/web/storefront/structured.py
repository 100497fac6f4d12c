"""Tell search engines about a product in their own words: JSON-LD of schema.org."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bodega.domain.catalog.model import Product, Variant
from bodega.domain.inventory.model import Level
from bodega.values.money import Money, exponent
from bodega.web.storefront.stock import stock_view

_AVAILABILITY = {
    "in_stock": "https://schema.org/InStock",
    "low_stock": "https://schema.org/LimitedAvailability",
    "backorder": "https://schema.org/BackOrder",
    "out_of_stock": "https://schema.org/OutOfStock",
}
# Inside <script> only these could end the element or open a comment; as escapes they are the same JSON.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class JsonText(str):
    """JSON that may stand inside a script element as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the text itself: nothing in it means anything in HTML."""
        return str(self)


def product_data(product: Product, levels: Mapping[str, Level], *, url: str, images: Sequence[str]) -> JsonText:
    """Return the Product document with an offer for each variant that has a price."""
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title,
        "description": product.description[:5000],
        "url": url,
        "image": list(images),
        "sku": product.variants[0].sku,
        "offers": [_offer(v, v.price, levels, url) for v in product.variants if v.price is not None],
    }
    if product.brand:
        document["brand"] = {"@type": "Brand", "name": product.brand}
    if product.rating.count:
        document["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{product.rating.average:.1f}",
            "reviewCount": product.rating.count,
        }
    return JsonText(msgspec.json.encode(document).decode().translate(_ESCAPES))


def _offer(variant: Variant, price: Money, levels: Mapping[str, Level], url: str) -> dict[str, str]:
    digits = exponent(price.currency)
    whole, rest = divmod(price.amount, 10**digits)
    return {
        "@type": "Offer",
        "sku": variant.sku,
        "url": url,
        "price": f"{whole}.{rest:0{digits}}" if digits else str(whole),
        "priceCurrency": price.currency,
        "availability": _AVAILABILITY[stock_view(levels.get(variant.sku)).state],
    }
