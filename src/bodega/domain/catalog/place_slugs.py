"""Claim slugs for categories and collections: each has one owner, and an earlier one leads to what was renamed."""

from typing import NamedTuple, cast

from bodega import schema
from bodega.domain.catalog.model import CategoryInput, CollectionInput
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError
from bodega.ports.table import Any as AnyOf
from bodega.ports.table import Delete, Equals, Item, Key, NotExists, Put, TableStore
from bodega.values.text import is_clean, make_slug, parse_slug


class NameTakenError(ConflictError):
    """Another category, collection or attribute has this slug or name."""

    code = "name_taken"


class Claim(NamedTuple):
    """The id of a slug's owner, and whether it still has the slug."""

    owner: str
    current: bool


def checked_slug(given: CategoryInput | CollectionInput) -> str:
    """Return the slug that was given or, without one, that of the name; InvalidError if either is unfit."""
    if not given.name.strip() or not is_clean(given.name) or not is_clean(given.description, multiline=True):
        raise InvalidError("the name must be printable and not blank", [Fault("/name", "bad_text", "bad name")])
    try:
        return parse_slug(given.slug) if given.slug is not None else make_slug(given.name)
    except InvalidError as exc:
        raise InvalidError(exc.message, [Fault("/slug", "bad_slug", exc.message)]) from None


def claim(plan: WritePlan, noun: str, slug: str, owner: str) -> None:
    """Plan that a slug is its owner's: it was nobody's, its own before, or only led somewhere. NameTakenError else."""
    free = AnyOf((NotExists(), Equals("owner", owner), Equals("current", value=False)))
    plan.add(
        Put(schema.CATALOG, _item(noun, slug, owner, current=True), free),
        otherwise=lambda _: NameTakenError(f"another {noun} has the slug {slug!r}"),
    )


def move(plan: WritePlan, noun: str, before: str, slug: str, owner: str) -> None:
    """Plan that an owner has another slug, and that the one before leads there until somebody claims it."""
    claim(plan, noun, slug, owner)
    plan.add(Put(schema.CATALOG, _item(noun, before, owner, current=False)))


def release(plan: WritePlan, noun: str, slug: str) -> None:
    """Plan that a slug is nobody's."""
    plan.add(Delete(schema.CATALOG, _key(noun, slug)))


def find_claim(table: TableStore, noun: str, slug: str) -> Claim | None:
    """Return who has or had a slug, and may be gone; None if nothing ever had it, or it cannot be a slug."""
    try:
        item = table.get(schema.CATALOG, _key(noun, parse_slug(slug)))
    except InvalidError:
        return None
    return Claim(cast("str", item["owner"]), current=item.get("current") is not False) if item is not None else None


def _key(noun: str, slug: str) -> Key:
    return Key(f"{noun}-slug#{slug}", "slug")


def _item(noun: str, slug: str, owner: str, *, current: bool) -> Item:
    key = _key(noun, slug)
    return {"entity": key.partition, "part": key.sort, "owner": owner, "current": current}
