"""Hold the sides of the catalog together."""

from dataclasses import dataclass

from bodega.domain.catalog.freshness import Freshness
from bodega.domain.catalog.products import Products
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy


@dataclass(frozen=True)
class Catalog:
    """Products as records, the taxonomy they are sorted by, the shelves they are found on, and if those changed."""

    products: Products
    taxonomy: Taxonomy
    shelves: Shelves
    freshness: Freshness
