"""Bring whole orders, as our export writes them, back into a shop: as they were, and none in place of another."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.imports.cells import plain_cells
from bodega.domain.flows.imports.ledger import Ledger
from bodega.domain.flows.order_documents import NESTED, OrderDocument, document_of
from bodega.domain.orders.model import Entry, Order
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
            waiting: dict[str, tuple[int, OrderDocument]] = {}
            for row in batch:
                given = self._read(row)
                if given is not None and given.id in waiting:  # the same order once more
                    self._write(waiting)
                    waiting = {}
                if given is not None:
                    waiting[given.id] = (row.line, given)
            self._write(waiting)
            self._ledger.checkpoint(line=batch[-1].line)

    def _read(self, row: Row) -> OrderDocument | None:
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            return self._document(row.values)
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None

    def _write(self, waiting: Mapping[str, tuple[int, OrderDocument]]) -> None:
        known = self._orders.find_many(list(waiting))
        lines: list[int] = []
        new: list[tuple[Order, Sequence[Entry]]] = []
        for line, given in waiting.values():
            try:
                if given.id in known:
                    self._compare(known[given.id], given)
                    self._ledger.count("unchanged")
                else:
                    new.append((given.order(private=self._sealed(given)), given.history))
                    lines.append(line)
            except ShopError as exc:
                self._ledger.refuse(line, exc)
        for line, refusal in zip(lines, self._orders.restore_many(new), strict=True):
            if refusal is None:
                self._ledger.count("created")
            else:
                self._ledger.refuse(line, refusal)

    def _document(self, values: Mapping[str, Any]) -> OrderDocument:
        cells = plain_cells(values, nested=NESTED, ignored=self._ignored)
        document = convert(cells, OrderDocument, strict=False)
        document.check(currency=self._currency)
        return document

    def _compare(self, known: Order, given: OrderDocument) -> None:
        """Raise OtherOrderError unless the shop has exactly this order."""
        history = self._orders.whole_history(known.id)
        wanted = document_of(given.order(private=b""), contact=given.contact, history=given.history)
        # A file without addresses says nothing about them, and is not another order for that.
        contact = self._contacts.of(known) if given.contact is not None else None
        if document_of(known, contact=contact, history=history) != wanted:
            raise OtherOrderError(given.id)

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
