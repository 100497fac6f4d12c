"""Read batches of records that queues and streams bring, and answer which of them are to come again.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, and its sister for streams.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from bodega.errors import InvalidError
from bodega.ports.queue import MAX_BODY_BYTES, DeadLetter, Message
from bodega.values.decode import convert

Answer: TypeAlias = dict[str, list[dict[str, str]]]
_BODY_OF_A_LETTER = 200_000  # of what was not understood so much is kept, so that a letter is never too long itself


class _Attribute(msgspec.Struct, frozen=True, rename="camel"):
    string_value: str = ""


class _Receives(msgspec.Struct, frozen=True):
    count: str = msgspec.field(default="1", name="ApproximateReceiveCount")


class QueueRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A message as SQS hands it to a function."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: _Receives = _Receives()
    message_attributes: dict[str, _Attribute] = {}
    event_source: str = ""
    arn: str = msgspec.field(default="", name="eventSourceARN")

    @property
    def queue(self) -> str:
        """Return the name of the queue as the schema declares it: what is behind the stage's prefix."""
        return self.arn.rpartition(":")[2].rpartition("-")[2]

    def message(self) -> Message:
        """Return what a worker would have received; InvalidError for a body that is not what it says."""
        marks = {name: held.string_value for name, held in self.message_attributes.items()}
        try:
            in_base64 = marks.get("encoding") == "base64"
            body = b64decode(self.body, validate=True) if in_base64 else self.body.encode()
            attempt = int(self.attributes.count)
        except (Base64Error, ValueError) as fault:
            raise InvalidError(f"a message that cannot be read: {fault}") from None
        if len(body) > MAX_BODY_BYTES:
            raise InvalidError(f"a message of {len(body)} bytes, over {MAX_BODY_BYTES}")
        return Message(marks.get("id") or self.message_id, body, self.receipt_handle, attempt)


def records_in(event: Any) -> list[Any]:
    """Return the records of an event; InvalidError for what is no batch at all."""
    return convert(event, _Batch).records


def to_come_again(identifiers: Iterable[str]) -> Answer:
    """Return the answer that has these records brought again, and no others."""
    return {"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]}


def not_understood(record: Any, *, identifier: str, reason: str) -> DeadLetter:
    """Return what is left to look at of a record that nobody can read."""
    try:
        body = msgspec.json.encode(record)
    except (TypeError, ValueError, RecursionError):
        body = repr(type(record)).encode()
    return DeadLetter(identifier, body[:_BODY_OF_A_LETTER] or b"null", 1, reason)


class _Batch(msgspec.Struct, frozen=True, rename="pascal"):
    records: list[Any]
