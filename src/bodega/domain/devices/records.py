"""Lay devices and their newest readings out in items.

partition           sort     what
devices             <id>     a device
counted#<location>  <sku>    the newest reading of a SKU at a location: when, by whom, its number
"""

from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.devices.model import Device, Reading
from bodega.ports.table import All, Any, AtMost, Check, Condition, Equals, Item, Key, Missing, Put
from bodega.values.times import format_time, parse_time

DEVICES = "devices"
_DEVICE = msgspec.json.Decoder(Device)
_encode = msgspec.json.Encoder().encode


def device_key(device_id: str) -> Key:
    """Return the key of a device."""
    return Key(DEVICES, device_id)


def device_item(device: Device) -> Item:
    """Return a device as an item; when it was heard is beside the document, which only staff change."""
    document = _encode(msgspec.structs.replace(device, seen_at=None))
    item: Item = {"entity": DEVICES, "part": device.id, "version": device.version, "doc": document}
    return item if device.seen_at is None else item | {"seen_at": format_time(device.seen_at)}


def read_device(item: Item) -> Device:
    """Read a device."""
    device = _DEVICE.decode(cast("bytes", item["doc"]))
    seen = item.get("seen_at")
    return device if seen is None else msgspec.structs.replace(device, seen_at=parse_time(str(seen)))


def newest(device: Device, sku: str, reading: Reading) -> Put:
    """Return the write that makes a reading the newest of its SKU and location, if it is newer."""
    key = _newest_key(device, sku)
    item: Item = {
        "entity": key.partition,
        "part": key.sort,
        "counted_ms": milliseconds(reading.counted_at),
        "device": device.id,
        "sequence": reading.sequence,
    }
    return Put(schema.DEVICES, item, _newer(device, reading))


def would_be_newest(device: Device, sku: str, reading: Reading) -> Check:
    """Return what fails unless a reading is newer than what is known, and writes nothing."""
    return Check(schema.DEVICES, _newest_key(device, sku), _newer(device, reading))


def _newest_key(device: Device, sku: str) -> Key:
    return Key(f"counted#{device.location}", sku)


def _newer(device: Device, reading: Reading) -> Condition:
    """Return when a reading is newer than what is known: readings are in order of their time, then of their number.

    Of two devices that count in the same millisecond the first to be heard stays.
    """
    moment = milliseconds(reading.counted_at)
    same_moment = All(
        (Equals("counted_ms", moment), Equals("device", device.id), AtMost("sequence", reading.sequence - 1))
    )
    return Any((Missing("counted_ms"), AtMost("counted_ms", moment - 1), same_moment))


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds of the epoch; what is finer is cut off."""
    return int(moment.timestamp() * 1000)
