"""Turn the lines of a sales file into products, anonymous customers and past orders."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
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
from bodega.domain.flows.imports.rules import EPOCH, RefusedLineError, Sale, SalesRules, best_title
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.orders.service import Orders
from bodega.errors import ShopError
from bodega.ports.scratch import Grouper, Scratch
from bodega.ports.tabular import Row, RowReader
from bodega.values.money import Money

CATEGORY = "Imported"
SOURCE = "sales"
OUR_CUSTOMER = re.compile(r"cus_[0-9A-Z]{26}")
"""What our own exports call a customer; any other name is the source's."""

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
        self._new_customers: list[Customer] = []

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
            found: dict[str, Found] = {}
            for group, sales in batch:
                one = self._order(group, sales)
                if one is not None and one[0].id in found:  # a file may give one id to several numbers
                    self._record_batch(found)
                    found = {}
                if one is not None:
                    found[one[0].id] = one
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
                self._ledger.reject(
                    sale.line, "no_product", f"no product could be made for SKU {sale.sku!r}", late=True
                )
        if not sold:
            return None
        placed_at = EPOCH + timedelta(microseconds=min(sale.at for sale in sold))
        order = Order(
            id=next((sale.order_id for sale in sold if sale.order_id), "") or natural_id("ord", source, number),
            number=number,
            placed_at=placed_at,
            lines=[self._line(sale) for sale in sold],
            customer_id=self._customer(next((sale.customer for sale in sold if sale.customer), ""), placed_at),
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

    def _customer(self, reference: str, seen_at: datetime) -> str | None:
        """Return the id of the customer a file calls by this name, and note one that is new; a guest has none."""
        if not reference or OUR_CUSTOMER.fullmatch(reference):
            return reference or None
        customer_id = natural_id("cus", self._source, reference)
        if customer_id not in self._known_customers:
            self._new_customers.append(
                Customer(id=customer_id, source=self._source, reference=reference, created_at=seen_at)
            )
            self._known_customers.add(customer_id)
        return customer_id

    def _record_customers(self) -> None:
        self._ledger.counts["customers"] += self._customers.record_many(self._new_customers)
        self._new_customers = []
        if len(self._known_customers) > _REMEMBERED:
            self._known_customers.clear()

    def _record_batch(self, found: Mapping[str, Found]) -> None:
        self._record_customers()
        recorded = self._orders.record_many([order for order, _ in found.values()])
        self._ledger.count("created", recorded.created)
        self._ledger.count("changed", recorded.changed)
        self._ledger.count("unchanged", recorded.unchanged)
        for order_id in recorded.too_large:
            order, lines = found[order_id]
            for line in lines:
                self._ledger.reject(
                    line, "order_too_large", f"order {order.number} is too large to be stored", late=True
                )


class _Good(msgspec.Struct, frozen=True):
    """What a file says of a product: its best title and its median price, both of the lines that name it."""

    sku: str
    title: str
    amount: int
    product_id: str

    @classmethod
    def of(cls, sku: str, told: Iterable[Told]) -> "_Good":
        """Decide from everything that was told."""
        names: Counter[str] = Counter()
        amounts: Counter[int] = Counter()
        known_as = ""
        for name, amount, product_id, times in told:
            known_as = known_as or product_id
            if name and (name in names or len(names) < MAX_SPELLINGS):
                names[name] += times
            if amount in amounts or len(amounts) < MAX_SPELLINGS:
                amounts[amount] += times
        # The median, because the newest price may be a special one, and it is one that was really asked.
        return cls(sku, best_title(names) or sku, _median(amounts), known_as)


def _median(amounts: Counter[int]) -> int:
    seen, half = 0, (amounts.total() + 1) // 2
    for amount, times in sorted(amounts.items()):
        seen += times
        if seen >= half:
            return amount
    raise ValueError("no amounts")


def _summed(sales: Iterable[Sale]) -> Iterator[tuple[str, bytes]]:
    """Yield what sales tell of products, the same told once with how often."""
    told = Counter((sale.sku, sale.name, sale.amount, sale.product_id) for sale in sales)
    for (sku, name, amount, product_id), times in told.items():
        yield sku, _encode((name, amount, product_id, times))
