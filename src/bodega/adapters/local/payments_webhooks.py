"""The sandbox's webhooks: how they are queued, signed and checked."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bodega.adapters.local.payments_cards import Card
from bodega.adapters.local.payments_ledger import Book, Ledger
from bodega.ports.clock import Clock
from bodega.ports.keys import Keys
from bodega.ports.payments import (
    MAX_WEBHOOK_BYTES,
    WEBHOOK_TOLERANCE_SECONDS,
    PaymentEvent,
    WebhookDelivery,
    WebhookForgedError,
    WebhookStaleError,
)

SIGNATURE_HEADER = "sandbox-signature"
_PURPOSE = "sandbox-webhook"
_MAX_HEADER_LENGTH = 300
# Which of a card's delays is whose; what comes last has the third.
_PLACES = {"authorised": 0, "declined": 0, "captured": 1}
_EVENT = msgspec.json.Decoder(PaymentEvent)
_encode = msgspec.json.Encoder().encode


class SandboxWebhooks:
    """Webhooks that wait to be delivered, in the sandbox's ledger."""

    def __init__(self, ledger: Ledger, *, keys: Keys, clock: Clock) -> None:
        self._ledger = ledger
        self._keys = keys
        self._clock = clock

    def add(self, book: Book, event: PaymentEvent, card: Card) -> None:
        """Queue a webhook within the transaction that it tells of: as often and as late as the card wants it."""
        due = event.occurred_at + timedelta(seconds=card.delays[_PLACES.get(event.kind, 2)])
        for _ in range(card.copies):
            book.remind(int(due.timestamp()), _encode(event))

    def due(self, *, limit: int) -> Sequence[WebhookDelivery]:
        """Return what is due, signed now."""
        now = self._clock.now()
        found = self._ledger.due(int(now.timestamp()), limit=limit)
        return [WebhookDelivery(one, body, {SIGNATURE_HEADER: self._signature(now, body)}) for one, body in found]

    def drop(self, webhook_id: str) -> None:
        """Forget a webhook that was received."""
        self._ledger.drop(webhook_id)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """Return what a webhook says, having checked its signature and time."""
        if len(body) > MAX_WEBHOOK_BYTES:
            raise WebhookForgedError("the webhook is larger than any that is sent")
        signed_at, signature = _parse_signature(headers.get(SIGNATURE_HEADER, ""))
        if not self._keys.verify(_PURPOSE, b"%d.%b" % (signed_at, body), signature):
            raise WebhookForgedError("the webhook's signature does not fit")
        if abs(self._clock.now().timestamp() - signed_at) > WEBHOOK_TOLERANCE_SECONDS:
            raise WebhookStaleError("the webhook was signed too long ago")
        try:
            return _EVENT.decode(body)
        except msgspec.MsgspecError as exc:
            raise WebhookForgedError("the webhook cannot be read") from exc

    def _signature(self, at: datetime, body: bytes) -> str:
        signed_at = int(at.timestamp())
        return f"t={signed_at},v1={self._keys.sign(_PURPOSE, b'%d.%b' % (signed_at, body)).hex()}"


def _parse_signature(header: str) -> tuple[int, bytes]:
    parts = dict(part.partition("=")[::2] for part in header[:_MAX_HEADER_LENGTH].split(","))
    try:
        return int(parts["t"]), bytes.fromhex(parts["v1"])
    except (KeyError, ValueError):
        raise WebhookForgedError("the webhook has no signature that could be read") from None
