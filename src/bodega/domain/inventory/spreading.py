"""Spread a hot SKU's units over several piles, so that its buyers do not queue for one item, and bring them together.

While units are spread, every pile keeps a guard of free ones, so that all together are above the low mark and no single
change has anything to announce. A buyer who finds no pile with enough above the guard has the units rearranged: evenly
if there are plenty, else into the first pile, where the last can be sold one by one and what they cross is announced.

Rearranging takes two transactions. The first raises the epoch of every pile, which no buyer's change survives, so that
the second has nobody to compete with, however hot the SKU; whoever meets piles between the two does the second.
Units that are held come to lie in the first pile.
"""

from collections.abc import Iterable

from bodega import schema
from bodega.domain.inventory.changes import announce
from bodega.domain.inventory.model import Place, StockMovedError
from bodega.domain.inventory.records import (
    SPREAD_PARTITION,
    Head,
    Pile,
    keyed,
    listed_place,
    pile_key,
    read_heads,
    read_piles,
    slot_name,
)
from bodega.domain.writes import WritePlan
from bodega.ports.clock import Clock
from bodega.ports.table import (
    All,
    ConditionFailedError,
    Delete,
    Equals,
    Key,
    NotExists,
    Put,
    TableStore,
    Update,
)

ATTEMPTS = 500
LEAST_SHARE = 8
"""So many units above the guard must a pile have to be worth its place."""


class Spreading:
    """Rearranges the piles of a place."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def settle(self, *, head: Head) -> None:
        """Finish a rearrangement that somebody began; nothing if it is finished."""
        self._finish(head.place, need=0, together=False)

    def rearrange(self, *, head: Head, need: int = 0, together: bool = False) -> None:
        """Spread units evenly if every pile can spare `need`, else (or if `together`) put all into the first pile.

        Does nothing if somebody else rearranged since the head was read: look again.
        """
        if not head.moving and not self._begin(head):
            return
        self._finish(head.place, need=need, together=together)

    def tend(self, *, limit: int = 100) -> int:
        """Even out or spread again what has become uneven or plenty; return how many places were rearranged."""
        done = 0
        after: Key | None = None
        while done < limit:
            page = self._table.query(schema.INVENTORY, SPREAD_PARTITION, after=after, limit=100)
            places = [listed_place(str(item["location"])) for item in page.items]
            for head in read_heads(self._table, places).values():
                if done < limit and self.is_uneven(head=head):
                    self.rearrange(head=head)
                    done += 1
            if page.last is None:
                break
            after = page.last
        return done

    def settled_heads(self, places: Iterable[Place]) -> dict[Place, Head] | None:
        """Return the heads of tracked places; None after finishing what somebody left half rearranged."""
        heads = read_heads(self._table, places)
        moving = [head for head in heads.values() if head.moving]
        for head in moving:
            self.settle(head=head)
        return None if moving else heads

    def is_uneven(self, *, head: Head) -> bool:
        """Tell whether a place that should be spread is worth rearranging."""
        if head.moving:
            return True
        now = int(self._clock.now().timestamp())
        piles = [head.pile, *read_piles(self._table, head, range(1, head.buckets)).values()]
        free = [pile.free_at(now) for pile in piles]
        # Twice of what one pile needs: what was just brought together is not spread again by a few units more.
        plenty = _share(head, sum(free), need=LEAST_SHARE) is not None
        if head.buckets == 1:
            return head.wanted > 1 and plenty
        return not plenty or min(free) - head.guard < (sum(free) // head.buckets - head.guard) // 4

    def _begin(self, head: Head) -> bool:
        """Raise every pile's epoch; False if the piles are not any more what the head says."""
        epoch = head.pile.epoch
        plan = WritePlan()
        for bucket in range(head.buckets):
            plan.add(
                Update(
                    schema.INVENTORY,
                    pile_key(head.place, bucket),
                    set={"epoch": epoch + 1} if bucket else {"epoch": epoch + 1, "moving": True},
                    add={"version": 1},
                    condition=Equals("epoch", epoch),
                )
            )
        try:
            plan.commit(self._table)
        except ConditionFailedError:
            return False
        return True

    def _finish(self, place: Place, *, need: int, together: bool) -> None:
        for _ in range(ATTEMPTS):
            head = read_heads(self._table, [place]).get(place)
            if head is None or not head.moving:
                return
            piles = {0: head.pile, **read_piles(self._table, head, range(1, head.buckets))}
            if len(piles) < head.buckets:
                continue  # somebody finished between the two reads
            try:
                self._lay_out(head, piles, need=need, together=together).commit(self._table)
            except ConditionFailedError:
                continue
            return
        raise StockMovedError(f"the stock of {place.sku!r}")

    def _lay_out(self, head: Head, piles: dict[int, Pile], *, need: int, together: bool) -> WritePlan:
        """Return the writes that give each pile its share; no condition is about anything but what was read."""
        moment = self._clock.now()
        now = int(moment.timestamp())
        free = sum(pile.free_at(now) for pile in piles.values())
        share = None if together else _share(head, free, need=need)
        buckets = head.wanted if share is not None else 1
        plan = WritePlan()
        self._write_head(plan, head, piles, buckets=buckets, elsewhere=(share or 0) * (buckets - 1), now=now)
        for bucket in range(1, max(head.buckets, buckets)):
            self._write_pile(plan, head, piles.get(bucket), bucket, share if bucket < buckets else None)
        # What was in one pile may have had something to cross; what was in several was above every mark.
        if head.buckets == 1:
            announce(plan, head, before=head.pile.free, after=free, version=head.pile.version + 1, at=moment)
        return plan

    def _write_head(
        self, plan: WritePlan, head: Head, piles: dict[int, Pile], *, buckets: int, elsewhere: int, now: int
    ) -> None:
        slots: dict[int, int] = {}
        for pile in piles.values():
            for slot, units in pile.slots.items():
                if slot > now and units:
                    slots[slot] = slots.get(slot, 0) + units
        free = sum(pile.free_at(now) for pile in piles.values()) - elsewhere
        plan.add(
            Update(
                schema.INVENTORY,
                head.pile.key,
                set={
                    "free": free,
                    "on_hand": free + sum(slots.values()),
                    "sold": sum(pile.sold for pile in piles.values()),
                    "buckets": buckets,
                    "epoch": head.pile.epoch + 1,
                    **{slot_name(slot): units for slot, units in slots.items()},
                },
                add={"version": 1},
                remove=["moving", *(slot_name(slot) for slot in head.pile.slots if slot not in slots)],
                condition=Equals("version", head.pile.version),
            )
        )

    def _write_pile(self, plan: WritePlan, head: Head, pile: Pile | None, bucket: int, share: int | None) -> None:
        key = pile_key(head.place, bucket)
        condition = NotExists() if pile is None else All((Equals("version", pile.version), Equals("epoch", pile.epoch)))
        if share is None:
            plan.add(Delete(schema.INVENTORY, key, condition))
            return
        units = {"on_hand": share, "free": share, "sold": 0, "epoch": head.pile.epoch + 1, "version": 1}
        plan.add(Put(schema.INVENTORY, keyed(key, dict(units)), condition))


def _share(head: Head, free: int, *, need: int) -> int | None:
    """Return what each pile gets of what is free (the first also what is left over); None if that is too little."""
    if head.wanted == 1:
        return None
    guard = -(-(head.low_at + 1) // head.wanted)
    share = free // head.wanted
    return share if share - guard >= max(LEAST_SHARE, 2 * need) else None
