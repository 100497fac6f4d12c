"""Let devices say what lies on the shelves: readings become stock, however often and in whatever order they come."""

import logging
from datetime import timedelta
from typing import Literal, TypeAlias

from bodega.domain.catalog.products import Products
from bodega.domain.devices.model import Device, Reading, TooManyReadingsError, read_heard, read_reading
from bodega.domain.devices.records import newest, would_be_newest
from bodega.domain.devices.service import Devices
from bodega.domain.inventory.model import InsufficientStockError, Place, check_place
from bodega.domain.inventory.stock import Stock
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.queue import DeadLetter, Message, Queue
from bodega.ports.table import Check, Put

QUEUE = "counts"
REASON = "counted by a device"
AHEAD = timedelta(minutes=2)
"""How far a device's clock may be ahead of ours."""
LATE = timedelta(minutes=15)
"""How old a reading may be: what was sold since is not in it, and would be put back on sale."""
_BATCH = 100
_LEASE_SECONDS = 60.0
_AGAIN_SECONDS = 60.0
_log = logging.getLogger(__name__)

Outcome: TypeAlias = Literal["counted", "stale", "late"]


class CountBelowHeldError(ConflictError):
    """More is promised to carts than was counted: what was free is taken away, the rest when the holds are over."""

    code = "count_below_held"


class _StaleReadingError(ConflictError):
    """A newer reading of the SKU at this location was heard before, or this very one."""


class Counting:
    """Turns what brokers hand on into stock. The same for a broker in the shop and for one on AWS."""

    def __init__(self, *, devices: Devices, products: Products, stock: Stock, queue: Queue, clock: Clock) -> None:
        self._devices = devices
        self._products = products
        self._stock = stock
        self._queue = queue
        self._clock = clock

    def heard(self, body: bytes) -> Outcome:
        """Take a message (`domain.devices.model.Heard` as JSON) and tell what became of its reading.

        `stale` is a repetition, or older than what is known; `late` is too old to be believed. Neither changes
        anything. Raises InvalidError for what is no reading, ForeignLocationError for whom the device may not speak,
        NotFoundError for a SKU that no product has, CountBelowHeldError; then the reading may be tried again.
        TooManyReadingsError if the device sends so many that this one is not looked at.
        """
        message = read_heard(body)
        device = self._devices.admit(message)
        reading = read_reading(message.payload)
        place = self._known(reading, device)
        age = self._clock.now() - reading.counted_at
        if age < -AHEAD:
            raise InvalidError(f"device {device.id!r} counts in the future: set its clock")
        if age > LATE:
            return "late"
        try:
            self._count(device, reading, place)
        except _StaleReadingError:
            return "stale"
        return "counted"

    def work_once(self) -> int:
        """Take what waits and return how many messages that were."""
        messages = self._queue.receive(QUEUE, limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        for message in messages:
            self._handle(message)
        return len(messages)

    # -- inside

    def _known(self, reading: Reading, device: Device) -> Place:
        place = check_place(reading.sku, device.location)
        known = self._products.find_ids_by_sku([place.sku])
        if not known and self._stock.find(sku=place.sku, location=place.location) is None:
            raise NotFoundError("SKU", place.sku)
        return place

    def _count(self, device: Device, reading: Reading, place: Place) -> None:
        try:
            self._set(device, place, reading.count, newest(device, place.sku, reading))
        except InsufficientStockError as exc:
            # Nobody else may be promised what is not there. The reading stays to be taken when the holds are over.
            held = self._stock.get(sku=place.sku, location=place.location).held
            self._set(device, place, held, would_be_newest(device, place.sku, reading))
            raise CountBelowHeldError(
                f"{reading.count} of {place.sku!r} were counted at {place.location!r} and {held} are held for carts"
            ) from exc

    def _set(self, device: Device, place: Place, on_hand: int, unless_stale: Put | Check) -> None:
        self._stock.count(
            sku=place.sku,
            on_hand=on_hand,
            reason=REASON,
            location=place.location,
            actor=device.id,
            along=lambda plan: plan.add(unless_stale, otherwise=lambda _: _StaleReadingError("a newer one is known")),
        )

    def _handle(self, message: Message) -> None:
        try:
            outcome = self.heard(message.body)
        except TooManyReadingsError as exc:
            # Trying it again would be more of the same.
            if exc.shown:
                _log.warning("a device floods", extra={"reason": exc.message})
                self._queue.bury(QUEUE, DeadLetter(message.id, message.body, message.attempt, exc.message))
            self._queue.done(QUEUE, message.receipt)
        except Exception as exc:  # noqa: BLE001  # whatever it is, the queue keeps it, counts, and shows it to staff
            _log.warning("a count was not taken", extra={"reason": repr(exc)})
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_AGAIN_SECONDS)
        else:
            if outcome == "late":
                _log.warning("a count came too late to be believed")
            self._queue.done(QUEUE, message.receipt)
