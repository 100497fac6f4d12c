"""A store behaves as a dict would, whatever is done to it."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from things import ADAPTERS, START, event, walk

from bodega.adapters.system.clock import SettableClock
from bodega.ports.table import (
    All,
    Any,
    AtLeast,
    AtMost,
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Key,
    Missing,
    NotExists,
    Put,
    Update,
    scan_all,
)

_keys = st.builds(Key, st.sampled_from(["a", "b", "é"]), st.sampled_from(["1", "10", "2", "\uffff", "\U0001f600"]))
_scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x"]), st.binary(max_size=2))
_attributes = st.fixed_dictionaries(
    {},
    optional={
        "colour": st.sampled_from(["red", "blue"]),
        "made_at": st.sampled_from(["1", "2"]),
        "n": st.integers(-3, 3),
        "doc": st.one_of(_scalars, st.lists(_scalars, max_size=2), st.dictionaries(st.sampled_from("ab"), _scalars)),
    },
)
_conditions = st.recursive(
    st.one_of(
        st.none(),
        st.just(Exists()),
        st.just(NotExists()),
        st.builds(Equals, st.sampled_from(["n", "doc"]), _scalars),
        st.builds(AtLeast, st.just("n"), st.integers(-3, 3)),
        st.builds(AtMost, st.just("n"), st.integers(-3, 3)),
        st.builds(Missing, st.sampled_from(["n", "doc"])),
    ),
    lambda parts: st.builds(
        lambda kind, some: kind(tuple(part for part in some if part is not None) or (Exists(),)),
        st.sampled_from([All, Any]),
        st.lists(parts, min_size=1, max_size=2),
    ),
    max_leaves=3,
)
_writes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _keys, _attributes, _conditions),
        st.tuples(st.just("add"), _keys, st.integers(-3, 3), _conditions),
        st.tuples(st.just("set"), _keys, _attributes, _conditions),
        st.tuples(st.just("delete"), _keys, st.none(), _conditions),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda write: write[1],
)


def expected_of(condition, item):  # noqa: PLR0911 - one return a kind reads best
    """Say by hand what a condition should come to; `repr` tells 1 from True."""
    match condition:
        case None:
            return True
        case Exists():
            return item is not None
        case NotExists():
            return item is None
        case Missing(attribute):
            return attribute not in (item or {})
        case Equals(attribute, value):
            return attribute in (item or {}) and repr(item[attribute]) == repr(value)
        case AtLeast(attribute, value):
            return attribute in (item or {}) and item[attribute] >= value
        case AtMost(attribute, value):
            return attribute in (item or {}) and item[attribute] <= value
        case All(parts):
            return all(expected_of(part, item) for part in parts)
        case Any(parts):
            return any(expected_of(part, item) for part in parts)


class TableMachine(RuleBasedStateMachine):
    """Does to a store and to a dict the same things, and compares."""

    open_store = None

    def __init__(self):
        super().__init__()
        self.store, self.close_store = type(self).open_store()
        self.items = {}
        self.events = []
        self.number = 0

    def teardown(self):
        self.close_store()

    @rule(writes=_writes)
    def transact(self, writes):
        self.number += 1
        changes = [self._change(*write) for write in writes]
        lost = {n for n, write in enumerate(writes) if not expected_of(write[3], self.items.get(write[1]))}
        announcement = event(self.number)
        if lost:
            with pytest.raises(ConditionFailedError) as refusal:
                self.store.transact([write for write, _ in changes], [announcement])
            assert refusal.value.items == {n: self.items.get(writes[n][1]) for n in lost}
            return
        self.store.transact([write for write, _ in changes], [announcement])
        self.events.append(announcement)
        for (_, key, _, _), (_, item) in zip(writes, changes, strict=True):
            self.items.pop(key, None)
            if item is not None:
                self.items[key] = item

    def _change(self, kind, key, content, condition):
        before = self.items.get(key) or {"pk": key.partition, "sk": key.sort}
        if kind == "put":
            item = {"pk": key.partition, "sk": key.sort, **content}
            return Put("things", item, condition), item
        if kind == "delete":
            return Delete("things", key, condition), None
        if kind == "add":
            return Update("things", key, add={"n": content}, condition=condition), before | {
                "n": before.get("n", 0) + content
            }
        return Update("things", key, set=content, condition=condition), before | content

    @rule(key=_keys)
    def get(self, key):
        assert repr(self.store.get("things", key)) in self._reprs(key)

    def _reprs(self, key):
        item = self.items.get(key)
        found = self.store.get("things", key)
        # Order of attributes is not promised, kinds are.
        assert (item is None) == (found is None)
        return (
            [repr(found)] if item is None or sorted(map(repr, item.items())) == sorted(map(repr, found.items())) else []
        )

    @rule(partition=st.sampled_from(["a", "b", "é"]), limit=st.integers(1, 4), descending=st.booleans())
    def query(self, partition, limit, descending):
        found = [i for page in walk(self.store, "things", partition, limit=limit, descending=descending) for i in page]
        keys = sorted(
            (k for k in self.items if k.partition == partition), key=lambda k: k.sort.encode(), reverse=descending
        )
        assert found == [self.items[key] for key in keys]

    @rule(colour=st.sampled_from(["red", "blue"]), limit=st.integers(1, 4), descending=st.booleans())
    def query_index(self, colour, limit, descending):
        found = [
            (i["made_at"], i["pk"].encode(), i["sk"].encode())
            for page in walk(self.store, "things", colour, index="by_colour", limit=limit, descending=descending)
            for i in page
        ]
        expected = [
            (i["made_at"], i["pk"].encode(), i["sk"].encode())
            for i in self.items.values()
            if i.get("colour") == colour and "made_at" in i
        ]
        assert found == sorted(expected, reverse=descending)

    @precondition(lambda self: self.items)
    @rule()
    def scan(self):
        assert {Key(i["pk"], i["sk"]): i for i in scan_all(self.store, "things")} == self.items

    @invariant()
    def events_are_those_of_committed_transactions(self):
        assert [one.event for one in self.store.announced(0)] == self.events


@pytest.mark.parametrize("adapter", ["dynamo", "local"])
def test_a_store_behaves_as_a_dict_would(adapter, tmp_path_factory):
    class Machine(TableMachine):
        @staticmethod
        def open_store():
            return ADAPTERS[adapter](tmp_path_factory.mktemp("machine"), SettableClock(START))

    examples = 60 if adapter == "local" else 8  # each makes tables, and every step is a call over a connection
    Machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=20, deadline=None)
    test = Machine.TestCase("runTest")
    test.runTest()
