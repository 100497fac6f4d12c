"""Bring rows of a customer file, as our export writes it, into the shop."""

from itertools import islice

from bodega.domain.accounts.customers import Customer, Customers
from bodega.domain.flows.imports.ledger import Ledger
from bodega.errors import InvalidError, ShopError
from bodega.ports.tabular import Row, RowReader
from bodega.values.decode import convert
from bodega.values.text import is_clean

_BATCH = 1000


class CustomerImport:
    """One run over a file of anonymous customers."""

    def __init__(self, customers: Customers, ledger: Ledger) -> None:
        self._customers = customers
        self._ledger = ledger

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        rows = reader.read(after_line=self._ledger.job.checkpoint.line)
        while batch := list(islice(rows, _BATCH)):
            customers = [customer for row in batch if (customer := self._customer(row)) is not None]
            created = self._customers.record_many(customers)
            self._ledger.count("created", created)
            self._ledger.count("unchanged", len(customers) - created)
            self._ledger.checkpoint(line=batch[-1].line)

    def _customer(self, row: Row) -> Customer | None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            customer = convert(dict(row.values), Customer, strict=False)
            if customer.created_at.tzinfo is None:
                raise InvalidError("created_at needs a UTC offset")
            if not (is_clean(customer.source) and is_clean(customer.reference)):
                raise InvalidError("source and reference must be printable")
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None
        return customer
