"""Keep the categories, collections and attribute declarations that products are sorted by."""

from collections.abc import Mapping
from typing import cast

from bodega import schema
from bodega.domain.catalog import place_slugs
from bodega.domain.catalog.events import category_changed
from bodega.domain.catalog.model import (
    Attribute,
    AttributeInput,
    Category,
    CategoryInput,
    Collection,
    CollectionInput,
)
from bodega.domain.catalog.named_store import NamedStore
from bodega.domain.catalog.records import ATTRIBUTES, CATEGORIES, COLLECTIONS, OPEN, Named, named_key
from bodega.domain.catalog.tree import CategoryTree, check_place
from bodega.domain.catalog.views import list_name
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import Check, TableStore
from bodega.values.text import is_clean
from bodega.values.times import format_time

MAX_CATEGORIES = 5000


class InUseError(ConflictError):
    """Something still stands in what was to be removed."""

    code = "in_use"


class Taxonomy:
    """Reads and changes what products are sorted by. Reads for shoppers may be a second old; staff's are current."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._named = NamedStore(table=table, clock=clock)
        self._tree: tuple[Mapping[str, Named], CategoryTree] | None = None

    # -- reading

    def tree(self, *, current: bool = False) -> CategoryTree:
        """Return the category tree; `current` reads it from the table, otherwise it may be a second old."""
        named = self._named.all(CATEGORIES, Category, current=current)
        kept = self._tree
        if kept is None or kept[0] is not named:
            kept = (named, CategoryTree(cast("Mapping[str, Category]", named).values()))
            self._tree = kept
        return kept[1]

    def collections(self, *, current: bool = False) -> Mapping[str, Collection]:
        """Return all collections by id."""
        return cast("Mapping[str, Collection]", self._named.all(COLLECTIONS, Collection, current=current))

    def attributes(self, *, current: bool = False) -> Mapping[str, Attribute]:
        """Return all attribute declarations by name."""
        return cast("Mapping[str, Attribute]", self._named.all(ATTRIBUTES, Attribute, current=current))

    def find_category(self, slug: str) -> Category | None:
        """Return the category that has this slug or, if none has, the one that had it last; None if there is none."""
        found = self.tree().by_slug.get(slug)
        claim = place_slugs.find_claim(self._table, "category", slug) if found is None else None
        if claim is not None:
            # What we keep may be older than a claim: no page must send people back to where they came from.
            found = self.tree(current=claim.current).by_id.get(claim.owner)
        return found

    def find_collection(self, slug: str) -> Collection | None:
        """Return the collection that has this slug or, if none has, the one that had it last; None if there is none."""
        found = next((one for one in self.collections().values() if one.slug == slug), None)
        claim = place_slugs.find_claim(self._table, "collection", slug) if found is None else None
        if claim is not None:
            found = self.collections(current=claim.current).get(claim.owner)
        return found

    # -- categories

    def create_category(self, given: CategoryInput, *, category_id: str | None = None) -> Category:
        """Add a category; its parent must exist and the tree stay within its depth."""
        tree = self.tree(current=True)
        if len(tree.by_id) >= MAX_CATEGORIES:
            raise InvalidError(f"a shop has at most {MAX_CATEGORIES} categories")
        slug = place_slugs.checked_slug(given)
        category = Category(
            id=category_id or self._ids.new("cat"),
            slug=slug,
            name=given.name,
            parent=given.parent,
            description=given.description,
            position=given.position,
        )
        check_place(category, tree)
        plan = WritePlan()
        place_slugs.claim(plan, "category", slug, category.id)
        self._require_parent(plan, category)
        self._named.put_new(plan, CATEGORIES, category.id, category)
        self._announce(plan, category)
        self._named.commit(plan, CATEGORIES)
        return category

    def modify_category(self, category_id: str, given: CategoryInput, *, expected_version: int | None) -> Category:
        """Replace a category's fields; moving it lists all products beneath it anew, soon after."""
        tree = self.tree(current=True)
        old = tree.by_id.get(category_id)
        if old is None:
            raise NotFoundError("category", category_id)
        _check_version("category", category_id, old.version, expected_version)
        slug = place_slugs.checked_slug(given)
        new = Category(
            id=old.id,
            slug=slug,
            name=given.name,
            parent=given.parent,
            description=given.description,
            position=given.position,
            version=old.version + 1,
        )
        check_place(new, tree)
        plan = WritePlan()
        if slug != old.slug:
            place_slugs.move(plan, "category", old.slug, slug, category_id)
        if new.parent != old.parent:
            self._require_parent(plan, new)
        self._named.put_changed(plan, CATEGORIES, category_id, new)
        self._announce(plan, new)
        self._named.commit(plan, CATEGORIES)
        return new

    def remove_category(self, category_id: str, *, expected_version: int | None) -> None:
        """Delete an empty leaf; InUseError while categories or listed products are in it."""
        old = self.tree(current=True).by_id.get(category_id)
        if old is None:
            raise NotFoundError("category", category_id)
        _check_version("category", category_id, old.version, expected_version)
        with self._named.closed(CATEGORIES, old):
            if self.tree(current=True).children(category_id):
                raise InUseError(f"category {category_id!r} still has categories beneath it")
            if self._is_listed(list_name(category=category_id)):
                raise InUseError(f"category {category_id!r} still has products in it")
            self._named.remove(CATEGORIES, "category", old)

    # -- collections

    def create_collection(self, given: CollectionInput, *, collection_id: str | None = None) -> Collection:
        """Add a collection."""
        slug = place_slugs.checked_slug(given)
        collection = Collection(
            id=collection_id or self._ids.new("col"),
            slug=slug,
            name=given.name,
            description=given.description,
        )
        plan = WritePlan()
        place_slugs.claim(plan, "collection", slug, collection.id)
        self._named.put_new(plan, COLLECTIONS, collection.id, collection)
        self._named.commit(plan, COLLECTIONS)
        return collection

    def modify_collection(
        self, collection_id: str, given: CollectionInput, *, expected_version: int | None
    ) -> Collection:
        """Replace a collection's fields."""
        old = self.collections(current=True).get(collection_id)
        if old is None:
            raise NotFoundError("collection", collection_id)
        _check_version("collection", collection_id, old.version, expected_version)
        slug = place_slugs.checked_slug(given)
        new = Collection(id=old.id, slug=slug, name=given.name, description=given.description, version=old.version + 1)
        plan = WritePlan()
        if slug != old.slug:
            place_slugs.move(plan, "collection", old.slug, slug, collection_id)
        self._named.put_changed(plan, COLLECTIONS, collection_id, new)
        self._named.commit(plan, COLLECTIONS)
        return new

    def remove_collection(self, collection_id: str, *, expected_version: int | None) -> None:
        """Delete an empty collection; InUseError while listed products are in it."""
        old = self.collections(current=True).get(collection_id)
        if old is None:
            raise NotFoundError("collection", collection_id)
        _check_version("collection", collection_id, old.version, expected_version)
        with self._named.closed(COLLECTIONS, old):
            if self._is_listed(list_name(collection=collection_id)):
                raise InUseError(f"collection {collection_id!r} still has products in it")
            self._named.remove(COLLECTIONS, "collection", old)

    # -- attributes

    def declare_attribute(self, name: str, given: AttributeInput, *, expected_version: int | None = None) -> Attribute:
        """Declare an attribute or change its declaration; values that products already have are not revisited."""
        if not is_clean(name) or not name.strip() or "=" in name or len(name) > 80:  # noqa: PLR2004
            raise InvalidError(
                "an attribute's name is 1 to 80 printable characters without '='",
                [Fault("/name", "bad_text", "bad name")],
            )
        old = self.attributes(current=True).get(name)
        if old is not None:
            _check_version("attribute", name, old.version, expected_version)
        elif expected_version is not None:
            raise NotFoundError("attribute", name)
        if not all(map(is_clean, (given.label, given.unit, *given.choices))):
            detail = "label, unit and choices must not contain control characters or broken Unicode"
            raise InvalidError(detail, [Fault("", "bad_text", detail)])
        new = Attribute(
            name=name,
            type=given.type,
            label=given.label,
            unit=given.unit,
            choices=given.choices,
            version=old.version + 1 if old else 1,
        )
        plan = WritePlan()
        if old is None:
            self._named.put_new(plan, ATTRIBUTES, name, new)
        else:
            self._named.put_changed(plan, ATTRIBUTES, name, new)
        self._named.commit(plan, ATTRIBUTES)
        return new

    def remove_attribute(self, name: str, *, expected_version: int | None) -> None:
        """Forget a declaration; products keep their values, which may then be of any type."""
        old = self.attributes(current=True).get(name)
        if old is None:
            raise NotFoundError("attribute", name)
        _check_version("attribute", name, old.version, expected_version)
        plan = WritePlan()
        self._named.delete(plan, ATTRIBUTES, name, old.version)
        self._named.commit(plan, ATTRIBUTES)

    # -- inside

    def _require_parent(self, plan: WritePlan, category: Category) -> None:
        if category.parent is not None:
            parent = category.parent
            plan.add(
                Check(schema.CATALOG, named_key(CATEGORIES, parent), OPEN),
                otherwise=lambda _: InvalidError(
                    f"there is no category {parent!r}",
                    [Fault("/parent", "unknown_category", "no such parent")],
                ),
            )

    def _announce(self, plan: WritePlan, category: Category) -> None:
        now = format_time(self._clock.now())
        plan.announce(category_changed(category.id, category.version, now, self._ids.new("evt")))

    def _is_listed(self, name: str) -> bool:
        return bool(self._table.query(schema.LISTINGS, name, limit=1).items)


def _check_version(kind: str, name: str, current: int, expected: int | None) -> None:
    if expected is not None and expected != current:
        raise StaleVersionError(kind, name, current=current)
