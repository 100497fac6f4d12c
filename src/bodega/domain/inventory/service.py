"""Answer what is in stock, and take counts in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from bodega.domain.inventory.changes import Delta, start_tracking, write_change
from bodega.domain.inventory.model import MAIN, MAX_UNITS, Level, Place, StockMovedError, check_place, check_whole
from bodega.domain.inventory.records import Head, read_heads, read_levels
from bodega.domain.inventory.spreading import ATTEMPTS, Spreading
from bodega.domain.writes import WritePlan
from bodega.ports.clock import Clock
from bodega.ports.table import TableStore

__all__ = ["MAIN", "MAX_UNITS", "Inventory"]
_BATCH = 2000


class Inventory:
    """Stock levels by SKU at the main location, for those who show and those who load them.

    Without a clock no hold is ever over here, and what is loaded is not announced.
    """

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._spreading = Spreading(table=table, clock=self._clock)

    def set_on_hand(self, levels: Mapping[str, int], *, likely_new: bool = False) -> dict[str, int]:
        """Set how many units are on hand, each SKU on its own; what is held stays held.

        With `likely_new` it is not looked first whether they are tracked already, which saves time where few are.

        Negative or absurd counts are refused before anything is set. A SKU of which more is held than was asked for
        gets as many as are held: return those, with what they have now.
        """
        wanted = {
            check_place(sku, MAIN): check_whole(units, low=0, high=MAX_UNITS, what=f"what is on hand of {sku[:80]!r}")
            for sku, units in levels.items()
        }
        raised: dict[str, int] = {}
        rest = iter(wanted.items())
        while batch := dict(islice(rest, _BATCH)):
            self._set_batch(batch, raised, look=not likely_new)
        return raised

    def find_levels(self, skus: Iterable[str], *, location: str = MAIN) -> dict[str, Level]:
        """Return the levels of those SKUs whose stock is tracked; what is held beyond its time counts as free."""
        places = [Place(sku, location) for sku in dict.fromkeys(skus)]
        now = int(self._clock.now().timestamp())
        return {place.sku: level for place, level in read_levels(self._table, places, now).items()}

    def sold_out(self, skus: Sequence[str]) -> bool:
        """Tell whether every one of these SKUs is out of stock: such a product is not worth recommending."""
        levels = self.find_levels(skus)
        return bool(skus) and all(s in levels and levels[s].state == "out_of_stock" for s in skus)

    def _set_batch(self, wanted: Mapping[Place, int], raised: dict[str, int], *, look: bool) -> None:
        left = dict(wanted)
        for attempt in range(ATTEMPTS):
            heads = read_heads(self._table, left) if look or attempt else {}
            plans = {place: self._plan(place, heads.get(place), units, raised) for place, units in left.items()}
            outcomes = self._table.load((plan.writes, plan.events) for plan in plans.values() if plan is not None)
            tried = [place for place, plan in plans.items() if plan is not None]
            lost = {place for place, outcome in zip(tried, outcomes, strict=True) if outcome is not None}
            left = {place: units for place, units in left.items() if plans[place] is None or place in lost}
            if not left:
                return
        raise StockMovedError(f"the stock of {len(left)} SKUs")

    def _plan(self, place: Place, head: Head | None, units: int, raised: dict[str, int]) -> WritePlan | None:
        """Return what sets one SKU; None if its units have to be brought together first, which is done."""
        moment = self._clock.now()
        plan = WritePlan()
        if head is None:
            start_tracking(plan, place, units, at=moment)
            return plan
        if head.buckets > 1 or head.moving:
            self._spreading.rearrange(head=head, together=True)
            return None
        now = int(moment.timestamp())
        held = head.pile.on_hand - head.pile.free_at(now)
        floor = units if head.backorder else max(units, held)
        raised.pop(place.sku, None)
        if floor != units:
            raised[place.sku] = floor
        delta = Delta()
        delta.receive(floor - head.pile.on_hand)
        write_change(plan, head, head.pile, delta, now=now, at=moment, exactly=True)
        return plan
