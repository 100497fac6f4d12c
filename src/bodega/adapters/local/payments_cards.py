"""The sandbox's test cards: what each makes the provider do."""

from typing import Literal

import msgspec

Lost = Literal["never", "before", "after"]


class Card(msgspec.Struct, frozen=True):
    """What a payment with this card does (`does`: in words). Lost calls time out, before or after their effect."""

    does: str = "approves"
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
    "card_approve": Card("approves"),
    "card_decline": Card("declines", authorise="declined"),
    "card_decline_funds": Card("declines for want of funds", authorise="declined", decline_code="insufficient_funds"),
    "card_pending": Card("approves after half a minute", authorise="pending"),
    "card_action": Card("sends the shopper to their bank first", authorise="action"),
    "card_timeout_before": Card("loses the question", authorise_lost="before"),
    "card_timeout_after": Card("loses the answer", authorise_lost="after"),
    "card_capture_decline": Card("approves, but does not pay", capture_declined=True),
    "card_capture_timeout_before": Card("loses the question to pay", capture_lost="before"),
    "card_capture_timeout_after": Card("loses the answer to having paid", capture_lost="after"),
    "card_refund_decline": Card("takes no refund", refund_declined=True),
    "card_refund_timeout_before": Card("loses the question to take a refund", refund_lost="before"),
    "card_refund_timeout_after": Card("loses the answer to a refund", refund_lost="after"),
    "card_webhooks_thrice": Card("reports everything three times", copies=3),
    "card_webhooks_late": Card("reports everything an hour late", delays=(3600, 3600, 3600)),
    "card_webhooks_reversed": Card("reports everything twice, last things first", copies=2, delays=(120, 60, 0)),
}
"""A lost call is lost once: the second try gets through, as it does when a network recovers."""
