"""Let staff and machines create, read, modify and archive products."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.conditional import expected_version, version_in
from bodega.api.declare import Route, Scope
from bodega.api.errors import FaultView, HttpError, as_http
from bodega.api.lists import AdminProductQuery, list_products
from bodega.api.reply import Reply, encode, etag_of_version, replied
from bodega.api.shapes import CardPage
from bodega.api.store.products import checked_reference
from bodega.domain.catalog.model import Product, ProductInput
from bodega.domain.catalog.products import AlreadyExistsError, Outcome, Restored, without_read_only
from bodega.errors import InvalidError, NotFoundError, ShopError
from bodega.values.decode import convert

PATH = "/v1/admin/products"
ONE = PATH + "/{product}"
READ, WRITE = Scope("catalog:read"), Scope("catalog:write")
MAX_BATCH = 100


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation of a batch: `upsert` with a `product`, recognised by its SKUs, or `archive` by `id`."""

    op: Literal["upsert", "archive"]
    product: Any = None
    id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations on different products, each on its own."""

    operations: Annotated[list[Operation], Meta(min_length=1, max_length=MAX_BATCH)]


class OperationResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one operation: an outcome with the product's id, or the refusal."""

    status: int
    id: str | None = None
    outcome: Literal["created", "changed", "unchanged", "archived"] | None = None
    code: str | None = None
    detail: str | None = None
    errors: list[FaultView] = []


class BatchResult(msgspec.Struct, frozen=True):
    """Results in the order of the operations."""

    data: list[OperationResult]


def product_id_of(call: Call) -> str:
    """Return the id of the product that the path names."""
    reference = call.params["product"]
    try:
        product_id, _ = call.shop.catalog.products.resolve(checked_reference(reference))
    except InvalidError:
        raise NotFoundError("product", reference) from None
    return product_id


def shown(product: Product, *, status: int = 200) -> Reply:
    """Return a product as staff see it."""
    location = f"{PATH}/{quote(product.id)}" if status == 201 else None  # noqa: PLR2004
    return replied(product, status=status, etag=etag_of_version(product.version), location=location)


def list_all(call: Call) -> Reply:
    """Answer a page of all products, newest first, or of a search that knows every change up to now."""
    return list_products(call.desk, call.raw_query, AdminProductQuery, "staff", PATH)[0]


def read(call: Call) -> Reply:
    """Answer one product as it is stored."""
    product_id = product_id_of(call)
    stored = call.shop.catalog.products.find_stored(product_id)
    if stored is None:
        raise NotFoundError("product", call.params["product"])
    return Reply(body=stored.doc, etag=etag_of_version(stored.version))


def create(call: Call) -> Reply:
    """Add a product."""
    return shown(call.shop.catalog.products.create(call.body), status=201)


def patch(call: Call) -> Reply:
    """Change single fields by JSON Merge Patch."""
    product_id = product_id_of(call)
    version = _asked_version(call, product_id)
    return shown(call.shop.catalog.products.patch(product_id, call.body, expected_version=version))


def put(call: Call) -> Reply:
    """Replace a product named by its id, or create or replace the one that has the SKU of the address."""
    reference = call.params["product"]
    if reference.startswith("sku:"):
        return _upsert(call, reference[4:])
    product_id = product_id_of(call)
    version = _asked_version(call, product_id)
    products = call.shop.catalog.products
    given = _input(call, product_id)
    return shown(products.replace(product_id, given, expected_version=version))


def _input(call: Call, product_id: str) -> ProductInput:
    """Return the contents sent; a product that was read may be sent back with its read-only fields as they were."""
    document = without_read_only(call.shop.catalog.products.get(product_id), call.body)
    return convert(document, ProductInput)


def _upsert(call: Call, sku: str) -> Reply:
    """Create or replace by SKU. Without a precondition the newest state is replaced: that is what an upsert is for."""
    products = call.shop.catalog.products
    product_id = products.find_id_by_sku(sku)
    if call.header(b"if-none-match") == "*" and product_id is not None:
        raise _exists(sku, _version(call, product_id))
    sent = call.header(b"if-match")
    version = None
    if sent is not None:
        current = _version_by_sku(call, sku)
        version = version_in(sent, lambda: current)
    given = _input(call, product_id) if product_id is not None else convert(call.body, ProductInput)
    try:
        product, outcome = products.upsert_by_sku(
            sku, given, expected_version=version, create_only=call.header(b"if-none-match") == "*"
        )
    except AlreadyExistsError:
        raise _exists(sku, _version_by_sku(call, sku)) from None
    return shown(product, status=201 if outcome == "created" else 200)


def _exists(sku: str, version: int) -> HttpError:
    tag = etag_of_version(version).encode()
    return HttpError(412, AlreadyExistsError.code, f"SKU {sku[:80]!r} is already there", headers=[(b"etag", tag)])


def archive(call: Call) -> Reply:
    """Take a product off sale."""
    product_id = product_id_of(call)
    version = _asked_version(call, product_id)
    product = call.shop.catalog.products.archive(product_id, expected_version=version)
    return Reply(204, etag=etag_of_version(product.version))


def batch(call: Call) -> Reply:
    """Run up to 100 operations; each has a result of its own."""
    results: list[OperationResult | None] = [None] * len(call.body.operations)
    rows: list[tuple[int, ProductInput]] = []
    for index, operation in enumerate(call.body.operations):
        try:
            if operation.op == "archive":
                results[index] = _archive_one(call, operation)
            else:
                rows.append((index, convert(operation.product, ProductInput)))
        except ShopError as exc:
            results[index] = _refused(exc)
    done = call.shop.catalog.products.upsert_many([(given, Restored()) for _, given in rows])
    for (index, _), outcome in zip(rows, done, strict=True):
        results[index] = _refused(outcome) if isinstance(outcome, ShopError) else _written(*outcome)
    return Reply(body=encode(BatchResult([r for r in results if r is not None])))


def _archive_one(call: Call, operation: Operation) -> OperationResult:
    products = call.shop.catalog.products
    if operation.id is None:
        raise InvalidError("archive needs the id of a product, or sku:…")
    product_id, _ = products.resolve(checked_reference(operation.id))
    product = products.archive(product_id, expected_version=None)
    return OperationResult(200, id=product.id, outcome="archived")


def _written(product_id: str, outcome: Outcome) -> OperationResult:
    return OperationResult(201 if outcome == "created" else 200, id=product_id, outcome=outcome)


def _refused(exc: ShopError) -> OperationResult:
    error = as_http(exc)
    return OperationResult(
        error.status, code=error.code, detail=error.detail, errors=[FaultView(*fault) for fault in error.faults]
    )


def _asked_version(call: Call, product_id: str) -> int | None:
    # Every change of a product reads it and refuses an absent one, so that `*` needs no look of its own.
    return expected_version(call, lambda: _version(call, product_id), must_exist=False)


def _version(call: Call, product_id: str) -> int:
    stored = call.shop.catalog.products.find_stored(product_id)
    if stored is None:
        raise NotFoundError("product", product_id)
    return stored.version


def _version_by_sku(call: Call, sku: str) -> int:
    product_id = call.shop.catalog.products.find_id_by_sku(sku)
    if product_id is None:
        raise HttpError(412, "not_there", f"no product has the SKU {sku[:80]!r}")
    return _version(call, product_id)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.products.list",
        summary="List or search all products, whatever their status",
        policy=READ,
        handler=list_all,
        query=AdminProductQuery,
        replies={200: CardPage},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH,
        name="admin.products.create",
        summary="Add a product",
        policy=WRITE,
        handler=create,
        body=ProductInput,
        replies={201: Product},
        lane=True,
    ),
    Route(
        method="GET",
        path=ONE,
        name="admin.products.read",
        summary="Read a product by id, `slug:…` or `sku:…`, whatever its status",
        policy=READ,
        handler=read,
        replies={200: Product},
    ),
    Route(
        method="PATCH",
        path=ONE,
        name="admin.products.patch",
        summary="Change single fields of a product",
        policy=WRITE,
        handler=patch,
        body=dict[str, Any],
        patches=ProductInput,
        precondition=True,
        replies={200: Product, 204: None},
        lane=True,
    ),
    Route(
        method="PUT",
        path=ONE,
        name="admin.products.put",
        summary="Replace a product; by `sku:…`, create or replace it",
        policy=WRITE,
        handler=put,
        body=dict[str, Any],
        documents=ProductInput,
        replies={200: Product, 201: Product, 204: None},
        statuses=(409, 412, 428),
        lane=True,
    ),
    Route(
        method="DELETE",
        path=ONE,
        name="admin.products.archive",
        summary="Archive a product",
        policy=WRITE,
        handler=archive,
        precondition=True,
        replies={204: None},
        lane=True,
    ),
    Route(
        method="POST",
        path=PATH + ":batch",
        name="admin.products.batch",
        summary="Upsert and archive up to 100 products, a result for each",
        policy=WRITE,
        handler=batch,
        body=Batch,
        replies={200: BatchResult},
        threaded=True,
    ),
)
