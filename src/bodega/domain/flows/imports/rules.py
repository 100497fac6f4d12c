"""Decide which lines of a sales file are sales of goods, and say of every other one why it is not."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from bodega.domain.orders.model import MAX_QUANTITY
from bodega.errors import InvalidError
from bodega.values.money import MAX_AMOUNT, exponent
from bodega.values.text import is_clean, parse_sku

NON_GOODS = frozenset(
    {
        "POST",  # postage
        "DOT",  # postage of web orders
        "C2",  # carriage
        "C3",
        "M",  # manual entry
        "D",  # discount
        "S",  # samples
        "B",  # bad debt
        "PADS",  # packing pads
        "CRUK",  # donation
        "BANK CHARGES",
        "AMAZONFEE",
        "ADJUST",
        "ADJUST2",
    }
)
"""Codes that tills use for what is not goods, compared without regard to case."""

NON_GOODS_PREFIXES = ("GIFT_", "BANK ")
"""Beginnings of such codes: gift vouchers, and what the bank took."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
MAX_NUMBER_LENGTH = 80
_CANCELLATION = re.compile(r"[Cc]\d+")
_ADJUSTMENT = re.compile(r"[Aa]\d+")
_CUSTOMER_NUMBER = re.compile(r"-?\d+\.0")


class Sale(msgspec.Struct, frozen=True, array_like=True):
    """A line of a sales file that was found good; `at` is a Unix time in microseconds, `amount` in minor units."""

    line: int
    sku: str
    quantity: int
    amount: int
    at: int
    name: str = ""
    customer: str = ""
    order_id: str = ""
    product_id: str = ""


class RefusedLineError(InvalidError):
    """A line that is no sale of goods; `reason` is its stable code."""

    code = "refused_line"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SalesRules:
    """The rules, with what they depend on. Use `judge`; everything else answers one question each."""

    def __init__(
        self, *, currency: str, now: datetime, zone: tzinfo = UTC, non_goods: frozenset[str] = NON_GOODS
    ) -> None:
        """Take the zone in which times without an offset are to be read."""
        self._currency = currency
        self._digits = exponent(currency)
        self._zone = zone
        self._latest = now + timedelta(days=1)
        self._non_goods = frozenset(code.upper() for code in non_goods)
        self._price = lru_cache(maxsize=65_536)(self._minor_units)
        self._sku = lru_cache(maxsize=65_536)(self._goods)
        self._moment = lru_cache(maxsize=4096)(self._microseconds)

    def judge(self, line: int, values: Mapping[str, Any]) -> tuple[str, Sale]:
        """Return the order's number and the sale; RefusedLineError for the first rule that the line breaks."""
        number = _word(values.get("order"), "order")
        quantity_given = values.get("quantity")
        if _CANCELLATION.fullmatch(number):
            raise RefusedLineError("cancellation", f"order {number} cancels an earlier one")
        if _ADJUSTMENT.fullmatch(number):
            raise RefusedLineError("adjustment", f"order {number} adjusts the books")
        sku = self._sku(_word(values.get("sku"), "sku"))
        quantity = _quantity(quantity_given)
        amount = self._amount(values.get("unit_price"))
        currency = values.get("currency")
        if currency and currency != self._currency:
            raise RefusedLineError(
                "other_currency", f"this shop sells in {self._currency}, not in {str(currency)[:12]}"
            )
        sale = Sale(
            line=line,
            sku=sku,
            quantity=quantity,
            amount=amount,
            at=self._at(values.get("time")),
            name=clean_name(values.get("name")),
            customer=_customer(values.get("customer")),
            order_id=_given_id(values.get("order_id"), "ord_"),
            product_id=_given_id(values.get("product_id"), "prod_"),
        )
        return number, sale

    def _goods(self, text: str) -> str:
        upper = text.upper()
        if upper in self._non_goods or upper.startswith(NON_GOODS_PREFIXES):
            raise RefusedLineError("not_goods", f"{text[:80]!r} is a charge, a voucher or the like, not a product")
        try:
            return parse_sku(text)
        except InvalidError as exc:
            raise RefusedLineError("bad_sku", exc.message) from None

    def _amount(self, value: Any) -> int:
        """Return a price in minor units."""
        if value is None or value == "":
            raise RefusedLineError("missing_price", "the line has no unit price")
        if isinstance(value, Decimal):
            value = str(value)
        if isinstance(value, bool) or not isinstance(value, float | int | str):
            raise RefusedLineError("bad_price", f"{_shown(value)} is not a price")
        if isinstance(value, int) and abs(value) > MAX_AMOUNT:
            raise RefusedLineError("absurd_price", "the unit price is huge")
        if isinstance(value, str) and len(value) > MAX_NUMBER_LENGTH:
            raise RefusedLineError("bad_price", f"{_shown(value)} is not a price")
        return self._price(value)

    def _minor_units(self, value: float | str) -> int:
        try:
            price = Decimal(str(value).strip())
        except InvalidOperation:
            price = Decimal("NaN")
        if not price.is_finite():
            raise RefusedLineError("bad_price", f"{str(value)[:40]!r} is not a price")
        if price <= 0:
            raise RefusedLineError("price_not_positive", f"the unit price is {price}")
        if price.adjusted() > len(str(MAX_AMOUNT)):
            raise RefusedLineError("absurd_price", f"the unit price is {price}")
        amount = int(price.scaleb(self._digits).to_integral_value(ROUND_HALF_EVEN))
        if amount == 0:
            raise RefusedLineError("price_too_fine", f"{price} is less than the smallest unit of {self._currency}")
        if amount > MAX_AMOUNT:
            raise RefusedLineError("absurd_price", f"the unit price is {price}")
        return amount

    def _at(self, value: Any) -> int:
        """Return a time in Unix microseconds."""
        if value is None or value == "":
            raise RefusedLineError("missing_time", "the line has no time")
        if not isinstance(value, str | datetime):
            raise RefusedLineError("bad_time", f"{_shown(value)} is not a time")
        return self._moment(value)

    def _microseconds(self, value: str | datetime) -> int:
        moment = moment_of(value, self._zone)
        if moment is None or moment < EARLIEST:
            raise RefusedLineError("bad_time", f"{str(value)[:40]!r} is not a time")
        if moment > self._latest:
            raise RefusedLineError("future_time", f"{str(value)[:40]!r} is in the future")
        return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(value: Any, zone: tzinfo) -> datetime | None:
    """Return a time given as a datetime or as text (ISO 8601), in UTC; None if it is neither."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def clean_name(value: Any) -> str:
    """Return a description as printable text on one line, empty if there is none."""
    if not isinstance(value, str):
        return ""
    text = " ".join(value.split())[:200].rstrip()
    return text if is_clean(text) else "".join(c for c in text if c.isprintable())


def _word(value: Any, field: str) -> str:
    """Return a code as text; tables often hold codes as numbers."""
    text = plain_text(value)
    if text == "":
        raise RefusedLineError(f"missing_{field}", f"the line has no {field}")
    if text is None or len(text) > MAX_NUMBER_LENGTH or not is_clean(text):
        raise RefusedLineError(f"bad_{field}", f"{_shown(value)} is not usable as {field}")
    return text


def plain_text(value: Any) -> str | None:
    """Return text, or a number that stands for text, trimmed; empty for nothing at all, None for what is neither."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:  # noqa: PLR0124  # NaN is how tables spell nothing
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return str(value)
    return None


def _shown(value: Any) -> str:
    """Return a value short enough for a message; huge integers cannot even be printed."""
    if isinstance(value, int) and abs(value) >= 2**63:
        return "a huge number"
    return repr(value if isinstance(value, int | float) else str(value)[:40])


def _quantity(value: Any) -> int:
    number = value
    if isinstance(value, str):
        number = _parsed(value)
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**63:
        number = int(number)
    if value is None or value == "":
        raise RefusedLineError("missing_quantity", "the line has no quantity")
    if not isinstance(number, int) or isinstance(number, bool):
        raise RefusedLineError("bad_quantity", f"{_shown(value)} is not a whole number of units")
    if number <= 0:
        raise RefusedLineError("return_or_correction", f"the quantity is {_shown(number)}")
    if number > MAX_QUANTITY:
        raise RefusedLineError("absurd_quantity", f"the quantity is over {MAX_QUANTITY}")
    return number


def _parsed(text: str) -> int | float | None:
    if len(text) > MAX_NUMBER_LENGTH:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _customer(value: Any) -> str:
    """Return what the file calls the customer, empty for a guest; whole floats lose their `.0`."""
    text = plain_text(value)
    if text is None:
        raise RefusedLineError("bad_customer", f"{_shown(value)} is not usable as customer")
    if _CUSTOMER_NUMBER.fullmatch(text):
        text = text[:-2]
    if len(text) > MAX_NUMBER_LENGTH or not is_clean(text):
        raise RefusedLineError("bad_customer", f"{text[:40]!r} is not usable as customer")
    return text


def _given_id(value: Any, prefix: str) -> str:
    if value is None or value == "":
        return ""
    if not (
        isinstance(value, str) and value.startswith(prefix) and len(value) <= MAX_NUMBER_LENGTH and is_clean(value)
    ):
        raise RefusedLineError("bad_id", f"{str(value)[:40]!r} is not an id that begins with {prefix}")
    return value


# -- titles

_NOTES = re.compile(
    r"\b(damaged?|damages|check(ed)?|lost|found|missing|wrong(ly)?|mouldy|faulty|wet|crushed|smashed|broken|"
    r"thrown away|adjust(ment)?|sample|test|unsaleable|rusty|mixed up|mis-?sold|returned|samples|incorrect|error)\b",
    re.IGNORECASE,
)
_ENOUGH_LETTERS = 3


def noise_of(name: str) -> int:
    """Return how little a description looks like a title: 0 fine, 1 all lower case, 2 a stock-keeper's note.

    >>> [noise_of(name) for name in ("RED RETROSPOT MUG", "ebay", "?", "wet damages")]
    [0, 1, 2, 2]
    """
    if "?" in name or sum(c.isalpha() for c in name) < _ENOUGH_LETTERS:
        return 2
    if _NOTES.search(name) and (name == name.lower() or len(name.split()) <= 2):  # noqa: PLR2004
        return 2
    # Scripts without case have no upper case either, and are fine.
    return 1 if name == name.lower() and name != name.upper() else 0


def best_title(counted: Mapping[str, int]) -> str | None:
    """Return the most frequent description among those that look most like a title; of equals, the one met first."""
    return min(counted, key=lambda name: (noise_of(name), -counted[name]), default=None)
