"""Keep the devices that may count stock, and tell what each may speak for."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import msgspec

from bodega import schema
from bodega.domain.devices.model import (
    MAX_DEVICES,
    MOST_A_MINUTE,
    SHOWN_OF_A_FLOOD,
    Device,
    DeviceInput,
    ForeignLocationError,
    Heard,
    TooManyReadingsError,
    check_device_id,
    checked,
)
from bodega.domain.devices.records import DEVICES, device_item, device_key, heard_in, one_more, read_device
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import (
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    NotExists,
    Put,
    TableStore,
    query_all,
)
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch, settable
from bodega.values.times import format_time

SEEN_EVERY = timedelta(minutes=1)
_MINUTE = 60
_READ_ONLY = frozenset({"id", "created_at", "updated_at", "version", "seen_at", "flooded_at"})
_TRIES = 5


class DeviceExistsError(ConflictError):
    """A device of this id is registered already."""

    code = "device_exists"


class Devices:
    """Devices by id. A device speaks for its location from the moment it is registered until it is removed."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    # -- reading

    def list(self) -> list[Device]:
        """Return all devices, in order of their ids."""
        return list(map(read_device, query_all(self._table, schema.DEVICES, DEVICES)))

    def get(self, device_id: str) -> Device:
        """Return a device; NotFoundError if there is none."""
        device = self._find(device_id)
        if device is None:
            raise NotFoundError("device", device_id[:80])
        return device

    # -- changing

    def register(self, device_id: str, given: DeviceInput) -> Device:
        """Let a device count at a location; DeviceExistsError if one of this id does already."""
        check_device_id(device_id)
        given = checked(given)
        if len(self.list()) >= MAX_DEVICES:
            raise InvalidError(f"a shop has at most {MAX_DEVICES} devices: remove one that is not used")
        now = self._clock.now()
        device = Device(
            id=device_id, location=given.location, description=given.description, created_at=now, updated_at=now
        )
        plan = WritePlan()
        plan.add(
            Put(schema.DEVICES, device_item(device), NotExists()),
            otherwise=lambda _: DeviceExistsError(f"device {device_id!r} is registered already"),
        )
        plan.commit(self._table)
        return device

    def change(self, device_id: str, patch: Mapping[str, Any], *, expected_version: int | None) -> Device:
        """Apply a JSON Merge Patch to what staff can set: moving a device takes effect with its next message."""
        for _ in range(_TRIES):
            old = self.get(device_id)
            if expected_version is not None and old.version != expected_version:
                raise StaleVersionError("device", device_id, current=old.version)
            given = checked(_patched(old, patch))
            if given == _input_of(old):
                return old
            new = msgspec.structs.replace(
                old,
                location=given.location,
                description=given.description,
                updated_at=self._clock.now(),
                version=old.version + 1,
            )
            plan = WritePlan()
            plan.add(
                Put(schema.DEVICES, device_item(new), Equals("version", old.version)), otherwise=_overtaken(device_id)
            )
            try:
                plan.commit(self._table)
            except StaleVersionError:
                if expected_version is not None:
                    raise
                continue
            return new
        raise ConflictError(f"device {device_id!r} changes too fast; try again")

    def remove(self, device_id: str, *, expected_version: int | None) -> None:
        """Forget a device: what it sends from now on is refused."""
        old = self.get(device_id)
        version = old.version if expected_version is None else expected_version
        plan = WritePlan()
        plan.add(
            Delete(schema.DEVICES, device_key(device_id), Equals("version", version)), otherwise=_overtaken(device_id)
        )
        plan.commit(self._table)

    # -- hearing

    def admit(self, heard: Heard) -> Device:
        """Return the device that a message is from, and count the message; each is a write.

        ForeignLocationError unless it speaks for its own location, TooManyReadingsError if it has sent so many in this
        minute already. As many more as are handled at the same moment may pass.
        """
        now = self._clock.now()
        for _ in range(_TRIES):
            item = self._item(heard.device)
            device = _vouched(item, heard)
            minute, count = heard_in(item or {}, int(now.timestamp()) // _MINUTE)
            flooded = count >= MOST_A_MINUTE
            if count >= MOST_A_MINUTE + SHOWN_OF_A_FLOOD:
                raise TooManyReadingsError(device.id, shown=False)
            noted: Item = {"flooded_at": format_time(now)} if flooded else {}
            if device.seen_at is None or now - device.seen_at >= SEEN_EVERY:
                noted["seen_at"] = format_time(now)
            try:
                self._table.transact([one_more(device, minute, count, noted)])
            except ConditionFailedError:
                continue
            if flooded:
                raise TooManyReadingsError(device.id, shown=True)
            return device
        raise ConflictError(f"device {heard.device!r} is heard too often at the same moment; try again")

    # -- inside

    def _find(self, device_id: str) -> Device | None:
        item = self._item(device_id)
        return read_device(item) if item is not None else None

    def _item(self, device_id: str) -> Item | None:
        try:
            check_device_id(device_id)
        except InvalidError:
            return None  # what cannot be an id is not looked up
        return self._table.get(schema.DEVICES, device_key(device_id))


def _vouched(item: Item | None, heard: Heard) -> Device:
    if item is None:
        raise ForeignLocationError(f"no device {heard.device[:80]!r} is registered")
    device = read_device(item)
    if device.location != heard.location:
        raise ForeignLocationError(
            f"device {device.id!r} counts at {device.location!r} and spoke for {heard.location[:80]!r}"
        )
    return device


def _input_of(device: Device) -> DeviceInput:
    return DeviceInput(location=device.location, description=device.description)


def _patched(old: Device, patch: Mapping[str, Any]) -> DeviceInput:
    """Return the contents that a merge patch makes of a device; what staff cannot set must keep its value."""
    changes = settable(patch, msgspec.to_builtins(old), _READ_ONLY)
    return convert(merge_patch(msgspec.to_builtins(_input_of(old)), changes), DeviceInput)


def _overtaken(device_id: str) -> Callable[[Item | None], ShopError]:
    def refusal(item: Item | None) -> ShopError:
        if item is None:
            return NotFoundError("device", device_id)
        return StaleVersionError("device", device_id, current=cast("int", item["version"]))

    return refusal
