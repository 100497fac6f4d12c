"""Keep anonymous customers: who past orders were for, by nothing but the number their source gave them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, cast

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.ports.table import MAX_BATCH_GET, Item, Key, NotExists, Put, TableStore, scan_all


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer nothing personal is known of; `reference` is what `source` calls them."""

    id: Annotated[str, Meta(pattern=r"^cus_[0-9A-Z]{26}$")]
    source: Annotated[str, Meta(max_length=80)]
    reference: Annotated[str, Meta(max_length=80)]
    created_at: datetime


class Customers:
    """Customers by id."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def record_many(self, customers: Sequence[Customer]) -> int:
        """Store those customers that are not known yet and return how many; what is known is left as it is."""
        unknown = {customer.id: customer for customer in customers}
        ids = list(unknown)
        for start in range(0, len(ids), MAX_BATCH_GET):
            keys = [_key(customer_id) for customer_id in ids[start : start + MAX_BATCH_GET]]
            for key in self._table.batch_get(schema.CUSTOMERS, keys):
                del unknown[key.partition]
        writes = [Put(schema.CUSTOMERS, _item(customer), NotExists()) for customer in unknown.values()]
        return self._table.load(([write], []) for write in writes).count(None)

    def find(self, customer_id: str) -> Customer | None:
        """Return a customer or None."""
        item = self._table.get(schema.CUSTOMERS, _key(customer_id))
        return _read(item) if item is not None else None

    def all(self) -> Iterator[Customer]:
        """Walk through all customers, in order of their ids' hashes: for exports."""
        for item in scan_all(self._table, schema.CUSTOMERS):
            if item["part"] == _PART:
                yield _read(item)


_PART = "anonymous"
_CUSTOMER = msgspec.json.Decoder(Customer)
_encode = msgspec.json.Encoder().encode


def _key(customer_id: str) -> Key:
    return Key(customer_id, _PART)


def _item(customer: Customer) -> Item:
    return {"customer_id": customer.id, "part": _PART, "doc": _encode(customer)}


def _read(item: Item) -> Customer:
    return _CUSTOMER.decode(cast("bytes", item["doc"]))
