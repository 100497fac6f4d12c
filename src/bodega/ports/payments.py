"""Ask for money to be moved: authorise, capture, void and refund payments, and read what their provider reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from bodega.errors import ConflictError, InvalidError, UnavailableError
from bodega.values.money import Money

MAX_ID_LENGTH = 64
MAX_METHOD_LENGTH = 255
MAX_WEBHOOK_BYTES = 64 * 1024
WEBHOOK_TOLERANCE_SECONDS = 300

PaymentState = Literal["pending", "action_required", "authorised", "captured", "declined", "voided"]


class Charge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that is wanted: the same `id` is the same payment, however often and by whomever it is asked for.

    `method` is the provider's own word for the card, never a card number; only `authorise` needs it. `reference` is
    the provider's own id of the payment, once it is known.
    """

    id: str
    amount: Money
    order_id: str
    checkout_id: str
    method: str = ""
    reference: str = ""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider knows of a payment. Amounts are minor units of the charge's currency.

    `pending` and `action_required` become something else later, and a webhook says when; the shopper has to visit
    `action_url` for the latter. Refunds leave the state at `captured`.
    """

    id: str
    reference: str
    state: PaymentState
    amount: Money
    captured: int = 0
    refunded: int = 0
    decline_code: str = ""
    action_url: str = ""


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a genuine webhook says. It may be late, repeated and out of order: ask `find` for how things stand."""

    id: str
    kind: Literal["authorised", "declined", "captured", "voided", "refunded", "other"]
    payment_id: str
    order_id: str
    checkout_id: str
    occurred_at: datetime


class WebhookDelivery(msgspec.Struct, frozen=True):
    """A webhook to be received now; drop it by its `id` once it was."""

    id: str
    body: bytes
    headers: Mapping[str, str]


class PaymentDeclinedError(ConflictError):
    """The bank said no, and no money was moved; `decline_code` is why, in the provider's words."""

    code = "payment_declined"

    def __init__(self, decline_code: str) -> None:
        super().__init__(f"the payment was declined: {decline_code}")
        self.decline_code = decline_code


class PaymentRefusedError(ConflictError):
    """The provider will never do this to this payment, such as refunding more than was captured."""

    code = "payment_refused"


class PaymentUnknownError(UnavailableError):
    """No answer came, so nobody here knows whether it happened: ask `find`, or make the same call again."""

    code = "payment_unknown"


class WebhookForgedError(InvalidError):
    """The webhook was not signed by the provider, or was changed on its way, or cannot be read."""

    code = "bad_signature"


class WebhookStaleError(InvalidError):
    """The webhook was signed more than five minutes ago, or in the future: somebody may be replaying it."""

    code = "stale_webhook"


class PaymentProvider(Protocol):
    """Somebody who moves money. Thread-safe.

    Every verb may be repeated: a charge is authorised once by its id, and money is captured, refunded or given up once
    by an operation's id, also when calls arrive at the same time or much later. The same id with another amount is
    InvalidError. A verb that raises PaymentUnknownError may or may not have happened; every other error says that it
    did not.
    """

    @property
    def name(self) -> str:
        """Return the provider's name, as orders remember it."""
        ...

    @property
    def longest_call(self) -> timedelta:
        """Return after what time every verb has returned or raised: who is still silent then has died.

        Zero for a provider that asks no network, and waits for nothing but commits of its own.
        """
        ...

    def authorise(self, charge: Charge) -> Payment:
        """Reserve the amount without taking it, and return the payment: `declined` is an answer, not an error.

        A charge that was voided before it arrived stays voided. InvalidError for a method that is none.
        """
        ...

    def find(self, charge: Charge) -> Payment | None:
        """Return how a payment stands, None if the provider never heard of it; a call may still be on its way."""
        ...

    def capture(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Take up to the amount that was authorised, once a payment; what is left over is given up.

        PaymentDeclinedError if the bank changed its mind, PaymentRefusedError if nothing is authorised.
        """
        ...

    def void(self, charge: Charge, *, operation_id: str) -> Payment:
        """Give an authorisation up, also of a charge that has not arrived yet: it never can be authorised then.

        PaymentRefusedError if it was captured: refund it. Voiding what is voided or declined does nothing.
        """
        ...

    def refund(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Give back a part of what was captured.

        PaymentRefusedError if that is more than is left, PaymentDeclinedError if the bank does not take it.
        """
        ...

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """Return what a webhook says, having checked its signature and time; header names in lower case.

        WebhookForgedError or WebhookStaleError, and nothing else, for what is not to be believed.
        """
        ...


class PaymentSandbox(Protocol):
    """What a provider without money needs somebody to do for it: it has no bank, and no way to knock at our door."""

    def cards(self) -> Mapping[str, str]:
        """Return its test cards, and what each of them does, in words."""
        ...

    def complete_action(self, payment_id: str, *, approve: bool = True) -> Payment:
        """Do what a shopper does at `action_url`: approve or refuse. InvalidError for what waits for nobody."""
        ...

    def due_webhooks(self, *, limit: int = 100) -> Sequence[WebhookDelivery]:
        """Return webhooks whose time has come, signed now, in the order in which they would arrive."""
        ...

    def drop_webhook(self, webhook_id: str) -> None:
        """Forget a webhook that was received; others are due again and again."""
        ...
