"""Bring webhooks to the shop that their payment provider cannot bring itself: the sandbox's."""

import logging

from bodega.domain.shop import Shop

_log = logging.getLogger(__name__)
_BATCH = 100


def deliver_webhooks(shop: Shop) -> bool:
    """Receive what is due, each through signature and parsing as if it had come from outside; True if there is more.

    One that cannot be dealt with now stays due and does not hold up the others.
    """
    sandbox = shop.world.payment_sandbox
    if sandbox is None:
        return False
    received = 0
    due = sandbox.due_webhooks(limit=_BATCH)
    for delivery in due:
        try:
            shop.checkout_recovery.heard(shop.world.payments.parse_webhook(delivery.body, delivery.headers))
        except Exception:  # noqa: BLE001  # it is delivered again, as a provider would after any answer but 2xx
            _log.exception("webhook not received", extra={"webhook": delivery.id})
        else:
            sandbox.drop_webhook(delivery.id)
            received += 1
    return len(due) == _BATCH and received > 0
