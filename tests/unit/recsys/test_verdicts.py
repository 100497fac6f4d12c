"""Duels and off-policy estimates: exact against enumeration, right in simulation, honest about their limits."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bodega.errors import InvalidError
from bodega.recsys.duels import ALPHA, judged, team_draft
from bodega.recsys.offpolicy import Shown, estimate

rankings = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(rankings, rankings, st.integers(1, 12), st.text(max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_draft_shows_each_item_once_and_every_team_picks_its_best_left(first, second, k, seed):
    drafted = team_draft(first, second, k=k, seed=seed)

    items = [item for item, _ in drafted]
    assert len(set(items)) == len(items) == min(k, len({*first, *second}))
    for place, (item, team) in enumerate(drafted):
        ranking = first if team == 1 else second
        left = [other for other in ranking if other not in items[:place]]
        assert left[0] == item
    if first and second:
        ones = sum(team == 1 for _, team in drafted)
        assert len(drafted) > min(len(first), len(second)) or abs(2 * ones - len(drafted)) <= 1


def test_two_equal_rankings_share_the_first_place_evenly():
    firsts = [team_draft(list("abc"), list("abc"), k=3, seed=str(n))[0][1] for n in range(2000)]

    assert firsts.count(1) == pytest.approx(1000, abs=5 * np.sqrt(500))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 7), (6, 6), (0, 12)])
def test_the_sign_test_is_what_counting_all_outcomes_gives(first, second):
    total = first + second
    at_least = sum(abs(sum(flips) - total / 2) >= abs(first - total / 2) for flips in product((0, 1), repeat=total))

    assert judged(first, second).p_value == pytest.approx(at_least / 2**total)


@pytest.mark.parametrize(("first", "second"), [(490, 510), (4900, 5100), (10**6, 10**6 + 2000), (0, 1000)])
def test_large_counts_are_as_exact_as_small_ones(first, second):
    exact = min(1, 2 * binom.cdf(min(first, second), first + second, 0.5))

    assert judged(first, second).p_value == pytest.approx(exact, rel=1e-8)


def test_a_million_lists_are_judged_at_once():
    assert judged(0, 10**6).winner == 2
    assert judged(10**6, 10**6).p_value == pytest.approx(1.0)


def test_looking_every_time_finds_a_false_winner_no_more_often_than_promised():
    rng = np.random.default_rng(0)
    wrong = naive = 0
    for _ in range(300):
        wins = np.cumsum(rng.random(400) < 0.5)
        looks = [judged(int(n + 1 - wins[n]), int(wins[n])) for n in range(9, 400, 5)]
        wrong += any(look.winner for look in looks)
        naive += any(look.p_value < ALPHA for look in looks)

    assert wrong / 300 <= ALPHA
    assert naive / 300 > 2 * ALPHA  # which is why the p-value does not decide


def test_a_true_difference_is_found():
    assert judged(400, 500).winner == 2
    assert judged(500, 400).winner == 1
    assert judged(400, 500).low > 0.5


def test_nonsense_counts_are_refused():
    with pytest.raises(InvalidError):
        judged(-1, 3)
    with pytest.raises(InvalidError):
        estimate([Shown(pool=0, shown=1, wanted=0, clicks=0, wanted_clicks=0)])
    with pytest.raises(InvalidError):
        estimate([Shown(pool=4, shown=5, wanted=2, clicks=1, wanted_clicks=2)])


def test_estimates_hit_the_value_of_what_was_never_shown_alone():
    # Pools of 4: the wanted item is clicked with 0.3, the others with 0.1.
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        shown = rng.integers(0, 4, 2000)
        clicks = rng.random(2000) < np.where(shown == 0, 0.3, 0.1)
        found = estimate(
            [
                Shown(
                    pool=4,
                    shown=2000,
                    wanted=int((shown == 0).sum()),
                    clicks=int(clicks.sum()),
                    wanted_clicks=int(clicks[shown == 0].sum()),
                )
            ]
        )
        covered += found.snips_low <= 0.3 <= found.snips_high
        assert found.enough
        assert abs(found.snips - 0.3) < abs(found.logged - 0.3)

    assert covered >= 180  # of 190 expected


def test_pools_of_different_sizes_are_weighed_by_their_chances():
    found = estimate(
        [
            Shown(pool=2, shown=100, wanted=50, clicks=30, wanted_clicks=20),
            Shown(pool=4, shown=100, wanted=25, clicks=20, wanted_clicks=10),
        ]
    )

    assert found.ips == pytest.approx((2 * 20 + 4 * 10) / 200)
    assert found.snips == pytest.approx((2 * 20 + 4 * 10) / (2 * 50 + 4 * 25))
    assert found.effective == pytest.approx(200**2 / (4 * 50 + 16 * 25))
    assert not found.enough


def test_without_showings_nothing_is_claimed():
    assert not estimate([]).enough
    assert estimate([Shown(pool=8, shown=3, wanted=0, clicks=1, wanted_clicks=0)]).snips == 0
