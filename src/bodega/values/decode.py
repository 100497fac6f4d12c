"""Turn untrusted JSON or plain values into typed ones, saying exactly where they are wrong."""

import re
from typing import Any, TypeVar

import msgspec

from bodega.errors import Fault, InvalidError

T = TypeVar("T")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\]]*)\]")


class SyntaxFaultError(InvalidError):
    """The text is not JSON at all."""

    code = "malformed_json"


def decode_json(data: bytes | str, kind: type[T], *, strict: bool = True) -> T:
    """Decode JSON into a type.

    SyntaxFaultError if it is no JSON, InvalidError with a fault if it is not of the type.
    """
    try:
        return msgspec.json.decode(data, type=kind, strict=strict)
    except msgspec.ValidationError as exc:
        raise invalid(exc) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise SyntaxFaultError(f"the body is not valid JSON: {exc}") from None
    except RecursionError:
        raise SyntaxFaultError("the body is nested too deeply") from None


def convert(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """Convert plain values into a type; InvalidError with a fault if they do not fit.

    >>> convert({"amount": 1, "currency": "gbp"}, dict[str, int])
    Traceback (most recent call last):
        ...
    bodega.errors.InvalidError: Expected `int`, got `str`
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as exc:
        raise invalid(exc) from None
    except RecursionError:
        raise InvalidError("the value is nested too deeply") from None


def invalid(exc: msgspec.ValidationError) -> InvalidError:
    """Translate msgspec's one-line complaint into an InvalidError whose fault has a JSON pointer."""
    match = _AT.match(str(exc))
    what = match["what"] if match else str(exc)
    pointer = _pointer(match["path"] or "" if match else "")
    return InvalidError(what, [Fault(pointer, _code(what), what)])


def _pointer(path: str) -> str:
    """Turn `$.variants[0].sku` into `/variants/0/sku`; a key of a map that msgspec elides (`[...]`) becomes `*`."""
    steps = [name or ("*" if index == "..." else index) for name, index in _STEP.findall(path)]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _code(what: str) -> str:
    if "unknown field" in what:
        return "unknown_field"
    if "missing required field" in what:
        return "required"
    return "out_of_range" if "length" in what or "=" in what else "wrong_type"
