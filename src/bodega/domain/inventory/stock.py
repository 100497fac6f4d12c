"""Keep the books of stock: count, correct with a reason, set what was counted, and choose how a SKU is kept."""

import heapq
from collections.abc import Callable
from datetime import datetime

from bodega import schema
from bodega.domain.inventory.changes import Delta, start_tracking, write_change
from bodega.domain.inventory.configuring import configured
from bodega.domain.inventory.model import (
    LOW_STOCK,
    MAIN,
    MAX_BUCKETS,
    MAX_UNITS,
    Adjustment,
    InsufficientStockError,
    Level,
    Place,
    Shortage,
    StockChangedError,
    StockMovedError,
    check_actor,
    check_place,
    check_reason,
    check_whole,
)
from bodega.domain.inventory.records import (
    SHARDS,
    US,
    Head,
    adjustment_prefix,
    keyed,
    list_partition,
    listed_place,
    read_heads,
    read_levels,
)
from bodega.domain.inventory.spreading import ATTEMPTS, Spreading
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    ConditionFailedError,
    Item,
    Key,
    NotExists,
    Put,
    SortRange,
    TableStore,
)
from bodega.values.page import DEFAULT_LIMIT, MAX_LIMIT, Page, Position
from bodega.values.times import format_time

_BEGUN = "first count"


class Stock:
    """Stock by SKU and location, for staff and machines."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._spreading = Spreading(table=table, clock=clock)

    def find(self, *, sku: str, location: str = MAIN) -> Level | None:
        """Return what is known of a SKU at a location; None if it is not tracked."""
        place = check_place(sku, location)
        return read_levels(self._table, [place], self._now()).get(place)

    def get(self, *, sku: str, location: str = MAIN) -> Level:
        """Return the level of a SKU at a location; NotFoundError if it is not tracked."""
        level = self.find(sku=sku, location=location)
        if level is None:
            raise NotFoundError("stock", sku[:80])
        return level

    def list(self, *, position: Position | None = None, limit: int = DEFAULT_LIMIT) -> Page[Level]:
        """Return a page of everything that is tracked, in order of SKU and location; forwards only."""
        check_whole(limit, low=1, high=MAX_LIMIT, what="a limit")
        shards = []
        for shard in range(SHARDS):
            after = None if position is None else Key(list_partition(shard), position.after)
            page = self._table.query(schema.INVENTORY, list_partition(shard), after=after, limit=limit + 1)
            shards.append([str(item["location"]) for item in page.items])
        names = [name for name, _ in zip(heapq.merge(*shards), range(limit + 1), strict=False)]
        levels = read_levels(self._table, map(listed_place, names[:limit]), self._now())
        rows = [levels[place] for place in map(listed_place, names[:limit]) if place in levels]
        return Page(rows=rows, next=Position(names[limit - 1]) if len(names) > limit else None)

    def adjust(self, *, sku: str, change: int, reason: str, location: str = MAIN, actor: str = "") -> Level:
        """Add to what is on hand, or take away, and remember why; a SKU that was not tracked is from now on.

        What is held stays: taking away more than is free raises InsufficientStockError.
        """
        check_whole(change, low=-MAX_UNITS, high=MAX_UNITS, what="a change", pointer="/change")
        if change == 0:
            raise InvalidError("a change of 0 units changes nothing")
        place, why, who = check_place(sku, location), check_reason(reason), check_actor(actor)

        def decide(_head: Head | None) -> int:
            return change

        return self._change(place, decide, reason=why, actor=who)

    def set(
        self, *, sku: str, on_hand: int, expected: int | None, reason: str, location: str = MAIN, actor: str = ""
    ) -> Level:
        """Set what is on hand to what was counted, if it still is what the counter believed (None: not tracked).

        Raises StockChangedError with what it is, and InsufficientStockError below what is held.
        """
        check_whole(on_hand, low=0, high=MAX_UNITS, what="what is on hand", pointer="/on_hand")
        place, why, who = check_place(sku, location), check_reason(reason), check_actor(actor)

        def decide(head: Head | None) -> int:
            current = None if head is None else head.pile.on_hand
            if current != expected:
                raise StockChangedError(place, current)
            return on_hand - (current or 0)

        return self._change(place, decide, reason=why, actor=who, exactly=True)

    def count(
        self,
        *,
        sku: str,
        on_hand: int,
        reason: str,
        location: str = MAIN,
        actor: str = "",
        along: Callable[[WritePlan], None],
    ) -> Level:
        """Set what is on hand to what was counted, whatever it was believed to be.

        `along` adds what must be written in the same transaction: a refusal of that is raised, and nothing is counted.
        Raises InsufficientStockError below what is held.
        """
        check_whole(on_hand, low=0, high=MAX_UNITS, what="what is on hand", pointer="/on_hand")
        place, why, who = check_place(sku, location), check_reason(reason), check_actor(actor)

        def decide(head: Head | None) -> int:
            return on_hand - (head.pile.on_hand if head is not None else 0)

        return self._change(place, decide, reason=why, actor=who, exactly=True, along=along)

    def begin(
        self,
        *,
        sku: str,
        on_hand: int,
        location: str = MAIN,
        backorder: bool = False,
        low_at: int = LOW_STOCK,
        actor: str = "",
    ) -> Level:
        """Track a SKU from now on, which may owe units from the start if it may be owed (`backorder`).

        Raises StockChangedError if it is tracked already.
        """
        check_whole(
            on_hand, low=-MAX_UNITS if backorder else 0, high=MAX_UNITS, what="what is on hand", pointer="/on_hand"
        )
        check_whole(low_at, low=0, high=MAX_UNITS, what="the low mark", pointer="/low_at")
        place, who, moment = check_place(sku, location), check_actor(actor), self._clock.now()
        plan = WritePlan()
        start_tracking(plan, place, on_hand, at=moment, low_at=low_at, backorder=backorder)
        if on_hand:
            plan.add(Put(schema.INVENTORY, self._remembered(place, on_hand, _BEGUN, who, moment), NotExists()))
        try:
            plan.commit(self._table)
        except ConditionFailedError:
            raise StockChangedError(place, self.get(sku=place.sku, location=place.location).on_hand) from None
        return self.get(sku=place.sku, location=place.location)

    def configure(
        self,
        *,
        sku: str,
        location: str = MAIN,
        backorder: bool | None = None,
        low_at: int | None = None,
        buckets: int | None = None,
    ) -> Level:
        """Say how a tracked SKU is kept; None leaves a setting as it is. NotFoundError if it is not tracked.

        `backorder` lets more be promised than there is. `low_at` is the number at which it is low; 0 is never.
        `buckets` spreads a hot SKU over so many items while there is plenty.
        """
        place = check_place(sku, location)
        if low_at is not None:
            check_whole(low_at, low=0, high=MAX_UNITS, what="the low mark", pointer="/low_at")
        if buckets is not None:
            check_whole(buckets, low=1, high=MAX_BUCKETS, what="the number of buckets", pointer="/buckets")
        for _ in range(ATTEMPTS):
            head = self._together(place)
            if head is None:
                raise NotFoundError("stock", place.sku)
            plan = configured(head, backorder=backorder, low_at=low_at, wanted=buckets, at=self._clock.now())
            try:
                plan.commit(self._table)
            except ConditionFailedError:
                continue
            self._spread_again(place)
            return self.get(sku=place.sku, location=place.location)
        raise StockMovedError(f"the stock of {place.sku!r}")

    def adjustments(
        self, *, sku: str, location: str = MAIN, position: Position | None = None, limit: int = DEFAULT_LIMIT
    ) -> Page[Adjustment]:
        """Return a page of the changes of a SKU that were no sales, newest first; forwards only."""
        check_whole(limit, low=1, high=MAX_LIMIT, what="a limit")
        place = check_place(sku, location)
        page = self._table.query(
            schema.INVENTORY,
            place.sku,
            sort=SortRange(prefix=adjustment_prefix(place)),
            after=None if position is None else Key(place.sku, position.after),
            descending=True,
            limit=limit,
        )
        rows = [
            Adjustment(
                id=str(item["location"]).rsplit(US, 1)[1],
                change=int(str(item["change"])),
                reason=str(item["reason"]),
                actor=str(item["actor"]),
                at=str(item["at"]),
            )
            for item in page.items
        ]
        return Page(rows=rows, next=None if page.last is None else Position(page.last.sort))

    def tend(self, *, limit: int = 100) -> int:
        """Even out what is spread over buckets; return how many places were rearranged."""
        return self._spreading.tend(limit=limit)

    # -- inside --------------------------------------------------------------------------------------------

    def _change(
        self,
        place: Place,
        decide: Callable[[Head | None], int],
        *,
        reason: str,
        actor: str,
        exactly: bool = False,
        along: Callable[[WritePlan], None] | None = None,
    ) -> Level:
        for _ in range(ATTEMPTS):
            head = self._together(place)
            change = decide(head)
            moment = self._clock.now()
            plan = WritePlan()
            if along is not None:
                along(plan)
            if head is None:
                if change < 0:
                    raise InsufficientStockError([Shortage(place.sku, -change, 0)])
                start_tracking(plan, place, change, at=moment)
            elif change or along is None:  # a count that finds nothing changed writes only that it was made
                self._plan_change(plan, head, change, exactly=exactly, at=moment)
            if change:
                plan.add(Put(schema.INVENTORY, self._remembered(place, change, reason, actor, moment), NotExists()))
            try:
                plan.commit(self._table)
            except ConditionFailedError:
                continue
            self._spread_again(place)
            return self.get(sku=place.sku, location=place.location)
        raise StockMovedError(f"the stock of {place.sku!r}")

    def _plan_change(self, plan: WritePlan, head: Head, change: int, *, exactly: bool, at: datetime) -> None:
        now = int(at.timestamp())
        free = head.pile.free_at(now)
        if change < 0 and free + change < 0:
            raise InsufficientStockError([Shortage(head.place.sku, -change, max(0, free))])
        delta = Delta()
        delta.receive(change)
        write_change(plan, head, head.pile, delta, now=now, at=at, exactly=exactly)

    def _together(self, place: Place) -> Head | None:
        """Return the head of a place with all its units in one pile; None if it is not tracked."""
        for _ in range(ATTEMPTS):
            head = read_heads(self._table, [place]).get(place)
            if head is None or (head.buckets == 1 and not head.moving):
                return head
            self._spreading.rearrange(head=head, together=True)
        raise StockMovedError(f"the stock of {place.sku!r}")

    def _spread_again(self, place: Place) -> None:
        head = read_heads(self._table, [place]).get(place)
        if head is not None and head.wanted > 1 and self._spreading.is_uneven(head=head):
            self._spreading.rearrange(head=head)

    def _remembered(self, place: Place, change: int, reason: str, actor: str, at: datetime) -> Item:
        key = Key(place.sku, adjustment_prefix(place) + self._ids.new("adj"))
        return keyed(key, {"change": change, "reason": reason, "actor": actor, "at": format_time(at)})

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
