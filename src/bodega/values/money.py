"""Money as integer minor units of an ISO 4217 currency; never a float."""

import re
from decimal import Decimal
from typing import Self

import msgspec

from bodega.errors import InvalidError

# Minor-unit exponents that are not 2, from ISO 4217 (2024-06 edition, table A.1).
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}

_CODE = re.compile(r"[A-Z]{3}")

_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
_SURELY_SMALL = 10  # digits
_MAX_DIGITS = 28  # what decimal arithmetic keeps exactly by default

MAX_AMOUNT = 10**15
"""The largest amount in minor units, either sign: far above any price, far below 2**63."""


class Money(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True, gc=False):
    """An amount in minor units (pence, cents) and its currency.

    >>> Money(1999, "GBP").format()
    '£19.99'
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in _SYMBOLS and not _CODE.fullmatch(self.currency):
            raise InvalidError(f"currency must be three capital letters (ISO 4217), not {self.currency[:12]!r}")
        if abs(self.amount) > MAX_AMOUNT:
            raise InvalidError(f"an amount of money must be within ±{MAX_AMOUNT} minor units")

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read a decimal in major units ("19.99"), refusing what is none and more digits than the currency has.

        InvalidError also for more than 28 digits.

        >>> Money.parse("2.5", "GBP")
        Money(amount=250, currency='GBP')
        """
        whole, _, broken = text.partition(".")
        digits = exponent(currency)
        if whole.isdecimal() and whole.isascii() and len(whole) <= _SURELY_SMALL and len(broken) <= digits:
            if not broken:
                return cls(int(whole) * 10**digits, currency)
            if broken.isdecimal() and broken.isascii():
                return cls(int(whole + broken.ljust(digits, "0")), currency)
        # Decimal itself reads more than people mean by a price: 1_000, other scripts' digits, NaN.
        if not _DECIMAL.fullmatch(text):
            raise InvalidError(f"{text[:40]!r} is not a decimal number")
        number = Decimal(text)
        if len(number.as_tuple().digits) > _MAX_DIGITS:
            raise InvalidError(f"{text[:40]!r} has more than {_MAX_DIGITS} digits")
        scaled = number.scaleb(digits)
        if abs(scaled) > MAX_AMOUNT:
            raise InvalidError(f"{text[:40]!r} is not an amount of money")
        if scaled != scaled.to_integral_value():
            raise InvalidError(f"{text[:40]!r} is finer than the smallest unit of {currency}")
        return cls(int(scaled), currency)

    def format(self) -> str:
        """Render for people: symbol or code, thousands separated, minor units as the currency has them."""
        digits = exponent(self.currency)
        sign = "-" if self.amount < 0 else ""
        major = f"{Decimal(abs(self.amount)).scaleb(-digits):,.{digits}f}"
        symbol = _SYMBOLS.get(self.currency)
        return f"{sign}{symbol}{major}" if symbol else f"{sign}{self.currency} {major}"

    def times(self, quantity: int) -> "Money":
        """Multiply by a whole number of units."""
        return Money(self.amount * quantity, self.currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise InvalidError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)


def exponent(currency: str) -> int:
    """Return how many decimal digits the currency's minor unit has: 2 unless ISO 4217 says otherwise."""
    return _EXPONENTS.get(currency, 2)
