"""Keep orders: record those from elsewhere, plan what is written of those sold here, and find them again."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

import msgspec

from bodega import schema
from bodega.domain.orders.lists import merged_page, start_at
from bodega.domain.orders.model import Entry, Order, OrderCard, merged_lines
from bodega.domain.orders.records import (
    MAX_DOCUMENT_BYTES,
    MAX_RECORDED_BYTES,
    NUMBER_PREFIX,
    ORDER_CHANGED,
    ORDER_PLACED,
    entry_item,
    event_of,
    number_item,
    order_item,
    order_key,
    partitions,
    read_card,
    read_entry,
    read_order,
    recorded_event,
)
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.table import (
    MAX_BATCH_GET,
    Any,
    Equals,
    Item,
    Key,
    Missing,
    NotExists,
    Put,
    SortRange,
    TableStore,
    may_be_partition,
    query_all,
    scan_all,
)
from bodega.values.page import DEFAULT_LIMIT, MAX_LIMIT, Page, Position
from bodega.values.times import format_time

_NOT_BOUGHT = frozenset({"placed", "cancelled"})
_SPARSE = {"refunded_partly": "by_refund", "refunded": "by_refund", "return_requested": "by_request"}
STATES = ("placed", "paid", "fulfilled", "delivered", "cancelled", "returned", *_SPARSE)
"""What orders can be listed by: their states, what was refunded, and what shoppers want to send back."""


class NumberTakenError(ConflictError):
    """Another order has this number: draw another."""

    code = "number_taken"

    def __init__(self, number: str) -> None:
        super().__init__(f"number {number!r} is another order's")


class Recorded(NamedTuple):
    """What became of orders that were to be recorded; `too_large` has the ids of those that no item can hold."""

    created: int
    changed: int
    unchanged: int
    too_large: tuple[str, ...] = ()


class Orders:
    """Orders by id, number, customer and state."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    # -- from elsewhere ----------------------------------------------------------------------------------------

    def record_many(self, orders: Sequence[Order]) -> Recorded:
        """Store past orders, merging with those of the same id; say how many were new, changed, unchanged or too large.

        An order must not be in one call twice. Each is atomic on its own. What was sold here is left as it is.
        """
        known = self.find_many([order.id for order in orders])
        written: list[tuple[Order, Item]] = []
        created = unchanged = 0
        too_large = []
        for order in orders:
            old = known.get(order.id)
            new = order if old is None else _merged(old, order)
            if new == old:
                unchanged += 1
                continue
            item = order_item(new)
            if len(cast("bytes", item["doc"])) > MAX_RECORDED_BYTES:
                too_large.append(order.id)
                continue
            created += old is None
            written.append((new, item))
        self._table.load(([Put(schema.ORDERS, item)], [recorded_event(order)]) for order, item in written)
        return Recorded(created, len(written) - created, unchanged, tuple(too_large))

    def restore_many(self, orders: Sequence[tuple[Order, Sequence[Entry]]]) -> list[ShopError | None]:
        """Store orders that another shop sold, with their histories, as they were; say of each why not, if so.

        They are announced as orders from elsewhere. An order comes after its history, so that one which is there is
        there wholly. NumberTakenError if another order has the number, ConflictError if this one is there already,
        InvalidError for one that no item can hold.
        """
        refusals: list[ShopError | None] = [_too_large(order) for order, _ in orders]
        fitting = [number for number, refusal in enumerate(refusals) if refusal is None]
        entries = [Put(schema.ORDER_HISTORY, entry_item(orders[n][0].id, e)) for n in fitting for e in orders[n][1]]
        self._table.load(([entry], []) for entry in entries)
        plans = [self._plan_restoring(orders[number][0]) for number in fitting]
        outcomes = self._table.load((plan.writes, plan.events) for plan in plans)
        for number, plan, outcome in zip(fitting, plans, outcomes, strict=True):
            refusals[number] = plan.refusal(outcome) if outcome is not None else None
        return refusals

    def _plan_restoring(self, order: Order) -> WritePlan:
        plan = WritePlan()
        plan.add(Put(schema.ORDERS, order_item(order), NotExists()))
        if order.sums is not None:
            plan.add(
                Put(schema.ORDER_HISTORY, number_item(order), NotExists()),
                otherwise=lambda _found: NumberTakenError(order.number),
            )
        plan.announce(recorded_event(order))
        return plan

    # -- sold here ---------------------------------------------------------------------------------------------

    def add_placed(self, *, plan: WritePlan, order: Order, entry: Entry) -> None:
        """Add a new order to a plan, with its number, its history and the event that announces it.

        The plan's commit raises NumberTakenError if the number is another order's.
        """
        item = order_item(order)
        if len(cast("bytes", item["doc"])) > MAX_DOCUMENT_BYTES:
            raise InvalidError("this order is too large to be kept")
        plan.add(Put(schema.ORDERS, item, NotExists()))
        plan.add(
            Put(schema.ORDER_HISTORY, number_item(order), NotExists()),
            otherwise=lambda _found: NumberTakenError(order.number),
        )
        plan.add(Put(schema.ORDER_HISTORY, entry_item(order.id, entry)))
        plan.announce(event_of(order, ORDER_PLACED, entry))

    def add_change(self, *, plan: WritePlan, order: Order, entry: Entry) -> None:
        """Add a changed order to a plan; its version is one above the one that it was made from.

        The plan's commit raises StaleVersionError if somebody else changed it meanwhile: decide again.
        """
        before = order.version - 1

        def stale(found: Item | None) -> StaleVersionError:
            return StaleVersionError("order", order.id, current=int(str((found or {}).get("version", 0))))

        unchanged = Equals("version", before)
        plan.add(
            # Orders from before there were versions have none; they are at their first.
            Put(schema.ORDERS, order_item(order), Any((unchanged, Missing("version"))) if before == 1 else unchanged),
            otherwise=stale,
        )
        plan.add(Put(schema.ORDER_HISTORY, entry_item(order.id, entry)))
        plan.announce(event_of(order, ORDER_CHANGED, entry))

    def add_silent_change(self, *, plan: WritePlan, order: Order) -> None:
        """Add a change to a plan that is nobody's business: no history, no event. StaleVersionError as ever."""
        before = order.version - 1
        plan.add(
            Put(schema.ORDERS, order_item(order), Equals("version", before)),
            otherwise=lambda _found: StaleVersionError("order", order.id, current=before + 1),
        )

    def postpone(self, *, order: Order) -> bool:
        """Store when an order's money is to be looked at again, and nothing else; False if the order has changed."""
        plan = WritePlan()
        plan.add(Put(schema.ORDERS, order_item(order), Equals("version", order.version)))
        try:
            plan.commit(self._table)
        except ConflictError:
            return False
        return True

    # -- finding -----------------------------------------------------------------------------------------------

    def find(self, order_id: str) -> Order | None:
        """Return an order or None."""
        item = self._table.get(schema.ORDERS, order_key(order_id)) if may_be_partition(order_id) else None
        return read_order(item) if item else None

    def get(self, order_id: str) -> Order:
        """Return an order; NotFoundError if there is none."""
        order = self.find(order_id)
        if order is None:
            raise NotFoundError("order", order_id[:80])
        return order

    def find_by_number(self, number: str) -> Order | None:
        """Return the order that was sold here under a number, or None. Case and hyphens do not matter."""
        item = self._table.get(schema.ORDER_HISTORY, Key(NUMBER_PREFIX + canonical_number(number), "number"))
        return self.find(str(item["id"])) if item else None

    def history(self, order_id: str, *, position: Position | None = None, limit: int = 100) -> Page[Entry]:
        """Return what happened to an order, oldest first; forwards only."""
        after = Key(order_id, position.after) if position is not None else None
        page = self._table.query(schema.ORDER_HISTORY, order_id, after=after, limit=limit)
        rows = [read_entry(item) for item in page.items]
        return Page(rows=rows, next=Position(page.last.sort) if page.last is not None else None)

    def whole_history(self, order_id: str) -> list[Entry]:
        """Return everything that happened to an order, oldest first."""
        page = self.history(order_id, limit=1000)
        rows = list(page.rows)
        while page.next is not None:
            page = self.history(order_id, position=page.next, limit=1000)
            rows += page.rows
        return rows

    def list_by_customer(self, customer_id: str, *, limit: int = 50) -> list[Order]:
        """Return a customer's newest orders, newest first."""
        if not may_be_partition(customer_id):
            return []
        page = self._table.query(schema.ORDERS, customer_id, index="by_customer", descending=True, limit=limit)
        return [read_order(item) for item in page.items]

    def page_by_customer(
        self,
        customer_id: str,
        *,
        position: Position | None = None,
        limit: int = DEFAULT_LIMIT,
        newest_first: bool = True,
    ) -> Page[Order]:
        """Return a page of a customer's orders, newest first unless asked otherwise."""
        if not may_be_partition(customer_id):
            return Page(rows=[])
        return merged_page(
            self._table,
            "by_customer",
            [customer_id],
            position=position,
            limit=limit,
            read=read_order,
            newest_first=newest_first,
        )

    def list_cards(
        self,
        *,
        state: str | None = None,
        position: Position | None = None,
        limit: int = DEFAULT_LIMIT,
        newest_first: bool = True,
    ) -> Page[OrderCard]:
        """Return a page of all orders, or of those in a state of `STATES`; InvalidError for another word.

        By state there are only those that were sold here.
        """
        if state is not None and state not in STATES:
            raise InvalidError(f"{state[:40]!r} is no state of an order; there are {', '.join(STATES)}")
        index = "by_time" if state is None else _SPARSE.get(state, "by_state")
        return merged_page(
            self._table,
            index,
            partitions(state or "all"),
            position=position,
            limit=limit,
            read=read_card,
            newest_first=newest_first,
        )

    def list_due(self, now: datetime, *, limit: int = 100) -> list[str]:
        """Return the ids of orders that owe something for too long, longest due first within a shard."""
        high = SortRange(high=format_time(now))
        due: list[str] = []
        for name in partitions("due"):
            page = self._table.query(schema.ORDERS, name, index="by_due", sort=high, limit=limit)
            due += [str(item["order_id"]) for item in page.items]
        return due[:limit]

    def bought_by(self, customer_id: str) -> set[str]:
        """Return the ids of all products that a customer ever bought."""
        if not may_be_partition(customer_id):
            return set()
        orders = query_all(self._table, schema.ORDERS, customer_id, index="by_customer")
        return {line.product_id for item in orders for line in read_order(item).lines}

    def has_bought(self, customer_id: str, product_id: str) -> bool:
        """Tell whether a customer paid for a product and did not cancel; what was sent back was bought."""
        orders = query_all(self._table, schema.ORDERS, customer_id, index="by_customer", page_size=100)
        return any(
            order.state not in _NOT_BOUGHT and any(line.product_id == product_id for line in order.lines)
            for order in map(read_order, orders)
        )

    def all(self) -> Iterator[Order]:
        """Walk through every order there is, in no useful order: for training, exports and checks."""
        for item in scan_all(self._table, schema.ORDERS):
            yield read_order(item)

    def by_time(self, *, since: datetime | None = None) -> Iterator[Order]:
        """Walk through orders from the oldest, or the first at or after `since`, on; twice the work of `all`."""
        position = start_at(since) if since is not None else None
        while True:
            page = self.list_cards(position=position, limit=MAX_LIMIT, newest_first=False)
            found = self.find_many([card.id for card in page.rows])
            yield from (found[card.id] for card in page.rows if card.id in found)
            if page.next is None:
                return
            position = page.next

    def find_many(self, order_ids: Sequence[str]) -> dict[str, Order]:
        """Return those orders that there are, by id."""
        found: dict[str, Order] = {}
        for start in range(0, len(order_ids), MAX_BATCH_GET):
            keys = [order_key(order_id) for order_id in order_ids[start : start + MAX_BATCH_GET]]
            for key, item in self._table.batch_get(schema.ORDERS, keys).items():
                found[key.partition] = read_order(item)
        return found


def canonical_number(text: str) -> str:
    """Return a number as it is stored: upper case, in two groups, with the letters that look like digits read as such.

    >>> canonical_number(" o7k3m9ql ")
    '07K3-M9Q1'
    """
    plain = text.strip().upper().replace("-", "").translate(str.maketrans("OIL", "011"))[:40]
    return f"{plain[:4]}-{plain[4:]}"


def _too_large(order: Order) -> InvalidError | None:
    if len(cast("bytes", order_item(order)["doc"])) <= MAX_RECORDED_BYTES:
        return None
    return InvalidError("this order is too large to be kept", [Fault("", "order_too_large", "it is too large")])


def _merged(old: Order, new: Order) -> Order:
    """Return the old order with what the new one has beyond it; the old itself if that is nothing."""
    if old.sums is not None:
        return old
    lines = merged_lines(old.lines, new.lines)
    placed_at, customer_id = min(old.placed_at, new.placed_at), new.customer_id or old.customer_id
    return msgspec.structs.replace(old, lines=lines, placed_at=placed_at, customer_id=customer_id)
