"""Decide whether a condition holds on an item, as DynamoDB would."""

import msgspec

from bodega.adapters.rules.table_limits import check_attribute, check_integer
from bodega.errors import InvalidError
from bodega.ports.table import (
    All,
    Any,
    AtLeast,
    AtMost,
    Condition,
    Equals,
    Exists,
    Item,
    LimitExceededError,
    Missing,
    NotExists,
    Value,
)

MAX_OPERATORS = 300  # DynamoDB's limit on one expression
_ALWAYS_SOUND = (Exists, NotExists)
_canonical = msgspec.msgpack.Encoder(order="deterministic").encode


def check_condition(condition: Condition) -> None:
    """Refuse a condition that could not be asked on AWS."""
    if type(condition) in _ALWAYS_SOUND:
        return  # nearly all of an import's
    if _count(condition, 0) > MAX_OPERATORS:
        raise LimitExceededError(f"a condition has at most {MAX_OPERATORS} parts")


def holds(condition: Condition, item: Item | None) -> bool:  # noqa: PLR0911 - one return a kind reads best
    """Tell whether the condition is true of the item, None standing for an absent one."""
    match condition:
        case Exists():
            return item is not None
        case NotExists():
            return item is None
        case Missing(attribute):
            return item is None or attribute not in item
        case Equals(attribute, value):
            return item is not None and attribute in item and same(item[attribute], value)
        case AtLeast(attribute, value):
            number = _integer(item, attribute)
            return number is not None and number >= value
        case AtMost(attribute, value):
            number = _integer(item, attribute)
            return number is not None and number <= value
        case All(parts):
            return all(holds(part, item) for part in parts)
        case Any(parts):
            return any(holds(part, item) for part in parts)


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are equal in kind and content, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | dict):
        # Python finds [1] and [True] equal; their encodings differ.
        return _canonical(one) == _canonical(other)
    return one == other


def _integer(item: Item | None, attribute: str) -> int | None:
    value = None if item is None else item.get(attribute)
    return value if type(value) is int else None


def _count(condition: Condition, depth: int) -> int:
    match condition:
        case Exists() | NotExists():
            return 1
        case Missing(attribute):
            check_attribute(attribute, "")
            return 1
        case Equals(attribute, value):
            check_attribute(attribute, value)
            return 1
        case AtLeast(attribute, value) | AtMost(attribute, value):
            check_attribute(attribute, "")
            check_integer(value)
            return 1
        case All(parts) | Any(parts):
            if not parts:
                raise InvalidError("a condition of no parts says nothing")
            if depth >= MAX_OPERATORS or len(parts) > MAX_OPERATORS:
                raise LimitExceededError(f"a condition has at most {MAX_OPERATORS} parts")
            return 1 + sum(_count(part, depth + 1) for part in parts)
        case _:
            raise InvalidError(f"{type(condition).__name__} is not a condition")
