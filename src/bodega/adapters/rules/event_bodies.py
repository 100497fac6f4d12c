"""Write events the way they travel in messages, refusing alike on every bus what would not fit."""

import msgspec

from bodega.errors import InvalidError
from bodega.ports.queue import MAX_BODY_BYTES
from bodega.ports.table import Event

ENVELOPE_BYTES = 1024
"""What a bus may add to an event; EventBridge counts it in its limit, which is that of a message."""
_encode = msgspec.json.Encoder().encode


def event_body(event: Event) -> bytes:
    """Return an event as JSON; InvalidError if it is too large for a message."""
    body = _encode(event)
    if len(body) > MAX_BODY_BYTES - ENVELOPE_BYTES:
        raise InvalidError(f"event {event.id!r} takes {len(body)} bytes, over {MAX_BODY_BYTES - ENVELOPE_BYTES}")
    return body
