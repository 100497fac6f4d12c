"""What is known of items beside their sales, and tables that were made to fit it."""

import numpy as np
import pytest

from bodega.errors import InvalidError
from bodega.recsys.assortment import ARRAYS, Assortment
from bodega.recsys.reshaping import lifted, rating_lift, widened
from bodega.recsys.serving import History, ItemTable
from bodega.recsys.sketches import BUCKETS, DIMENSIONS


def arrays():
    """Three items: two in category 1 (below 0), one nowhere and without a price."""
    return {
        "on_show": np.array([True, True, False]),
        "prices": np.array([500, 900, -1], np.int64),
        "buyers": np.array([3, 0, 1], np.int32),
        "aisles": np.array([1, 1, -1], np.int32),
        "category_starts": np.array([0, 2, 4, 4], np.int64),
        "category_of": np.array([0, 1, 0, 1], np.int32),
        "twins": np.array([0, 1, 2], np.int32),
        "gaps": np.zeros(3, np.float32),
        "trend": np.array([0.5, 0, 2], np.float32),
        "trend_order": np.array([2, 0, 1], np.int32),
        "sketches": np.zeros((3, DIMENSIONS), np.int8),
        "rarity": np.ones(BUCKETS, np.float32),
        "alike": np.array([[1], [0], [-1]], np.int32),
        "alike_says": np.array([[0.5], [0.5], [0]], np.float32),
    }


def test_filters_say_which_items_fit():
    known = Assortment.from_arrays(arrays(), n_items=3, n_categories=3)

    assert known.in_category(0).tolist() == [True, True, False]
    assert known.in_category(1).tolist() == known.in_category(1).tolist() == [True, True, False]
    assert known.in_category(2).tolist() == known.in_category(77).tolist() == [False] * 3
    assert known.priced(None, None).tolist() == [True, True, False]
    assert known.priced(501, None).tolist() == [False, True, False]
    assert known.priced(-5, 500).tolist() == [True, False, False]
    assert known.to_arrays().keys() == ARRAYS.keys()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("on_show", lambda a: a.astype(np.int8)),
        ("prices", lambda a: a[:2]),
        ("aisles", lambda a: a + 9),
        ("category_starts", lambda a: a[::-1].copy()),
        ("category_starts", lambda a: a + 1),
        ("category_of", lambda a: a - 1),
        ("twins", lambda a: a + 1),
        ("trend", lambda a: a * np.float32("nan")),
        ("trend_order", lambda a: a * 0),
        ("sketches", lambda a: a[:, :5]),
        ("rarity", lambda a: a[:5]),
        ("alike", lambda a: a - 1),
        ("alike_says", lambda a: a + np.float32("inf")),
        ("gaps", None),
    ],
)
def test_damaged_or_foreign_arrays_are_refused(name, change):
    damaged = arrays()
    if change is None:
        del damaged[name]
    else:
        damaged[name] = change(damaged[name])

    with pytest.raises(InvalidError):
        Assortment.from_arrays(damaged, n_items=3, n_categories=3)


def table():
    return ItemTable.of(
        [[1, -1], [0, -1]], [[0.5, 0], [0.5, 0]], [4, 2], leans={"include": [1, 2], "exclude": [3, 1]}, habit=[0, -1]
    )


def test_a_widened_table_gives_the_same_lists_with_the_new_items_last():
    wide = widened(table(), np.array([1, 3], np.int32), 5)

    assert wide.recommend(k=5).items.tolist() == [1, 3, 0, 2, 4]
    assert wide.recommend(History([1], [1.0]), k=1, repeat="exclude").items.tolist() == [3]
    assert wide.similar(3)[0].tolist() == [1]
    assert wide.similar(0)[0].size == 0


def test_an_empty_table_can_be_widened_and_an_unfitting_one_is_refused():
    empty = ItemTable.of(np.empty((0, 1)), np.empty((0, 1)), np.empty(0))

    assert sorted(widened(empty, np.empty(0, np.int32), 3).recommend(k=9).items.tolist()) == [0, 1, 2]
    with pytest.raises(InvalidError):
        widened(table(), np.array([0, 5], np.int32), 5)
    with pytest.raises(InvalidError):
        widened(table(), np.array([0], np.int32), 5)


def test_ratings_lift_and_sink_for_strangers_and_for_everybody_else():
    worse = lifted(table(), np.array([-2, 0], np.float32))

    assert table().recommend(k=1).items.tolist() == [0]
    assert worse.recommend(k=1).items.tolist() == [1]
    assert worse.popularity[2].tolist() == [1, 1]


def test_few_reviews_move_an_average_less_than_many():
    counts = np.array([1, 10, 1000, 1000])

    one, ten, thousand, _ = rating_lift(counts, np.array([1, 10, 1000, 5000]))

    assert 0 > one > ten > thousand
    assert rating_lift(np.zeros(2, int), np.zeros(2, int)).tolist() == [0, 0]
