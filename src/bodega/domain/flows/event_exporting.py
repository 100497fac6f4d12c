"""Lay out what a training elsewhere reads: all order lines as Parquet files, a day each, in the object store."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

import msgspec

from bodega import schema
from bodega.domain.flows.file_chunks import chunks_of
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import Orders
from bodega.ports.objects import ObjectStore
from bodega.ports.scratch import Scratch
from bodega.ports.tabular import Tabular

EVENTS = f"{schema.TRAINING}events/"
FIELDS = ("order", "time", "customer", "product", "quantity")
_FILE = "lines.parquet"


class EventExport(msgspec.Struct, frozen=True):
    """What was laid out, and where programs beside the shop find it."""

    days: int
    orders: int
    lines: int
    location: str


class EventExporter:
    """Writes files of order lines by day, named as Hive and Athena expect of partitions: `day=2026-01-31`.

    Columns are FIELDS: ids as text (`customer` is empty for guests), `time` a timestamp in UTC, `quantity` an integer.
    Who a customer is, no file says. What was called off or sent back is left out, as it is by training here.
    """

    def __init__(self, *, orders: Orders, objects: ObjectStore, tabular: Tabular, scratch: Scratch) -> None:
        self._orders = orders
        self._objects = objects
        self._tabular = tabular
        self._scratch = scratch

    def export(self, *, since: date | None = None) -> EventExport:
        """Write a file for each day (UTC), or for each from `since` on, and remove those of days without any.

        Every file is replaced whole; a training that reads meanwhile may see some days as they were.
        """
        start = datetime.combine(since, time.min, UTC) if since is not None else None
        days = orders = lines = 0
        written = set()
        with self._scratch.folder() as folder:
            kept = (order for order in self._orders.by_time(since=start) if order.kept_lines)
            for day, placed in groupby(kept, key=_day):
                counted = _Counted(placed)
                path = folder / _FILE
                lines += self._tabular.writer(path, fields=FIELDS).write(counted.rows())
                key = f"{EVENTS}day={day}/{_FILE}"
                self._objects.put(key, chunks_of(path))
                written.add(key)
                days, orders = days + 1, orders + counted.orders
        first = f"{EVENTS}day={since or date.min}/"
        for info in list(self._objects.list(EVENTS)):
            if info.key >= first and info.key not in written:
                self._objects.delete(info.key)
        return EventExport(days, orders, lines, self._objects.location(EVENTS))


class _Counted:
    """The lines of orders as rows, and how many orders there were."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = orders
        self.orders = 0

    def rows(self) -> Iterator[Mapping[str, Any]]:
        for order in self._orders:
            self.orders += 1
            for line in order.kept_lines:
                yield {
                    "order": order.id,
                    "time": order.placed_at,
                    "customer": order.customer_id,
                    "product": line.product_id,
                    "quantity": line.quantity,
                }


def _day(order: Order) -> date:
    return order.placed_at.astimezone(UTC).date()
