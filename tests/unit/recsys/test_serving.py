"""The served table against the plain formula, and everything it must refuse."""

import subprocess
import sys
import time
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.recsys.history import HalfLives
from bodega.recsys.serving import FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY, History, ItemTable, Mix

MIX = Mix(
    table=0.9, own=0.5, own_table=-0.4, own_count=0.8, own_recency=0.3, half_lives=HalfLives(own_days=50, table_days=20)
)


def random_table(rng, n_items=40, width=6):
    near = np.stack([rng.permutation(n_items)[:width] for _ in range(n_items)]).astype(np.int32)
    near[rng.random(near.shape) < 0.2] = -1
    weights = np.where(near < 0, 0, rng.random(near.shape))
    leans = {"include": rng.normal(size=n_items), "exclude": rng.normal(size=n_items)}
    return ItemTable.of(
        near,
        weights,
        rng.integers(0, 9, n_items),
        leans=leans,
        habit=rng.normal(size=n_items),
        mixes={"include": MIX, "exclude": MIX},
    )


def plainly(table, items, ages, *, repeat):
    """The formula of ItemTable's docstring, an item at a time."""

    def ln1(x):
        return np.sign(x) * np.log(1 + abs(x) / 0.02)

    said = np.zeros(table.n_items)
    for item in set(items):
        voice = max(2 ** (-max(a, 0) / 20) for i, a in zip(items, ages, strict=True) if i == item)
        for near, weight in zip(table.neighbours[item], table.weights[item], strict=True):
            if near >= 0:
                said[near] += voice * weight
    said /= max(said.max(), 1e-12)
    score = table.popularity[1 if repeat == "include" else 2] + 0.9 * ln1(said)
    for item in set(items):
        mine = [2 ** (-max(a, 0) / 50) for i, a in zip(items, ages, strict=True) if i == item]
        score[item] += 0.5 + table.habit[item] - 0.4 * ln1(said[item]) + 0.8 * np.log(len(mine)) + 0.3 * ln1(sum(mine))
    return score


events = st.lists(st.tuples(st.integers(0, 39), st.floats(-5, 400)), min_size=1, max_size=60)


@given(events, st.integers(0, 2**16), st.sampled_from(["include", "exclude"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_list_is_the_top_of_the_plain_formula(history, seed, repeat, filtered):
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    items, ages = [i for i, _ in history], [a for _, a in history]
    allowed = rng.random(40) < 0.5 if filtered else np.ones(40, bool)
    barred = [1, 2, 3] + (items if repeat == "exclude" else [])

    ranked = table.recommend(
        History(items, ages), k=7, repeat=repeat, allowed=allowed if filtered else None, exclude=[1, 2, 3]
    )

    score = plainly(table, items, ages, repeat=repeat)
    score[~allowed] = -np.inf
    score[barred] = -np.inf
    best = np.sort(score[np.isfinite(score)])[::-1][:7]
    assert np.isfinite(score[ranked.items]).all()
    assert np.unique(ranked.items).size == ranked.items.size
    assert score[ranked.items] == pytest.approx(best, rel=1e-4, abs=1e-4)


def chain():
    """Item 0 says 1 and a little 2; item 3 says 2 and a little 1; item 4 is popular."""
    near = [[1, 2], [-1, -1], [-1, -1], [2, 1], [-1, -1]]
    weights = [[1.0, 0.2], [0, 0], [0, 0], [0.9, 0.1], [0, 0]]
    popularity = np.array([1, 1, 1, 1, 50])
    lean = np.log(popularity + 0.5)
    return ItemTable.of(near, weights, popularity, leans={"include": lean, "exclude": lean})


def test_contributors_are_the_items_that_said_most_in_order():
    ranked = chain().recommend(History([0, 3], [1.0, 1.0]), k=2, repeat="exclude", exclude=[4])

    named = dict(zip(ranked.items.tolist(), ranked.contributors.tolist(), strict=True))
    assert named[1] == [0, 3, -1]
    assert named[2] == [3, 0, -1]


@given(events, st.integers(0, 2**16))
@settings(max_examples=40, deadline=None)
def test_nobody_said_more_for_an_item_than_those_who_are_named(history, seed):
    table = random_table(np.random.default_rng(seed))
    items, ages = [i for i, _ in history], [a for _, a in history]

    ranked = table.recommend(History(items, ages), k=9, repeat="exclude")

    for item, named in zip(ranked.items, ranked.contributors, strict=True):
        said = {}
        for h in set(items):
            voice = max(2 ** (-max(a, 0) / 20) for i, a in zip(items, ages, strict=True) if i == h)
            said[h] = voice * sum(
                float(w) for n, w in zip(table.neighbours[h], table.weights[h], strict=True) if n == item
            )
        most = sorted((s for s in said.values() if s > 0), reverse=True)[:3]
        assert [said[int(n)] for n in named if n >= 0] == pytest.approx(most, rel=1e-4)


def test_the_source_says_where_a_place_comes_from():
    ranked = chain().recommend(History([0], [1.0]), k=3, repeat="include", exclude=[2])

    sources = dict(zip(ranked.items.tolist(), ranked.sources.tolist(), strict=True))
    assert sources == {0: FROM_OWN_PAST, 1: FROM_BEHAVIOUR, 4: FROM_POPULARITY}
    own = ranked.contributors[ranked.items == 0][0]
    assert own.tolist() == [0, -1, -1]


def test_an_item_nothing_speaks_for_names_nobody():
    ranked = chain().recommend(History([0], [1.0]), k=5, repeat="exclude")

    assert ranked.contributors[ranked.items == 4].tolist() == [[-1, -1, -1]]


def test_without_reasons_the_list_is_the_same():
    history = History([0, 3], [1.0, 1.0])

    plain = chain().recommend(history, k=5, reasons=False)

    assert plain.items.tolist() == chain().recommend(history, k=5).items.tolist()
    assert (plain.contributors == -1).all()


def test_a_newer_purchase_speaks_louder():
    zero_is_new = chain().recommend(History([0, 3], [1.0, 300.0]), k=1, repeat="exclude", exclude=[4])
    three_is_new = chain().recommend(History([0, 3], [300.0, 1.0]), k=1, repeat="exclude", exclude=[4])

    assert (zero_is_new.items[0], three_is_new.items[0]) == (1, 2)


def test_what_was_found_bad_sinks_and_so_does_what_is_like_it():
    glad = chain().recommend(History([0, 3], [1.0, 1.0], [1.0, 1.0]), k=5)
    sorry = chain().recommend(History([0, 3], [1.0, 1.0], [-1.0, 1.0]), k=5)

    assert glad.items.tolist().index(0) < 4
    assert sorry.items[-1] == 0
    assert glad.items.tolist().index(1) < sorry.items.tolist().index(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"history": History([0], [1.0, 2.0])},
        {"history": History([0], [float("nan")])},
        {"history": History([0], [float("inf")])},
        {"history": History([-1], [1.0])},
        {"history": History([0], [1.0], [float("nan")])},
        {"history": History([0], [1.0], [])},
        {"k": 0},
        {"k": -5},
        {"allowed": np.ones(3, bool)},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidError):
        chain().recommend(**wrong)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("neighbours", lambda a: a.astype(np.int64)),
        ("neighbours", lambda a: a + 4),
        ("neighbours", lambda a: a[:, :1]),
        ("weights", lambda a: a * np.float32("nan")),
        ("weights", lambda a: a[:3]),
        ("popularity", lambda a: a[0]),
        ("popularity", lambda a: a * np.float32("inf")),
        ("popular_order", lambda a: a * 0),
        ("habit", lambda a: a[:2]),
        ("habit", None),
    ],
)
def test_damaged_or_foreign_arrays_are_refused(name, change):
    arrays = chain().to_arrays()
    mixes = {"include": Mix(), "exclude": Mix()}
    ItemTable.from_arrays(arrays, mixes)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])

    with pytest.raises(InvalidError):
        ItemTable.from_arrays(arrays, mixes)


def test_a_mix_for_each_question_is_needed_and_its_weights_are_numbers():
    with pytest.raises(InvalidError):
        ItemTable.from_arrays(chain().to_arrays(), {"include": Mix()})
    with pytest.raises(InvalidError):
        Mix(table=float("nan"))


def test_similar_to_an_unknown_item_is_nothing():
    assert chain().similar(99)[0].size == 0
    assert chain().similar(-1)[0].size == 0


def test_threads_share_a_table_and_get_what_one_would():
    rng = np.random.default_rng(3)
    table = random_table(rng)
    histories = [History(rng.integers(0, 40, 30), rng.random(30) * 90) for _ in range(40)]
    expected = [table.recommend(history, k=9).items.tolist() for history in histories]
    found = [[] for _ in range(4)]

    def serve(into):
        into.extend(table.recommend(history, k=9).items.tolist() for history in histories)

    threads = [Thread(target=serve, args=(into,)) for into in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(into == expected for into in found)


def test_a_memory_mapped_table_serves_the_same(tmp_path):
    table = random_table(np.random.default_rng(5))
    mapped = {}
    for name, array in table.to_arrays().items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=False)
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    again = ItemTable.from_arrays(mapped, table.mixes)

    history = History([1, 2, 3], [1.0, 5.0, 9.0])
    assert again.recommend(history, k=9).items.tolist() == table.recommend(history, k=9).items.tolist()


def test_serving_needs_no_scipy():
    # A serving process must not pay for the training side: tens of megabytes and a slow import.
    code = "import sys, bodega.recsys.serving; sys.exit('scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_time_does_not_grow_with_the_catalogue():
    rng = np.random.default_rng(0)

    def seconds(n_items):
        near = rng.integers(0, n_items, (n_items, 50), dtype=np.int32)
        table = ItemTable.of(near, rng.random(near.shape), rng.random(n_items))
        history = History(rng.integers(0, n_items, 50), rng.random(50))
        table.recommend(history)
        best = float("inf")
        for _ in range(30):
            started = time.process_time()
            table.recommend(history)
            best = min(best, time.process_time() - started)
        return best

    # Fifty times the items: a list that looked at all of them would be tens of times slower.
    assert seconds(100_000) < 8 * seconds(2_000)
