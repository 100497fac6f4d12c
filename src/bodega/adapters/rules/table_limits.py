"""Refuse what DynamoDB would refuse, by its own way of counting bytes.

Sizes are counted as https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
says: an item is the sum of its attributes' names and values in UTF-8; a number takes a byte for two
significant digits, one more, and one for a minus sign; a list or map 3 bytes and one for each element; null
and booleans 1.
"""

import typing
from collections.abc import Mapping

from bodega.errors import InvalidError
from bodega.ports.table import (
    MAX_INTEGER,
    MAX_ITEM_BYTES,
    MAX_NESTING,
    MAX_PARTITION_KEY_BYTES,
    MAX_SORT_KEY_BYTES,
    Item,
    Key,
    LimitExceededError,
)

_PLAIN = frozenset({str, bytes, bool, type(None)})
_TWO_DIGITS = 100
_MOST_FOR_A_BYTE = 5
"""An item counts at most so many bytes for one of its MessagePack: an empty list is 4 for 1."""
_NEARLY_PLAIN = _PLAIN | {int, list}
_TEXTS = frozenset({str})
PLAIN_SLACK = 3
"""What an integer or a list may take more, each, as DynamoDB counts than it does in MessagePack."""
_SURELY_SHORT = MAX_SORT_KEY_BYTES // 4  # characters; no character takes more than 4 bytes of UTF-8


def text_bytes(text: str) -> int:
    """Return the length in UTF-8; InvalidError for lone surrogates, which are not text."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidError("text must not contain lone surrogates") from error


def check_key(key: Key) -> None:
    """Refuse a key that DynamoDB would not store."""
    check_key_part(key.partition, MAX_PARTITION_KEY_BYTES)
    check_key_part(key.sort, MAX_SORT_KEY_BYTES)


def are_short_keys(partition: object, sort: object) -> bool:
    """Tell whether both are keys that can be stored, as nearly all are; `check_key_part` says it of others."""
    return (
        type(partition) is str is type(sort)
        and partition.isascii()
        and sort.isascii()
        and 0 < len(partition) <= _SURELY_SHORT
        and 0 < len(sort) <= _SURELY_SHORT
    )


def check_key_part(text: object, limit_bytes: int) -> None:
    """Refuse what is not text, is empty or is longer than the limit."""
    if type(text) is not str:
        raise InvalidError(f"a key must be text, not {type(text).__name__}")
    if not text:
        raise InvalidError("a key must not be empty")
    if (len(text) > _SURELY_SHORT or not text.isascii()) and text_bytes(text) > limit_bytes:
        raise LimitExceededError(f"a key has at most {limit_bytes} bytes; this one starts {text[:40]!r}")


def check_limit(limit: object) -> None:
    """Refuse a number of items to ask for that is none."""
    if type(limit) is not int or limit < 1:
        raise InvalidError("a limit must be at least 1")


def measure_item(item: Item) -> int:
    """Return the item's size in bytes as DynamoDB counts it, having refused what it cannot hold."""
    if type(item) is not dict:
        raise InvalidError(f"an item must be a dict, not {type(item).__name__}")
    size = _measure_members(item, 1)
    if size > MAX_ITEM_BYTES:
        raise LimitExceededError(f"an item has at most {MAX_ITEM_BYTES} bytes, this one has {size}")
    return size


def is_plain(item: Item) -> bool:
    """Tell whether an item holds what nearly all do, under well-known names: then it can be stored if it is small.

    That is text, bytes, truth, integers and lists of text. Its size is at most that of its MessagePack and PLAIN_SLACK
    bytes for each attribute. `measure_item` says it exactly and takes three times as long.
    """
    if not item.keys() <= _NAME_BYTES.keys():
        return False
    if _PLAIN.issuperset(map(type, item.values())):
        return True
    return _NEARLY_PLAIN.issuperset(map(type, item.values())) and all(map(_is_plain_value, item.values()))


def _is_plain_value(value: object) -> bool:
    kind = type(value)
    if kind is int:
        return -MAX_INTEGER - 1 <= value <= MAX_INTEGER  # type: ignore[operator]
    return kind is not list or _TEXTS.issuperset(map(type, value))  # type: ignore[call-overload]


def measure_attributes(attributes: Mapping[str, object]) -> int:
    """Return the size of some attributes of an item, having refused what no item can hold."""
    return _measure_members(attributes, 1)


def check_attribute(name: str, value: object) -> None:
    """Refuse a name and a value that no item can have; as `measure_attributes` does, without its size."""
    kind = type(value)
    if name not in _NAME_BYTES:
        _name_bytes(name)
    if kind is int:
        check_integer(value)
    elif kind is not str or not value.isascii():  # type: ignore[attr-defined]
        _measure(value, 1)


def check_size(item: Item, encoded: bytes) -> None:
    """Refuse an item that grew too large, of which every attribute is known to be one that an item can have."""
    if len(encoded) * _MOST_FOR_A_BYTE > MAX_ITEM_BYTES:
        measure_item(item)


def check_integer(number: object) -> None:
    """Refuse what is not an integer of at most 64 bits with sign."""
    if type(number) is not int:
        raise InvalidError(f"an integer is needed, not {type(number).__name__}")
    if not -MAX_INTEGER - 1 <= number <= MAX_INTEGER:
        raise LimitExceededError("an integer must fit in 64 bits with its sign")


def _measure_members(members: Mapping[str, object], depth: int) -> int:
    size = 0
    for name, value in members.items():
        known = _NAME_BYTES.get(name)
        size += _name_bytes(name) if known is None else known
        kind = type(value)
        # Nearly everything that is stored is short ASCII, bytes or a small number, and every write passes here.
        if kind is bytes or (kind is str and value.isascii()):  # type: ignore[attr-defined]
            size += len(value)  # type: ignore[arg-type]
        elif kind is int and 0 <= value < _TWO_DIGITS:  # type: ignore[operator]
            size += 2
        else:
            size += _measure(value, depth)
    return size


def _name_bytes(name: object) -> int:
    if type(name) is not str:
        raise InvalidError(f"an attribute's name must be text, not {type(name).__name__}")
    if not name:
        raise InvalidError("an attribute's name must not be empty")
    size = text_bytes(name)
    if len(_NAME_BYTES) < _MAX_KNOWN_NAMES:
        _NAME_BYTES[name] = size
    return size


# The names of attributes are few and come again with every item: their sizes are worth keeping.
_NAME_BYTES: dict[object, int] = {}
_MAX_KNOWN_NAMES = 1000


def _measure(value: typing.Any, depth: int) -> int:
    kind = type(value)  # exactly: a subclass would come back as something else
    if kind is str:
        return text_bytes(value)
    if kind is bool or value is None:
        return 1
    if kind is int:
        return _measure_integer(value)
    if kind is bytes:
        return len(value)
    if kind is not dict and kind is not list:
        raise InvalidError(f"an item holds str, bytes, int, bool, None, list and dict, not {kind.__name__}")
    if depth > MAX_NESTING:
        raise LimitExceededError(f"values may be nested {MAX_NESTING} deep")
    members = _measure_members(value, depth + 1) if kind is dict else _measure_elements(value, depth + 1)
    return 3 + len(value) + members


def _measure_elements(elements: list[typing.Any], depth: int) -> int:
    size = 0
    for element in elements:
        size += _measure(element, depth)
    return size


def _measure_integer(number: int) -> int:
    if -_TWO_DIGITS < number < _TWO_DIGITS:  # two digits make a byte
        return 2 + (number < 0)
    check_integer(number)
    digits = len(str(abs(number)).rstrip("0"))
    return (digits + 1) // 2 + 1 + (number < 0)
