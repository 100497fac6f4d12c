"""The rules that tell sales of goods from everything else in a till's book."""

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.domain.flows.imports.rules import EPOCH, RefusedLineError, SalesRules, best_title, noise_of

GOOD = {
    "order": "536365",
    "sku": "85123A",
    "name": "WHITE HANGING HEART",
    "quantity": 6,
    "unit_price": 2.55,
    "time": "2025-12-01T08:26:00",
    "customer": 17850,
}


@pytest.fixture
def rules():
    return SalesRules(currency="GBP", now=datetime(2026, 1, 1, tzinfo=UTC))


def reason(rules, **changes):
    with pytest.raises(RefusedLineError) as refused:
        rules.judge(1, {**GOOD, **changes})
    return refused.value.reason


def test_a_good_line_is_a_sale(rules):
    number, sale = rules.judge(7, GOOD)

    assert number == "536365"
    assert (sale.line, sale.sku, sale.quantity, sale.amount, sale.customer) == (7, "85123A", 6, 255, "17850")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"order": "C536379"}, "cancellation"),
        ({"order": "C536379", "quantity": -1}, "cancellation"),
        ({"order": "A563185"}, "adjustment"),
        ({"order": None}, "missing_order"),
        ({"order": "  "}, "missing_order"),
        ({"order": float("nan")}, "missing_order"),
        ({"order": "x" * 200}, "bad_order"),
        ({"order": {"a": 1}}, "bad_order"),
        ({"order": "12\x0034"}, "bad_order"),
        ({"sku": None}, "missing_sku"),
        ({"sku": "POST"}, "not_goods"),
        ({"sku": "m"}, "not_goods"),
        ({"sku": "gift_0001_20"}, "not_goods"),
        ({"sku": "A" * 65}, "bad_sku"),
        ({"quantity": None}, "missing_quantity"),
        ({"quantity": 0}, "return_or_correction"),
        ({"quantity": -12}, "return_or_correction"),
        ({"quantity": 1.5}, "bad_quantity"),
        ({"quantity": "many"}, "bad_quantity"),
        ({"quantity": True}, "bad_quantity"),
        ({"quantity": float("inf")}, "bad_quantity"),
        ({"quantity": float("nan")}, "bad_quantity"),
        ({"quantity": 10**30}, "absurd_quantity"),
        ({"quantity": -(10**5000)}, "return_or_correction"),
        ({"unit_price": None}, "missing_price"),
        ({"unit_price": 0}, "price_not_positive"),
        ({"unit_price": -11062.06}, "price_not_positive"),
        ({"unit_price": 0.001}, "price_too_fine"),
        ({"unit_price": "0.005"}, "price_too_fine"),
        ({"unit_price": float("nan")}, "bad_price"),
        ({"unit_price": "inf"}, "bad_price"),
        ({"unit_price": "1e999999"}, "absurd_price"),
        ({"unit_price": 10**5000}, "absurd_price"),
        ({"unit_price": [1]}, "bad_price"),
        ({"unit_price": True}, "bad_price"),
        ({"time": None}, "missing_time"),
        ({"time": "yesterday"}, "bad_time"),
        ({"time": 5}, "bad_time"),
        ({"time": ["2025-01-01"]}, "bad_time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "bad_time"),
        ({"time": "2026-01-02T00:00:01"}, "future_time"),
        ({"customer": {"id": 1}}, "bad_customer"),
        ({"currency": "EUR"}, "other_currency"),
        ({"order_id": "cus_1"}, "bad_id"),
    ],
)
def test_a_line_that_is_no_sale_of_goods_is_refused_with_its_reason(rules, changes, expected):
    assert reason(rules, **changes) == expected


@pytest.mark.parametrize(("price", "amount"), [(2.55, 255), ("2.545", 254), ("2.555", 256), (1, 100), ("0.006", 1)])
def test_prices_are_rounded_half_to_even(rules, price, amount):
    assert rules.judge(1, {**GOOD, "unit_price": price})[1].amount == amount


def test_a_time_without_an_offset_is_read_in_the_zone_that_was_named():
    rules = SalesRules(currency="GBP", now=datetime(2026, 1, 1, tzinfo=UTC), zone=ZoneInfo("Europe/London"))

    summer = rules.judge(1, {**GOOD, "time": datetime(2025, 7, 1, 12, 0)})[1]  # noqa: DTZ001

    assert (datetime(2025, 7, 1, 11, 0, tzinfo=UTC) - EPOCH).total_seconds() * 10**6 == summer.at


@pytest.mark.parametrize("customer", [17850, 17850.0, "17850", "17850.0", " 17850 "])
def test_a_customer_is_the_same_however_the_table_spells_the_number(rules, customer):
    assert rules.judge(1, {**GOOD, "customer": customer})[1].customer == "17850"


@pytest.mark.parametrize("customer", [None, "", float("nan"), "  "])
def test_no_customer_is_a_guest(rules, customer):
    assert rules.judge(1, {**GOOD, "customer": customer})[1].customer == ""


def test_own_codes_take_the_place_of_the_built_in_ones():
    rules = SalesRules(currency="GBP", now=datetime(2026, 1, 1, tzinfo=UTC), non_goods=frozenset({"FEE"}))

    assert reason(rules, sku="fee") == "not_goods"
    assert rules.judge(1, {**GOOD, "sku": "POST"})[1].sku == "POST"


@given(
    values=st.dictionaries(
        st.sampled_from([*GOOD, "currency", "order_id", "product_id"]),
        st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.integers()) | st.datetimes(),
    )
)
def test_no_line_whatever_breaks_the_rules(values):
    rules = SalesRules(currency="JPY", now=datetime(2026, 1, 1, tzinfo=UTC))

    with contextlib.suppress(RefusedLineError):
        _, sale = rules.judge(1, {**GOOD, **values})
        assert sale.amount > 0
        assert sale.quantity > 0


@pytest.mark.parametrize(
    ("counted", "best"),
    [
        ({"RED MUG": 3, "RED MUGS": 5}, "RED MUGS"),
        ({"RED MUG": 1, "?": 9, "damaged": 7, "found in warehouse": 3}, "RED MUG"),
        ({"Red mug": 1, "red mug": 9}, "Red mug"),
        ({"red mug": 2, "??": 9}, "red mug"),
        ({"damaged": 2}, "damaged"),
        ({"赤いマグ": 2, "?": 3}, "赤いマグ"),
        ({"B": 1, "A": 1}, "B"),
    ],
)
def test_the_most_frequent_description_that_looks_like_a_title_wins(counted, best):
    assert best_title(counted) == best


def test_no_description_is_no_title():
    assert best_title({}) is None
    assert noise_of("CRUK") == 0
