"""Hold the three sides of the catalog together."""

from dataclasses import dataclass

from bodega.domain.catalog.products import Products
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy


@dataclass(frozen=True)
class Catalog:
    """Products as records, the taxonomy they are sorted by, and the shelves on which they are found."""

    products: Products
    taxonomy: Taxonomy
    shelves: Shelves
