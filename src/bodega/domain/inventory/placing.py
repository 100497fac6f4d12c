"""Take units for a hold: choose the piles, and write all lines together, or part by part where they are too many."""

from collections.abc import Callable, Mapping

import msgspec

from bodega import schema
from bodega.domain.inventory.changes import Delta, clears, write_change
from bodega.domain.inventory.model import (
    HeldLine,
    Hold,
    InsufficientStockError,
    Place,
    Shortage,
    StockMovedError,
)
from bodega.domain.inventory.records import (
    Head,
    Pile,
    digest,
    expiry_key,
    hold_item,
    keyed,
    pile_key,
    read_piles,
)
from bodega.domain.inventory.spreading import ATTEMPTS, Spreading
from bodega.domain.writes import WritePlan
from bodega.errors import ShopError
from bodega.ports.clock import Clock
from bodega.ports.table import MAX_TRANSACTION_WRITES, ConditionFailedError, Equals, NotExists, Put, TableStore

PART = 24
"""Lines that are written together: each may write twice and announce twice, and a transaction takes 100."""
Piles = Mapping[Place, tuple[Head, Pile]]
Also = Callable[[WritePlan, Hold], None]
"""Adds to the transaction that makes a hold valid, or longer, what its owner writes with it."""


class Placing:
    """Places holds."""

    def __init__(self, *, table: TableStore, clock: Clock, spreading: Spreading) -> None:
        self._table = table
        self._clock = clock
        self._spreading = spreading

    def attempt(
        self, new: Hold, wanted: Mapping[Place, int], *, also: Also | None, give_back: Callable[[Hold], object]
    ) -> Hold | None:
        """Try once to hold all that is wanted; None if all has to be looked at again."""
        planned = self._plan(new, wanted, whole=True, also=also)
        if planned is None:
            return None
        plan, hold = planned
        if len(plan.writes) + len(plan.events) > MAX_TRANSACTION_WRITES:
            return self._in_parts(new, wanted, also, give_back)
        try:
            plan.commit(self._table)
        except ConditionFailedError:
            return None
        return hold

    def _in_parts(
        self, hold: Hold, wanted: Mapping[Place, int], also: Also | None, give_back: Callable[[Hold], object]
    ) -> Hold:
        """Hold what has more to announce than one transaction takes: part by part, valid only with the last.

        A refusal on the way gives everything back, and so does the sweep if nobody else can.
        """
        rest = list(wanted.items())
        try:
            for _ in range(ATTEMPTS):
                planned = self._plan(hold, dict(rest[:PART]), whole=len(rest) <= PART, also=also)
                if planned is None:
                    continue
                try:
                    planned[0].commit(self._table)
                except ConditionFailedError:
                    continue
                hold, rest = planned[1], rest[PART:]
                if not rest:
                    return hold
            raise StockMovedError("the stock of these lines")
        except ShopError:
            give_back(hold)
            raise

    def _plan(
        self, hold: Hold, wanted: Mapping[Place, int], *, whole: bool, also: Also | None
    ) -> tuple[WritePlan, Hold] | None:
        """Return the writes that add lines to a hold, and the hold with them; None if units had to be moved first.

        What belongs to a whole hold is `also` written with it.
        """
        heads = self._spreading.settled_heads(wanted)
        moment = self._clock.now()
        now = int(moment.timestamp())
        piles = None if heads is None else self._choose(hold.id, wanted, heads, now)
        if piles is None or hold.expires_at <= now:  # a clock may jump
            return None
        plan = WritePlan()
        for place, (head, pile) in piles.items():
            delta = Delta()
            delta.hold(wanted[place], hold.expires_at)
            write_change(plan, head, pile, delta, now=now, at=moment)
        lines = tuple(_held(place, quantity, piles.get(place)) for place, quantity in wanted.items())
        longer = msgspec.structs.replace(hold, lines=hold.lines + lines, version=hold.version + 1, partial=not whole)
        unchanged = Equals("version", hold.version) if hold.version else NotExists()
        plan.add(Put(schema.INVENTORY, hold_item(longer), unchanged))
        plan.add(Put(schema.INVENTORY, keyed(expiry_key(longer), {})))
        if whole and also is not None:
            also(plan, longer)
        return plan, longer

    def _choose(self, hold_id: str, wanted: Mapping[Place, int], heads: Mapping[Place, Head], now: int) -> Piles | None:
        """Choose for each place the pile to take from; None if units had to be moved for it."""
        chosen: dict[Place, tuple[Head, Pile]] = {}
        shortages = []
        scarce = []
        for place, head in heads.items():
            pile = head.pile if head.buckets == 1 else self._fuller_of_two(hold_id, head, now)
            free = pile.free_at(now)
            if head.buckets > 1 and not clears(head, free - wanted[place]):
                scarce.append(head)
            elif head.buckets == 1 and free < wanted[place] and not head.backorder:
                shortages.append(Shortage(place.sku, wanted[place], max(0, free)))
            if pile.epoch != head.pile.epoch:
                return None  # it was rearranged between two reads
            chosen[place] = (head, pile)
        if scarce:
            for head in scarce:
                self._spreading.rearrange(head=head, need=wanted[head.place])
            return None
        if shortages:
            raise InsufficientStockError(shortages)
        return chosen

    def _fuller_of_two(self, hold_id: str, head: Head, now: int) -> Pile:
        """Return the one of two piles that has more, drawn by the hold's id: nearly as even as looking at all."""
        drawn = digest(hold_id + head.place.sku)
        one = drawn % head.buckets
        other = (one + 1 + drawn // head.buckets % (head.buckets - 1)) % head.buckets
        piles = read_piles(self._table, head, {one, other} - {0})
        if 0 in {one, other}:
            piles[0] = head.pile
        return max(piles.values(), key=lambda pile: pile.free_at(now), default=head.pile)


def _held(place: Place, quantity: int, source: tuple[Head, Pile] | None) -> HeldLine:
    if source is None:
        return HeldLine(place.sku, quantity, place.location, tracked=False)
    head, pile = source
    bucket = next(bucket for bucket in range(head.buckets) if pile_key(place, bucket) == pile.key)
    return HeldLine(place.sku, quantity, place.location, bucket=bucket, epoch=pile.epoch)
