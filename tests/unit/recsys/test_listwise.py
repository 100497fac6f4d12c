"""Learning the weights of a score from lists of which something was taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, log_softmax

from bodega.recsys.listwise import Lists, intercept, learnt

TRUE = np.array([2.0, -1.0, 0.5])


def lists_of(weights, *, lists, rows=30, seed=0):
    """Lists of which one row each was taken, by the chance that a softmax of the weights gives it."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((lists, rows, weights.size)) * [1.0, 3.0, 0.5]
    # The largest score plus Gumbel noise is a draw from the softmax.
    first = (features @ weights + rng.gumbel(size=(lists, rows))).argmax(axis=1)
    taken = np.arange(rows) == first[:, None]
    return Lists(features.reshape(-1, weights.size), taken.ravel(), np.repeat(np.arange(lists) * 3, rows))


def loss(lists, weights, start, held):
    """What the docstrings promise to be least, written out list by list."""
    numbers = np.unique(lists.of[lists.taken])
    spread = lists.features[np.isin(lists.of, numbers)].std(axis=0)
    logs = [
        log_softmax(lists.features[lists.of == number] @ weights)[lists.taken[lists.of == number]].mean()
        for number in numbers
    ]
    return -np.mean(logs) + held / numbers.size * (((weights - start) * spread) ** 2).sum() / 2


def test_weights_that_made_the_choices_are_found_again():
    found = learnt(lists_of(TRUE, lists=4000), np.zeros(3), held=0.01)

    assert found == pytest.approx(TRUE, abs=0.15)


def test_few_lists_hardly_move_weights_that_are_held_and_many_do():
    start = np.array([0.0, 0.0, 0.0])

    few, many = (learnt(lists_of(TRUE, lists=lists), start, held=30.0) for lists in (3, 3000))

    assert np.abs(few).max() < 0.5
    assert many == pytest.approx(TRUE, abs=0.5)


@given(st.integers(0, 10**6), st.floats(0.01, 10.0), st.integers(1, 4))
def test_no_other_weights_lose_less(seed, held, most_taken):
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(6), rng.integers(1, 9, 6))
    taken = rng.random(of.size) < most_taken / 8
    lists = Lists(rng.standard_normal((of.size, 2)) * rng.lognormal(size=2), taken, of)
    start = rng.standard_normal(2)

    found = learnt(lists, start, held=held)

    if not taken.any():
        assert (found == start).all()
        return
    for step in rng.standard_normal((20, 2)) * 0.1:
        assert loss(lists, found, start, held) <= loss(lists, found + step, start, held) + 1e-6


def test_lists_of_which_nothing_or_everything_was_taken_and_columns_that_never_differ_say_nothing():
    features = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0]])
    of = np.array([0, 0, 1, 1])
    start = np.array([0.3, -0.2])

    nothing, everything = (learnt(Lists(features, np.full(4, all_), of), start, held=0.1) for all_ in (False, True))
    alike = learnt(Lists(features, np.array([True, False, False, True]), of), start, held=0.1)

    assert (nothing == start).all()
    assert everything[1] == start[1] == alike[1]


@given(st.lists(st.floats(-80, 80), min_size=2, max_size=30), st.data())
def test_shifted_scores_are_chances_of_what_was_taken(scores, data):
    taken = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))

    shift = intercept(np.array(scores), taken)

    if 0 < taken.sum() < taken.size:
        assert expit(np.array(scores) + shift).sum() == pytest.approx(taken.sum(), abs=1e-6)
    else:
        assert shift == 0
