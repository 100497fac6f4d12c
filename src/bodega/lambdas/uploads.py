"""Read what S3 says of objects that were created, and make the pictures among them ready to be shown."""

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from bodega import schema
from bodega.domain.flows.picturing import Picturing
from bodega.errors import InvalidError, NotFoundError
from bodega.lambdas.batches import Answer, QueueRecord, not_understood, records_in, to_come_again
from bodega.ports.pictures import UnreadablePictureError
from bodega.ports.queue import Queue
from bodega.values.decode import convert, decode_json

_log = logging.getLogger(__name__)
_QUEUE = "aws:sqs"


class Uploads:
    """Answers events about objects that were created."""

    def __init__(self, picturing: Picturing, queue: Queue) -> None:
        """Take the queues in which what cannot be read is buried."""
        self._picturing = picturing
        self._queue = queue

    def __call__(self, event: Any, _context: Any = None) -> Answer:
        """Make every picture ready that can be. What is no event is buried; what failed comes again if a queue has it.

        What is no picture stays where it was uploaded: who wants to attach it to a product is told why it cannot be.
        """
        failed: list[str] = []
        for record in _records(event):
            identifier = str(record.get("messageId", "")) if isinstance(record, dict) else ""
            try:
                for key in _keys_in(record):
                    self._make_ready(key)
            except InvalidError as fault:
                _log.warning("an event about an object was not understood", extra={"problem": str(fault)})
                letter = not_understood(record, identifier=identifier or "unknown", reason=str(fault))
                self._queue.bury(schema.ANNOUNCEMENTS, letter)
            except Exception:
                if not identifier:
                    raise  # nothing but this call to bring it again
                _log.exception("a picture was not made ready")
                failed.append(identifier)
        return to_come_again(failed)

    def _make_ready(self, object_key: str) -> None:
        if not object_key.startswith(schema.UPLOADS):
            return
        try:
            self._picturing.make_ready(object_key.removeprefix(schema.UPLOADS))
        except NotFoundError:
            _log.info("an uploaded picture is gone", extra={"key": object_key})
        except UnreadablePictureError as refusal:
            _log.info("what was uploaded is no picture", extra={"key": object_key, "reason": refusal.message})


class _Named(msgspec.Struct, frozen=True):
    key: str


class _Detail(msgspec.Struct, frozen=True):
    object: _Named


class _Bridged(msgspec.Struct, frozen=True, rename="kebab"):
    """S3's event as EventBridge carries it; keys are as they are."""

    source: str
    detail_type: str
    detail: _Detail


class _Notified(msgspec.Struct, frozen=True, rename="camel"):
    """A record of S3's own notification; keys are encoded as in a form."""

    event_version: str
    event_name: str
    s3: _Detail


def _records(event: Any) -> Sequence[Any]:
    return [event] if isinstance(event, dict) and "detail" in event else records_in(event)


def _keys_in(record: Any) -> Sequence[str]:
    """Return the keys of objects that a record says were created; InvalidError for what is no record."""
    if isinstance(record, dict) and record.get("eventSource") == _QUEUE:
        body = decode_json(convert(record, QueueRecord).message().body, dict[str, Any])
        return [key for one in _records(body) for key in _keys_in(one)]
    if isinstance(record, dict) and "detail" in record:
        bridged = convert(record, _Bridged)
        if bridged.source != "aws.s3":
            raise InvalidError(f"an event of {bridged.source[:40]!r} says nothing of objects")
        return [bridged.detail.object.key] if bridged.detail_type == "Object Created" else []
    notified = convert(record, _Notified)
    if notified.event_version.partition(".")[0] != "2":
        raise InvalidError(f"version {notified.event_version[:20]!r} of S3's records is not known")
    return [unquote_plus(notified.s3.object.key)] if notified.event_name.startswith("ObjectCreated:") else []
