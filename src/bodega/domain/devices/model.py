"""Define devices, the readings they send, and what makes a reading unfit."""

import re
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.errors import ConflictError, Fault, InvalidError, NotAllowedError
from bodega.values.decode import decode_json
from bodega.values.text import MAX_LOCATION_LENGTH, MAX_SKU_LENGTH, is_clean, parse_location

MAX_DEVICES = 1000
MAX_ID_LENGTH = 64
MAX_DESCRIPTION_LENGTH = 200
MAX_READING_BYTES = 1024
MAX_COUNT = 10**9
MOST_A_MINUTE = 1200
"""Messages of one device in a minute: ten times what hands can scan, and a quarter of an hour's backlog of theirs."""
SHOWN_OF_A_FLOOD = 10
"""How many of those beyond are kept in each minute, so that somebody can see what it was."""
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")

DeviceName = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]
LocationName = Annotated[str, Meta(min_length=1, max_length=MAX_LOCATION_LENGTH)]


class DeviceInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff can set of a device: the location it counts at, and a word for people."""

    location: LocationName
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION_LENGTH)] = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that may count at one location. `id` is the name in its certificate.

    `seen_at` is when it was last heard, to the minute; `flooded_at` when it last sent more than it may. Both change
    without the version.
    """

    id: str
    location: str
    description: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    seen_at: datetime | None = None
    flooded_at: datetime | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a device counted: so many units of a SKU lay there at that moment, whatever was counted before.

    `sequence` grows with every reading of a device and orders those of one millisecond. Fields that this version does
    not know are left alone: devices live long, and their makers add to what they send.
    """

    sku: Annotated[str, Meta(min_length=1, max_length=MAX_SKU_LENGTH)]
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)]
    counted_at: datetime
    sequence: Annotated[int, Meta(ge=0, le=2**53)]
    version: Literal[1] = 1


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the broker vouches for it: who sent it, the location it speaks of, and what it said.

    Both come from the message's topic, which the broker lets nobody but the certificate's owner publish to. As JSON,
    the payload is base64: what an IoT rule writes with `encode(*, 'base64')`.
    """

    device: str
    location: str
    payload: bytes


class ForeignLocationError(NotAllowedError):
    """A device spoke for another location than its own, or is not known at all."""

    code = "foreign_location"


class TooManyReadingsError(ConflictError):
    """A device sent more messages in a minute than are taken; the first few of these are `shown` to staff."""

    code = "too_many_readings"

    def __init__(self, device_id: str, *, shown: bool) -> None:
        super().__init__(f"device {device_id!r} sent more than {MOST_A_MINUTE} messages in a minute")
        self.shown = shown


def check_device_id(text: str, *, pointer: str = "/id") -> str:
    """Return the id if it can be a certificate's name, a topic's level and a thing's name; InvalidError otherwise."""
    if not _ID.fullmatch(text) or len(text) > MAX_ID_LENGTH:
        detail = f"a device's id is 1 to {MAX_ID_LENGTH} of a-z, 0-9, '-' and '_', and begins with a letter or digit"
        raise InvalidError(detail, [Fault(pointer, "bad_device", detail)])
    return text


def checked(given: DeviceInput) -> DeviceInput:
    """Return the contents of a device; InvalidError with every fault."""
    faults = []
    try:
        parse_location(given.location)
    except InvalidError as exc:
        faults.append(Fault("/location", "bad_location", exc.message))
    if not is_clean(given.description):
        faults.append(Fault("/description", "bad_text", "a description has no control characters"))
    if faults:
        raise InvalidError(f"the device has {len(faults)} fault(s): {faults[0].detail}", faults)
    return given


def read_heard(body: bytes) -> Heard:
    """Read a message that a broker handed on; InvalidError for what is none."""
    return decode_json(body, Heard)


def read_reading(payload: bytes) -> Reading:
    """Read what a device sent; InvalidError that says what is wrong with it."""
    if len(payload) > MAX_READING_BYTES:
        raise InvalidError(f"a reading has at most {MAX_READING_BYTES} bytes, not {len(payload)}")
    reading = decode_json(payload, Reading)
    if reading.counted_at.tzinfo is None:
        raise InvalidError("counted_at has no UTC offset", [Fault("/counted_at", "bad_time", "no UTC offset")])
    return reading
