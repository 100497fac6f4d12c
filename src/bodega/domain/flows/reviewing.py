"""Keep products' ratings equal to what their published reviews add up to."""

from collections.abc import Iterable

from bodega.domain.catalog.model import Rating
from bodega.domain.catalog.products import Products
from bodega.domain.reviews.service import Reviews


def recount_ratings(products: Products, reviews: Reviews, product_ids: Iterable[str]) -> int:
    """Count the reviews of these products anew and return how many ratings that changed; gone products are left out."""
    tallies = {product_id: reviews.tally(product_id) for product_id in product_ids}
    return products.set_ratings(
        {product_id: Rating(count=count, total=total) for product_id, (count, total) in tallies.items()}
    )
