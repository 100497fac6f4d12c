"""Keep the shop's shipping and tax tables: two documents that staff replace and every cart asks."""

import threading
from typing import Generic, TypeVar, cast

import msgspec

from bodega import schema
from bodega.domain.carts.shipping import Shipping, ShippingTable, check_shipping
from bodega.domain.carts.tax import Taxes, TaxTable, check_tax
from bodega.domain.writes import WritePlan
from bodega.errors import StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import Equals, Item, Key, NotExists, Put, TableStore

T = TypeVar("T", ShippingTable, TaxTable)
_ENTITY = "rates"
_FRESH_SECONDS = 1.0
_encode = msgspec.json.Encoder().encode


class Versioned(msgspec.Struct, Generic[T], frozen=True):
    """A table and its version: 0 for what a shop has before anybody wrote one."""

    table: T
    version: int


class Charges(msgspec.Struct, frozen=True):
    """Both tables, made ready for questions."""

    shipping: Shipping
    taxes: Taxes


class Rates:
    """The shipping and the tax table. Shoppers may see one that is a second old; checkout asks for the current."""

    def __init__(self, *, table: TableStore, clock: Clock, currency: str) -> None:
        self._table = table
        self._clock = clock
        self._currency = currency
        self._lock = threading.Lock()
        self._kept: tuple[float, tuple[int, int], Charges] | None = None

    def charges(self, *, current: bool = False) -> Charges:
        """Return both tables; `current` reads them, otherwise they may be a second old."""
        now = self._clock.now().timestamp()
        kept = self._kept
        if not current and kept is not None and 0 <= now - kept[0] < _FRESH_SECONDS:
            return kept[2]
        shipping, tax = self.shipping(), self.tax()
        versions = (shipping.version, tax.version)
        if kept is not None and kept[1] == versions:
            charges = kept[2]
        else:
            charges = Charges(Shipping(shipping.table), Taxes(tax.table))
        with self._lock:
            self._kept = (now, versions, charges)
        return charges

    def shipping(self) -> Versioned[ShippingTable]:
        """Return the shipping table as it is stored."""
        return self._read("shipping", ShippingTable)

    def tax(self) -> Versioned[TaxTable]:
        """Return the tax table as it is stored."""
        return self._read("tax", TaxTable)

    def set_shipping(self, table: ShippingTable, *, expected_version: int | None) -> Versioned[ShippingTable]:
        """Replace the shipping table; InvalidError with every fault, StaleVersionError if somebody else did."""
        check_shipping(table, currency=self._currency)
        return self._write("shipping", table, self.shipping().version if expected_version is None else expected_version)

    def set_tax(self, table: TaxTable, *, expected_version: int | None) -> Versioned[TaxTable]:
        """Replace the tax table; InvalidError with every fault, StaleVersionError if somebody else did."""
        check_tax(table)
        return self._write("tax", table, self.tax().version if expected_version is None else expected_version)

    def _read(self, name: str, kind: type[T]) -> Versioned[T]:
        item = self._table.get(schema.SELLING, Key(_ENTITY, name))
        if item is None:
            return Versioned(kind(), 0)
        return Versioned(msgspec.json.decode(cast("bytes", item["doc"]), type=kind), cast("int", item["version"]))

    def _write(self, name: str, table: T, version: int) -> Versioned[T]:
        item: Item = {"entity": _ENTITY, "part": name, "version": version + 1, "doc": _encode(table)}
        plan = WritePlan()
        plan.add(
            Put(schema.SELLING, item, Equals("version", version) if version else NotExists()),
            otherwise=lambda found: StaleVersionError(
                "table", name, current=cast("int", found["version"]) if found is not None else 0
            ),
        )
        plan.commit(self._table)
        with self._lock:
            self._kept = None
        return Versioned(table, version + 1)
