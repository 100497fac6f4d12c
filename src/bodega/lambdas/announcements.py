"""Read records of the outbox's stream, and carry on what they announce: to the bus and to webhooks.

A record says that something waits in the outbox; what is carried on is read from there, which puts it in order and
knows how far everybody got. So a record that comes twice, late, or beside others is no harm.
"""

import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from bodega import schema
from bodega.domain.shop import Shop
from bodega.errors import InvalidError
from bodega.lambdas.batches import Answer, not_understood, records_in, to_come_again
from bodega.lambdas.starting import is_nearly_over
from bodega.ports.table import Event
from bodega.values.decode import convert
from bodega.worker.relay import Relay

_log = logging.getLogger(__name__)
_WAITING = "waiting#"
_SPARE = timedelta(seconds=15)  # of a function's time, for what it has begun: up to 500 events


class Announcements:
    """Answers events of the outbox's stream."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._relay = Relay(shop)

    def __call__(self, event: Any, context: Any) -> Answer:
        """Carry on what waits. If that fails, the records come again; what is no record is buried.

        What there is no time for is no failure: the next record goes on with it, or the sweep within a minute.
        """
        places = [place for record in records_in(event) for place in self._announced_at(record)]
        try:
            while places and self._carries_on() and not is_nearly_over(context, _SPARE):
                pass
        except Exception:  # noqa: BLE001  # the edge of the process: the stream brings them again, the first one first
            _log.exception("what was announced could not be carried on")
            return to_come_again(places[:1])
        return to_come_again(())

    def _carries_on(self) -> bool:
        """Carry on some of what waits; False if nothing did."""
        return self._relay.work() or self._shop.webhooks.fan_out.work_once() > 0

    def _announced_at(self, record: Any) -> Sequence[str]:
        """Return the place in the stream of a record that announces an event, none of any other."""
        try:
            return _place_of(record)
        except InvalidError as fault:
            _log.warning("a record of the stream was not understood", extra={"problem": str(fault)})
            identifier = str(record.get("eventID", "")) if isinstance(record, dict) else ""
            letter = not_understood(record, identifier=identifier or "unknown", reason=str(fault))
            self._shop.world.queue.bury(schema.ANNOUNCEMENTS, letter)
            return ()


class _Text(msgspec.Struct, frozen=True):
    text: str = msgspec.field(default="", name="S")


class _Bytes(msgspec.Struct, frozen=True):
    in_base64: str = msgspec.field(name="B")


class _Keys(msgspec.Struct, frozen=True):
    stream: _Text


class _Image(msgspec.Struct, frozen=True):
    event: _Bytes | None = None  # tokens of transactions have none, and are no announcement


class _Change(msgspec.Struct, frozen=True, rename="pascal"):
    keys: _Keys
    sequence_number: str
    new_image: _Image | None = None


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    """A change of a table, as DynamoDB Streams tells of it."""

    event_name: str
    event_version: str
    dynamodb: Any


def _place_of(raw: Any) -> Sequence[str]:
    """Return a record's sequence number if it announces an event; InvalidError for what cannot be read."""
    record = convert(raw, _Record)
    if record.event_version.partition(".")[0] != "1":
        raise InvalidError(f"version {record.event_version[:20]!r} of the stream's records is not known")
    if record.event_name != "INSERT":
        return ()
    change = convert(record.dynamodb, _Change)
    if not change.keys.stream.text.startswith(_WAITING):
        return ()
    if change.new_image is not None:
        _check(change.new_image.event)
    return (change.sequence_number,)


def _check(announced: _Bytes | None) -> None:
    """Raise InvalidError unless the outbox could have written this."""
    if announced is None:
        raise InvalidError("it announces nothing")
    try:
        msgspec.msgpack.decode(b64decode(announced.in_base64, validate=True), type=Event)
    except (Base64Error, msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise InvalidError(f"what it announces is no event: {fault}") from None
