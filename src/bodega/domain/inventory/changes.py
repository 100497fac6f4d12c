"""Turn changes of piles into conditional writes, and announce what they cross.

A change is written in one of two ways. As long as it stays clear of every mark (the low mark, zero), its condition
only says so: any number of such changes can happen in any order, and none makes another fail. A change that crosses a
mark, and so has something to announce, insists on the version that it was decided on.
"""

from collections.abc import Mapping
from datetime import datetime

from bodega import schema
from bodega.domain.inventory.events import crossings, stock_events
from bodega.domain.inventory.model import LOW_STOCK, MAX_UNITS, Place
from bodega.domain.inventory.records import Head, Pile, keyed, list_key, pile_key, slot_name
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError
from bodega.ports.table import All, AtLeast, AtMost, Condition, Equals, Item, Missing, NotExists, Put, Update, Value

Band = tuple[int | None, int | None]


class Delta:
    """What one decision does to one pile; several lines may add to it."""

    def __init__(self) -> None:
        self.free = 0
        self.on_hand = 0
        self.sold = 0
        self.slots: dict[int, int] = {}

    def hold(self, units: int, slot: int) -> None:
        """Move free units into a slot."""
        self.free -= units
        self.slots[slot] = self.slots.get(slot, 0) + units

    def let_go(self, units: int, slot: int) -> None:
        """Move units of a slot back to the free ones."""
        self.hold(-units, slot)

    def sell(self, units: int, slot: int) -> None:
        """Let units of a slot leave the house."""
        self.slots[slot] = self.slots.get(slot, 0) - units
        self.on_hand -= units
        self.sold += units

    def unsell(self, units: int) -> None:
        """Put units back that had left the house before it was certain that they would."""
        self.receive(units)
        self.sold -= units

    def receive(self, units: int) -> None:
        """Add units to what is on hand and free; negative ones are lost."""
        self.on_hand += units
        self.free += units


def clears(head: Head, free: int) -> bool:
    """Tell whether a pile among several may have so many free: the guard keeps all of them above the low mark."""
    return head.buckets == 1 or free >= head.guard


def write_change(
    plan: WritePlan, head: Head, pile: Pile, delta: Delta, *, now: int, at: datetime, exactly: bool = False
) -> None:
    """Add the write of a change to a plan, with what it announces; holds that are over are let go with it.

    Among several piles the change must leave the guard free: see `clears`. Slots of the delta must not be over.
    `exactly` insists that what is on hand is what was read.
    """
    over = pile.over(now)
    freed = delta.free + sum(over.values())
    after = pile.free + freed
    if max(abs(pile.on_hand + delta.on_hand), abs(after)) > MAX_UNITS:
        raise InvalidError(f"{head.place.sku!r} would have more than {MAX_UNITS} units on hand")
    band = _band(head, pile.free)
    relative = band == _band(head, after) and not pile.old and _within(band, after)
    if relative:
        condition = _relative(pile, delta, freed, over, band, exactly=exactly)
    else:
        condition = All((_version(pile), Equals("epoch", pile.epoch))) if not pile.old else _version(pile)
        announce(plan, head, before=pile.free, after=after, version=pile.version + 1, at=at)
    additions = {
        "free": freed,
        "on_hand": delta.on_hand,
        "sold": delta.sold,
        **{slot_name(slot): units for slot, units in delta.slots.items()},
    }
    settled = _modern(head, pile, additions) if pile.old else {}
    plan.add(
        Update(
            schema.INVENTORY,
            pile.key,
            set=settled,
            add={name: units for name, units in additions.items() if units and name not in settled} | {"version": 1},
            remove=[slot_name(slot) for slot in over],
            condition=condition,
        )
    )
    if pile.old:
        plan.add(Put(schema.INVENTORY, entry_of(head.place)))


def start_tracking(
    plan: WritePlan, place: Place, units: int, *, at: datetime, low_at: int = LOW_STOCK, backorder: bool = False
) -> None:
    """Add to a plan the first level of a SKU, which until then was always available."""
    settings: Item = {"low_at": low_at, "backorder": backorder, "epoch": 0}
    counts: Item = {"on_hand": units, "free": units, "sold": 0, "version": 1}
    plan.add(Put(schema.INVENTORY, keyed(pile_key(place), settings | counts), NotExists()))
    plan.add(Put(schema.INVENTORY, entry_of(place)))
    names = crossings(None, units, low_at)
    for event in stock_events(place, names, version=1, available=units, low_at=low_at, at=at):
        plan.announce(event)


def entry_of(place: Place) -> Item:
    """Return the entry of a place in the list of all."""
    return keyed(list_key(place), {})


def announce(plan: WritePlan, head: Head, *, before: int, after: int, version: int, at: datetime) -> None:
    """Add to a plan what it means that so many are free now."""
    if head.buckets > 1:
        return  # the guards keep the whole above every mark
    names = crossings(before, after, head.low_at)
    for event in stock_events(head.place, names, version=version, available=after, low_at=head.low_at, at=at):
        plan.announce(event)


def _band(head: Head, free: int) -> Band:
    """Return the bounds between which nothing is announced."""
    if head.buckets > 1:
        return (head.guard, None)
    if free > head.low_at:
        return (head.low_at + 1, None)
    return (1, head.low_at) if free > 0 else (None, 0)


def _within(band: Band, free: int) -> bool:
    low, high = band
    return (low is None or free >= low) and (high is None or free <= high)


def _relative(pile: Pile, delta: Delta, freed: int, over: Mapping[int, int], band: Band, *, exactly: bool) -> Condition:
    """Return the condition under which the change crosses no mark, whatever happened since the pile was read."""
    low, high = band
    parts: list[Condition] = [Equals("epoch", pile.epoch)]
    if exactly:
        parts.append(Equals("on_hand", pile.on_hand))
    if low is not None:
        parts.append(AtLeast("free", low - min(0, freed)))
    if high is not None:
        parts.append(AtMost("free", high - max(0, freed)))
    parts += [Equals(slot_name(slot), units) for slot, units in over.items()]
    parts += [AtLeast(slot_name(slot), -units) for slot, units in delta.slots.items() if units < 0]
    return All(tuple(parts))


def _version(pile: Pile) -> Condition:
    return Equals("version", pile.version) if pile.version else Missing("version")


def _modern(head: Head, pile: Pile, additions: Mapping[str, int]) -> dict[str, Value]:
    """Return what an item from before holds lacks."""
    return {
        "free": pile.free + additions["free"],
        "sold": additions["sold"],
        "epoch": 0,
        "low_at": head.low_at,
        "backorder": head.backorder,
    }
