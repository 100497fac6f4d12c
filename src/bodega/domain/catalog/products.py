"""Create, modify and archive products, each change one transaction with its list entries and its event."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import msgspec

from bodega import schema
from bodega.domain.catalog.contents import (
    Restored,
    check_restored,
    filled,
    input_of,
    patched,
    same,
    variants_of,
    without_read_only,
    without_variant_ids,
)
from bodega.domain.catalog.model import Product, ProductInput, Rating, Variant
from bodega.domain.catalog.plans import (
    AlreadyExistsError,
    ProductPlans,
    SkuTakenError,
    SlugTakenError,
    public_bytes,
)
from bodega.domain.catalog.records import encode, is_id, product_key, product_keys, read_product, sku_key, slug_key
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.validate import check_product
from bodega.domain.catalog.views import card_of, project, public_view, read_projection
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import MAX_BATCH_GET, Item, Key, TableStore
from bodega.values.text import MAX_SLUG_LENGTH, make_slug, parse_sku, parse_sku_or_none, parse_slug

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
Outcome: TypeAlias = Literal["created", "changed", "unchanged"]
_TRIES = 5
_IN_THIS_CALL = "(this call)"


class RepeatedError(ConflictError):
    """An earlier row of the same batch already wrote this product; the row can be sent again with the next batch."""

    code = "repeated"


class Stored(msgspec.Struct, frozen=True):
    """A product's document as bytes, ready to be sent; `public` is what shoppers see, None unless it is active."""

    version: int
    doc: bytes
    public: bytes | None


class Products:
    """The catalog's records of products.

    Every change needs the version it was decided on, or None to take the newest.
    """

    def __init__(self, *, table: TableStore, taxonomy: Taxonomy, clock: Clock, ids: Ids, currency: str) -> None:
        self._table = table
        self._taxonomy = taxonomy
        self._clock = clock
        self._ids = ids
        self._plans = ProductPlans(taxonomy=taxonomy, clock=clock)
        self.currency = currency

    # -- reading

    def find_stored(self, product_id: str) -> Stored | None:
        """Return the documents of a product, or None: the hot path, nothing is decoded."""
        item = self._find_item(product_id)
        return _stored(item) if item is not None else None

    def find_many_stored(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Return the documents of those products that exist, any number of them."""
        wanted = product_keys(product_ids)
        return {wanted[key]: _stored(item) for key, item in self._read(wanted)}

    def find_id_by_sku(self, sku: str) -> str | None:
        """Return the id of the product with this SKU, or None."""
        item = self._table.get(schema.CATALOG, sku_key(parse_sku(sku)))
        return cast("str", item["product_id"]) if item else None

    def find_ids_by_sku(self, skus: Iterable[str]) -> dict[str, str]:
        """Return product ids by canonical SKU for those SKUs that exist, any number of them."""
        wanted = {sku_key(sku): sku for sku in skus if parse_sku_or_none(sku) == sku}
        return {wanted[key]: cast("str", item["product_id"]) for key, item in self._read(wanted)}

    def find_id_by_slug(self, slug: str) -> tuple[str, bool] | None:
        """Return the id of the product with this slug and whether the slug is the current one, or None."""
        try:
            item = self._table.get(schema.CATALOG, slug_key(parse_slug(slug)))
        except InvalidError:
            return None
        return (cast("str", item["product_id"]), bool(item["current"]) and slug == parse_slug(slug)) if item else None

    def resolve(self, reference: str) -> tuple[str, bool]:
        """Return the id that `prod_…`, `slug:…` or `sku:…` names, and whether that is its current name."""
        if reference.startswith("slug:"):
            found = self.find_id_by_slug(reference[5:])
            if found is None:
                raise NotFoundError("product", reference)
            return found
        if reference.startswith("sku:"):
            product_id = self.find_id_by_sku(reference[4:])
            if product_id is None:
                raise NotFoundError("product", reference)
            return product_id, True
        return reference, True

    def get(self, product_id: str) -> Product:
        """Return a product, whatever its status; NotFoundError if there is none."""
        return read_product(self._item(product_id))

    def all(self) -> Iterator[Product]:
        """Walk through every product there is, in order of ids: for exports and checks."""
        after: Key | None = product_key("")  # below every id
        while after is not None:
            page = self._table.scan(schema.CATALOG, after=after)
            for item in page.items:
                if item["part"] != "product":
                    return  # products lie together; what follows is something else
                yield read_product(item)
            after = page.last

    # -- changing

    def create(self, given: ProductInput, *, restored: Restored | None = None) -> Product:
        """Add a product. SkuTakenError, SlugTakenError or InvalidError with every fault; then nothing is written."""
        for _ in range(_TRIES):
            plan, product = self._plan_create(given, restored or Restored())
            try:
                plan.commit(self._table)
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
            item = self._item(product_id)
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
            item = self._find_item(product_id)
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
        item = self._find_item(product_id)
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

    def upsert_many(self, given: Sequence[tuple[ProductInput, Restored]]) -> list[tuple[str, Outcome] | ShopError]:
        """Create or replace products by id or by any of their SKUs; for each, its id and outcome, or why not.

        For imports and batches. Each product is atomic on its own; contents equal to what is stored write nothing.
        Two rows for one product must not be in one call (the later is refused with a RepeatedError).
        """
        results: list[tuple[str, Outcome] | ShopError | None] = [None] * len(given)
        plans: list[tuple[int, WritePlan, Product, Outcome]] = []
        owners = self._owners(given)
        taken_slugs = self._taken_slugs(given)
        for index, (contents, restored) in enumerate(given):
            try:
                planned = self._plan_upsert(contents, restored, owners, taken_slugs)
            except ShopError as exc:
                results[index] = exc
                continue
            if isinstance(planned, str):
                results[index] = (planned, "unchanged")
            else:
                plans.append((index, *planned))
        outcomes = self._table.load((plan.writes, plan.events) for _, plan, _, _ in plans)
        for (index, plan, product, outcome), failure in zip(plans, outcomes, strict=True):
            results[index] = (product.id, outcome) if failure is None else plan.refusal(failure)
            if isinstance(results[index], SlugTakenError) and given[index][0].slug is None:
                results[index] = self._create_again(*given[index])
        return cast("list[tuple[str, Outcome] | ShopError]", results)

    # -- inside

    def _create_again(self, given: ProductInput, restored: Restored) -> tuple[str, Outcome] | ShopError:
        try:
            return self.create(given, restored=restored).id, "created"
        except ShopError as exc:
            return exc

    def _read(self, keys: Iterable[Key]) -> Iterator[tuple[Key, Item]]:
        """Yield those items that exist, any number of them."""
        wanted = list(keys)
        for start in range(0, len(wanted), MAX_BATCH_GET):
            yield from self._table.batch_get(schema.CATALOG, wanted[start : start + MAX_BATCH_GET]).items()

    def _find_item(self, product_id: str) -> Item | None:
        return self._table.get(schema.CATALOG, product_key(product_id)) if is_id(product_id) else None

    def _item(self, product_id: str) -> Item:
        item = self._find_item(product_id)
        if item is None:
            raise NotFoundError("product", product_id)
        return item

    def _check(self, given: ProductInput) -> None:
        # What another process made a moment ago may not be in what we keep: look again before refusing it.
        current = not (
            self._taxonomy.tree().by_id.keys() >= set(given.categories)
            and self._taxonomy.collections().keys() >= set(given.collections)
        )
        check_product(
            given,
            tree=self._taxonomy.tree(current=current),
            collections=self._taxonomy.collections(current=current),
            attributes=self._taxonomy.attributes(),
            currency=self.currency,
        )

    def _change(
        self, product_id: str, decide: Callable[[Product], Product], *, expected_version: int | None
    ) -> Product:
        for _ in range(_TRIES):
            item = self._item(product_id)
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
        """Return the old product with new contents, checked; everything that is not staff's to set is kept."""
        self._check(given)
        return filled(
            old,
            given,
            slug=parse_slug(given.slug) if given.slug is not None else old.slug,
            variants=self._variants(given, old),
        )

    def _variants(self, given: ProductInput, old: Product | None) -> list[Variant]:
        return variants_of(given.variants, old, new_id=lambda: self._ids.new("var"))

    def _plan_create(
        self, given: ProductInput, restored: Restored, *, taken_slugs: set[str] | None = None
    ) -> tuple[WritePlan, Product]:
        self._check(given)
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
        slug = (
            parse_slug(given.slug) if given.slug is not None else self._free_slug(given.title, product_id, taken_slugs)
        )
        product = filled(blank, given, slug=slug, variants=self._variants(given, None))
        return self._plans.creation(product), product

    def _plan_upsert(
        self, given: ProductInput, restored: Restored, owners: dict[str, str], taken_slugs: set[str]
    ) -> tuple[WritePlan, Product, Outcome] | str:
        skus = [parse_sku(v.sku) for v in given.variants]
        product_id = owners.get(restored.id or "") or next((owners[s] for s in skus if s in owners), None)
        if product_id is None:
            plan, product = self._plan_create(given, restored, taken_slugs=taken_slugs)
            taken_slugs.add(product.slug)
            owners |= dict.fromkeys([*skus, product.id], _IN_THIS_CALL)
            return plan, product, "created"
        if product_id == _IN_THIS_CALL:
            raise RepeatedError(f"an earlier row of the same batch already wrote SKU {skus[0]!r}")
        item = self._item(product_id)
        old = read_product(item)
        if restored.id is not None and restored.id != product_id:
            given = without_variant_ids(given)  # they are another shop's; here the SKU says which variant is meant
        new = self._merged(old, given)
        if same(new, old):
            return product_id
        if new.slug != old.slug:
            taken_slugs.add(new.slug)
        owners |= dict.fromkeys([*skus, *(v.sku for v in old.variants), product_id], _IN_THIS_CALL)
        plan, product = self._plans.change(item, old, new)
        return plan, product, "changed"

    def _owners(self, given: Sequence[tuple[ProductInput, Restored]]) -> dict[str, str]:
        """Return product ids by every SKU and id that the rows name, for those that exist."""
        skus = [parse_sku_or_none(v.sku) for contents, _ in given for v in contents.variants]
        owners = self.find_ids_by_sku(s for s in skus if s is not None)
        ids = product_keys(r.id for _, r in given if r.id is not None)
        return owners | {ids[key]: ids[key] for key, _ in self._read(ids)}

    def _taken_slugs(self, given: Sequence[tuple[ProductInput, Restored]]) -> set[str]:
        """Return which of the slugs that titles would give are claimed already."""
        slugs = {
            slug_key(slug): slug
            for contents, _ in given
            if contents.slug is None
            for slug in [make_slug(contents.title)]
        }
        return {slugs[key] for key, _ in self._read(slugs)}

    def _free_slug(self, title: str, product_id: str, taken: set[str] | None) -> str:
        slug = make_slug(title)
        unique = make_slug(product_id)
        for candidate in (slug, _with_suffix(slug, unique[-8:].lstrip("-"))):
            clash = candidate in taken if taken is not None else self.find_id_by_slug(candidate) is not None
            if not clash:
                return candidate
        return _with_suffix(slug, unique)

    def _write_change(self, item: Item, old: Product, new: Product, *, tree: CategoryTree | None = None) -> Product:
        plan, product = self._plans.change(item, old, new, tree=tree)
        plan.commit(self._table)
        return product


def _with_suffix(slug: str, suffix: str) -> str:
    return f"{slug[: MAX_SLUG_LENGTH - 1 - len(suffix)].rstrip('-')}-{suffix}"


def _stored(item: Item) -> Stored:
    doc = cast("bytes", item["doc"])
    public = cast("bytes", item.get("public", doc)) if item["status"] == "active" else None
    return Stored(cast("int", item["version"]), doc, public)
