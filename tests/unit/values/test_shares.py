from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.values.shares import half_even, part, parts_per_million, spread

WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=100)


@given(st.integers(0, 10**14), WEIGHTS)
def test_shares_add_up_and_are_within_one_of_their_proportion(amount, weights):
    assume(sum(weights) > 0)

    shares = spread(amount, weights)

    assert sum(shares) == amount
    assert all(abs(s * sum(weights) - amount * w) < sum(weights) for s, w in zip(shares, weights, strict=True))


@given(WEIGHTS, st.data())
def test_no_share_is_above_its_weight_if_the_amount_is_not_above_their_sum(weights, data):
    amount = data.draw(st.integers(0, sum(weights)))

    assert all(0 <= share <= weight for share, weight in zip(spread(amount, weights), weights, strict=True))


@pytest.mark.parametrize(("amount", "weights"), [(1, [0, 0]), (1, []), (-1, [1]), (1, [2, -1])])
def test_what_cannot_be_shared_is_refused(amount, weights):
    with pytest.raises(InvalidError):
        spread(amount, weights)


def test_nothing_is_shared_as_nothing():
    assert spread(0, []) == []
    assert spread(0, [0, 0]) == [0, 0]


def test_of_equal_remainders_the_first_gets_the_unit():
    assert spread(1, [1, 1, 1]) == [1, 0, 0]
    assert spread(2, [1, 2, 1]) == [1, 1, 0]


@given(st.integers(0, 10**14), st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_however_a_line_is_taken_apart_its_parts_add_up(amount, counts):
    units = sum(counts)
    starts = [sum(counts[:index]) for index in range(len(counts))]

    parts = [part(amount, units, start, count) for start, count in zip(starts, counts, strict=True)]

    assert sum(parts) == amount
    assert min(parts) >= 0


@pytest.mark.parametrize(("units", "start", "count"), [(0, 0, 0), (3, 2, 2), (3, -1, 1), (3, 0, -1)])
def test_units_that_are_not_there_have_no_part(units, start, count):
    with pytest.raises(InvalidError):
        part(100, units, start, count)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_halves_go_to_the_even_number(numerator, denominator):
    rounded = half_even(numerator, denominator)

    assert abs(2 * (rounded * denominator - numerator)) <= denominator
    if abs(2 * (rounded * denominator - numerator)) == denominator:
        assert rounded % 2 == 0


@given(st.integers(-(10**6), 10**6))
def test_rounding_agrees_with_decimal(halves):
    assert half_even(halves, 2) == int((Decimal(halves) / 2).quantize(Decimal(1), ROUND_HALF_EVEN))


@given(st.integers(0, 1_000_000))
def test_a_percentage_reads_back(millionths):
    assert parts_per_million(f"{millionths // 10_000}.{millionths % 10_000:04d}") == millionths


@pytest.mark.parametrize(
    "text", ["", "-1", "100.0001", "1.", ".5", "1e1", "NaN", "1.23456", "0020", "٢٠", "20 ", "+1", "1_0"]
)
def test_what_is_no_percentage_is_refused(text):
    with pytest.raises(InvalidError):
        parts_per_million(text)
