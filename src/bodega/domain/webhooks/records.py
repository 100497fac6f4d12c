"""Lay endpoints, deliveries and lanes out in items."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.webhooks.model import Delivery, DeliveryState, Endpoint
from bodega.ports.table import Item, Key, Put
from bodega.values.times import format_time

KEPT = timedelta(days=30)
ENDPOINTS = "webhooks"
LANE = "lane"
WAITING_PREFIX = "w#"
MAX_ID_LENGTH = 80
_ENDPOINT = msgspec.json.Decoder(Endpoint)
_DELIVERY = msgspec.json.Decoder(Delivery)
_encode = msgspec.json.Encoder().encode
_POSITION_BYTES = 8
_HASH_BYTES = 7


def is_id(text: str, prefix: str) -> bool:
    """Tell whether text may be an id of this kind: what cannot be one is not looked up."""
    rest = text.removeprefix(f"{prefix}_")
    return len(rest) < len(text) <= MAX_ID_LENGTH and rest.isascii() and rest.isalnum()


def delivery_id(endpoint_id: str, event_id: str, position: int) -> str:
    """Return the id of an event's delivery to an endpoint, the same whenever it is asked for.

    Ids sort in the order in which the events were committed, and no two shops have one in common.
    """
    mixed = hashlib.sha256(f"{endpoint_id}\n{event_id}".encode()).digest()[:_HASH_BYTES]
    return "dlv_" + base64.b32hexencode(position.to_bytes(_POSITION_BYTES, "big") + mixed).decode()


def expiry(now: datetime) -> int:
    """Return the second in which what is written now is forgotten."""
    return int((now + KEPT).timestamp())


# -- endpoints: `failing_since` is beside the document, because attempts change it and staff change the document


def endpoint_key(endpoint_id: str) -> Key:
    """Return the key of an endpoint."""
    return Key(ENDPOINTS, endpoint_id)


def endpoint_item(endpoint: Endpoint) -> Item:
    """Return an endpoint as an item."""
    item: Item = {
        "entity": ENDPOINTS,
        "part": endpoint.id,
        "version": endpoint.version,
        "doc": _encode(msgspec.structs.replace(endpoint, failing_since=None)),
    }
    if endpoint.failing_since is not None:
        item["failing_since"] = format_time(endpoint.failing_since)
    return item


def read_endpoint(item: Item) -> Endpoint:
    """Read an endpoint."""
    endpoint = _ENDPOINT.decode(cast("bytes", item["doc"]))
    failing = cast("str | None", item.get("failing_since"))
    if failing is None:
        return endpoint
    return msgspec.structs.replace(endpoint, failing_since=datetime.fromisoformat(failing))


# -- deliveries


def delivery_key(endpoint_id: str, delivery: str) -> Key:
    """Return the key of a delivery."""
    return Key(endpoint_id, delivery)


def delivery_item(delivery: Delivery) -> Item:
    """Return a delivery as an item."""
    return {
        "endpoint_id": delivery.endpoint_id,
        "delivery_id": delivery.id,
        "state": delivery.state,
        "endpoint_state": state_partition(delivery.endpoint_id, delivery.state),
        "attempt_count": delivery.attempt_count,
        "expires_at": expiry(delivery.updated_at),
        "doc": _encode(delivery),
    }


def delivery_put(delivery: Delivery) -> Put:
    """Return what stores a delivery, whatever was there."""
    return Put(schema.DELIVERIES, delivery_item(delivery))


def read_delivery(item: Item) -> Delivery:
    """Read a delivery."""
    return _DELIVERY.decode(cast("bytes", item["doc"]))


def state_partition(endpoint_id: str, state: DeliveryState) -> str:
    """Return the index partition of an endpoint's deliveries in one state."""
    return f"{endpoint_id}.{state}"


# -- lanes


def lane_name(endpoint_id: str, resource: str) -> str:
    """Return the name of the lane in which a resource's events go to an endpoint one after the other."""
    return f"{endpoint_id}#{resource}"


def lane_key(lane: str) -> Key:
    """Return the key of the item that says when a lane is due."""
    return Key(lane, LANE)


def waiting_key(lane: str, version: int, delivery: str) -> Key:
    """Return the key of a delivery's place in its lane: by version, then in order of commits."""
    return Key(lane, f"{WAITING_PREFIX}{version:020d}#{delivery}")
