"""Divide amounts of minor units without losing or making any: shares by weight, and parts of what is a whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bodega.errors import InvalidError

MILLION: Final = 1_000_000
_PLACES = 4


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Share an amount in proportion to weights, by the largest remainder; of equal remainders the first.

    The shares add up to the amount exactly, and none is above its weight if the amount is not above their sum.
    InvalidError for a negative amount or weight, or an amount where nothing has any weight.

    >>> spread(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if amount < 0 or any(weight < 0 for weight in weights) or (amount > 0 and whole == 0):
        raise InvalidError("only an amount that is not negative can be shared, and among weights above zero")
    if amount == 0:
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def part(amount: int, units: int, start: int, count: int) -> int:
    """Return what falls on `count` of a line's units, when `start` of them were taken before: for refunds by unit.

    However a line is taken apart, its parts add up to the whole.

    >>> [part(100, 3, 0, 1), part(100, 3, 1, 2)]
    [33, 67]
    """
    if not (0 <= start <= start + count <= units and units > 0):
        raise InvalidError(f"there are no units {start} to {start + count} of {units}")
    return amount * (start + count) // units - amount * start // units


def half_even(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to a whole number, halves to the even one; the denominator is above zero.

    >>> half_even(5, 2), half_even(7, 2), half_even(-5, 2)
    (2, 4, -2)
    """
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient


def parts_per_million(percent: str) -> int:
    """Read a percentage from 0 to 100 with at most four decimals.

    >>> parts_per_million("8.875")
    88750
    """
    whole, dot, decimals = percent.partition(".")
    digits = (whole + decimals).isdigit() and percent.isascii() and len(whole) <= 3 and len(decimals) <= _PLACES  # noqa: PLR2004
    if not digits or not whole or bool(dot) != bool(decimals) or Decimal(percent) > 100:  # noqa: PLR2004
        raise InvalidError(f"a percentage is 0 to 100 with at most {_PLACES} decimals, not {percent[:20]!r}")
    return int(Decimal(percent).scaleb(_PLACES))
