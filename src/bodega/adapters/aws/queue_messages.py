"""Write messages the way SQS takes them, and read them back: texts of XML's characters, and attributes."""

import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bodega.errors import InvalidError
from bodega.ports.queue import DeadLetter

_CALL_BYTES = 256 * 1024  # of the bodies in one call; SQS takes a mebibyte since 2025, older engines this
_MAX_REASON = 2000
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
_BURIED_BY_RULE = "RULE_ARN"
_UNANSWERED = "the lease of the last attempt ended without an answer"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Envelope(msgspec.Struct):
    detail: msgspec.Raw


def entry(body: bytes, attributes: Mapping[str, str], delay_seconds: int) -> dict[str, Any]:
    """Return a message to send; bytes that are no text SQS takes travel as base64, and say so."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    marks = dict(attributes)
    if not text or _UNSENDABLE.search(text):
        text = b64encode(body).decode()
        marks["encoding"] = "base64"
    return {
        "MessageBody": text,
        "DelaySeconds": delay_seconds,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in marks.items()},
    }


def burial(letter: DeadLetter) -> dict[str, Any]:
    """Return what is put among the dead letters, with why."""
    said = letter.reason[:_MAX_REASON].encode(errors="replace").decode()
    said = _UNSENDABLE.sub("\ufffd", said) or "no reason was given"
    return entry(letter.body, {"id": letter.id, "attempts": str(letter.attempts), "reason": said}, 0)


def batches(entries: Sequence[dict[str, Any]], *, most: int) -> Iterator[list[dict[str, Any]]]:
    """Yield entries, numbered, in calls that SQS takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for one in entries:
        size += len(one["MessageBody"])
        if batch and (len(batch) == most or size > _CALL_BYTES):
            yield batch
            batch, size = [], len(one["MessageBody"])
        batch.append(one | {"Id": str(len(batch))})
    if batch:
        yield batch


def body(found: Mapping[str, Any]) -> bytes:
    """Return the bytes of a message that was received.

    EventBridge buries what it could not bring in its own envelope; what it should have brought is the event inside.
    """
    text: str = found["Body"]
    if attribute(found, _BURIED_BY_RULE):
        return bytes(msgspec.json.decode(text, type=_Envelope).detail)
    return b64decode(text) if attribute(found, "encoding") == "base64" else text.encode()


def attribute(found: Mapping[str, Any], name: str) -> str:
    """Return an attribute of a message; the id of one that others sent is SQS's own."""
    held = found.get("MessageAttributes", {}).get(name)
    if held is not None:
        return str(held["StringValue"])
    return str(found["MessageId"]) if name == "id" else ""


def receives(found: Mapping[str, Any]) -> int:
    """Return how many times a message was received, this time included."""
    return int(found["Attributes"]["ApproximateReceiveCount"])


def sent_ms(found: Mapping[str, Any]) -> int:
    """Return when a message was sent, in milliseconds of the epoch."""
    return int(found["Attributes"]["SentTimestamp"])


def dead_letter(found: Mapping[str, Any], max_attempts: int) -> DeadLetter:
    """Return what a message among the dead letters tells."""
    return DeadLetter(
        id=attribute(found, "id"),
        body=body(found),
        attempts=int(attribute(found, "attempts") or max_attempts),
        reason=attribute(found, "reason") or attribute(found, "ERROR_MESSAGE") or _UNANSWERED,
    )


def seconds(value: float, what: str, *, least: int = 0, most: int) -> int:
    """Return whole seconds, rounded up; InvalidError out of bounds."""
    if not (math.isfinite(value) and 0 <= value <= most) or math.ceil(value) < least:
        raise InvalidError(f"{what} must be {'over ' if least else ''}0 to {most} seconds, not {value}")
    return math.ceil(value)
