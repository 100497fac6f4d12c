"""Create, modify and archive products, each change one transaction with its list entries and its event."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, cast

import msgspec

from bodega import schema
from bodega.domain.catalog.events import product_changed
from bodega.domain.catalog.model import MAX_ID_LENGTH, Product, ProductInput, Rating, Variant, VariantInput
from bodega.domain.catalog.records import (
    CATEGORIES,
    COLLECTIONS,
    encode,
    is_id,
    named_key,
    product_item,
    product_key,
    product_keys,
    read_product,
    sku_item,
    sku_key,
    slug_item,
    slug_key,
)
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.validate import check_product, is_in_utc_range
from bodega.domain.catalog.views import Projection, card_of, entry_item, entry_keys, project, public_view
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    MAX_BATCH_GET,
    MAX_ITEM_BYTES,
    Check,
    Delete,
    Equals,
    Exists,
    Item,
    Key,
    NotExists,
    Put,
    TableStore,
)
from bodega.ports.table import (
    Any as AnyOf,
)
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch
from bodega.values.text import MAX_SLUG_LENGTH, make_slug, parse_sku, parse_slug

READ_ONLY = ("id", "version", "created_at", "updated_at", "rating")
MAX_VERSION = 2**53  # JavaScript must be able to read it
_TRIES = 5
_MAX_DOCUMENT_BYTES = MAX_ITEM_BYTES - 8192  # an item's limit, less its keys and the lists it stands in
Outcome: TypeAlias = Literal["created", "changed", "unchanged"]


class SkuTakenError(ConflictError):
    """Another product has this SKU."""

    code = "sku_taken"

    def __init__(self, sku: str, owner: str | None) -> None:
        super().__init__(f"SKU {sku!r} belongs to product {owner}")
        self.sku = sku
        self.owner = owner


class SlugTakenError(ConflictError):
    """Another product has, or had, this slug."""

    code = "slug_taken"

    def __init__(self, slug: str) -> None:
        super().__init__(f"slug {slug!r} belongs to another product")
        self.slug = slug


class AlreadyExistsError(ConflictError):
    """A create-only request named a product that is already there."""

    code = "already_exists"


class RepeatedError(ConflictError):
    """An earlier row of the same batch already wrote this product; the row can be sent again with the next batch."""

    code = "repeated"


class Stored(msgspec.Struct, frozen=True):
    """A product's document as bytes, ready to be sent; `public` is what shoppers see, None unless it is active."""

    version: int
    doc: bytes
    public: bytes | None


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What an import may bring along of a product that was exported: used only if the product is not there yet."""

    id: str | None = None
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    rating: Rating = Rating()


class Products:
    """The catalog's records of products.

    Every change needs the version it was decided on, or None to take the newest.
    """

    def __init__(self, *, table: TableStore, taxonomy: Taxonomy, clock: Clock, ids: Ids, currency: str) -> None:
        self._table = table
        self._taxonomy = taxonomy
        self._clock = clock
        self._ids = ids
        self.currency = currency

    # -- reading

    def find_stored(self, product_id: str) -> Stored | None:
        """Return the documents of a product, or None: the hot path, nothing is decoded."""
        item = self._find_item(product_id)
        return _stored(item) if item is not None else None

    def find_many_stored(self, product_ids: Sequence[str]) -> dict[str, Stored]:
        """Return the documents of those of up to 100 products that exist."""
        keys = product_keys(product_ids)
        found = self._table.batch_get(schema.CATALOG, list(keys)) if keys else {}
        return {keys[key]: _stored(item) for key, item in found.items()}

    def find_id_by_sku(self, sku: str) -> str | None:
        """Return the id of the product with this SKU, or None."""
        item = self._table.get(schema.CATALOG, sku_key(parse_sku(sku)))
        return cast("str", item["product_id"]) if item else None

    def find_ids_by_sku(self, skus: Iterable[str]) -> dict[str, str]:
        """Return product ids by canonical SKU for those SKUs that exist, any number of them."""
        wanted = list(dict.fromkeys(sku for sku in skus if parse_sku_or_none(sku) == sku))
        found: dict[str, str] = {}
        for start in range(0, len(wanted), MAX_BATCH_GET):
            keys = {sku_key(sku): sku for sku in wanted[start : start + MAX_BATCH_GET]}
            for key, item in self._table.batch_get(schema.CATALOG, list(keys)).items():
                found[keys[key]] = cast("str", item["product_id"])
        return found

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
                plans.append((product_id, self._plan_change(item, old, msgspec.structs.replace(old, rating=rating))[0]))
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
        same_price = old.status != "active" or _public_bytes(old, public, encode(old)) == item.get("public")
        if same_price and project(old, card_of(public), tree, now) == _projection(item):
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
            if _same(new, old):
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
        return _filled(
            old,
            given,
            slug=parse_slug(given.slug) if given.slug is not None else old.slug,
            variants=self._variants(given.variants, old),
        )

    def _variants(self, given: Sequence[VariantInput], old: Product | None) -> list[Variant]:
        named = {variant.id for variant in given}
        known = {v.id for v in old.variants} if old else set()
        # An id that is given to another SKU here is no longer this SKU's.
        by_sku = {v.sku: v.id for v in old.variants if v.id not in named} if old else {}
        variants = []
        for index, variant in enumerate(given):
            sku = parse_sku(variant.sku)
            if variant.id is not None and old is not None and variant.id not in known:
                raise InvalidError(
                    f"the product has no variant {variant.id!r}",
                    [Fault(f"/variants/{index}/id", "unknown_variant", "leave the id out to add a variant")],
                )
            variants.append(
                Variant(
                    id=variant.id or by_sku.get(sku) or self._ids.new("var"),
                    sku=sku,
                    price=variant.price,
                    compare_at=variant.compare_at,
                    schedule=variant.schedule,
                    title=variant.title,
                    options=variant.options,
                    barcode=variant.barcode,
                    weight_grams=variant.weight_grams,
                )
            )
        return variants

    def _plan_create(
        self, given: ProductInput, restored: Restored, *, taken_slugs: set[str] | None = None
    ) -> tuple[WritePlan, Product]:
        self._check(given)
        _check_restored(restored)
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
        product = _filled(blank, given, slug=slug, variants=self._variants(given.variants, None))
        plan = WritePlan()
        self._put_product(plan, product, None, now)
        plan.add(
            Put(schema.CATALOG, slug_item(product.slug, product.id, current=True), NotExists()),
            otherwise=lambda _: SlugTakenError(product.slug),
        )
        self._move_skus(plan, product, [])
        self._require_places(plan, product, None)
        plan.announce(product_changed(product))
        plan.check_size()
        return plan, product

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
            given = _without_variant_ids(given)  # they are another shop's; here the SKU says which variant is meant
        new = self._merged(old, given)
        if _same(new, old):
            return product_id
        if new.slug != old.slug:
            taken_slugs.add(new.slug)
        owners |= dict.fromkeys([*skus, *(v.sku for v in old.variants), product_id], _IN_THIS_CALL)
        plan, product = self._plan_change(item, old, new)
        return plan, product, "changed"

    def _owners(self, given: Sequence[tuple[ProductInput, Restored]]) -> dict[str, str]:
        """Return product ids by every SKU and id that the rows name, for those that exist."""
        skus = [parse_sku_or_none(v.sku) for contents, _ in given for v in contents.variants]
        owners = self.find_ids_by_sku(s for s in skus if s is not None)
        ids = list(dict.fromkeys(r.id for _, r in given if r.id is not None))
        for start in range(0, len(ids), MAX_BATCH_GET):
            owners |= {found: found for found in self.find_many_stored(ids[start : start + MAX_BATCH_GET])}
        return owners

    def _taken_slugs(self, given: Sequence[tuple[ProductInput, Restored]]) -> set[str]:
        """Return which of the slugs that titles would give are claimed already."""
        wanted = list(dict.fromkeys(make_slug(contents.title) for contents, _ in given if contents.slug is None))
        taken: set[str] = set()
        for start in range(0, len(wanted), MAX_BATCH_GET):
            keys = {slug_key(slug): str(slug) for slug in wanted[start : start + MAX_BATCH_GET]}
            taken |= {keys[key] for key in self._table.batch_get(schema.CATALOG, list(keys))}
        return taken

    def _free_slug(self, title: str, product_id: str, taken: set[str] | None) -> str:
        slug = make_slug(title)
        unique = make_slug(product_id)
        for candidate in (slug, _with_suffix(slug, unique[-8:].lstrip("-"))):
            clash = candidate in taken if taken is not None else self.find_id_by_slug(candidate) is not None
            if not clash:
                return candidate
        return _with_suffix(slug, unique)

    def _write_change(self, item: Item, old: Product, new: Product, *, tree: CategoryTree | None = None) -> Product:
        plan, product = self._plan_change(item, old, new, tree=tree)
        plan.commit(self._table)
        return product

    def _plan_change(
        self, item: Item, old: Product, new: Product, *, tree: CategoryTree | None = None
    ) -> tuple[WritePlan, Product]:
        now = self._clock.now()
        product = msgspec.structs.replace(new, version=old.version + 1, updated_at=now)
        plan = WritePlan()
        self._put_product(plan, product, item, now, tree=tree)
        if product.slug != old.slug:
            self._move_slug(plan, old, product)
        self._move_skus(plan, product, [v.sku for v in old.variants])
        self._require_places(plan, product, old)
        plan.announce(product_changed(product))
        plan.check_size()
        return plan, product

    def _put_product(
        self,
        plan: WritePlan,
        product: Product,
        old: Item | None,
        now: datetime,
        *,
        tree: CategoryTree | None = None,
    ) -> None:
        """Plan the product's own item and the difference between its old and new list entries."""
        doc = encode(product)
        public = public_view(product, now)
        card = card_of(public)
        projection = project(product, card, tree or self._taxonomy.tree(), now)
        body = encode(card)
        item = product_item(product, doc, _public_bytes(product, public, doc))
        item |= {
            "lists": list(projection.lists),
            "amount": projection.amount,
            "changes_at": projection.changes_at,
        }
        item["card"] = body
        if len(doc) + len(cast("bytes", item.get("public", b""))) + len(body) > _MAX_DOCUMENT_BYTES:
            detail = f"the product is too large: at most about {MAX_ITEM_BYTES // 1024} KB can be stored of one"
            raise InvalidError(detail, [Fault("", "too_large", detail)])
        if old is None:
            plan.add(
                Put(schema.CATALOG, item, NotExists()),
                otherwise=lambda _: AlreadyExistsError(f"product {product.id} is already there"),
            )
        else:
            plan.add(
                Put(schema.CATALOG, item, Equals("version", product.version - 1)),
                otherwise=lambda found: _gone_or_stale(product.id, found),
            )
        after = entry_keys(product, projection)
        if old is None:
            plan.add_all([Put(schema.LISTINGS, entry_item(key, body)) for key in after])
            return
        before = set(entry_keys(product, _projection(old)))
        plan.add_all(Delete(schema.LISTINGS, key) for key in sorted(before.difference(after), key=_by_key))
        unchanged = before if old.get("card") == body else set[Key]()
        plan.add_all(Put(schema.LISTINGS, entry_item(key, body)) for key in after if key not in unchanged)

    def _move_slug(self, plan: WritePlan, old: Product, new: Product) -> None:
        plan.add(
            Put(
                schema.CATALOG,
                slug_item(new.slug, new.id, current=True),
                AnyOf((NotExists(), Equals("product_id", new.id))),
            ),
            otherwise=lambda _: SlugTakenError(new.slug),
        )
        plan.add(Put(schema.CATALOG, slug_item(old.slug, new.id, current=False)))

    def _move_skus(self, plan: WritePlan, product: Product, old_skus: Sequence[str]) -> None:
        skus = [v.sku for v in product.variants]
        for sku in skus:
            if sku not in old_skus:
                plan.add(
                    Put(schema.CATALOG, sku_item(sku, product.id), NotExists()),
                    otherwise=lambda found, sku=sku: SkuTakenError(sku, _owner(found)),  # type: ignore[misc]
                )
        for sku in old_skus:
            if sku not in skus:
                plan.add(Delete(schema.CATALOG, sku_key(sku), Equals("product_id", product.id)))

    def _require_places(self, plan: WritePlan, product: Product, old: Product | None) -> None:
        """Let the transaction fail if a category or collection was deleted since we looked.

        One that a listed product stands in cannot be deleted, and need not be asked for.
        """
        listed = old is not None and old.status == "active"
        asked = old is None or (product.status == "active" and not listed)
        for kind, noun, field, ids, before in (
            (CATEGORIES, "category", "categories", product.categories, old.categories if old else ()),
            (COLLECTIONS, "collection", "collections", product.collections, old.collections if old else ()),
        ):
            for index, name in enumerate(ids):
                if asked or name not in before:
                    fault = Fault(f"/{field}/{index}", f"unknown_{noun}", f"{name!r} was deleted")
                    plan.add(
                        Check(schema.CATALOG, named_key(kind, name), Exists()),
                        otherwise=lambda _, fault=fault: InvalidError(fault.detail, [fault]),  # type: ignore[misc]
                    )


_IN_THIS_CALL = "(this call)"


def input_of(product: Product) -> ProductInput:
    """Return what staff would send to get this product."""
    return ProductInput(
        title=product.title,
        slug=product.slug,
        description=product.description,
        brand=product.brand,
        status=product.status,
        categories=product.categories,
        collections=product.collections,
        attributes=product.attributes,
        media=product.media,
        variants=[
            VariantInput(
                id=v.id,
                sku=v.sku,
                price=v.price,
                compare_at=v.compare_at,
                schedule=v.schedule,
                title=v.title,
                options=v.options,
                barcode=v.barcode,
                weight_grams=v.weight_grams,
            )
            for v in product.variants
        ],
    )


def _without_variant_ids(given: ProductInput) -> ProductInput:
    variants = [msgspec.structs.replace(variant, id=None) for variant in given.variants]
    return msgspec.structs.replace(given, variants=variants)


def patched(old: Product, patch: Mapping[str, Any]) -> ProductInput:
    """Return the contents that a merge patch makes of a product."""
    document = msgspec.to_builtins(input_of(old))
    return convert(merge_patch(document, without_read_only(old, patch)), ProductInput)


def without_read_only(product: Product, document: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the fields that staff cannot set, so that what was read can be sent back; one that differs is refused."""
    current = msgspec.to_builtins(product)
    for field in READ_ONLY:
        if field in document and document[field] != current[field]:
            raise InvalidError(
                f"{field} cannot be set",
                [Fault(f"/{field}", "read_only", f"{field} is {current[field]!r} and cannot be set")],
            )
    return {name: value for name, value in document.items() if name not in READ_ONLY}


def parse_sku_or_none(text: str) -> str | None:
    """Return the canonical SKU, or None where it is none: for look-ups that come before validation."""
    try:
        return parse_sku(text)
    except InvalidError:
        return None


def _with_suffix(slug: str, suffix: str) -> str:
    return f"{slug[: MAX_SLUG_LENGTH - 1 - len(suffix)].rstrip('-')}-{suffix}"


def _same(new: Product, old: Product) -> bool:
    """Tell whether nothing changed: as `==`, but to Python True is 1, and to a reader of JSON it is not."""
    return new == old and all(
        (v is True or v is False) == isinstance(old.attributes[n], bool) for n, v in new.attributes.items()
    )


def _filled(base: Product, given: ProductInput, *, slug: str, variants: list[Variant]) -> Product:
    return msgspec.structs.replace(
        base,
        slug=slug,
        title=given.title,
        description=given.description,
        brand=given.brand,
        status=given.status,
        categories=given.categories,
        collections=given.collections,
        attributes=given.attributes,
        media=given.media,
        variants=variants,
    )


def _check_restored(restored: Restored) -> None:
    """Refuse what no export of ours has in it."""
    faults = []
    if restored.id is not None and not is_id(restored.id):
        faults.append(Fault("/id", "bad_id", f"an id is 1 to {MAX_ID_LENGTH} printable characters"))
    if not 1 <= restored.version <= MAX_VERSION:
        faults.append(Fault("/version", "out_of_range", f"version must be 1 to {MAX_VERSION}"))
    for field, moment in (("created_at", restored.created_at), ("updated_at", restored.updated_at)):
        if moment is not None and not is_in_utc_range(moment):
            faults.append(
                Fault(f"/{field}", "bad_time", f"{field} needs a UTC offset, and a year from 1 to 9999 in UTC")
            )
    if not 0 <= restored.rating.count <= restored.rating.total <= 5 * restored.rating.count:
        faults.append(Fault("/rating", "out_of_range", "the stars of a rating must be 1 to 5 for each review"))
    if faults:
        raise InvalidError(faults[0].detail, faults)


def _stored(item: Item) -> Stored:
    doc = cast("bytes", item["doc"])
    public = cast("bytes", item.get("public", doc)) if item["status"] == "active" else None
    return Stored(cast("int", item["version"]), doc, public)


def _public_bytes(product: Product, public: Product, doc: bytes) -> bytes | None:
    """Return what shoppers see, None where it is the same document."""
    body = doc if public is product else encode(public)
    return None if body == doc else body


def _projection(item: Item) -> Projection:
    return Projection(
        lists=cast("list[str]", item["lists"]),
        amount=cast("int", item["amount"]),
        changes_at=cast("str | None", item["changes_at"]),
    )


def _gone_or_stale(product_id: str, found: Item | None) -> ShopError:
    if found is None:
        return NotFoundError("product", product_id)
    return StaleVersionError("product", product_id, current=cast("int", found["version"]))


def _owner(found: Item | None) -> str | None:
    return cast("str", found["product_id"]) if found else None


def _by_key(key: Key) -> tuple[str, str]:
    return (key.partition, key.sort)
