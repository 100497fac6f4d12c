"""The sandbox's test cards: what each makes the provider do."""

from typing import Literal

import msgspec

Lost = Literal["never", "before", "after"]


class Card(msgspec.Struct, frozen=True):
    """What happens to a payment with this card. `lost` calls time out, before or after they had their effect."""

    authorise: Literal["approved", "declined", "pending", "action"] = "approved"
    decline_code: str = "card_declined"
    authorise_lost: Lost = "never"
    capture_lost: Lost = "never"
    refund_lost: Lost = "never"
    capture_declined: bool = False
    refund_declined: bool = False
    copies: int = 1
    """How often each webhook is sent."""
    delays: tuple[int, int, int] = (0, 0, 0)
    """Seconds by which the webhooks of authorising, capturing and everything after it are late."""


PENDING_SECONDS = 30

CARDS = {
    "card_approve": Card(),
    "card_decline": Card(authorise="declined"),
    "card_decline_funds": Card(authorise="declined", decline_code="insufficient_funds"),
    "card_pending": Card(authorise="pending"),
    "card_action": Card(authorise="action"),
    "card_timeout_before": Card(authorise_lost="before"),
    "card_timeout_after": Card(authorise_lost="after"),
    "card_capture_decline": Card(capture_declined=True),
    "card_capture_timeout_before": Card(capture_lost="before"),
    "card_capture_timeout_after": Card(capture_lost="after"),
    "card_refund_decline": Card(refund_declined=True),
    "card_refund_timeout_before": Card(refund_lost="before"),
    "card_refund_timeout_after": Card(refund_lost="after"),
    "card_webhooks_thrice": Card(copies=3),
    "card_webhooks_late": Card(delays=(3600, 3600, 3600)),
    "card_webhooks_reversed": Card(copies=2, delays=(120, 60, 0)),
}
"""A lost call is lost once: the second try gets through, as it does when a network recovers."""
