"""Show fields of forms: as browsers know how to fill them in, with what was typed and what is wrong with it."""

from collections.abc import Mapping, Sequence

import msgspec

from bodega.errors import InvalidError, ShopError
from bodega.web.words import sentence


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field. `autocomplete` is what it is about, in HTML's words; `most` how many characters it takes."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    needed: bool = True
    wide: bool = True
    most: int = 200
    hint: str = ""
    value: str = ""
    fault: str = ""


def filled(fields: Sequence[Field], values: Mapping[str, str], faults: Mapping[str, str] | None = None) -> list[Field]:
    """Return fields with what was typed or is known, and what is wrong. A password is never shown again."""
    wrong = faults or {}
    return [
        msgspec.structs.replace(
            field,
            value="" if field.kind == "password" else values.get(field.name, "")[: field.most],
            fault=wrong.get(field.name, ""),
        )
        for field in fields
    ]


def faults_of(refusal: ShopError | None) -> dict[str, str]:
    """Return what is wrong by the name of the form's field: what a pointer ends in."""
    if not isinstance(refusal, InvalidError):
        return {}
    return {fault.pointer.rpartition("/")[2]: sentence(fault.detail) for fault in refusal.faults}


def message_of(refusal: ShopError | None, fields: Sequence[Field]) -> str:
    """Return what to say above a form: where to look, if all that is wrong stands at a field."""
    if refusal is None:
        return ""
    faults = faults_of(refusal)
    if faults and faults.keys() <= {field.name for field in fields}:
        return "Please look at what is marked below."
    return sentence(refusal.message)


def typed(fields: Sequence[Field], sent: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed into fields, without spaces around it; passwords as they are."""
    return {f.name: sent.get(f.name, "") if f.kind == "password" else sent.get(f.name, "").strip() for f in fields}
