"""Turn the lines of a sales file into products, anonymous customers and past orders."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import TypeAlias

import msgspec

from bodega.domain.accounts.customers import Customer, Customers
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.catalog.products import Restored
from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.imports.ledger import Ledger
from bodega.domain.flows.imports.places import Places
from bodega.domain.flows.imports.rules import RefusedLineError, Sale, SalesRules, best_title
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.orders.service import Orders
from bodega.errors import ShopError
from bodega.ports.scratch import Grouper, Scratch
from bodega.ports.tabular import Row, RowReader
from bodega.values.money import Money

CATEGORY = "Imported"
SOURCE = "sales"
MAX_ORDER_LINES = 5000
MAX_SPELLINGS = 1000  # of one product's name, and different prices; more are not worth the memory
_CHUNK = 10_000
_SAVE_EVERY = 100_000
_PRODUCTS = 500
_ORDERS = 500
_REMEMBERED = 200_000
_SEPARATOR = "\x1f"  # the rules let no control character into a number or a source

Told: TypeAlias = tuple[str, int, str, int]  # name, amount, product id, how many lines said so
Found: TypeAlias = tuple[Order, list[int]]

_encode = msgspec.msgpack.Encoder().encode
_sale = msgspec.msgpack.Decoder(Sale).decode
_told = msgspec.msgpack.Decoder(tuple[str, int, str, int]).decode


class SalesImport:
    """One run over a sales file: read and judge every line, make missing products, then record order by order.

    Lines of an order may be anywhere in the file, so they are grouped on disk first. An interrupted run reads the file
    again and goes on with the first order that was not recorded yet.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        orders: Orders,
        customers: Customers,
        scratch: Scratch,
        rules: SalesRules,
        places: Places,
        ledger: Ledger,
        source: str = SOURCE,
    ) -> None:
        self._products = catalog.products
        self._orders = orders
        self._customers = customers
        self._scratch = scratch
        self._rules = rules
        self._places = places
        self._ledger = ledger
        self._source = source
        self._ids: dict[str, str] = {}
        self._known_customers: set[str] = set()

    def run(self, reader: RowReader) -> None:
        """Import the file; what an earlier run recorded is not recorded again."""
        start = self._ledger.job.checkpoint
        self._ledger.forget_reading()
        with self._scratch.grouper() as lines, self._scratch.grouper() as goods:
            self._read(reader, lines, goods)
            if start.phase == "read":
                self._make_products(goods)
                self._ledger.checkpoint(phase="orders")
            self._record(lines, after=start.after)

    # -- reading

    def _read(self, reader: RowReader, lines: Grouper, goods: Grouper) -> None:
        start = self._ledger.job.checkpoint
        rows = reader.read()
        saved = 0
        while chunk := list(islice(rows, _CHUNK)):
            sales = [found for row in chunk if (found := self._judge(row)) is not None]
            lines.add((group, _encode(sale)) for group, sale in sales)
            goods.add(_summed(sale for _, sale in sales))
            self._ledger.read += len(chunk)
            if self._ledger.read - saved >= _SAVE_EVERY:
                saved = self._ledger.read
                self._ledger.checkpoint(phase=start.phase, after=start.after)
            self._ledger.tick()

    def _judge(self, row: Row) -> tuple[str, Sale] | None:
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            number, sale = self._rules.judge(row.line, row.values)
        except RefusedLineError as exc:
            self._ledger.reject(row.line, exc.reason, exc.message)
            return None
        source = row.values.get("source")
        source = source if isinstance(source, str) and 0 < len(source) <= 80 and source.isprintable() else self._source  # noqa: PLR2004
        return f"{number}{_SEPARATOR}{source}", sale

    # -- products

    def _make_products(self, goods: Grouper) -> None:
        groups = groupby(goods.read(), key=itemgetter(0))
        summed = ((sku, _Good.of(sku, (_told(body) for _, body in told))) for sku, told in groups)
        while batch := dict(islice(summed, _PRODUCTS)):
            there = self._products.find_ids_by_sku(batch)
            missing = [good for sku, good in batch.items() if sku not in there]
            if missing:
                self._make(missing)
            self._ledger.tick()

    def _make(self, missing: Sequence["_Good"]) -> None:
        currency, category = self._products.currency, self._places.category(CATEGORY)
        rows = [
            (
                ProductInput(
                    title=good.title,
                    variants=[VariantInput(sku=good.sku, price=Money(good.amount, currency))],
                    status="active",
                    categories=[category],
                ),
                Restored(id=good.product_id or None),
            )
            for good in missing
        ]
        results = self._products.upsert_many(rows)
        self._ledger.counts["products"] += sum(not isinstance(result, ShopError) for result in results)

    # -- orders

    def _record(self, lines: Grouper, *, after: str) -> None:
        groups = groupby(lines.read(after=after), key=itemgetter(0))
        gathered = ((group, self._gather(_sale(body) for _, body in records)) for group, records in groups)
        while batch := list(islice(gathered, _ORDERS)):
            self._look_up({sale.sku for _, sales in batch for sale in sales})
            found = [order for group, sales in batch if (order := self._order(group, sales)) is not None]
            self._remember_customers(order for order, _ in found)
            self._record_batch(found)
            self._ledger.checkpoint(phase="orders", after=batch[-1][0])

    def _gather(self, sales: Iterator[Sale]) -> list[Sale]:
        """Return an order's lines; of one with too many, none are kept and all refused."""
        kept = list(islice(sales, MAX_ORDER_LINES + 1))
        if len(kept) <= MAX_ORDER_LINES:
            return kept
        for held in (kept, sales):
            for sale in held:
                self._ledger.reject(
                    sale.line, "order_too_large", f"its order has over {MAX_ORDER_LINES} lines", late=True
                )
        return []

    def _look_up(self, skus: set[str]) -> None:
        if len(self._ids) > _REMEMBERED:
            self._ids.clear()
        self._ids |= self._products.find_ids_by_sku(skus - self._ids.keys())

    def _order(self, group: str, sales: Sequence[Sale]) -> Found | None:
        number, source = group.split(_SEPARATOR)
        sold = [sale for sale in sales if sale.sku in self._ids]
        for sale in sales:
            if sale.sku not in self._ids:
                self._ledger.reject(sale.line, "no_product", f"no product could be made for SKU {sale.sku!r}", late=True)
        if not sold:
            return None
        reference = next((sale.customer for sale in sold if sale.customer), "")
        order = Order(
            id=next((sale.order_id for sale in sold if sale.order_id), "") or natural_id("ord", source, number),
            number=number,
            placed_at=datetime.fromtimestamp(min(sale.at for sale in sold) / 1000, UTC),
            lines=[self._line(sale) for sale in sold],
            customer_id=self._customer_id(reference),
            source=source,
        )
        return order, [sale.line for sale in sold]

    def _line(self, sale: Sale) -> Line:
        return Line(
            sku=sale.sku,
            product_id=self._ids[sale.sku],
            quantity=sale.quantity,
            unit_price=Money(sale.amount, self._products.currency),
            name=sale.name,
        )

    def _customer_id(self, reference: str) -> str | None:
        return customer_id_of(reference, self._source) if reference else None

    def _remember_customers(self, orders: Iterable[Order]) -> None:
        ...

    def _record_batch(self, found: Sequence[Found]) -> None:
        recorded = self._orders.record_many([order for order, _ in found])
        self._ledger.count("created", recorded.created)
        self._ledger.count("changed", recorded.changed)
        self._ledger.count("unchanged", recorded.unchanged)
        for order, lines in found:
            if order.id in recorded.too_large:
                for line in lines:
                    self._ledger.reject(line, "order_too_large", f"order {order.number} is too large to be stored", late=True)
