"""Let staff keep categories, collections and attribute declarations."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from bodega.api.call import Call
from bodega.api.conditional import expected_version, version_in
from bodega.api.declare import Route, Scope
from bodega.api.errors import HttpError
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks, paged, start_of
from bodega.domain.catalog.model import (
    Attribute,
    AttributeInput,
    Category,
    CategoryInput,
    Collection,
    CollectionInput,
)
from bodega.errors import NotFoundError
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch, settable

N = TypeVar("N", Category, Collection, Attribute)
READ, WRITE = Scope("catalog:read"), Scope("catalog:write")
CATEGORIES = "/v1/admin/categories"
COLLECTIONS = "/v1/admin/collections"
ATTRIBUTES = "/v1/admin/attributes"


class CategoryPage(msgspec.Struct, frozen=True):
    """A page of categories, by id."""

    data: list[Category]
    page: PageLinks


class CollectionPage(msgspec.Struct, frozen=True):
    """A page of collections, by id."""

    data: list[Collection]
    page: PageLinks


class AttributePage(msgspec.Struct, frozen=True):
    """A page of attribute declarations, by name."""

    data: list[Attribute]
    page: PageLinks


def _categories(call: Call) -> Mapping[str, Category]:
    return call.shop.catalog.taxonomy.tree(current=True).by_id


def _collections(call: Call) -> Mapping[str, Collection]:
    return call.shop.catalog.taxonomy.collections(current=True)


def _attributes(call: Call) -> Mapping[str, Attribute]:
    return call.shop.catalog.taxonomy.attributes(current=True)


def _page(call: Call, records: Mapping[str, Any], path: str) -> Reply:
    """Answer a page of records that are few enough to be held in memory."""
    question = path.encode()
    start = start_of(call.desk.cursors.read(call.query.cursor, question))
    names = sorted(records)
    end = start + call.query.limit
    after = call.desk.cursors.write(paged(len(names), end), question)
    before = call.desk.cursors.write(paged(start, max(0, start - call.query.limit)), question)
    rows = [records[name] for name in names[start:end]]
    body = encode({"data": rows, "page": PageLinks(after, before)})
    return Reply(body=body, headers=tuple(link_header(path, call.raw_query, after, before)))


def _category(call: Call) -> Category:
    return _named(call, "category", _categories(call), call.shop.catalog.taxonomy.find_category)


def _collection(call: Call) -> Collection:
    return _named(call, "collection", _collections(call), call.shop.catalog.taxonomy.find_collection)


def _named(call: Call, kind: str, by_id: Mapping[str, N], find: Callable[[str], N | None]) -> N:
    """Return the record with the address's id or, by `slug:…`, with this slug now or before."""
    name = call.params["name"]
    found = by_id.get(name)
    if found is None and name.startswith("slug:"):
        found = find(name[5:])
    return _present(found, kind, name)


def _attribute(call: Call) -> Attribute:
    name = call.params["name"]
    return _present(_attributes(call).get(name), "attribute", name)


def _present(record: N | None, kind: str, name: str) -> N:
    if record is None:
        raise NotFoundError(kind, name[:120])
    return record


def _shown(record: Category | Collection | Attribute, path: str, *, created: bool = False) -> Reply:
    name = record.name if isinstance(record, Attribute) else record.id
    location = f"{path}/{quote(name, safe='')}" if created else None
    return replied(record, status=201 if created else 200, etag=etag_of_version(record.version), location=location)


def _sent(document: Mapping[str, Any], record: Category | Collection | Attribute, fixed: str) -> dict[str, Any]:
    """Drop the fields that staff cannot set, so that what was read can be sent back; one that differs is refused."""
    return settable(document, msgspec.to_builtins(record), (fixed, "version"))


def _changed(call: Call, record: N, shape: type[Any], fixed: str) -> tuple[Any, int]:
    """Return the contents that a PATCH or PUT makes of a record, and the version it was decided on."""
    version = expected_version(call, lambda: record.version)
    document = _sent(call.body, record, fixed)
    if call.route.method == "PATCH":
        old = msgspec.to_builtins(record)
        document = merge_patch({k: old[k] for k in old if k not in {fixed, "version"}}, document)
    return convert(document, shape), record.version if version is None else version


# -- categories


def list_categories(call: Call) -> Reply:
    """Answer a page of categories."""
    return _page(call, _categories(call), CATEGORIES)


def read_category(call: Call) -> Reply:
    """Answer one category."""
    return _shown(_category(call), CATEGORIES)


def create_category(call: Call) -> Reply:
    """Add a category."""
    return _shown(call.shop.catalog.taxonomy.create_category(call.body), CATEGORIES, created=True)


def change_category(call: Call) -> Reply:
    """Change or replace a category."""
    record = _category(call)
    given, version = _changed(call, record, CategoryInput, "id")
    changed = call.shop.catalog.taxonomy.modify_category(record.id, given, expected_version=version)
    return _shown(changed, CATEGORIES)


def remove_category(call: Call) -> Reply:
    """Delete an empty category."""
    record = _category(call)
    version = expected_version(call, lambda: record.version)
    call.shop.catalog.taxonomy.remove_category(record.id, expected_version=version)
    return Reply(204)


# -- collections


def list_collections(call: Call) -> Reply:
    """Answer a page of collections."""
    return _page(call, _collections(call), COLLECTIONS)


def read_collection(call: Call) -> Reply:
    """Answer one collection."""
    return _shown(_collection(call), COLLECTIONS)


def create_collection(call: Call) -> Reply:
    """Add a collection."""
    return _shown(call.shop.catalog.taxonomy.create_collection(call.body), COLLECTIONS, created=True)


def change_collection(call: Call) -> Reply:
    """Change or replace a collection."""
    record = _collection(call)
    given, version = _changed(call, record, CollectionInput, "id")
    changed = call.shop.catalog.taxonomy.modify_collection(record.id, given, expected_version=version)
    return _shown(changed, COLLECTIONS)


def remove_collection(call: Call) -> Reply:
    """Delete an empty collection."""
    record = _collection(call)
    version = expected_version(call, lambda: record.version)
    call.shop.catalog.taxonomy.remove_collection(record.id, expected_version=version)
    return Reply(204)


# -- attributes


def list_attributes(call: Call) -> Reply:
    """Answer a page of attribute declarations."""
    return _page(call, _attributes(call), ATTRIBUTES)


def read_attribute(call: Call) -> Reply:
    """Answer one declaration."""
    return _shown(_attribute(call), ATTRIBUTES)


def declare_attribute(call: Call) -> Reply:
    """Declare an attribute or replace its declaration: its name is its natural key."""
    name = call.params["name"]
    old = _attributes(call).get(name)
    if call.header(b"if-none-match") == "*" and old is not None:
        tag = (b"etag", etag_of_version(old.version).encode())
        raise HttpError(412, "already_exists", f"attribute {name[:80]!r} is already declared", headers=[tag])
    sent = call.header(b"if-match")
    if sent is not None and old is None:
        raise HttpError(412, "not_there", f"attribute {name[:80]!r} is not declared")
    version = version_in(sent, lambda: old.version) if sent is not None and old is not None else None
    document = _sent(call.body, old, "name") if old is not None else call.body
    given = convert(document, AttributeInput)
    declared = call.shop.catalog.taxonomy.declare_attribute(name, given, expected_version=version)
    return _shown(declared, ATTRIBUTES, created=declared.version == 1)


def patch_attribute(call: Call) -> Reply:
    """Change single fields of a declaration."""
    record = _attribute(call)
    given, version = _changed(call, record, AttributeInput, "name")
    declared = call.shop.catalog.taxonomy.declare_attribute(record.name, given, expected_version=version)
    return _shown(declared, ATTRIBUTES)


def remove_attribute(call: Call) -> Reply:
    """Forget a declaration; products keep their values, which are then of any type."""
    record = _attribute(call)
    version = expected_version(call, lambda: record.version)
    call.shop.catalog.taxonomy.remove_attribute(record.name, expected_version=version)
    return Reply(204)


def _routes(
    noun: str,
    path: str,
    types: tuple[Any, Any, Any],
    handlers: Mapping[str, Callable[[Call], Reply]],
) -> list[Route]:
    """Return the routes that categories, collections and attributes have in common."""
    stored, given, page = types
    plural = path.rpartition("/")[2]
    one = path + "/{name}"
    by_name = noun == "attribute"
    return [
        Route(
            method="GET",
            path=path,
            name=f"admin.{plural}.list",
            summary=f"List {plural}",
            policy=READ,
            handler=handlers["list"],
            query=PagedQuery,
            replies={200: page},
        ),
        Route(
            method="GET",
            path=one,
            name=f"admin.{plural}.read",
            summary=f"Read one of the {plural}",
            policy=READ,
            handler=handlers["read"],
            replies={200: stored},
        ),
        Route(
            method="PATCH",
            path=one,
            name=f"admin.{plural}.patch",
            summary=f"Change single fields of one of the {plural}",
            policy=WRITE,
            handler=handlers["patch"],
            body=dict[str, Any],
            patches=given,
            precondition=True,
            replies={200: stored, 204: None},
            threaded=True,
        ),
        Route(
            method="PUT",
            path=one,
            name=f"admin.{plural}.put",
            summary=f"Declare or replace one of the {plural}" if by_name else f"Replace one of the {plural}",
            policy=WRITE,
            handler=handlers["put"],
            body=dict[str, Any],
            documents=given,
            precondition=not by_name,
            replies={200: stored, 201: stored, 204: None} if by_name else {200: stored, 204: None},
            statuses=(409, 412) if by_name else (),
            threaded=True,
        ),
        Route(
            method="DELETE",
            path=one,
            name=f"admin.{plural}.remove",
            summary=f"Remove one of the {plural} that nothing stands in",
            policy=WRITE,
            handler=handlers["remove"],
            precondition=True,
            replies={204: None},
            threaded=True,
        ),
    ]


def _create(path: str, plural: str, handler: Callable[[Call], Reply], given: Any, stored: Any) -> Route:
    return Route(
        method="POST",
        path=path,
        name=f"admin.{plural}.create",
        summary=f"Add one to the {plural}",
        policy=WRITE,
        handler=handler,
        body=given,
        replies={201: stored},
        threaded=True,
    )


ROUTES = (
    *_routes(
        "category",
        CATEGORIES,
        (Category, CategoryInput, CategoryPage),
        {
            "list": list_categories,
            "read": read_category,
            "patch": change_category,
            "put": change_category,
            "remove": remove_category,
        },
    ),
    _create(CATEGORIES, "categories", create_category, CategoryInput, Category),
    *_routes(
        "collection",
        COLLECTIONS,
        (Collection, CollectionInput, CollectionPage),
        {
            "list": list_collections,
            "read": read_collection,
            "patch": change_collection,
            "put": change_collection,
            "remove": remove_collection,
        },
    ),
    _create(COLLECTIONS, "collections", create_collection, CollectionInput, Collection),
    *_routes(
        "attribute",
        ATTRIBUTES,
        (Attribute, AttributeInput, AttributePage),
        {
            "list": list_attributes,
            "read": read_attribute,
            "patch": patch_attribute,
            "put": declare_attribute,
            "remove": remove_attribute,
        },
    ),
)
