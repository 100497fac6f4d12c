"""Read query strings strictly: what is not understood is refused, so that a typo is never silently ignored."""

import functools
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import unquote_to_bytes

import msgspec

from bodega.api.errors import HttpError
from bodega.errors import Fault, InvalidError
from bodega.values.decode import convert
from bodega.values.text import is_clean

T = TypeVar("T")
MAX_BYTES = 8192
MAX_PARAMETERS = 256
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class _Shape(msgspec.Struct, frozen=True):
    """Which parameters a type takes: all, those that may repeat, those split at commas, those with a free part.

    `optional` are those that are null if not sent: lax conversion would take the word "null" for it.
    """

    names: frozenset[str]
    lists: frozenset[str]
    commas: frozenset[str]
    maps: Mapping[str, str]
    optional: frozenset[str]


def unquote(raw: bytes, what: str) -> str:
    """Decode percent-encoding; 400 for a broken escape or what is not UTF-8."""
    try:
        if b"%" not in raw:
            return raw.decode()
        if _BAD_ESCAPE.search(raw):
            raise HttpError(400, f"malformed_{what}", f"the {what} has a '%' that two hexadecimal digits do not follow")
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise HttpError(400, f"malformed_{what}", f"the {what} is not UTF-8") from None


def decode_query(raw: bytes, kind: type[T]) -> T:
    """Return a query string as a typed value; InvalidError lists every parameter that nobody knows or that is unfit."""
    if not raw:
        return cast("T", _empty(kind))  # type: ignore[arg-type]  # a class is hashable, whatever it is of
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    shape = _shape(kind)  # type: ignore[arg-type]  # a class is hashable, whatever it is of
    for name, value in _pairs(raw):
        fault = _take(given, shape, name, value)
        if fault is not None:
            faults.append(fault)
    if faults:
        raise InvalidError(f"the query has {len(faults)} fault(s): {faults[0].detail}", faults)
    return convert(given, kind, strict=False)


@functools.cache
def _empty(kind: Hashable) -> object:
    """Return what no query at all comes to; types of queries are frozen, so that one is enough for all."""
    return convert({}, cast("type[object]", kind), strict=False)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    if len(raw) > MAX_BYTES:
        raise HttpError(400, "malformed_query", f"the query is over {MAX_BYTES} bytes")
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > MAX_PARAMETERS:
        raise HttpError(400, "malformed_query", f"the query has over {MAX_PARAMETERS} parameters")
    pairs = []
    for part in parts:
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        pairs.append((_name(name), unquote(value, "query")))
    return pairs


@functools.lru_cache(maxsize=256)
def _name(raw: bytes) -> str:
    """Return a parameter's name: they are few, and mostly full of escapes."""
    return unquote(raw, "query")


def _take(given: dict[str, Any], shape: _Shape, name: str, value: str) -> Fault | None:
    if not is_clean(name) or not is_clean(value):
        return Fault(_pointer(name), "bad_text", "a parameter must not contain control characters")
    if name in shape.lists:
        given.setdefault(name, []).extend(value.split(",") if name in shape.commas else [value])
    elif name in shape.names:
        if name in given:
            return Fault(_pointer(name), "repeated", f"parameter {name!r} may be given once")
        if name in shape.optional and value.lower() == "null":
            return Fault(_pointer(name), "wrong_type", f"leave {name!r} out rather than sending the word null")
        given[name] = value
    else:
        field, part = _map_part(shape, name)
        if field is None:
            return Fault(_pointer(name), "unknown_parameter", f"there is no parameter {name[:80]!r} here")
        given.setdefault(field, {}).setdefault(part, []).append(value)
    return None


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _map_part(shape: _Shape, name: str) -> tuple[str | None, str]:
    for prefix, field in shape.maps.items():
        if name.startswith(prefix) and name.endswith("]") and len(name) > len(prefix) + 1:
            return field, name[len(prefix) : -1]
    return None, ""


@functools.cache
def _shape(kind: Hashable) -> _Shape:
    info = msgspec.inspect.type_info(kind)
    lists, commas, maps, names, optional = set(), set(), {}, set(), set()
    for field in info.fields if isinstance(info, msgspec.inspect.StructType) else ():
        inner, split = _unwrapped(field.type)
        if isinstance(inner, msgspec.inspect.ListType):
            lists.add(field.encode_name)
            if split:
                commas.add(field.encode_name)
        elif isinstance(inner, msgspec.inspect.DictType):
            maps[field.encode_name.removesuffix("NAME]")] = field.encode_name
            continue
        elif isinstance(inner, msgspec.inspect.UnionType) and inner.includes_none:
            optional.add(field.encode_name)
        names.add(field.encode_name)
    return _Shape(frozenset(names), frozenset(lists), frozenset(commas), maps, frozenset(optional))


def _unwrapped(kind: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, bool]:
    """Return the type inside its metadata and whether that says that values are split at commas."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return kind.type, bool((kind.extra or {}).get("commas"))
    return kind, False


def filters_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the cleaned, non-empty alternatives of a filter, in order, each once."""
    return tuple(dict.fromkeys(name for name in names if name))
