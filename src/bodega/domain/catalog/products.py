"""Create, modify and archive products, each change one transaction with its list entries and its event."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bodega.domain.catalog.contents import (
    Restored,
    input_of,
    patched,
    same,
    without_read_only,
)
from bodega.domain.catalog.drafts import Drafts
from bodega.domain.catalog.lookups import Lookups, Stored
from bodega.domain.catalog.model import Product, ProductInput, Rating
from bodega.domain.catalog.plans import (
    AlreadyExistsError,
    ProductPlans,
    SkuTakenError,
    SlugTakenError,
    public_bytes,
)
from bodega.domain.catalog.records import encode, read_product
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.upserts import Outcome, RepeatedError, Result, Upserts
from bodega.domain.catalog.views import card_of, project, public_view, read_projection
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import Item, TableStore
from bodega.values.text import parse_sku, parse_sku_or_none

__all__ = [
    "AlreadyExistsError",
    "Outcome",
    "Products",
    "RepeatedError",
    "Restored",
    "SkuTakenError",
    "SlugTakenError",
    "Stored",
    "input_of",
    "parse_sku_or_none",
    "without_read_only",
]
_TRIES = 5


class Products(Lookups):
    """The catalog's records of products.

    Every change needs the version it was decided on, or None to take the newest.
    """

    def __init__(self, *, table: TableStore, taxonomy: Taxonomy, clock: Clock, ids: Ids, currency: str) -> None:
        super().__init__(table)
        self._taxonomy = taxonomy
        self._clock = clock
        self._drafts = Drafts(taxonomy=taxonomy, clock=clock, ids=ids, currency=currency)
        self._plans = ProductPlans(taxonomy=taxonomy, clock=clock)
        self._upserts = Upserts(table=table, lookups=self, drafts=self._drafts, plans=self._plans)
        self.currency = currency

    # -- changing

    def create(self, given: ProductInput, *, restored: Restored | None = None) -> Product:
        """Add a product. SkuTakenError, SlugTakenError or InvalidError with every fault; then nothing is written."""
        for _ in range(_TRIES):
            product = self._drafts.created(
                given, restored or Restored(), self._drafts.surroundings([given]), is_taken=self._is_taken
            )
            try:
                self._plans.creation(product).commit(self._table)
            except SlugTakenError:
                if given.slug is not None:
                    raise
                continue  # somebody was given the same slug since we looked; we can have another
            return product
        raise ConflictError("no slug could be found for this title; name one")

    def replace(self, product_id: str, given: ProductInput, *, expected_version: int | None) -> Product:
        """Put new contents in the place of a product's; its id, age and rating stay."""
        return self._change(product_id, lambda old: self._merged(old, given), expected_version=expected_version)

    def patch(self, product_id: str, patch: Mapping[str, Any], *, expected_version: int | None) -> Product:
        """Apply a JSON Merge Patch to what staff can edit.

        Fields that they cannot must keep their value or be left out.
        """
        return self._change(
            product_id, lambda old: self._merged(old, patched(old, patch)), expected_version=expected_version
        )

    def upsert_by_sku(
        self, sku: str, given: ProductInput, *, expected_version: int | None, create_only: bool = False
    ) -> tuple[Product, Outcome]:
        """Create or replace the product that has this SKU; the contents must have a variant with it.

        The outcome is "changed" also where the contents were the same already.
        """
        canonical = parse_sku(sku)
        if canonical not in {parse_sku(v.sku) for v in given.variants}:
            raise InvalidError(
                f"no variant has the SKU {canonical!r} of the address",
                [Fault("/variants", "sku_mismatch", f"one variant must have the SKU {canonical!r}")],
            )
        for _ in range(_TRIES):
            product_id = self.find_id_by_sku(canonical)
            if product_id is not None and create_only:
                raise AlreadyExistsError(f"SKU {canonical!r} is already there, in product {product_id}")
            if product_id is None and expected_version is not None:
                raise NotFoundError("product", f"sku:{sku}")
            try:
                if product_id is None:
                    return self.create(given), "created"
                return self.replace(product_id, given, expected_version=expected_version), "changed"
            except (SkuTakenError, NotFoundError):
                # Somebody created or removed it between our look and our write; look again, unless that was the answer.
                if expected_version is not None or self.find_id_by_sku(canonical) == product_id:
                    raise
        raise ConflictError(f"SKU {canonical!r} changes too fast; try again")

    def archive(self, product_id: str, *, expected_version: int | None) -> Product:
        """Take a product off sale for good; it stays in past orders and can be set active again."""

        def archived(old: Product) -> Product:
            # Not checked: its category may be gone by now, and what is wrong with it is no reason to go on selling it.
            return msgspec.structs.replace(old, status="archived")

        return self._change(product_id, archived, expected_version=expected_version)

    def set_rating(self, product_id: str, rating: Rating) -> Product:
        """Write how the product is judged now; no change of version for the same rating."""
        for _ in range(_TRIES):
            item = self.item(product_id)
            old = read_product(item)
            if old.rating == rating:
                return old
            try:
                return self._write_change(item, old, msgspec.structs.replace(old, rating=rating))
            except StaleVersionError:
                continue
        raise ConflictError(f"product {product_id!r} changes too fast; try again")

    def set_ratings(self, ratings: Mapping[str, Rating]) -> int:
        """Write how many products are judged now, in bulk, and return how many changed.

        Products that are gone are left out.
        """
        plans: list[tuple[str, WritePlan]] = []
        for product_id, rating in ratings.items():
            item = self.find_item(product_id)
            old = read_product(item) if item is not None else None
            if item is not None and old is not None and old.rating != rating:
                plans.append(
                    (product_id, self._plans.change(item, old, msgspec.structs.replace(old, rating=rating))[0])
                )
        outcomes = self._table.load((plan.writes, plan.events) for _, plan in plans)
        for (product_id, _), failure in zip(plans, outcomes, strict=True):
            if failure is not None:  # somebody changed the product meanwhile
                self.set_rating(product_id, ratings[product_id])
        return len(plans)

    def reproject(self, product_id: str) -> bool:
        """Bring list entries and public view up to date with prices in force and the category tree.

        False if they were.
        """
        item = self.find_item(product_id)
        if item is None:
            return False
        old = read_product(item)
        now = self._clock.now()
        tree = self._taxonomy.tree(current=True)
        public = public_view(old, now)
        same_price = old.status != "active" or public_bytes(old, public, encode(old)) == item.get("public")
        if same_price and project(old, card_of(public), tree, now) == read_projection(item):
            return False
        try:
            self._write_change(item, old, old, tree=tree)
        except StaleVersionError:
            return False  # whoever changed it projected it anew
        return True

    def upsert_many(self, given: Sequence[tuple[ProductInput, Restored]], *, lagging: bool = False) -> list[Result]:
        """Create or replace products by id or by any of their SKUs; for each, its id and outcome, or why not.

        For imports and batches. Each product is atomic on its own; contents equal to what is stored write nothing.
        Two rows for one product must not be in one call (the later is refused with a RepeatedError). With `lagging`
        new products may be missing from lists by price until `catch_up_lists`.
        """
        return self._upserts.write(given, lagging=lagging, again=self._create_again)

    def catch_up_lists(self) -> None:
        """Put everything that was written with `lagging` into the lists where it is missing."""
        self._table.catch_up_indexes()

    # -- inside

    def _create_again(self, given: ProductInput, restored: Restored, refusal: ShopError) -> Result:
        """Try a new product with another slug where somebody was given the same one since it was looked for."""
        if given.slug is not None or not isinstance(refusal, SlugTakenError):
            return refusal
        try:
            return self.create(given, restored=restored).id, "created"
        except ShopError as exc:
            return exc

    def _is_taken(self, slug: str) -> bool:
        return self.find_id_by_slug(slug) is not None

    def _change(
        self, product_id: str, decide: Callable[[Product], Product], *, expected_version: int | None
    ) -> Product:
        for _ in range(_TRIES):
            item = self.item(product_id)
            old = read_product(item)
            if expected_version is not None and old.version != expected_version:
                raise StaleVersionError("product", product_id, current=old.version)
            new = decide(old)
            if same(new, old):
                return old
            try:
                return self._write_change(item, old, new)
            except StaleVersionError:
                if expected_version is not None:
                    raise
        raise ConflictError(f"product {product_id!r} changes too fast; try again")

    def _merged(self, old: Product, given: ProductInput) -> Product:
        return self._drafts.merged(old, given, self._drafts.surroundings([given]))

    def _write_change(self, item: Item, old: Product, new: Product, *, tree: CategoryTree | None = None) -> Product:
        plan, product = self._plans.change(item, old, new, tree=tree)
        plan.commit(self._table)
        return product
