"""Bring whole orders, as our export writes them, back into a shop: as they were, and none in place of another."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.imports.cells import plain_cells
from bodega.domain.flows.imports.ledger import Ledger, Outcome
from bodega.domain.flows.order_documents import NESTED, OrderDocument, document_of
from bodega.domain.orders.service import Orders
from bodega.errors import ConflictError, NotFoundError, ShopError
from bodega.ports.tabular import Row, RowReader
from bodega.values.decode import convert

_BATCH = 200


class OtherOrderError(ConflictError):
    """The shop knows this order otherwise, and keeps what it has: an import is no way to change what was sold."""

    code = "other_order"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id!r} is here already, and is another one")


class OrderImport:
    """One run over a file of orders."""

    def __init__(
        self, orders: Orders, contacts: Contacts, ledger: Ledger, *, currency: str, ignored: Sequence[str] = ()
    ) -> None:
        self._orders = orders
        self._contacts = contacts
        self._ledger = ledger
        self._currency = currency
        self._ignored = frozenset(ignored)

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        rows = reader.read(after_line=self._ledger.job.checkpoint.line)
        while batch := list(islice(rows, _BATCH)):
            for row in batch:
                self._take(row)
            self._ledger.checkpoint(line=batch[-1].line)

    def _take(self, row: Row) -> None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return
        try:
            self._ledger.count(self._restore(self._document(row.values)))
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)

    def _document(self, values: Mapping[str, Any]) -> OrderDocument:
        cells = plain_cells(values, nested=NESTED, ignored=self._ignored)
        document = convert(cells, OrderDocument, strict=False)
        document.check(currency=self._currency)
        return document

    def _restore(self, given: OrderDocument) -> Outcome:
        known = self._orders.find(given.id)
        if known is None:
            self._orders.restore(given.order(private=self._sealed(given)), given.history)
            return "created"
        history = self._orders.whole_history(known.id)
        wanted = document_of(given.order(private=b""), contact=given.contact, history=given.history)
        if document_of(known, contact=self._contacts.of(known), history=history) != wanted:
            raise OtherOrderError(given.id)
        return "unchanged"

    def _sealed(self, given: OrderDocument) -> bytes:
        if given.contact is None:
            return b""
        try:
            return self._contacts.seal(given.contact, order_id=given.id, customer_id=given.customer_id)
        except NotFoundError as exc:
            raise ConflictError(f"{exc.message}: import the customers before their orders") from None


def is_document(values: Mapping[str, Any]) -> bool:
    """Tell whether a row is a whole order, and not a line of one."""
    return "lines" in values and "placed_at" in values
