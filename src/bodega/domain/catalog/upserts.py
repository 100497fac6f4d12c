"""Create or replace many products in one load: for imports and batches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias, cast

import msgspec

from bodega.domain.catalog.contents import Restored, same, without_variant_ids
from bodega.domain.catalog.drafts import Drafts, Surroundings
from bodega.domain.catalog.lookups import Lookups
from bodega.domain.catalog.model import ProductInput
from bodega.domain.catalog.plans import ProductPlans
from bodega.domain.catalog.records import product_keys, read_product, slug_key
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, ShopError
from bodega.ports.table import Event, TableStore, Write
from bodega.values.text import make_slug, parse_sku, parse_sku_or_none

Outcome: TypeAlias = Literal["created", "changed", "unchanged"]
Given: TypeAlias = Sequence[tuple[ProductInput, Restored]]
Result: TypeAlias = tuple[str, Outcome] | ShopError
_IN_THIS_CALL = "(this call)"


class RepeatedError(ConflictError):
    """An earlier row of the same batch already wrote this product; the row can be sent again with the next batch."""

    code = "repeated"


class _Claims(msgspec.Struct):
    """Whose SKUs and ids are, and which slugs are taken: as they are, and by earlier rows of this call."""

    owners: dict[str, str]
    slugs: set[str]
    around: Surroundings

    def is_taken(self, slug: str) -> bool:
        return slug in self.slugs


class Upserts:
    """Writes many products, each atomic on its own."""

    def __init__(self, *, table: TableStore, lookups: Lookups, drafts: Drafts, plans: ProductPlans) -> None:
        self._table = table
        self._lookups = lookups
        self._drafts = drafts
        self._plans = plans

    def write(
        self, given: Given, *, lagging: bool, again: Callable[[ProductInput, Restored, ShopError], Result]
    ) -> list[Result]:
        """Write what differs and return, for each row, its product's id and the outcome, or why not.

        `again` is asked what becomes of a row that was refused when all others were written.
        """
        claims = _Claims(
            self._owners(given), self._taken_slugs(given), self._drafts.surroundings([one for one, _ in given])
        )
        results: list[Result | None] = [None] * len(given)
        planned: list[tuple[int, WritePlan, Result]] = []

        def transactions() -> Iterator[tuple[Sequence[Write], Sequence[Event]]]:
            for index, (contents, restored) in enumerate(given):
                try:
                    plan, result = self._plan(contents, restored, claims)
                except ShopError as exc:
                    results[index] = exc
                    continue
                results[index] = result
                if plan is not None:
                    planned.append((index, plan, result))
                    yield plan.writes, plan.events
                    plan.hand_over()

        outcomes = self._table.load(transactions(), lagging=lagging)
        for (index, plan, _), failure in zip(planned, outcomes, strict=True):
            if failure is not None:
                results[index] = again(*given[index], plan.refusal(failure))
        return cast("list[Result]", results)

    def _plan(self, given: ProductInput, restored: Restored, claims: _Claims) -> tuple[WritePlan | None, Result]:
        skus = [parse_sku(v.sku) for v in given.variants]
        owners = claims.owners
        product_id = owners.get(restored.id or "") or next((owners[s] for s in skus if s in owners), None)
        if product_id is None:
            product = self._drafts.created(given, restored, claims.around, is_taken=claims.is_taken)
            claims.slugs.add(product.slug)
            owners |= dict.fromkeys([*skus, product.id], _IN_THIS_CALL)
            return self._plans.creation(product, tree=claims.around.tree), (product.id, "created")
        if product_id == _IN_THIS_CALL:
            raise RepeatedError(f"an earlier row of the same batch already wrote SKU {skus[0]!r}")
        item = self._lookups.item(product_id)
        old = read_product(item)
        if restored.id is not None and restored.id != product_id:
            given = without_variant_ids(given)  # they are another shop's; here the SKU says which variant is meant
        new = self._drafts.merged(old, given, claims.around)
        if same(new, old):
            return None, (product_id, "unchanged")
        if new.slug != old.slug:
            claims.slugs.add(new.slug)
        owners |= dict.fromkeys([*skus, *(v.sku for v in old.variants), product_id], _IN_THIS_CALL)
        return self._plans.change(item, old, new)[0], (product_id, "changed")

    def _owners(self, given: Given) -> dict[str, str]:
        """Return product ids by every SKU and id that the rows name, for those that exist."""
        skus = [parse_sku_or_none(v.sku) for contents, _ in given for v in contents.variants]
        owners = self._lookups.find_ids_by_sku(s for s in skus if s is not None)
        ids = product_keys(r.id for _, r in given if r.id is not None)
        return owners | {ids[key]: ids[key] for key, _ in self._lookups.read(ids)}

    def _taken_slugs(self, given: Given) -> set[str]:
        """Return which of the slugs that titles would give are claimed already."""
        slugs = {
            slug_key(slug): slug
            for contents, _ in given
            if contents.slug is None
            for slug in [make_slug(contents.title)]
        }
        return {slugs[key] for key, _ in self._lookups.read(slugs)}
