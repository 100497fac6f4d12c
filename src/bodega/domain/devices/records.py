"""Lay devices and their newest readings out in items.

partition           sort     what
devices             <id>     a device, when it was heard, and how many messages of it in the minute `heard_in`
counted#<location>  <sku>    the newest reading of a SKU at a location: when, by whom, its number
"""

from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.devices.model import MOST_A_MINUTE, SHOWN_OF_A_FLOOD, Device, Reading
from bodega.ports.table import All, Any, AtMost, Check, Condition, Equals, Exists, Item, Key, Missing, Put, Update
from bodega.values.times import format_time, parse_time

DEVICES = "devices"
_DEVICE = msgspec.json.Decoder(Device)
_encode = msgspec.json.Encoder().encode


def device_key(device_id: str) -> Key:
    """Return the key of a device."""
    return Key(DEVICES, device_id)


def device_item(device: Device) -> Item:
    """Return a device as an item; when it was heard is beside the document, which only staff change."""
    document = _encode(msgspec.structs.replace(device, seen_at=None, flooded_at=None))
    item: Item = {"entity": DEVICES, "part": device.id, "version": device.version, "doc": document}
    heard = {"seen_at": device.seen_at, "flooded_at": device.flooded_at}
    return item | {name: format_time(moment) for name, moment in heard.items() if moment is not None}


def read_device(item: Item) -> Device:
    """Read a device."""
    device = _DEVICE.decode(cast("bytes", item["doc"]))
    heard = {name: parse_time(str(item[name])) for name in ("seen_at", "flooded_at") if name in item}
    return msgspec.structs.replace(device, **heard) if heard else device


def heard_in(item: Item, minute: int) -> tuple[int, int]:
    """Return the minute that messages of a device are counted in, and how many it were.

    That is the one given, counted from the epoch, unless a machine whose clock is ahead has begun the next.
    """
    counted = cast("int", item.get("heard_in", 0))
    return (counted, cast("int", item["heard"])) if counted >= minute else (minute, 0)


def one_more(device: Device, minute: int, heard: int, noted: Item) -> Update:
    """Return the write that counts a message, if nobody was faster to begin a minute or to fill it.

    `noted` is written with it.
    """
    if heard == 0:
        before = Any((Missing("heard_in"), AtMost("heard_in", minute - 1)))
        begun: Item = {"heard_in": minute, "heard": 1}
        return Update(schema.DEVICES, device_key(device.id), set=noted | begun, condition=All((Exists(), before)))
    room = AtMost("heard", MOST_A_MINUTE + SHOWN_OF_A_FLOOD - 1)
    condition = All((Equals("heard_in", minute), room))
    return Update(schema.DEVICES, device_key(device.id), set=noted, add={"heard": 1}, condition=condition)


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
