"""Promise units to a cart for a while: place, extend, confirm, release, and sweep what is over.

A hold's units are counted in its piles under the second in which the hold expires. Once that second has come, anybody's
next change of the pile lets all of them go at once; nobody waits for the sweep, and no hold has to be found for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import msgspec

from bodega import schema
from bodega.domain.inventory.changes import Delta, clears, write_change
from bodega.domain.inventory.model import (
    HOLD_SECONDS,
    MAX_HOLD_SECONDS,
    MIN_HOLD_SECONDS,
    HeldLine,
    Hold,
    HoldExpiredError,
    InsufficientStockError,
    Line,
    Place,
    Shortage,
    StockMovedError,
    check_whole,
    merged_lines,
)
from bodega.domain.inventory.records import (
    SHARDS,
    US,
    Head,
    Pile,
    digest,
    expiry_key,
    expiry_partition,
    hold_item,
    hold_key,
    keyed,
    pile_key,
    read_heads,
    read_hold,
    read_piles,
    slot_after,
    slot_name,
)
from bodega.domain.inventory.spreading import ATTEMPTS, Spreading
from bodega.domain.writes import Refusal, WritePlan
from bodega.errors import InvalidError, ShopError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    MAX_TRANSACTION_WRITES,
    All,
    AtLeast,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
    SortRange,
    TableStore,
    Update,
    Write,
)

MAX_OWNER_LENGTH = 100
_PART = 24
"""Lines given back together: each may write twice and announce twice, and a transaction takes 100."""
Piles = Mapping[Place, tuple[Head, Pile]]


class Holds:
    """Holds on stock, by id."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._spreading = Spreading(table=table, clock=clock)

    def place(self, *, owner: str, lines: Sequence[Line], seconds: int = HOLD_SECONDS) -> Hold:
        """Hold all lines or none; lines of one SKU count together. It lasts to the end of the minute that is reached.

        Raises InsufficientStockError with every line that lacks, InvalidError for what cannot be wanted, and
        StockMovedError for who loses hundreds of races in a row. SKUs without a level are held without being counted.
        """
        wanted = merged_lines(lines)
        if not 1 <= len(owner) <= MAX_OWNER_LENGTH:
            raise InvalidError(f"an owner has 1 to {MAX_OWNER_LENGTH} characters")
        _check_seconds(seconds)
        hold_id = self._ids.new("hold")
        for _ in range(ATTEMPTS):
            new = Hold(id=hold_id, owner=owner, lines=(), expires_at=slot_after(self._now() + seconds), version=0)
            hold = self._attempt(new, wanted)
            if hold is not None:
                return hold
        raise StockMovedError("the stock of these lines")

    def find(self, *, hold_id: str) -> Hold | None:
        """Return a hold that is not over by the clock, or None."""
        hold = self._stored(hold_id)
        whole = hold is not None and not hold.partial and hold.expires_at > self._now()
        return hold if whole else None

    def get(self, *, hold_id: str) -> Hold:
        """Return a hold; HoldExpiredError if it is over, however it ended."""
        hold = self.find(hold_id=hold_id)
        if hold is None:
            raise HoldExpiredError(hold_id)
        return hold

    def extend(self, *, hold_id: str, seconds: int = HOLD_SECONDS) -> Hold:
        """Let a hold last at least so many seconds from now, as while a payment is running; never shortens it.

        Raises HoldExpiredError if it is over.
        """
        _check_seconds(seconds)
        for _ in range(ATTEMPTS):
            hold = self.get(hold_id=hold_id)
            until = slot_after(self._now() + seconds)
            if until <= hold.expires_at:
                return hold
            longer = msgspec.structs.replace(hold, expires_at=until, version=hold.version + 1)
            plan = WritePlan()
            start = Put(schema.INVENTORY, hold_item(longer), Equals("version", hold.version))
            if not self._plan_lines(plan, hold, partial(_moved, before=hold.expires_at, after=until), start=start):
                continue
            plan.add(Put(schema.INVENTORY, keyed(expiry_key(longer), {})))
            try:
                plan.commit(self._table)
            except StockMovedError:
                continue
            return longer
        raise StockMovedError(f"hold {hold_id!r}")

    def add_confirmation(self, *, plan: WritePlan, hold_id: str) -> Hold:
        """Add to a plan the writes that turn a hold into a sale: one a tracked line and one for the hold.

        The plan's commit then raises HoldExpiredError if the hold was over before it, and StockMovedError if the
        stock was rearranged since: plan again from the start. Here, HoldExpiredError if it is over already.
        """
        for _ in range(ATTEMPTS):
            hold = self.get(hold_id=hold_id)
            start = Delete(schema.INVENTORY, hold_key(hold.id), Equals("version", hold.version))
            if self._plan_lines(plan, hold, partial(_sold, slot=hold.expires_at), start=start):
                return hold
        raise StockMovedError(f"hold {hold_id!r}")

    def release(self, *, hold_id: str) -> bool:
        """Give back what a hold has; False if it was over already. Doing it twice does nothing further."""
        given = False
        for _ in range(ATTEMPTS):
            hold = self._stored(hold_id)
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

    def _attempt(self, new: Hold, wanted: Mapping[Place, int]) -> Hold | None:
        """Try once to hold all that is wanted; None if all has to be looked at again."""
        planned = self._plan(new, wanted, whole=True)
        if planned is None:
            return None
        plan, hold = planned
        if len(plan.writes) + len(plan.events) > MAX_TRANSACTION_WRITES:
            return self._in_parts(new, wanted)
        try:
            plan.commit(self._table)
        except ConditionFailedError:
            return None
        return hold

    def _in_parts(self, hold: Hold, wanted: Mapping[Place, int]) -> Hold:
        """Hold what has more to announce than one transaction takes: part by part, valid only with the last.

        A refusal on the way gives everything back, and so does the sweep if nobody else can.
        """
        rest = list(wanted.items())
        try:
            for _ in range(ATTEMPTS):
                planned = self._plan(hold, dict(rest[:_PART]), whole=len(rest) <= _PART)
                if planned is None:
                    continue
                try:
                    planned[0].commit(self._table)
                except ConditionFailedError:
                    continue
                hold, rest = planned[1], rest[_PART:]
                if not rest:
                    return hold
            raise StockMovedError("the stock of these lines")
        except ShopError:
            self.release(hold_id=hold.id)
            raise

    def _plan(self, hold: Hold, wanted: Mapping[Place, int], *, whole: bool) -> tuple[WritePlan, Hold] | None:
        """Return the writes that add lines to a hold, and the hold with them; None if units had to be moved first."""
        heads = self._heads(wanted)
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
        return plan, longer

    def _heads(self, places: Iterable[Place]) -> dict[Place, Head] | None:
        """Return the heads of tracked places; None after finishing what somebody left half rearranged."""
        heads = read_heads(self._table, places)
        moving = [head for head in heads.values() if head.moving]
        for head in moving:
            self._spreading.settle(head=head)
        return None if moving else heads

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

    def _plan_lines(self, plan: WritePlan, hold: Hold, change: Callable[[HeldLine], Delta], *, start: Write) -> bool:
        """Add a change of the hold and of each tracked line's slot; False, and nothing added: read the hold again.

        The hold comes first: if it has changed, that is the reason why its lines are not as they were.

        HoldExpiredError if somebody whose clock is ahead let the units go already.
        """
        located = self._located(hold)
        if located is None:
            return False
        if any(pile.slots.get(hold.expires_at, 0) < line.quantity for line, _, pile in located):
            if self._stored(hold.id) == hold:
                raise HoldExpiredError(hold.id)
            return False  # it was extended between two reads
        plan.add(start, otherwise=_refusal_of_hold(hold.id))
        for line, head, pile in located:
            delta = change(line)
            slots = {slot_name(slot): units for slot, units in delta.slots.items()}
            counts = {"on_hand": delta.on_hand, "sold": delta.sold}
            plan.add(
                Update(
                    schema.INVENTORY,
                    pile.key,
                    add={name: units for name, units in (counts | slots).items() if units} | {"version": 1},
                    condition=All((Equals("epoch", pile.epoch), AtLeast(slot_name(hold.expires_at), line.quantity))),
                ),
                otherwise=_refusal_of_line(hold, head),
            )
        return True

    def _located(self, hold: Hold) -> list[tuple[HeldLine, Head, Pile]] | None:
        """Find the pile that has each tracked line's units: the first one, once the place was rearranged.

        None if that was going on: look again.
        """
        heads = self._heads({Place(line.sku, line.location) for line in hold.lines if line.tracked})
        if heads is None:
            return None
        found = []
        for line in hold.lines:
            head = heads.get(Place(line.sku, line.location))
            if not line.tracked or head is None:
                continue
            pile = head.pile
            if line.bucket and line.epoch == head.pile.epoch:
                spread = read_piles(self._table, head, [line.bucket]).get(line.bucket)
                if spread is None or spread.epoch != line.epoch:
                    return None
                pile = spread
            found.append((line, head, pile))
        return found

    def _let_go(self, hold: Hold) -> int | None:
        """Give a hold's units back and delete it, a part at a time if it is large.

        Each line may have two facts to announce, and all that may not be more than a transaction takes. Return how
        many lines are left, or None if somebody else changed something and nothing was done.
        """
        located = self._located(msgspec.structs.replace(hold, lines=hold.lines[:_PART]))
        if located is None:
            return None
        moment = self._clock.now()
        now = int(moment.timestamp())
        plan = WritePlan()
        for line, head, pile in located:
            delta = Delta()
            if hold.expires_at > now and pile.slots.get(hold.expires_at, 0) >= line.quantity:
                delta.let_go(line.quantity, hold.expires_at)
            if delta.slots or pile.over(now):
                write_change(plan, head, pile, delta, now=now, at=moment)
        rest = msgspec.structs.replace(hold, lines=hold.lines[_PART:], version=hold.version + 1, partial=True)
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
        hold = self._stored(hold_id)
        # An entry stays behind when its hold is confirmed, released or extended: one write less for each of them.
        if hold is not None and expiry_key(hold) == entry:
            self.release(hold_id=hold_id)
        self._table.transact([Delete(schema.INVENTORY, entry)])

    def _stored(self, hold_id: str) -> Hold | None:
        item = self._table.get(schema.INVENTORY, hold_key(hold_id))
        return read_hold(item) if item is not None else None

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _check_seconds(seconds: int) -> None:
    check_whole(seconds, low=MIN_HOLD_SECONDS, high=MAX_HOLD_SECONDS, what="the seconds of a hold")


def _held(place: Place, quantity: int, source: tuple[Head, Pile] | None) -> HeldLine:
    if source is None:
        return HeldLine(place.sku, quantity, place.location, tracked=False)
    head, pile = source
    bucket = next(bucket for bucket in range(head.buckets) if pile_key(place, bucket) == pile.key)
    return HeldLine(place.sku, quantity, place.location, bucket=bucket, epoch=pile.epoch)


def _moved(line: HeldLine, before: int, after: int) -> Delta:
    delta = Delta()
    delta.let_go(line.quantity, before)
    delta.hold(line.quantity, after)
    return delta


def _sold(line: HeldLine, slot: int) -> Delta:
    delta = Delta()
    delta.sell(line.quantity, slot)
    return delta


def _refusal_of_hold(hold_id: str) -> Refusal:
    def refuse(found: Item | None) -> ShopError:
        return HoldExpiredError(hold_id) if found is None else StockMovedError(f"hold {hold_id!r}")

    return refuse


def _refusal_of_line(hold: Hold, head: Head) -> Refusal:
    def refuse(found: Item | None) -> ShopError:
        if found is None or found.get("epoch") != head.pile.epoch:
            return StockMovedError(f"the stock of {head.place.sku!r}")
        return HoldExpiredError(hold.id)

    return refuse
