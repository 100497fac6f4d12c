"""Keep stock levels. Holds and sales come with checkout; the item already has the room for them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from bodega import schema
from bodega.domain.inventory.model import Level
from bodega.errors import InvalidError
from bodega.ports.table import MAX_BATCH_GET, Item, Key, TableStore, Update

MAIN = "main"
MAX_UNITS = 10**9


class Inventory:
    """Stock levels by SKU at the main location."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def set_on_hand(self, levels: Mapping[str, int]) -> None:
        """Set how many units are on hand, each SKU on its own; holds are kept.

        Negative or absurd counts are refused.
        """
        for sku, units in levels.items():
            if not 0 <= units <= MAX_UNITS:
                raise InvalidError(f"{units} units of {sku!r} on hand: must be 0 to {MAX_UNITS}")
        self._table.load(
            ([Update(schema.INVENTORY, Key(sku, MAIN), set={"on_hand": units}, add={"version": 1})], [])
            for sku, units in levels.items()
        )

    def find_levels(self, skus: Iterable[str]) -> dict[str, Level]:
        """Return the levels of those SKUs whose stock is tracked."""
        wanted = list(dict.fromkeys(skus))
        levels: dict[str, Level] = {}
        for start in range(0, len(wanted), MAX_BATCH_GET):
            keys = [Key(sku, MAIN) for sku in wanted[start : start + MAX_BATCH_GET]]
            for key, item in self._table.batch_get(schema.INVENTORY, keys).items():
                levels[key.partition] = _level(key.partition, item)
        return levels

    def sold_out(self, skus: Sequence[str]) -> bool:
        """Tell whether every one of these SKUs is out of stock: such a product is not worth recommending."""
        levels = self.find_levels(skus)
        return bool(skus) and all(s in levels and levels[s].state == "out_of_stock" for s in skus)


def _level(sku: str, item: Item) -> Level:
    return Level(
        sku=sku,
        on_hand=cast("int", item.get("on_hand", 0)),
        held=cast("int", item.get("held", 0)),
        backorder=bool(item.get("backorder", False)),
    )
