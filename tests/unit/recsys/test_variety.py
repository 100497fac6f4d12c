"""Variety, exploring, rhythm and trends: what they promise of every list, not only of the usual one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.recsys.exploring import POOL, explore, pools_of
from bodega.recsys.interactions import Interactions
from bodega.recsys.rhythm import readiness, rhythms_of, usual_gaps
from bodega.recsys.sketches import likeness, most_alike, rarity_of, sketches_of
from bodega.recsys.trends import trends
from bodega.recsys.twins import twins_of
from bodega.recsys.variety import AISLE_SHARE, varied

NO_TEXT = np.zeros((1, 128), np.int8)


def mixed(relevance, aisles, twins, k, sketches=None):
    m = len(relevance)
    found = varied(
        np.array(relevance, np.float32),
        np.repeat(NO_TEXT, m, axis=0) if sketches is None else sketches,
        np.array(aisles, np.int32),
        np.array(twins, np.int32),
        k=k,
    )
    return found.tolist()


candidate = st.tuples(st.floats(-9, 9, width=32), st.integers(-1, 3), st.integers(0, 9))


@given(st.lists(candidate, max_size=40), st.integers(1, 15))
@settings(max_examples=120, deadline=None)
def test_a_varied_list_has_no_twins_and_is_short_only_when_different_candidates_are(candidates, k):
    relevance, aisles, twins = zip(*candidates, strict=True) if candidates else ((), (), ())

    chosen = mixed(relevance, aisles, twins, k)

    assert len({twins[place] for place in chosen}) == len(chosen) == min(k, len(set(twins)))
    most = max(2, int(np.ceil(k * AISLE_SHARE)))
    for aisle in {aisles[place] for place in chosen} - {-1}:
        if sum(aisles[place] == aisle for place in chosen) > most:
            # It may take more only where nothing else was left.
            others = {twins[p] for p in range(len(twins)) if aisles[p] != aisle} - {twins[p] for p in chosen}
            full = [a for a in {aisles[p] for p in chosen} if a >= 0 and sum(aisles[p] == a for p in chosen) >= most]
            assert all(any(twins[p] == t and aisles[p] in full for p in range(len(twins))) for t in others)


def test_the_most_relevant_comes_first_and_one_like_it_makes_room():
    texts = ["red clay mug", "red clay mug large", "wool scarf", "tin of tea"]
    sketches = sketches_of(texts, rarity_of(texts))

    assert mixed([3.0, 2.9, 2.8, 0.0], [-1] * 4, range(4), 3, sketches) == [0, 2, 1]
    assert mixed([3.0, 2.9, 0.1, 0.0], [-1] * 4, range(4), 3, sketches) == [0, 1, 2]


def test_equally_good_candidates_keep_their_order():
    assert mixed([1.0] * 5, [-1] * 5, range(5), 5) == [0, 1, 2, 3, 4]
    assert mixed([], [], [], 5) == []


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 6), st.text(max_size=8))
@settings(max_examples=120, deadline=None)
def test_exploring_shows_nothing_twice_and_keeps_the_head_of_the_list(ranked, k, slots, seed):
    found = explore(ranked, k=k, slots=slots, seed=seed)

    assert len(found.places) == min(k, ranked)
    assert len(set(found.places.tolist())) == len(found.places)
    untouched = max(0, min(k, ranked) - slots)
    assert found.places[:untouched].tolist() == list(range(untouched))
    assert not found.pool[:untouched].any()
    assert ((found.pool > 0) | found.usual).all()
    assert explore(ranked, k=k, slots=slots, seed=seed).places.tolist() == found.places.tolist()


def test_every_item_of_a_pool_is_drawn_as_often_as_its_chance_says():
    drawn = np.zeros(50)
    rounds = 4000
    for number in range(rounds):
        drawn[explore(50, k=10, slots=2, seed=f"visitor {number}").places[-2:]] += 1

    pools = pools_of(50, k=10, slots=2)
    assert not set(pools[0].tolist()) & set(pools[1].tolist())
    for pool in pools:
        assert pool.size == POOL
        # Five standard deviations: one wrong alarm in millions of different seeds, and the seeds are fixed.
        off = 5 * np.sqrt(rounds / POOL * (1 - 1 / POOL))
        assert drawn[pool] == pytest.approx(rounds / POOL, abs=off)


def test_the_rhythm_of_one_who_buys_every_month_is_a_month():
    ages = np.array([20.0, 50.0, 80.0, 110.0, 140.0, 3.0, 3.2])

    found = rhythms_of(np.array([7, 7, 7, 7, 7, 9, 9]), ages, np.full(10, 20, np.float32))

    assert found.items.tolist() == [7, 9]
    assert found.gaps.tolist() == [4, 0]
    assert found.gap_days[0] == pytest.approx(24.5, abs=0.1)
    assert found.gap_days[1] == pytest.approx(20)
    assert found.since_days.tolist() == pytest.approx([20, 3])


def test_what_is_due_is_readier_than_what_was_just_bought_or_long_given_up():
    def ready(since):
        ages = np.array([since + 30.0 * step for step in range(8)])
        return float(readiness(rhythms_of(np.zeros(8, int), ages, np.full(1, 30, np.float32)))[0])

    assert ready(28) > ready(10) > ready(1)
    assert ready(30) > ready(300)


def test_a_rhythm_nobody_has_shown_says_nothing():
    once = rhythms_of(np.array([0]), np.array([400.0]), np.zeros(1, np.float32))

    assert readiness(once).tolist() == [0]
    assert rhythms_of(np.empty(0, int), np.empty(0), np.zeros(1, np.float32)).items.size == 0


def test_usual_gaps_are_those_of_single_customers():
    users = np.array([0, 0, 0, 1, 1, 2], np.int32)
    times = np.array([0.0, 10.0, 20.0, 3.0, 13.0, 5.0])

    found = usual_gaps(users, np.zeros(6, np.int32), times, 2)

    assert found == pytest.approx([10, 10])
    assert usual_gaps(users[[0, 3]], np.zeros(2, np.int32), times[[0, 3]], 1).tolist() == [0]


def test_one_bulk_buyer_makes_no_trend():
    quiet = [(u, 0, 60.0 - u % 50) for u in range(40)]
    many = [(100 + u, 1, 59.0) for u in range(10)]
    bulk = [(200, 2, 59.0 + n / 100) for n in range(90)]
    user, item, time = zip(*quiet, *many, *bulk, strict=True)
    bought = Interactions.of(user, item, time=time, quantity=[1] * 50 + [1000] * 90)

    found = trends(bought, now=60.0)

    assert np.argmax(found) == 1
    assert found[2] < 1
    assert trends(Interactions.of([0], [0]), now=0.0).tolist() == [0]


def test_sketches_tell_what_reads_alike_in_any_script_and_say_nothing_of_nothing():
    texts = [
        "red clay mug",
        "large red clay mug",
        "赤い マグ カップ",
        "大きな 赤い マグ",
        "",
        "!?",
        "wool scarf",
        "\ud800 odd",
    ]
    sketches = sketches_of(texts, rarity_of(texts))

    near, says = most_alike(sketches, sketches, 2)

    assert near[0].tolist()[:2] == [0, 1]
    assert near[3].tolist()[:2] == [3, 2]
    assert (near[4] == -1).all()
    assert (says[5] == 0).all()
    assert likeness(sketches[0], sketches)[6] < 0.3


def test_the_most_alike_of_many_are_the_same_whether_looked_at_together_or_in_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    words = [f"w{n}" for n in range(60)]
    texts = [" ".join(rng.choice(words, 5)) for _ in range(300)]
    sketches = sketches_of(texts, rarity_of(texts))
    near, says = most_alike(sketches[:9], sketches, 6)

    monkeypatch.setattr("bodega.recsys.sketches._ROWS_AT_ONCE", 7)
    again, again_says = most_alike(sketches[:9], sketches, 6)

    assert again.tolist() == near.tolist()
    assert again_says == pytest.approx(says, abs=1e-6)


def test_twins_follow_the_one_that_sells_and_a_row_of_small_steps_is_not_one_thing():
    alike = np.array([[1, -1], [0, 2], [1, 3], [2, -1]], np.int32)
    says = np.array([[0.95, 0], [0.95, 0.95], [0.95, 0.5], [0.5, 0]], np.float32)

    assert twins_of(alike, says, np.array([1, 9, 2, 3], np.float32)).tolist() == [1, 1, 1, 3]
    assert twins_of(alike, says, np.array([9, 1, 2, 3], np.float32)).tolist() == [0, 0, 2, 3]
