"""Turn rows of a review file into reviews, and recount the ratings of the products they touch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.imports.ledger import Ledger
from bodega.domain.flows.imports.rules import moment_of, plain_text
from bodega.domain.flows.imports.sales import OUR_CUSTOMER, SOURCE
from bodega.domain.flows.job_records import JobStore
from bodega.domain.flows.reviewing import show_ratings
from bodega.domain.orders.model import natural_id
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.model import Review, ReviewStatus
from bodega.domain.reviews.service import Reviews
from bodega.errors import Fault, InvalidError, ShopError
from bodega.ports.table import MAX_BATCH_GET
from bodega.ports.tabular import Row, RowReader
from bodega.values.decode import convert
from bodega.values.text import is_clean, parse_sku

_BATCH = 1000
_RECOUNT = 500
_PRODUCT_PREFIXES = ("sku:", "slug:", "prod_")


class ReviewRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A review as files have it. Its product is `product` (an id, `sku:…`, `slug:…`), `product_id`, `sku` or `slug`."""

    rating: Annotated[int, Meta(ge=1, le=5)]
    product: Annotated[str, Meta(max_length=130)] = ""
    product_id: Annotated[str, Meta(max_length=80)] = ""
    sku: Annotated[str, Meta(max_length=64)] = ""
    slug: Annotated[str, Meta(max_length=120)] = ""
    reviewer: Annotated[str, Meta(max_length=200)] = ""
    customer: Annotated[str, Meta(max_length=80)] = ""
    customer_id: Annotated[str, Meta(pattern=r"^(cus_[0-9A-Z]{26})?$")] = ""
    author: Annotated[str, Meta(max_length=80)] = ""
    title: Annotated[str, Meta(max_length=200)] = ""
    text: Annotated[str, Meta(max_length=5000)] = ""
    id: Annotated[str, Meta(pattern=r"^(rev_[0-9A-Z]{26})?$")] = ""
    verified: bool = False
    status: ReviewStatus = "published"

    def reference(self) -> str:
        """Return the product as `sku:…`, `slug:…` or an id; empty if the row names none."""
        if self.product.startswith(_PRODUCT_PREFIXES):
            return self.product
        sku = self.sku or self.product
        return self.product_id or (f"sku:{sku}" if sku else f"slug:{self.slug}" if self.slug else "")


class ReviewImport:
    """One run over a review file."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        orders: Orders,
        reviews: Reviews,
        store: JobStore,
        ledger: Ledger,
        zone: tzinfo,
        source: str = SOURCE,
        ignored: Sequence[str] = (),
    ) -> None:
        self._products = catalog.products
        self._orders = orders
        self._reviews = reviews
        self._store = store
        self._ledger = ledger
        self._zone = zone
        self._source = source
        self._ignored = frozenset(ignored)

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint, then recount."""
        job = self._ledger.job
        rows = reader.read(after_line=job.checkpoint.line)
        while batch := list(islice(rows, _BATCH)):
            self._write(batch)
            self._ledger.checkpoint(line=batch[-1].line)
        while touched := self._store.touched(job.id, limit=_RECOUNT):
            self._ledger.counts["ratings"] += show_ratings(self._products, self._reviews, touched)
            self._store.untouch(job.id, touched)
            self._ledger.tick()

    def _write(self, batch: Sequence[Row]) -> None:
        read = [(row.line, *parsed) for row in batch if (parsed := self._read(row)) is not None]
        there = self._find({given.reference() for _, given, _ in read})
        reviews: list[Review] = []
        lines: list[int] = []
        bought: dict[str, set[str]] = {}
        for line, given, at in read:
            product_id = there.get(given.reference())
            if product_id is None:
                self._ledger.reject(line, "unknown_product", f"there is no product {given.reference()[:80]!r}")
                continue
            reviews.append(self._review(given, at, product_id, bought))
            lines.append(line)
        # The note comes first: a crash in between only recounts a rating that was right.
        self._store.touch(self._ledger.job.id, {review.product_id for review in reviews})
        recorded = self._reviews.record_many(reviews)
        for number in recorded.clashes:
            self._ledger.reject(lines[number], "id_taken", f"another review has the id {reviews[number].id!r}")
        self._ledger.count("created", recorded.created)
        self._ledger.count("changed", recorded.changed)
        self._ledger.count("unchanged", recorded.unchanged)

    def _read(self, row: Row) -> tuple[ReviewRow, datetime] | None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            return self._parsed(row.values)
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None

    def _parsed(self, values: Mapping[str, Any]) -> tuple[ReviewRow, datetime]:
        cells = {n: v for n, v in values.items() if v is not None and v != "" and n not in self._ignored}
        given_time = cells.pop("time", None) or cells.pop("created_at", None)
        at = self._ledger.job.created_at if given_time is None else moment_of(given_time, self._zone)
        if at is None:
            raise _fault("time", "bad_time", f"{str(given_time)[:40]!r} is not a time")
        for name in ("product", "sku", "reviewer", "customer"):
            if name in cells:
                cells[name] = plain_text(cells[name])
        given = convert(cells, ReviewRow, strict=False)
        for name in ("reviewer", "customer", "author", "title", "product_id", "slug", "product"):
            if not is_clean(getattr(given, name)):
                raise _fault(name, "bad_text", f"{name} must not contain control characters or broken Unicode")
        if not is_clean(given.text, multiline=True):
            raise _fault("text", "bad_text", "text must not contain control characters or broken Unicode")
        if not given.reference():
            raise _fault(
                "product", "missing_product", "the row names no product: give product, product_id, sku or slug"
            )
        return given, at

    def _find(self, references: set[str]) -> dict[str, str]:
        """Return product ids by reference for those that exist."""
        skus: dict[str, list[str]] = {}
        found: dict[str, str] = {}
        ids = [r for r in references if not r.startswith(("sku:", "slug:"))]
        for reference in references:
            if reference.startswith("sku:"):
                try:
                    skus.setdefault(parse_sku(reference[4:]), []).append(reference)
                except InvalidError:
                    continue
            elif reference.startswith("slug:") and (by_slug := self._products.find_id_by_slug(reference[5:] or "-")):
                found[reference] = by_slug[0]
        for sku, product_id in self._products.find_ids_by_sku(skus).items():
            found |= dict.fromkeys(skus[sku], product_id)
        for start in range(0, len(ids), MAX_BATCH_GET):
            found |= {i: i for i in self._products.find_many_stored(ids[start : start + MAX_BATCH_GET])}
        return found

    def _review(self, given: ReviewRow, at: datetime, product_id: str, bought: dict[str, set[str]]) -> Review:
        customer_id = given.customer_id or self._customer_id(given.customer)
        reviewer = given.reviewer or customer_id or _nobody(given)
        if customer_id and not given.verified and customer_id not in bought:
            bought[customer_id] = self._orders.bought_by(customer_id)
        return Review(
            id=given.id or natural_id("rev", product_id, reviewer),
            product_id=product_id,
            reviewer=reviewer,
            rating=given.rating,
            created_at=at,
            author=given.author,
            title=given.title,
            text=given.text,
            customer_id=customer_id or None,
            verified=given.verified or product_id in bought.get(customer_id, ()),
            status=given.status,
        )

    def _customer_id(self, reference: str) -> str:
        if not reference or OUR_CUSTOMER.fullmatch(reference):
            return reference
        return natural_id("cus", self._source, reference)


def _nobody(given: ReviewRow) -> str:
    """Return a name for a reviewer of whom nothing is known, the same for the same words."""
    words = "\x1f".join((given.author, given.title, given.text, str(given.rating)))
    return f"unnamed-{sha256(words.encode()).hexdigest()[:24]}"


def _fault(name: str, code: str, detail: str) -> InvalidError:
    return InvalidError(detail, [Fault(f"/{name}", code, detail)])
