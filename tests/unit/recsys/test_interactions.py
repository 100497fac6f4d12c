"""Interactions: what is refused, what is merged, and how they are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.recsys.interactions import Interactions


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"user": [0, 1], "item": [0]}, "one item for two users"),
        ({"user": [-1], "item": [0]}, "a negative user"),
        ({"user": [0], "item": [7], "n_items": 7}, "an item out of range"),
        ({"user": [0], "item": [2**31]}, "an item too large for an index"),
        ({"user": [0.5], "item": [0]}, "half a user"),
        ({"user": ["a"], "item": [0]}, "an external id"),
        ({"user": [[0]], "item": [0]}, "a matrix"),
        ({"user": [0], "item": [0], "time": [float("nan")]}, "no time"),
        ({"user": [0], "item": [0], "time": [float("inf")]}, "the end of time"),
        ({"user": [0], "item": [0], "time": [1.0, 2.0]}, "a time too many"),
        ({"user": [0], "item": [0], "quantity": [0]}, "nothing bought"),
        ({"user": [0], "item": [0], "quantity": [-3]}, "a return"),
        ({"user": [0], "item": [0], "quantity": [float("nan")]}, "a quantity that is no number"),
        ({"user": [0], "item": [0], "order": [1, 2]}, "an order too many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_refused(arguments, why):
    with pytest.raises(InvalidError):
        Interactions.of(**arguments)


def test_lines_of_one_order_with_the_same_item_become_one_with_the_sum():
    merged = Interactions.of([0, 0, 0], [4, 4, 4], time=[1, 1, 2], order=[9, 9, 10], quantity=[2, 3, 1])

    assert merged.item.tolist() == [4, 4]
    assert merged.quantity.tolist() == [5, 1]


def test_without_orders_a_user_and_a_moment_are_one_basket():
    events = Interactions.of([0, 0, 0, 1], [1, 2, 3, 1], time=[5, 5, 6, 5])

    assert np.unique(events.order).size == 3
    assert events.order[0] == events.order[1]


def test_splitting_at_a_time_puts_that_time_into_the_later_part():
    early, late = Interactions.of([0, 0, 1], [0, 1, 0], time=[1, 2, 3]).split_at(2)

    assert (early.time.tolist(), late.time.tolist()) == ([1.0], [2.0, 3.0])
    assert (early.n_users, early.n_items) == (late.n_users, late.n_items) == (2, 2)


def test_equal_times_are_no_times():
    assert not Interactions.of([0, 1], [0, 1]).timed
    assert not Interactions.of([0, 1], [0, 1], time=[7, 7]).timed
    assert Interactions.of([0, 1], [0, 1], time=[7, 8]).timed


def test_a_matrix_has_a_cell_a_pair_with_the_largest_value_or_the_sum():
    events = Interactions.of([0, 0, 2], [1, 1, 0], time=[0, 1, 0])
    values = np.array([0.5, 2.0, 1.0], dtype=np.float32)

    assert events.matrix().toarray().tolist() == [[0, 1], [0, 0], [1, 0]]
    assert events.matrix(values).toarray().tolist() == [[0, 2], [0, 0], [1, 0]]
    assert events.matrix(values, reduce="sum").toarray().tolist() == [[0, 2.5], [0, 0], [1, 0]]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=60), st.integers(0, 3))
def test_holding_out_by_chance_splits_every_users_items_and_leaves_one(pairs, seed):
    users = [user for user, _ in pairs]
    events = Interactions.of(users, [item for _, item in pairs], n_users=10, n_items=10)

    kept, held = events.hold_out(0.4, seed=seed)

    assert len(kept) + len(held) == len(events)
    assert not set(zip(kept.user, kept.item, strict=True)) & set(zip(held.user, held.item, strict=True))
    assert set(kept.user.tolist()) == set(events.user.tolist())
    again = events.hold_out(0.4, seed=seed)[1]
    assert np.array_equal(again.item, held.item)


def test_by_order_every_basket_is_a_user():
    baskets = Interactions.of([0, 0, 0, 1], [1, 2, 3, 1], time=[5, 5, 6, 5], order=[7, 7, 3, 9]).by_order()

    assert baskets.n_users == 3
    assert sorted(np.bincount(baskets.user).tolist()) == [1, 1, 2]


def test_only_the_chosen_users_lose_what_is_held_out():
    events = Interactions.of(np.repeat(np.arange(6), 10), np.tile(np.arange(10), 6))

    kept, held = events.hold_out(0.3, seed=1, users=np.array([1, 4], dtype=np.int32))

    assert np.bincount(kept.user).tolist() == [10, 7, 10, 10, 7, 10]
    assert np.bincount(held.user, minlength=6).tolist() == [0, 3, 0, 0, 3, 0]


def test_of_many_events_the_newest_are_kept_or_evenly_spread_ones_without_times():
    timed = Interactions.of([0] * 5 + [1], [0, 1, 2, 3, 4, 0], time=[5, 4, 3, 2, 1, 9])
    untimed = Interactions.of([0] * 7 + [1], [*range(7), 0])

    assert timed.lighter(2).item.tolist() == [1, 0, 0]
    assert untimed.lighter(3).item.tolist() == [1, 4, 0]
    assert timed.lighter(5) is timed


def test_a_matrix_of_events_already_in_order_is_that_of_events_in_any():
    rng = np.random.default_rng(0)
    events = Interactions.of(rng.integers(0, 9, 60), rng.integers(0, 9, 60), time=rng.integers(0, 3, 60))
    once = Interactions.of(events.user, events.item)

    assert np.array_equal(once.matrix().toarray(), events.matrix().toarray())
