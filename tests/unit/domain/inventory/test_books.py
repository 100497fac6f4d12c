"""The books of stock against a model of a few lines, over whatever order of events Hypothesis can think of."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import (
    HoldExpiredError,
    InsufficientStockError,
    Line,
    Place,
    StockChangedError,
    StockMovedError,
)
from bodega.domain.inventory.records import read_heads, read_piles
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.writes import WritePlan

SKUS = ("PLAIN", "HOT", "SCARCE")
SKU = st.sampled_from(SKUS)
UNITS = st.one_of(st.integers(1, 6), st.integers(1, 120))
PICK = st.integers(0, 50)


class Books(RuleBasedStateMachine):
    """The model knows what was received, what was sold and which holds there are; the rest follows."""

    @initialize()
    def open(self):
        self.world = contextlib.ExitStack()
        folder = self.world.enter_context(tempfile.TemporaryDirectory())
        database = Database.open(Path(folder) / "shop.sqlite")
        self.world.callback(database.close)
        self.clock = SettableClock()
        self.table = SqliteTableStore(database, schema.TABLES, clock=self.clock)
        ids = SeededIds(3, self.clock)
        self.inventory = Inventory(table=self.table, clock=self.clock)
        self.stock = Stock(table=self.table, clock=self.clock, ids=ids)
        self.holds = Holds(table=self.table, clock=self.clock, ids=ids)
        self.received = {"PLAIN": 30, "HOT": 300, "SCARCE": 3}
        self.sold = dict.fromkeys(SKUS, 0)
        self.live = {}
        self.over = []
        self.plans = []
        self.meanwhile = None
        self.interrupt("transact")
        self.interrupt("load")
        self.inventory.set_on_hand(self.received)
        self.stock.configure(sku="HOT", buckets=4)

    # -- the model -----------------------------------------------------------------------------------------

    def on_hand(self, sku):
        return self.received[sku] - self.sold[sku] - self.taken(sku)

    def taken(self, sku):
        """What left the shelf for a sale that is not certain yet. Which that is, is the holds' own affair."""
        stored = [self.holds._units.stored(hold_id) for hold_id in (*self.live, *self.over)]
        lines = [line for hold in stored if hold is not None for line in hold.lines if line.taken]
        return sum(line.quantity for line in lines if line.sku == sku)

    def held(self, sku):
        now = self.clock.now().timestamp()
        promised = 0
        for hold_id, (lines, until) in self.live.items():
            if until > now:
                taken = [line for line in self.holds._units.stored(hold_id).lines if line.taken and line.sku == sku]
                promised += lines.get(sku, 0) - sum(line.quantity for line in taken)
        return promised

    def free(self, sku):
        return self.on_hand(sku) - self.held(sku)

    def picked(self, pick):
        """Return a hold that was made, be it over or not."""
        known = [*self.live, *self.over]
        return known[pick % len(known)] if known else "hold_none"

    def is_live(self, hold_id):
        return hold_id in self.live and self.live[hold_id][1] > self.clock.now().timestamp()

    def end(self, hold_id):
        lines, _ = self.live.pop(hold_id)
        self.over.append(hold_id)
        return lines

    def interrupt(self, verb):
        """Let what is armed happen between the reads and the writes of the next change."""
        write = getattr(self.table, verb)

        def interrupted(*args, **kwargs):
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            return write(*args, **kwargs)

        setattr(self.table, verb, interrupted)

    @rule(
        name=st.sampled_from(("hold", "hold", "release", "extend", "confirm", "adjust", "wait", "sweep", "configure")),
        sku=SKU,
        units=UNITS,
        pick=PICK,
    )
    def something_happens_while_the_next_change_is_decided(self, name, sku, units, pick):
        self.meanwhile = {
            "hold": lambda: self.hold([(sku, units)], 5),
            "release": lambda: self.release(pick),
            "extend": lambda: self.extend(pick, 15),
            "confirm": lambda: self.confirm(pick),
            "adjust": lambda: self.adjust(sku, units - 3),
            "wait": lambda: self.wait(600),
            "sweep": lambda: self.sweep(20),
            "configure": lambda: self.configure(sku, 1 + units % 5, units % 7),
        }[name]

    # -- what may happen -----------------------------------------------------------------------------------

    @rule(lines=st.lists(st.tuples(SKU, UNITS), min_size=1, max_size=4), minutes=st.integers(1, 20))
    def hold(self, lines, minutes):
        wanted = {}
        for sku, units in lines:
            wanted[sku] = wanted.get(sku, 0) + units
        try:
            hold = self.holds.place(owner="c", lines=[Line(sku, units) for sku, units in lines], seconds=60 * minutes)
        except InsufficientStockError as exc:
            hold, refused = None, set(exc.shortages)
        # What lacks is looked at now, because something may have happened meanwhile.
        lacking = {(sku, units, self.free(sku)) for sku, units in wanted.items() if units > self.free(sku)}
        if hold is None:
            assert refused == lacking
        else:
            assert not lacking
            self.live[hold.id] = (wanted, hold.expires_at)

    @rule(pick=PICK, minutes=st.integers(1, 20))
    def extend(self, pick, minutes):
        hold_id = self.picked(pick)
        was_live = self.is_live(hold_id)
        try:
            hold = self.holds.extend(hold_id=hold_id, seconds=60 * minutes)
        except HoldExpiredError:
            assert not self.is_live(hold_id)
        else:
            assert was_live
            assert hold.expires_at >= self.live[hold_id][1]
            self.live[hold_id] = (self.live[hold_id][0], hold.expires_at)

    @rule(pick=PICK)
    def confirm(self, pick):
        hold_id = self.picked(pick)
        plan = WritePlan()
        if self.is_live(hold_id):
            self.plan_a_confirmation(pick)
            self.commit_a_plan_that_was_made_earlier()
        else:
            with pytest.raises(HoldExpiredError):
                self.holds.add_confirmation(plan=plan, hold_id=hold_id)
            assert not plan.writes

    def count_sold(self, hold_id):
        for sku, units in self.end(hold_id).items():
            self.sold[sku] += units

    @rule(pick=PICK, at_most=st.sampled_from((2, 3, 100)), look=st.booleans())
    def plan_a_confirmation(self, pick, at_most=100, look=True):  # noqa: FBT002  # a rule's arguments have names
        hold_id = self.picked(pick)
        plan = WritePlan()
        if self.is_live(hold_id):
            with contextlib.suppress(HoldExpiredError):  # it was over before the plan was finished
                self.holds.add_confirmation(plan=plan, hold_id=hold_id, at_most=at_most, look=look)
                assert len(plan.writes) <= at_most
                self.plans.append((hold_id, plan))

    @rule()
    def commit_a_plan_that_was_made_earlier(self):
        if not self.plans:
            return
        hold_id, plan = self.plans.pop()
        try:
            plan.commit(self.table)
        except (HoldExpiredError, StockMovedError):
            return
        # Its time may have passed since, but nobody had taken the units yet.
        assert hold_id in self.live
        self.count_sold(hold_id)

    @rule(pick=PICK)
    def release(self, pick):
        hold_id = self.picked(pick)
        was_live = self.is_live(hold_id)
        released = self.holds.release(hold_id=hold_id)
        assert was_live or not released
        assert released or not self.is_live(hold_id)
        if hold_id in self.live:
            assert released == was_live
            self.end(hold_id)
        else:
            assert not released

    @rule(sku=SKU, change=st.one_of(st.integers(-5, 5), st.integers(-200, 200)))
    def adjust(self, sku, change):
        if change == 0:
            return
        try:
            self.stock.adjust(sku=sku, change=change, reason="count")
        except InsufficientStockError:
            assert self.free(sku) + change < 0
        else:
            assert self.free(sku) + change >= 0 or change > 0
            self.received[sku] += change

    @rule(sku=SKU, on_hand=st.integers(0, 300))
    def set_what_was_counted(self, sku, on_hand):
        expected = self.on_hand(sku)
        try:
            self.stock.set(sku=sku, on_hand=on_hand, expected=expected, reason="count")
        except InsufficientStockError:
            assert on_hand < self.held(sku)
        except StockChangedError:
            assert expected != self.on_hand(sku)
        else:
            assert expected == self.on_hand(sku)
            self.received[sku] += on_hand - self.on_hand(sku)

    @rule(sku=SKU, on_hand=st.integers(0, 300))
    def load(self, sku, on_hand):
        raised = self.inventory.set_on_hand({sku: on_hand})
        if raised:
            assert raised[sku] > on_hand
            on_hand = raised[sku]
        assert on_hand >= self.held(sku)
        self.received[sku] += on_hand - self.on_hand(sku)

    @rule(seconds=st.sampled_from((1, 30, 60, 300, 1200)))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @rule(limit=st.integers(1, 20))
    def sweep(self, limit):
        self.holds.sweep(limit=limit)

    @rule()
    def tend(self):
        self.stock.tend()

    @rule(sku=SKU, buckets=st.integers(1, 6), low_at=st.integers(0, 8))
    def configure(self, sku, buckets, low_at):
        self.stock.configure(sku=sku, buckets=buckets, low_at=low_at)

    @rule(sku=SKU)
    def begin_to_rearrange_and_die(self, sku):
        self.holds._spreading._begin(read_heads(self.table, [Place(sku)])[Place(sku)])

    # -- what must hold ------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_the_model(self):
        for sku in SKUS:
            level = self.stock.get(sku=sku)
            sold = self.sold[sku] + self.taken(sku)
            assert (level.on_hand, level.held, level.sold) == (self.on_hand(sku), self.held(sku), sold)
            assert level.on_hand >= level.held >= 0
            assert self.sold[sku] <= self.received[sku]

    @invariant()
    def every_pile_adds_up(self):
        for place, head in read_heads(self.table, [Place(sku) for sku in SKUS]).items():
            piles = [head.pile, *read_piles(self.table, head, range(1, head.buckets)).values()]
            assert len(piles) == head.buckets
            assert len(self.table.query(schema.INVENTORY, f"{place.sku}\x1f{head.buckets}").items) == 0
            for pile in piles:
                assert pile.on_hand == pile.free + sum(pile.slots.values())
                assert min(pile.free, *pile.slots.values(), 0) == 0
                assert head.buckets == 1 or head.moving or pile.free >= head.guard

    def teardown(self):
        if hasattr(self, "world"):
            self.meanwhile = None
            while self.holds.sweep():
                pass
            self.what_was_announced_is_what_is_so()
            self.table.close()
            self.world.close()

    def what_was_announced_is_what_is_so(self):
        """The last fact of each SKU says whether there is any, once the books have caught up with the clock."""
        for hold_id in self.live:
            if not self.is_live(hold_id):
                assert self.holds._units.stored(hold_id) is None
        for sku in SKUS:
            events = [e.event for e in self.table.announced(0, limit=10_000) if e.event.resource == f"stock:{sku}:main"]
            assert len({event.id for event in events}) == len(events)
            assert [event.version for event in events] == sorted({event.version for event in events})
            names = [event.name for event in events if event.name != "stock.low"]
            assert names == ["stock.out", "stock.back"] * (len(names) // 2) + ["stock.out"] * (len(names) % 2)
            assert (names[-1:] == ["stock.out"]) == (self.free(sku) == 0)


FORM = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None}


def test_the_books_follow_the_model():
    run_state_machine_as_test(Books, settings=settings(max_examples=60, stateful_step_count=40, **FORM))


@pytest.mark.slow
def test_the_books_follow_the_model_for_a_long_time():
    run_state_machine_as_test(Books, settings=settings(max_examples=200, stateful_step_count=60, **FORM))
