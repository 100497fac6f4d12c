"""Bring rows of a stock file, as our export or a warehouse writes them, into the shop's books."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.catalog.products import Products
from bodega.domain.flows.imports.cells import plain_cells
from bodega.domain.flows.imports.ledger import Ledger, Outcome
from bodega.domain.inventory.model import (
    LOW_STOCK,
    MAIN,
    MAX_BUCKETS,
    MAX_UNITS,
    Level,
    Place,
    StockChangedError,
    StockMovedError,
    check_place,
)
from bodega.domain.inventory.stock import Stock
from bodega.errors import Fault, InvalidError, ShopError
from bodega.ports.tabular import Row, RowReader
from bodega.values.decode import convert

FIELDS = ("sku", "location", "on_hand", "backorder", "low_at", "buckets")
"""`buckets` is over how many the SKU is to be spread while there is plenty."""
_BATCH = 500
_TRIES = 20
_REASON = "counted elsewhere"
_ACTOR = "import"


class StockRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies of a SKU at a location, and how it is kept; what is left out stays as it is."""

    sku: Annotated[str, Meta(min_length=1, max_length=200)]
    on_hand: Annotated[int, Meta(ge=-MAX_UNITS, le=MAX_UNITS)]
    location: str = MAIN
    backorder: bool | None = None
    low_at: Annotated[int, Meta(ge=0, le=MAX_UNITS)] | None = None
    buckets: Annotated[int, Meta(ge=1, le=MAX_BUCKETS)] | None = None


class StockImport:
    """One run over a stock file."""

    def __init__(self, stock: Stock, products: Products, ledger: Ledger, *, ignored: Sequence[str] = ()) -> None:
        self._stock = stock
        self._products = products
        self._ledger = ledger
        self._ignored = frozenset(ignored)

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        rows = reader.read(after_line=self._ledger.job.checkpoint.line)
        while batch := list(islice(rows, _BATCH)):
            read = [(row.line, *parsed) for row in batch if (parsed := self._read(row)) is not None]
            sold_here = self._products.find_ids_by_sku(place.sku for _, _, place in read)
            for line, given, place in read:
                try:
                    self._ledger.count(self._take(given, place, known=place.sku in sold_here))
                except ShopError as exc:
                    self._ledger.refuse(line, exc)
            self._ledger.checkpoint(line=batch[-1].line)

    def _read(self, row: Row) -> tuple[StockRow, Place] | None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            given = convert(plain_cells(row.values, nested=(), ignored=self._ignored), StockRow, strict=False)
            return given, check_place(given.sku, given.location)
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None

    def _take(self, given: StockRow, place: Place, *, known: bool) -> Outcome:
        before = self._stock.find(sku=place.sku, location=place.location)
        if before is None and not known:
            detail = f"no product has the SKU {place.sku!r}"
            raise InvalidError(detail, [Fault("/sku", "unknown_sku", detail)])
        if before is not None and _is_so(before, given):
            return "unchanged"
        self._set(given, place)
        return "created" if before is None else "changed"

    def _set(self, given: StockRow, place: Place) -> None:
        for _ in range(_TRIES):
            level = self._stock.find(sku=place.sku, location=place.location)
            try:
                if level is None:
                    self._begin(given, place)
                elif given.on_hand != level.on_hand:
                    self._count(given, place, expected=level.on_hand)
            except StockChangedError:
                continue  # it was sold or counted at this moment
            self._stock.configure(
                sku=place.sku,
                location=place.location,
                backorder=given.backorder,
                low_at=given.low_at,
                buckets=given.buckets,
            )
            return
        raise StockMovedError(f"the stock of {place.sku!r}")

    def _begin(self, given: StockRow, place: Place) -> None:
        low_at = LOW_STOCK if given.low_at is None else given.low_at
        self._stock.begin(
            sku=place.sku,
            location=place.location,
            on_hand=given.on_hand,
            backorder=bool(given.backorder),
            low_at=low_at,
            actor=_ACTOR,
        )

    def _count(self, given: StockRow, place: Place, *, expected: int) -> None:
        self._stock.set(
            sku=place.sku,
            location=place.location,
            on_hand=given.on_hand,
            expected=expected,
            reason=_REASON,
            actor=_ACTOR,
        )


def stock_row(level: Level) -> Mapping[str, Any]:
    """Return a level as a row of a file: what was sold is history, and what is held is over by the time it is read."""
    return {name: getattr(level, name) for name in FIELDS[:-1]} | {"buckets": level.wanted}


def _is_so(level: Level, given: StockRow) -> bool:
    now = stock_row(level)
    return all(now[name] == value for name in FIELDS[2:] if (value := getattr(given, name)) is not None)
