"""Decide what a product becomes: contents checked against what it is sorted by, with ids and a slug given out."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from bodega.domain.catalog.contents import Restored, check_restored, filled, variants_of
from bodega.domain.catalog.model import Attribute, Collection, Product, ProductInput
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.validate import check_product
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.values.text import MAX_SLUG_LENGTH, make_slug, parse_slug


class Surroundings(msgspec.Struct, frozen=True):
    """What products are checked against, as of one moment."""

    tree: CategoryTree
    collections: Mapping[str, Collection]
    attributes: Mapping[str, Attribute]


class Drafts:
    """Makes products of contents. Nothing is written here."""

    def __init__(self, *, taxonomy: Taxonomy, clock: Clock, ids: Ids, currency: str) -> None:
        self._taxonomy = taxonomy
        self._clock = clock
        self._ids = ids
        self._currency = currency

    def surroundings(self, given: Sequence[ProductInput]) -> Surroundings:
        """Return what these contents are to be checked against."""
        tree, collections = self._taxonomy.tree(), self._taxonomy.collections()
        if not (
            tree.by_id.keys() >= {name for one in given for name in one.categories}
            and collections.keys() >= {name for one in given for name in one.collections}
        ):
            # What another process made a moment ago may not be in what we keep: look again before refusing it.
            tree, collections = self._taxonomy.tree(current=True), self._taxonomy.collections(current=True)
        return Surroundings(tree, collections, self._taxonomy.attributes())

    def created(
        self, given: ProductInput, restored: Restored, around: Surroundings, *, is_taken: Callable[[str], bool]
    ) -> Product:
        """Return a new product; `is_taken` tells whether another has a slug."""
        self._check(given, around)
        check_restored(restored)
        now = self._clock.now()
        product_id = restored.id or self._ids.new("prod")
        blank = Product(
            id=product_id,
            slug="",
            title="",
            rating=restored.rating,
            created_at=restored.created_at or now,
            updated_at=restored.updated_at or now,
            version=restored.version,
        )
        slug = parse_slug(given.slug) if given.slug is not None else _free_slug(given.title, product_id, is_taken)
        # The first variant of a new product shares its number.
        spare = [f"var_{product_id.removeprefix('prod_')}"] if restored.id is None else []
        variants = variants_of(given.variants, None, new_id=lambda: spare.pop() if spare else self._ids.new("var"))
        return filled(blank, given, slug=slug, variants=variants)

    def merged(self, old: Product, given: ProductInput, around: Surroundings) -> Product:
        """Return the old product with new contents; everything that is not staff's to set is kept."""
        self._check(given, around)
        slug = parse_slug(given.slug) if given.slug is not None else old.slug
        variants = variants_of(given.variants, old, new_id=lambda: self._ids.new("var"))
        return filled(old, given, slug=slug, variants=variants)

    def _check(self, given: ProductInput, around: Surroundings) -> None:
        check_product(
            given,
            tree=around.tree,
            collections=around.collections,
            attributes=around.attributes,
            currency=self._currency,
        )


def _free_slug(title: str, product_id: str, is_taken: Callable[[str], bool]) -> str:
    slug = make_slug(title)
    if not is_taken(slug):
        return slug
    unique = make_slug(product_id)
    candidate = _with_suffix(slug, unique[-8:].lstrip("-"))
    return candidate if not is_taken(candidate) else _with_suffix(slug, unique)


def _with_suffix(slug: str, suffix: str) -> str:
    return f"{slug[: MAX_SLUG_LENGTH - 1 - len(suffix)].rstrip('-')}-{suffix}"
