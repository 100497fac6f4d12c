"""Read Stripe's webhooks: signature, age, and which payment they are about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec
import stripe

from bodega.ports.payments import (
    MAX_WEBHOOK_BYTES,
    WEBHOOK_TOLERANCE_SECONDS,
    PaymentEvent,
    WebhookForgedError,
    WebhookStaleError,
)

Kind: TypeAlias = Literal["authorised", "declined", "captured", "voided", "refunded", "other"]
_KINDS: Mapping[str, Kind] = {
    "payment_intent.amount_capturable_updated": "authorised",
    "payment_intent.payment_failed": "declined",
    "payment_intent.succeeded": "captured",
    "payment_intent.canceled": "voided",
    "charge.refunded": "refunded",
}
_MAX_HEADER_LENGTH = 4096


class _About(msgspec.Struct):
    """What an event is about: an intent, or a charge, which inherits its intent's metadata."""

    metadata: dict[str, str] | None = None


class _Data(msgspec.Struct):
    about: _About = msgspec.field(name="object")


class _Event(msgspec.Struct):
    id: str
    type: str
    created: int
    data: _Data


_EVENT = msgspec.json.Decoder(_Event)


def read_event(body: bytes, header: str, *, secrets: Sequence[str], now: datetime) -> PaymentEvent:
    """Return what a genuine and recent webhook says; one of any of the secrets will do.

    Source: https://docs.stripe.com/webhooks/signature. The library's own check of the time asks the machine's clock.
    """
    if len(body) > MAX_WEBHOOK_BYTES or len(header) > _MAX_HEADER_LENGTH:
        raise WebhookForgedError("the webhook is larger than any that is sent")
    if not any(_is_signed(body, header, secret) for secret in secrets):
        raise WebhookForgedError("the webhook's signature does not fit")
    # The library has just read the time from this header, so that it is there.
    signed_at = int(next(part for part in header.split(",") if part.startswith("t="))[2:])
    if abs(now.timestamp() - signed_at) > WEBHOOK_TOLERANCE_SECONDS:
        raise WebhookStaleError("the webhook was signed too long ago")
    try:
        event = _EVENT.decode(body)
        occurred_at = datetime.fromtimestamp(event.created, UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as exc:
        raise WebhookForgedError("the webhook cannot be read") from exc
    metadata = event.data.about.metadata or {}
    ours = "payment_id" in metadata
    return PaymentEvent(
        id=event.id,
        kind=_KINDS.get(event.type, "other") if ours else "other",
        payment_id=metadata.get("payment_id", ""),
        order_id=metadata.get("order_id", ""),
        checkout_id=metadata.get("checkout_id", ""),
        occurred_at=occurred_at,
    )


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError, UnicodeEncodeError, TypeError):
        return False
