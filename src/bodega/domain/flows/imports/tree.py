"""Bring rows of a category file into the tree."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.catalog.model import Category, CategoryInput, Id, Name
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.flows.imports.ledger import Ledger, Outcome
from bodega.domain.flows.imports.places import Places
from bodega.errors import ShopError
from bodega.ports.tabular import RowReader
from bodega.values.decode import convert
from bodega.values.text import make_slug

_SAVE_EVERY = 200


class CategoryRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category as the export writes it, or one that is named by its path alone."""

    id: Annotated[str, Meta(pattern=r"^cat_[0-9A-Za-z_]{1,60}$")] | None = None
    name: Name | None = None
    slug: Annotated[str, Meta(max_length=120)] | None = None
    parent: Id | None = None
    description: Annotated[str, Meta(max_length=2000)] = ""
    position: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    path: Annotated[str, Meta(max_length=600)] | None = None


class CategoryImport:
    """One run over a category file. Parents come before their children, as our export writes them."""

    def __init__(self, taxonomy: Taxonomy, ledger: Ledger) -> None:
        self._taxonomy = taxonomy
        self._ledger = ledger

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        line = self._ledger.job.checkpoint.line
        for row in reader.read(after_line=line):
            self._ledger.read += 1
            line = row.line
            if row.fault is not None:
                self._ledger.reject(row.line, "unreadable_row", row.fault)
                continue
            try:
                self._ledger.count(self._take(row.values))
            except ShopError as exc:
                self._ledger.refuse(row.line, exc)
            if self._ledger.read % _SAVE_EVERY == 0:
                self._ledger.checkpoint(line=line)
        self._ledger.checkpoint(line=line)

    def _take(self, values: Mapping[str, Any]) -> Outcome:
        cells = {name: value for name, value in values.items() if value is not None and value != ""}
        given = convert(cells, CategoryRow, strict=False)
        tree = self._taxonomy.tree(current=True)
        if given.name is None:
            before = len(tree.by_id)
            Places(self._taxonomy).category(given.path or "")
            return "created" if len(self._taxonomy.tree(current=True).by_id) > before else "unchanged"
        known = tree.by_id.get(given.id or "") or tree.by_slug.get(given.slug or make_slug(given.name))
        wanted = CategoryInput(
            name=given.name,
            slug=given.slug or (known.slug if known else None),
            parent=given.parent,
            description=given.description,
            position=given.position,
        )
        if known is None:
            self._taxonomy.create_category(wanted, category_id=given.id)
            return "created"
        if _as_input(known) == wanted:
            return "unchanged"
        self._taxonomy.modify_category(known.id, wanted, expected_version=None)
        return "changed"


def _as_input(category: Category) -> CategoryInput:
    return CategoryInput(
        name=category.name,
        slug=category.slug,
        parent=category.parent,
        description=category.description,
        position=category.position,
    )
