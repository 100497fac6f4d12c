"""Bring rows of a customer file, as our export writes it, into the shop: the anonymous, and those with an account."""

from itertools import islice

from bodega.domain.accounts.account_transfer import AccountDocument, AccountTransfer
from bodega.domain.accounts.customers import Customer, Customers
from bodega.domain.flows.imports.cells import plain_cells
from bodega.domain.flows.imports.ledger import Ledger
from bodega.errors import InvalidError, ShopError
from bodega.ports.tabular import Row, RowReader
from bodega.values.decode import convert
from bodega.values.text import is_clean

_BATCH = 500
_NESTED = ("addresses",)


class CustomerImport:
    """One run over a file of customers. A row with an e-mail address is one who signs in."""

    def __init__(self, customers: Customers, accounts: AccountTransfer, ledger: Ledger) -> None:
        self._customers = customers
        self._accounts = accounts
        self._ledger = ledger

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        rows = reader.read(after_line=self._ledger.job.checkpoint.line)
        while batch := list(islice(rows, _BATCH)):
            anonymous: list[Customer] = []
            accounts: dict[str, tuple[int, AccountDocument]] = {}
            for row in batch:
                found = self._read(row)
                if isinstance(found, Customer):
                    anonymous.append(found)
                elif found is not None and accounts.setdefault(found.id, (row.line, found))[1] is not found:
                    self._ledger.reject(row.line, "other_customer", f"customer {found.id!r} stands in the file twice")
            self._record(anonymous)
            self._restore(list(accounts.values()))
            self._ledger.checkpoint(line=batch[-1].line)

    def _record(self, customers: list[Customer]) -> None:
        created = self._customers.record_many(customers)
        self._ledger.count("created", created)
        self._ledger.count("unchanged", len(customers) - created)

    def _restore(self, accounts: list[tuple[int, AccountDocument]]) -> None:
        outcomes = self._accounts.restore_many([document for _, document in accounts])
        for (line, _), outcome in zip(accounts, outcomes, strict=True):
            if isinstance(outcome, ShopError):
                self._ledger.refuse(line, outcome)
            else:
                self._ledger.count("created" if outcome else "unchanged")

    def _read(self, row: Row) -> Customer | AccountDocument | None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            cells = plain_cells(row.values, nested=_NESTED)
            if "email" in cells:
                return convert(cells, AccountDocument, strict=False)
            customer = convert(cells, Customer, strict=False)
            if customer.created_at.tzinfo is None:
                raise InvalidError("created_at needs a UTC offset")
            if not (is_clean(customer.source) and is_clean(customer.reference)):
                raise InvalidError("source and reference must be printable")
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None
        return customer
