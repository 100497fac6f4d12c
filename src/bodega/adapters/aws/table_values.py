"""Translate items to and from DynamoDB's typed JSON: `{"S": text}`, `{"N": digits}`, `{"B": base64}` and so on."""

from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, cast

from bodega.errors import InvalidError
from bodega.ports.table import Item, Value


def typed(value: Value) -> dict[str, Any]:  # noqa: PLR0911 - one return a kind reads best
    """Return a value as DynamoDB writes it; exactly by type, since True is not 1."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is bool:
        return {"BOOL": value}
    if kind is int:
        return {"N": str(value)}
    if kind is bytes:
        return {"B": b64encode(value).decode()}  # type: ignore[arg-type]
    if value is None:
        return {"NULL": True}
    if kind is dict:
        return {"M": typed_item(value)}  # type: ignore[arg-type]
    if kind is list:
        return {"L": [typed(one) for one in value]}  # type: ignore[union-attr]
    raise InvalidError(f"an item holds str, bytes, int, bool, None, list and dict, not {kind.__name__}")


def typed_item(item: Mapping[str, Value]) -> dict[str, Any]:
    """Return an item, or some attributes of one, as DynamoDB writes it."""
    return {name: typed(value) for name, value in item.items()}


def plain(value: Mapping[str, Any]) -> Value:
    """Return what a typed value stands for."""
    ((kind, content),) = value.items()
    return cast("Value", _READERS[kind](content))


def plain_item(item: Mapping[str, Any]) -> Item:
    """Return the item that typed JSON stands for."""
    # One loop, and nothing called for texts: a list of products has hundreds of values, most of them texts.
    found: Item = {}
    for name, value in item.items():
        for kind, content in value.items():
            found[name] = content if kind == "S" else _READERS[kind](content)
    return found


_READERS: dict[str, Any] = {
    "S": lambda text: text,
    "N": int,
    "BOOL": lambda flag: flag,
    "B": a2b_base64,
    "NULL": lambda _: None,
    "M": plain_item,
    "L": lambda parts: [plain(part) for part in parts],
}
