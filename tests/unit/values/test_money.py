import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.values.money import MAX_AMOUNT, Money, exponent

CURRENCIES = st.sampled_from(["GBP", "EUR", "JPY", "KWD"])


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), CURRENCIES)
def test_an_amount_in_major_units_reads_back_exactly(amount, currency):
    digits = exponent(currency)
    text = f"{amount // 10**digits}.{amount % 10**digits:0{digits}d}" if digits and amount >= 0 else None

    if text:
        assert Money.parse(text, currency) == Money(amount, currency)


STRANGE = [
    "9e999999",
    "1e-999999999",
    "sNaN",
    "1_000",
    "\uff11\uff19",
    "19.99" + "0" * 40 + "1",
    "1" * 100 + "x",
    "\0",
    "\ud800",
]


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "-inf", "1e309", "1.999", "ten", "1,5", "1e-9", "9" * 40, *STRANGE]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(InvalidError):
        Money.parse(text, "GBP")


def test_money_of_two_currencies_does_not_add_up():
    with pytest.raises(InvalidError):
        Money(1, "GBP") + Money(1, "EUR")


WRITTEN = [
    (Money(199900, "GBP"), "£1,999.00"),
    (Money(-5, "EUR"), "-€0.05"),
    (Money(5, "JPY"), "¥5"),
    (Money(1, "CHF"), "CHF 0.01"),
    (Money(1, "CLF"), "CLF 0.0001"),
]


@pytest.mark.parametrize(("money", "text"), WRITTEN)
def test_money_is_written_as_its_currency_is(money, text):
    assert money.format() == text


@pytest.mark.parametrize("currency", ["", "gbp", "GB", "GBPX", "G1P", "£££"])
def test_a_currency_is_three_capital_letters(currency):
    with pytest.raises(InvalidError):
        Money(1, currency)
