"""Read cells of files: empty ones are left out, and those that hold JSON are opened where that may be."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from bodega.errors import Fault, InvalidError

_OPENING = ("{", "[")
_MAX_NESTED_LENGTH = 400_000


def plain_cells(values: Mapping[str, Any], *, nested: Collection[str], ignored: Collection[str] = ()) -> dict[str, Any]:
    """Return a row without empty cells and unwanted columns, with the JSON in cells of the `nested` columns opened."""
    row: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or value == "" or name in ignored:
            continue
        row[name] = _opened(name, value) if name in nested and isinstance(value, str) else value
    return row


def _opened(name: str, text: str) -> Any:
    """Return the value of a cell that holds JSON, the text itself where it holds none."""
    if not text.lstrip().startswith(_OPENING):
        return text
    if len(text) > _MAX_NESTED_LENGTH:
        raise InvalidError(f"the cell {name!r} is too large", [Fault(f"/{name}", "too_large", "the cell is too large")])
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        detail = f"the cell {name!r} begins like JSON but is none: {exc}"
        raise InvalidError(detail, [Fault(f"/{name}", "bad_json", detail)]) from None
