"""Check updates, events and tokens, and say what an update makes of an item."""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from bodega.adapters.rules.table_limits import check_integer, measure_attributes, text_bytes
from bodega.errors import InvalidError
from bodega.ports.table import (
    MAX_EVENT_DATA_BYTES,
    MAX_ITEM_BYTES,
    Event,
    Item,
    LimitExceededError,
    Update,
    Write,
)

MAX_TOKEN_CHARACTERS = 255
TOKEN_SECONDS = 600

_encode_event = msgspec.msgpack.Encoder().encode
decode_event = msgspec.msgpack.Decoder(Event).decode


def check_update(update: Update, keys: Sequence[str]) -> int:
    """Refuse an update that no table with these key attributes would take; return its size in bytes."""
    names = [*update.set, *update.add, *update.remove]
    if len(set(names)) < len(names):
        raise InvalidError("an update must not change one attribute twice")
    for name in keys:
        if name in names:
            raise InvalidError(f"{name!r} is part of the key and cannot be changed")
    for number in update.add.values():
        check_integer(number)
    size = measure_attributes(update.set) + measure_attributes(update.add)
    size += measure_attributes(dict.fromkeys(update.remove))
    if size > MAX_ITEM_BYTES:
        raise LimitExceededError(f"an item has at most {MAX_ITEM_BYTES} bytes, this update has {size}")
    return size


def updated(update: Update, keys: Sequence[str], seen: Item | None) -> Item:
    """Return the item that an update makes of another, or of none; InvalidError if it cannot."""
    item: Item = {keys[0]: update.key.partition, keys[1]: update.key.sort}
    item.update(seen or {})
    for name, number in update.add.items():
        present = item.get(name, 0)
        if type(present) is not int:
            raise InvalidError(f"cannot add to {name!r}: it is not an integer")
        check_integer(present + number)
        item[name] = present + number
    item.update(update.set)
    for name in update.remove:
        item.pop(name, None)
    return item


def encode_event(event: Event) -> bytes:
    """Return an event as it is stored; InvalidError if it cannot be."""
    for text in (event.id, event.name, event.resource, event.occurred_at):
        text_bytes(text)
    check_integer(event.version)
    if len(event.data) > MAX_EVENT_DATA_BYTES:
        raise LimitExceededError(f"an event has at most {MAX_EVENT_DATA_BYTES} bytes of data, not {len(event.data)}")
    encoded = _encode_event(event)
    if len(encoded) > MAX_ITEM_BYTES:
        raise LimitExceededError(f"an event has at most {MAX_ITEM_BYTES} bytes, not {len(encoded)}")
    return encoded


def token_digest(token: str, writes: Sequence[Write], events: Sequence[Event]) -> bytes:
    """Return what tells a transaction from others under the same token; InvalidError for an unfit token."""
    if not 1 <= len(token) <= MAX_TOKEN_CHARACTERS:
        raise InvalidError(f"a token has 1 to {MAX_TOKEN_CHARACTERS} characters")
    text_bytes(token)
    # A repr names every class; the encodings of Exists() and NotExists() would be the same.
    return blake2b(repr((list(writes), list(events))).encode(), digest_size=16).digest()
