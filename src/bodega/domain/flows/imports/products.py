"""Bring rows of a product file into the catalog, a batch at a time."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from bodega.domain.catalog.model import Product, ProductInput
from bodega.domain.catalog.products import RepeatedError, input_of
from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.imports.ledger import Ledger, Outcome
from bodega.domain.flows.imports.product_rows import ProductRow, ProductRows
from bodega.domain.inventory.service import Inventory
from bodega.errors import ShopError
from bodega.ports.table import MAX_BATCH_GET
from bodega.ports.tabular import Row, RowReader

BATCH_ROWS = 1000
BATCH_BYTES = 4 * 1024 * 1024
INDEX_EVERY = 10_000
LIST_EVERY = 250_000  # so many that their entries fill pages of long lists, so few that the log stays small

_Numbered = tuple[int, ProductRow]
_read_product = msgspec.json.Decoder(Product).decode


class ProductImport:
    """One run over a product file."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        inventory: Inventory,
        rows: ProductRows,
        ledger: Ledger,
        catch_up: Callable[[], object],
    ) -> None:
        """Take `catch_up`, which brings the search index up to the newest change."""
        self._products = catalog.products
        self._inventory = inventory
        self._rows = rows
        self._ledger = ledger
        self._catch_up = catch_up
        self._unindexed = 0
        self._unlisted = 0

    def run(self, reader: RowReader) -> None:
        """Import everything behind the ledger's checkpoint."""
        batch: list[_Numbered] = []
        names: set[str] = set()
        weight = line = 0
        for row in reader.read(after_line=self._ledger.job.checkpoint.line):
            wanted = self._wanted(row)
            if wanted is not None:
                here = wanted.names()
                if not names.isdisjoint(here):
                    # Of two rows for one product the later one counts, so the earlier must be written first.
                    self._flush(batch, line)
                    batch, names, weight = [], set(), 0
                batch.append((row.line, wanted))
                names |= here
                weight += wanted.weight()
            line = row.line
            if len(batch) >= BATCH_ROWS or weight > BATCH_BYTES:
                self._flush(batch, line)
                batch, names, weight = [], set(), 0
        self._flush(batch, line or self._ledger.job.checkpoint.line)
        self._catch_up()
        # Also where this run wrote nothing: an earlier one may have been killed just before.
        self._products.catch_up_lists()

    def _wanted(self, row: Row) -> ProductRow | None:
        """Return what a row asks for; None if it was refused."""
        self._ledger.read += 1
        if row.fault is not None:
            self._ledger.reject(row.line, "unreadable_row", row.fault)
            return None
        try:
            return self._rows.read(row.values)
        except ShopError as exc:
            self._ledger.refuse(row.line, exc)
            return None

    def _flush(self, batch: Sequence[_Numbered], line: int) -> None:
        pending = batch
        while pending:
            pending = self._write(pending)
        self._ledger.checkpoint(line=line)
        if self._unindexed >= INDEX_EVERY:
            self._catch_up()
            self._unindexed = 0
        if self._unlisted >= LIST_EVERY:
            self._products.catch_up_lists()
            self._unlisted = 0

    def _write(self, batch: Sequence[_Numbered]) -> list[_Numbered]:
        """Write rows and count what became of them; return those that have to wait for others of the same product."""
        ready = list(self._with_contents(batch))
        results = self._products.upsert_many(
            [(contents, wanted.restored) for _, wanted, contents in ready], lagging=True
        )
        waiting: list[_Numbered] = []
        taken: list[tuple[ProductRow, Outcome]] = []
        for (line, wanted, _), result in zip(ready, results, strict=True):
            if isinstance(result, RepeatedError):
                waiting.append((line, wanted))
            elif isinstance(result, ShopError):
                self._ledger.refuse(line, result)
            else:
                taken.append((wanted, result[1]))
        self._count(taken)
        return waiting

    def _with_contents(self, batch: Sequence[_Numbered]) -> Iterable[tuple[int, ProductRow, ProductInput]]:
        """Yield rows with the whole contents they stand for; flat ones are laid over what is there."""
        skus = [wanted.flat.sku for _, wanted in batch if wanted.flat is not None]
        there = self._contents_by_sku(skus) if skus else {}
        for line, wanted in batch:
            if wanted.contents is not None:
                yield line, wanted, wanted.contents
            elif wanted.flat is not None:
                try:
                    contents = self._rows.merged(wanted.flat, there.get(wanted.flat.sku))
                except ShopError as exc:
                    self._ledger.refuse(line, exc)
                else:
                    yield line, wanted, contents

    def _contents_by_sku(self, skus: Sequence[str]) -> dict[str, ProductInput]:
        owners = self._products.find_ids_by_sku(skus)
        ids = list(dict.fromkeys(owners.values()))
        contents: dict[str, ProductInput] = {}
        for start in range(0, len(ids), MAX_BATCH_GET):
            for product_id, stored in self._products.find_many_stored(ids[start : start + MAX_BATCH_GET]).items():
                contents[product_id] = input_of(_read_product(stored.doc))
        return {sku: contents[owner] for sku, owner in owners.items() if owner in contents}

    def _count(self, taken: Sequence[tuple[ProductRow, Outcome]]) -> None:
        """Set the stock that rows gave, and count each row once: new stock alone is a change, too."""
        new = {sku: units for row, outcome in taken if outcome == "created" for sku, units in row.stock.items()}
        if new:
            self._inventory.set_on_hand(new, likely_new=True)
        wanted = {sku: units for row, outcome in taken if outcome != "created" for sku, units in row.stock.items()}
        levels = self._inventory.find_levels(wanted) if wanted else {}
        changed = {sku: units for sku, units in wanted.items() if sku not in levels or levels[sku].on_hand != units}
        if changed:
            self._inventory.set_on_hand(changed)
        for row, outcome in taken:
            moved = outcome == "unchanged" and not changed.keys().isdisjoint(row.stock)
            self._ledger.count("changed" if moved else outcome)
        self._unindexed += sum(outcome != "unchanged" for _, outcome in taken)
        self._unlisted += sum(outcome == "created" for _, outcome in taken)
