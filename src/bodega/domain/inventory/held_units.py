"""Find the units of holds on the shelf, and plan what becomes of them."""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from bodega import schema
from bodega.domain.inventory.changes import Delta
from bodega.domain.inventory.model import HeldLine, Hold, HoldExpiredError, Place, StockMovedError
from bodega.domain.inventory.placing import PART
from bodega.domain.inventory.records import (
    Head,
    Pile,
    hold_item,
    hold_key,
    pile_key,
    read_hold,
    read_piles,
    slot_name,
)
from bodega.domain.inventory.spreading import Spreading
from bodega.domain.writes import Refusal, WritePlan
from bodega.errors import ShopError
from bodega.ports.table import All, AtLeast, Equals, Item, Key, Put, TableStore, Update, Write


class Source(NamedTuple):
    """The pile that has a line's units, and the arrangement of its place in which it has them."""

    key: Key
    epoch: int


class HeldUnits:
    """Units of holds, wherever they were moved to since they were held."""

    def __init__(self, *, table: TableStore, spreading: Spreading) -> None:
        self._table = table
        self._spreading = spreading

    def is_light(self, hold: Hold, *, most: int) -> bool:
        """Tell whether so few lines at most are on the shelf still; otherwise take some of them, and look again."""
        waiting = on_shelf(hold)
        if len(waiting) <= most:
            return True
        some = waiting[max(most, len(waiting) - PART) :]
        lines = tuple(msgspec.structs.replace(line, taken=True) if line in some else line for line in hold.lines)
        lighter = msgspec.structs.replace(hold, lines=lines, version=hold.version + 1)
        plan = WritePlan()
        start = Put(schema.INVENTORY, hold_item(lighter), Equals("version", hold.version))
        if self.plan_lines(plan, hold, some, partial(sold, slot=hold.expires_at), start=start):
            with contextlib.suppress(StockMovedError):
                plan.commit(self._table)
        return False

    def plan_lines(
        self,
        plan: WritePlan,
        hold: Hold,
        lines: Sequence[HeldLine],
        change: Callable[[HeldLine], Delta],
        *,
        start: Write,
    ) -> bool:
        """Add a change of the hold and of the slot of each of its lines; False, and nothing added: read it again.

        The hold comes first: if it has changed, that is the reason why its lines are not as they were.

        HoldExpiredError if somebody whose clock is ahead let the units go already.
        """
        located = self.located(lines)
        if located is None:
            return False
        if any(pile.slots.get(hold.expires_at, 0) < line.quantity for line, _, pile in located):
            if self.stored(hold.id) == hold:
                raise HoldExpiredError(hold.id)
            return False  # it was extended between two reads
        plan.add(start, otherwise=_refusal_of_hold(hold.id))
        for line, _, pile in located:
            _add_slot_change(plan, hold, line, Source(pile.key, pile.epoch), change(line))
        return True

    def located(self, lines: Sequence[HeldLine]) -> list[tuple[HeldLine, Head, Pile]] | None:
        """Find the pile that has each line's units: the first one, once the place was rearranged.

        None if that was going on: look again.
        """
        heads = self._spreading.settled_heads({Place(line.sku, line.location) for line in lines})
        if heads is None:
            return None
        found = []
        for line in lines:
            head = heads.get(Place(line.sku, line.location))
            if head is None:
                continue
            pile = head.pile
            if line.bucket and line.epoch == head.pile.epoch:
                spread = read_piles(self._table, head, [line.bucket]).get(line.bucket)
                if spread is None or spread.epoch != line.epoch:
                    return None
                pile = spread
            found.append((line, head, pile))
        return found

    def stored(self, hold_id: str) -> Hold | None:
        """Return a hold as it is stored, also one that is over."""
        item = self._table.get(schema.INVENTORY, hold_key(hold_id))
        return read_hold(item) if item is not None else None


def on_shelf(hold: Hold) -> list[HeldLine]:
    """Return the lines whose units lie in a slot of the hold's."""
    return [line for line in hold.lines if line.tracked and not line.taken]


def moved(line: HeldLine, before: int, after: int) -> Delta:
    """Return what it means for a line that its hold ends in another slot."""
    delta = Delta()
    delta.let_go(line.quantity, before)
    delta.hold(line.quantity, after)
    return delta


def sold(line: HeldLine, slot: int) -> Delta:
    """Return what it means for a line that it is sold."""
    delta = Delta()
    delta.sell(line.quantity, slot)
    return delta


def add_sale_as_held(plan: WritePlan, hold: Hold, *, start: Write) -> None:
    """Add to a plan the sale of a hold's lines from where they were held, without a look whether they are there."""
    plan.add(start, otherwise=_refusal_of_hold(hold.id))
    for line in on_shelf(hold):
        source = Source(pile_key(Place(line.sku, line.location), line.bucket), line.epoch)
        _add_slot_change(plan, hold, line, source, sold(line, slot=hold.expires_at))


def _refusal_of_hold(hold_id: str) -> Refusal:
    def refuse(found: Item | None) -> ShopError:
        return HoldExpiredError(hold_id) if found is None else StockMovedError(f"hold {hold_id!r}")

    return refuse


def _add_slot_change(plan: WritePlan, hold: Hold, line: HeldLine, source: Source, delta: Delta) -> None:
    """Add to a plan what becomes of a line's units, which still have to be where they were held."""
    slots = {slot_name(slot): units for slot, units in delta.slots.items()}
    counts = {"on_hand": delta.on_hand, "sold": delta.sold}
    plan.add(
        Update(
            schema.INVENTORY,
            source.key,
            add={name: units for name, units in (counts | slots).items() if units} | {"version": 1},
            condition=All((Equals("epoch", source.epoch), AtLeast(slot_name(hold.expires_at), line.quantity))),
        ),
        otherwise=_refusal_of_line(hold, line, source),
    )


def _refusal_of_line(hold: Hold, line: HeldLine, source: Source) -> Refusal:
    def refuse(found: Item | None) -> ShopError:
        if found is None or found.get("epoch") != source.epoch:
            return StockMovedError(f"the stock of {line.sku!r}")
        return HoldExpiredError(hold.id)

    return refuse
