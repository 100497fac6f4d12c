"""The metrics, as fractions that can be checked by eye."""

from math import log2, sqrt

import numpy as np
import pytest

from bodega.errors import InvalidError
from bodega.recsys.evaluate import evaluate, evaluate_lists, ndcg_at, recall_at
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.popularity import Popularity

YES, NO = True, False


@pytest.mark.parametrize(
    ("hits", "relevant", "expected"),
    [([YES, NO, NO], 1, 1), ([NO, NO, YES], 4, 1 / 4), ([YES, NO, YES], 4, 2 / 4), ([NO, NO], 3, 0)],
)
def test_recall_is_hits_over_what_was_taken(hits, relevant, expected):
    assert recall_at(np.array(hits), relevant) == expected


@pytest.mark.parametrize(
    ("hits", "relevant", "k", "expected"),
    [
        ([YES, NO, NO], 1, 3, 1),
        ([NO, YES, NO], 1, 3, (1 / log2(3)) / 1),
        ([NO, NO, YES], 1, 3, (1 / log2(4)) / 1),
        ([YES, NO, YES], 2, 3, (1 + 1 / log2(4)) / (1 + 1 / log2(3))),
        # More was taken than the list has places: the ideal is cut at k.
        ([YES, YES], 50, 2, 1),
        ([YES, NO], 50, 2, 1 / (1 + 1 / log2(3))),
        # A list that is shorter than k is measured against the ideal of k.
        ([YES], 2, 3, 1 / (1 + 1 / log2(3))),
        ([], 2, 3, 0),
    ],
)
def test_ndcg_is_the_discounted_gain_over_the_ideal(hits, relevant, k, expected):
    assert ndcg_at(np.array(hits, dtype=bool), relevant, k) == pytest.approx(expected)


def worked_example():
    train = Interactions.of([0, 0, 1, 2], [0, 1, 0, 2], time=[0, 1, 0, 0], n_users=4, n_items=5)
    test = Interactions.of([0, 0, 1, 1], [1, 2, 3, 3], time=[9, 9, 9, 10], n_users=4, n_items=5)
    lists = {0: np.array([1, 3], np.int32), 1: np.array([4, 3], np.int32)}
    return train, test, lambda user, _: lists[user]


def test_the_mean_is_over_users_with_something_in_the_test():
    train, test, lists = worked_example()

    scores = evaluate_lists(lists, train, test, now=9.0, k=2)

    # User 0 took 1 and 2 and was shown 1 first; user 1 took 3 and was shown it second.
    assert scores.users == 2
    assert scores.recall.mean == pytest.approx((1 / 2 + 1) / 2)
    first, second = 1 / (1 + 1 / log2(3)), 1 / log2(3)
    assert scores.ndcg.mean == pytest.approx((first + second) / 2)
    assert scores.ndcg.error == pytest.approx(abs(first - second) / 2)
    assert scores.ndcg.low < scores.ndcg.mean < scores.ndcg.high
    assert scores.hit_rate.mean == 1
    # Three of five items were shown: 1, 3 (twice) and 4.
    assert scores.coverage == 3 / 5
    # Of three users in training one took item 1; nobody took 3 or 4, which count as one owner.
    assert scores.novelty == pytest.approx(log2(3))


def test_new_items_only_forgets_what_was_taken_before_and_users_who_took_nothing_new():
    train, test, lists = worked_example()

    scores = evaluate_lists(lists, train, test, now=9.0, k=2, repeat="exclude")

    # For user 0 item 1 is no longer wanted: only 2 is, which was not shown.
    assert scores.recall.mean == pytest.approx((0 + 1) / 2)
    only_old = test.where(test.item == 1)
    assert evaluate_lists(lists, train, only_old, now=9.0, k=2, repeat="exclude").users == 0


def test_a_model_is_measured_by_the_lists_it_serves():
    train, test, _ = worked_example()
    table = Popularity().fit(train, now=9.0)

    scores = evaluate(table, train, test, now=9.0, k=1)

    # Item 0 is the most popular and in nobody's test.
    assert scores.recall.mean == 0
    assert evaluate(table, train, test, now=9.0, k=5).recall.mean == 1


def test_nobody_to_ask_is_a_defined_answer():
    train, test, lists = worked_example()
    nobody = test.where(np.zeros(len(test), dtype=bool))

    scores = evaluate_lists(lists, train, nobody, now=9.0)

    assert (scores.users, scores.recall.mean, scores.ndcg.error, scores.coverage) == (0, 0, 0, 0)


def test_one_user_has_no_error_and_parts_must_count_alike():
    train, test, lists = worked_example()

    assert evaluate_lists(lists, train, test.where(test.user == 1), now=9.0, k=2).ndcg.error == 0
    with pytest.raises(InvalidError):
        evaluate_lists(lists, train, Interactions.of([0], [0]), now=9.0)
    with pytest.raises(InvalidError):
        evaluate_lists(lists, train, test, now=9.0, k=0)


def test_the_standard_error_shrinks_with_the_root_of_the_users():
    n = 400
    train = Interactions.of(np.arange(n), np.zeros(n, int), n_items=3)
    test = Interactions.of(np.arange(n), np.arange(n) % 2 + 1, n_users=n, n_items=3)

    scores = evaluate_lists(lambda *_: np.array([1], np.int32), train, test, now=0.0, k=1)

    assert scores.recall.mean == 1 / 2
    assert scores.recall.error == pytest.approx(0.5 / sqrt(n - 1))
