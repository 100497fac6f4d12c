"""Promise units to a cart for a while: place, extend, confirm, release, and sweep what is over.

A hold's units are counted in its piles under the second in which the hold expires. Once that second has come, anybody's
next change of the pile lets all of them go at once; nobody waits for the sweep, and no hold has to be found for it.
"""

from collections.abc import Sequence
from functools import partial

import msgspec

from bodega import schema
from bodega.domain.inventory.changes import Delta, write_change
from bodega.domain.inventory.held_units import HeldUnits, add_sale_as_held, moved, on_shelf, sold
from bodega.domain.inventory.model import (
    HOLD_SECONDS,
    MAX_HOLD_SECONDS,
    MIN_HOLD_SECONDS,
    Hold,
    HoldExpiredError,
    Line,
    StockMovedError,
    check_whole,
    merged_lines,
)
from bodega.domain.inventory.placing import PART, Also, Placing
from bodega.domain.inventory.records import (
    SHARDS,
    US,
    expiry_key,
    expiry_partition,
    hold_item,
    hold_key,
    keyed,
    slot_after,
)
from bodega.domain.inventory.spreading import ATTEMPTS, Spreading
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    MAX_TRANSACTION_WRITES,
    ConditionFailedError,
    Delete,
    Equals,
    Key,
    Put,
    SortRange,
    TableStore,
)

MAX_OWNER_LENGTH = 100
FIT_TOGETHER = PART
"""SKUs that are surely held in one transaction, with room for a write of whoever holds them."""
_EXTENDED_TOGETHER = MAX_TRANSACTION_WRITES - 3
"""Lines whose slot is changed in one transaction, beside the hold, its place in the work list and a write of others."""


class Holds:
    """Holds on stock, by id."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._spreading = Spreading(table=table, clock=clock)
        self._units = HeldUnits(table=table, spreading=self._spreading)
        self._placing = Placing(table=table, clock=clock, spreading=self._spreading)

    def place(
        self, *, owner: str, lines: Sequence[Line], seconds: int = HOLD_SECONDS, also: Also | None = None
    ) -> Hold:
        """Hold all lines or none; lines of one SKU count together. It lasts to the end of the minute that is reached.

        Raises InsufficientStockError with every line that lacks, InvalidError for what cannot be wanted, and
        StockMovedError for who loses hundreds of races in a row. SKUs without a level are held without being counted.
        `also` may add one write to the transaction with which the hold begins to count; a refusal of that is raised,
        and nothing is held.
        """
        wanted = merged_lines(lines)
        if not 1 <= len(owner) <= MAX_OWNER_LENGTH:
            raise InvalidError(f"an owner has 1 to {MAX_OWNER_LENGTH} characters")
        _check_seconds(seconds)
        hold_id = self._ids.new("hold")
        for _ in range(ATTEMPTS):
            new = Hold(id=hold_id, owner=owner, lines=(), expires_at=slot_after(self._now() + seconds), version=0)
            hold = self._placing.attempt(new, wanted, also=also, give_back=lambda part: self.release(hold_id=part.id))
            if hold is not None:
                return hold
        raise StockMovedError("the stock of these lines")

    def find(self, *, hold_id: str) -> Hold | None:
        """Return a hold that is not over by the clock, or None."""
        hold = self._units.stored(hold_id)
        whole = hold is not None and not hold.partial and hold.expires_at > self._now()
        return hold if whole else None

    def get(self, *, hold_id: str) -> Hold:
        """Return a hold; HoldExpiredError if it is over, however it ended."""
        hold = self.find(hold_id=hold_id)
        if hold is None:
            raise HoldExpiredError(hold_id)
        return hold

    def extend(self, *, hold_id: str, seconds: int = HOLD_SECONDS, also: Also | None = None) -> Hold:
        """Let a hold last at least so many seconds from now, as while a payment is running; never shortens it.

        Raises HoldExpiredError if it is over. `also` may add one write to the transaction, as when placing a hold.
        """
        _check_seconds(seconds)
        for _ in range(ATTEMPTS):
            hold = self.get(hold_id=hold_id)
            until = slot_after(self._now() + seconds)
            if until <= hold.expires_at:
                if also is not None:
                    plan = WritePlan()
                    also(plan, hold)
                    plan.commit(self._table)
                return hold
            if not self._units.is_light(hold, most=_EXTENDED_TOGETHER):
                continue
            longer = msgspec.structs.replace(hold, expires_at=until, version=hold.version + 1)
            plan = WritePlan()
            start = Put(schema.INVENTORY, hold_item(longer), Equals("version", hold.version))
            change = partial(moved, before=hold.expires_at, after=until)
            if not self._units.plan_lines(plan, hold, on_shelf(hold), change, start=start):
                continue
            plan.add(Put(schema.INVENTORY, keyed(expiry_key(longer), {})))
            if also is not None:
                also(plan, longer)
            try:
                plan.commit(self._table)
            except StockMovedError:
                continue
            return longer
        raise StockMovedError(f"hold {hold_id!r}")

    def add_confirmation(
        self, *, plan: WritePlan, hold_id: str, at_most: int = MAX_TRANSACTION_WRITES, look: bool = True
    ) -> Hold:
        """Add to a plan the writes that turn a hold into a sale: one a tracked line and one for the hold.

        The plan's commit then raises HoldExpiredError if the hold was over before it, and StockMovedError if the
        stock was rearranged since: plan again from the start. Here, HoldExpiredError if it is over already.

        If that were more than `at_most` writes, what is too much is taken off the shelf at once. It comes back when
        the hold is released or swept, so that a plan which is never committed loses nothing.

        Without a `look`, the stock is taken to lie where the hold found it, which is nearly always so and saves reading
        it; where it does not, StockMovedError says so.
        """
        for _ in range(ATTEMPTS):
            hold = self.get(hold_id=hold_id)
            if not self._units.is_light(hold, most=at_most - 1):
                continue
            start = Delete(schema.INVENTORY, hold_key(hold.id), Equals("version", hold.version))
            if not look:
                add_sale_as_held(plan, hold, start=start)
                return hold
            if self._units.plan_lines(plan, hold, on_shelf(hold), partial(sold, slot=hold.expires_at), start=start):
                return hold
        raise StockMovedError(f"hold {hold_id!r}")

    def release(self, *, hold_id: str) -> bool:
        """Give back what a hold has; False if it was over already. Doing it twice does nothing further."""
        given = False
        for _ in range(ATTEMPTS):
            hold = self._units.stored(hold_id)
            if hold is None:
                return given
            in_time = hold.expires_at > self._now() and not hold.partial
            left = self._let_go(hold)
            if left is not None:
                given = given or in_time
            if left == 0:
                return given
        raise StockMovedError(f"hold {hold_id!r}")

    def sweep(self, *, limit: int = 100) -> int:
        """Clear away up to `limit` holds that are over and return how many entries of the work list were dealt with.

        Nobody waits for it: it makes what others see by the clock true in the books, and announces it.
        """
        done = 0
        high = f"{self._now():012d}{chr(ord(US) + 1)}"
        for shard in range(SHARDS):
            if done < limit:
                page = self._table.query(
                    schema.INVENTORY, expiry_partition(shard), sort=SortRange(high=high), limit=limit - done
                )
                for item in page.items:
                    self._sweep_one(Key(str(item["sku"]), str(item["location"])))
                    done += 1
        return done

    # -- inside --------------------------------------------------------------------------------------------

    def _let_go(self, hold: Hold) -> int | None:
        """Give a hold's units back and delete it, a part at a time if it is large.

        Each line may have two facts to announce, and all that may not be more than a transaction takes. Return how
        many lines are left, or None if somebody else changed something and nothing was done.
        """
        located = self._units.located([line for line in hold.lines[:PART] if line.tracked])
        if located is None:
            return None
        moment = self._clock.now()
        now = int(moment.timestamp())
        plan = WritePlan()
        for line, head, pile in located:
            delta = Delta()
            if line.taken:
                delta.unsell(line.quantity)
            elif hold.expires_at > now and pile.slots.get(hold.expires_at, 0) >= line.quantity:
                delta.let_go(line.quantity, hold.expires_at)
            if delta.slots or delta.free or pile.over(now):
                write_change(plan, head, pile, delta, now=now, at=moment)
        rest = msgspec.structs.replace(hold, lines=hold.lines[PART:], version=hold.version + 1, partial=True)
        unchanged = Equals("version", hold.version)
        plan.add(
            Put(schema.INVENTORY, hold_item(rest), unchanged)
            if rest.lines
            else Delete(schema.INVENTORY, hold_key(hold.id), unchanged)
        )
        try:
            plan.commit(self._table)
        except ConditionFailedError:
            return None
        return len(rest.lines)

    def _sweep_one(self, entry: Key) -> None:
        hold_id = entry.sort.split(US, 1)[1]
        hold = self._units.stored(hold_id)
        # An entry stays behind when its hold is confirmed, released or extended: one write less for each of them.
        if hold is not None and expiry_key(hold) == entry:
            self.release(hold_id=hold_id)
        self._table.transact([Delete(schema.INVENTORY, entry)])

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _check_seconds(seconds: int) -> None:
    check_whole(seconds, low=MIN_HOLD_SECONDS, high=MAX_HOLD_SECONDS, what="the seconds of a hold")
