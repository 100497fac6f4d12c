"""Bring the flat columns of a product row into the shape of its fields: prices, categories, `attributes.NAME`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bodega.domain.catalog.model import Attribute
from bodega.domain.flows.imports.rules import plain_text
from bodega.errors import Fault, InvalidError
from bodega.values.money import Money

ATTRIBUTE = "attributes."
OPTION = "options."


class FlatColumns:
    """Gathers what people spread over columns; InvalidError with a reason for what makes no sense."""

    def __init__(self, *, currency: str, declared: Mapping[str, Attribute]) -> None:
        self._currency = currency
        self._declared = declared

    def gathered(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row itself, changed: price and currency, category, `attributes.NAME`, `options.NAME` gathered."""
        currency = row.pop("currency", self._currency)
        for field in ("price", "compare_at"):
            if field in row:
                row[field] = _money(row[field], currency, field)
        for field in ("sku", "title", "brand", "barcode"):
            if field in row:
                row[field] = plain_text(row[field])
        if "name" in row and "title" not in row:
            row["title"] = plain_text(row.pop("name"))
        if "category" in row and "categories" not in row:
            row["categories"] = [row.pop("category")]
        for field in ("categories", "collections"):
            if isinstance(row.get(field), str):
                row[field] = [row[field]]
        for name in [n for n in row if n.startswith((ATTRIBUTE, OPTION))]:
            self._gather(row, name)
        return row

    def _gather(self, row: dict[str, Any], name: str) -> None:
        """Move a column's value into the object that its name begins with."""
        kind, _, key = name.partition(".")
        value = row.pop(name)
        members = row.setdefault(kind, {})
        if type(members) is not dict:
            detail = f"{kind} is given as a whole that is no object, and by single columns as well"
            raise InvalidError(detail, [Fault(f"/{kind}", "wrong_type", detail)])
        members[key] = self._typed(key, value) if kind == "attributes" else plain_text(value)

    def _typed(self, name: str, value: Any) -> Any:
        """Read an attribute's text as the type it was declared with; the catalog refuses what does not fit."""
        declared = self._declared.get(name)
        if declared is None or not isinstance(value, str):
            return value
        if declared.type == "list":
            return [one.strip() for one in value.split("|") if one.strip()]
        kinds: dict[str, Any] = {"number": float, "integer": int, "boolean": bool}
        if declared.type not in kinds:
            return value
        try:
            return msgspec.convert(value.strip(), kinds[declared.type], strict=False)
        except msgspec.ValidationError:
            return value


def _money(value: Any, currency: Any, field: str) -> Any:
    if isinstance(value, dict):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not isinstance(currency, str):
        raise InvalidError(f"{field} is not a price", [Fault(f"/{field}", "bad_price", f"{field} is not a price")])
    if isinstance(value, int) and abs(value) > 10**15:
        raise InvalidError(f"{field} is too large", [Fault(f"/{field}", "bad_price", f"{field} is too large")])
    try:
        return Money.parse(str(value).strip()[:80], currency.strip().upper())
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault(f"/{field}", "bad_price", exc.message)]) from None
