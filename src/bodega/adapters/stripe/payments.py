"""Move money through Stripe: a charge is a PaymentIntent that is captured by hand.

An intent is made first and confirmed with the card afterwards, each under an idempotency key that follows from the
charge's id. So whoever knows the charge can find its intent, even if the answer to the first call was lost: making it
again gives the same one. Cancelling that one then stops a confirmation which is still on its way.
Source: https://docs.stripe.com/api/idempotent_requests (keys are kept for at least 24 hours) and
https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import stripe

from bodega.adapters.stripe.webhooks import read_event
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.payments import (
    Charge,
    Payment,
    PaymentDeclinedError,
    PaymentEvent,
    PaymentRefusedError,
    PaymentState,
    PaymentUnknownError,
)
from bodega.values.money import Money, exponent

T = TypeVar("T")
TIMEOUT_SECONDS = 20
RETRIES = 2
CALLS_A_VERB = 2  # of the verb that takes most: an intent is made and then confirmed
# Which state of an intent is which of ours; the others depend on what happened before.
_STATES: Mapping[str, PaymentState] = {
    "requires_action": "action_required",
    "processing": "pending",
    "requires_capture": "authorised",
    "succeeded": "captured",
    "canceled": "voided",
}
# Stripe counts these in hundredths although they have none: https://docs.stripe.com/currencies#special-cases
_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
_MILLESIMAL = 3


class StripePayments:
    """Stripe as a payment provider."""

    name = "stripe"
    longest_call = timedelta(seconds=TIMEOUT_SECONDS * (1 + RETRIES) * CALLS_A_VERB)

    def __init__(
        self, client: stripe.StripeClient, *, webhook_secrets: Sequence[str], return_url: str, clock: Clock
    ) -> None:
        """Take a client that knows the account's key; several secrets while one is being replaced.

        `return_url` is where a shopper comes back to from their bank's page; the checkout's id is put behind it.
        """
        self._intents = client.v1.payment_intents
        self._refunds = client.v1.refunds
        self._secrets = tuple(webhook_secrets)
        self._return_url = return_url
        self._clock = clock

    @classmethod
    def of_account(
        cls, secret_key: str, *, webhook_secrets: Sequence[str], return_url: str, clock: Clock
    ) -> "StripePayments":
        """Connect to an account. Stripe's library tries again by itself when the network fails, with the same keys."""
        client = stripe.StripeClient(
            secret_key, http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS), max_network_retries=RETRIES
        )
        return cls(client, webhook_secrets=webhook_secrets, return_url=return_url, clock=clock)

    def authorise(self, charge: Charge) -> Payment:
        """Make the intent and confirm it with the card."""
        intent_id = self._make(charge)
        params: Any = {
            "payment_method": charge.method,
            "return_url": f"{self._return_url}/{charge.checkout_id}",
            "expand": ["latest_charge"],
        }
        try:
            intent = _asked(lambda: self._intents.confirm(intent_id, params, _once(f"{charge.id}_confirm")))
        except PaymentDeclinedError as exc:
            return self._declined(charge, intent_id, exc.decline_code)
        except PaymentRefusedError as exc:
            # Either there is no such method, or the intent is not to be confirmed any more: it says which.
            payment = self.find(charge)
            if payment is None:
                raise InvalidError(f"{charge.method[:40]!r} is no payment method of Stripe's: {exc.message}") from exc
            return payment
        if _was_replayed(intent):
            intent = self._retrieve(intent_id)
        return _payment(charge, intent) or self._declined(charge, intent_id, "generic_decline")

    def find(self, charge: Charge) -> Payment | None:
        """Return how the intent stands; one that was never confirmed counts as never heard of."""
        return _payment(charge, self._retrieve(charge.reference or self._make(charge)))

    def capture(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Take the money."""
        intent_id = self._intent_id(charge)
        params: Any = {"amount_to_capture": _minor(amount)}
        _asked(lambda: self._intents.capture(intent_id, params, _once(operation_id)))
        return self._known(charge, intent_id)

    def void(self, charge: Charge, *, operation_id: str) -> Payment:
        """Cancel the intent, also one that nobody confirmed yet."""
        intent_id = self._intent_id(charge)
        try:
            _asked(lambda: self._intents.cancel(intent_id, None, _once(operation_id)))
        except PaymentRefusedError:
            intent = self._retrieve(intent_id)
            payment = _payment(charge, intent)
            if payment is None or payment.state not in {"voided", "declined"}:
                raise
            return payment
        return self._known(charge, intent_id)

    def refund(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Give money back."""
        intent_id = self._intent_id(charge)
        params: Any = {"payment_intent": intent_id, "amount": _minor(amount)}
        made = _asked(lambda: self._refunds.create(params, _once(operation_id)))
        if made.status in {"failed", "canceled"}:
            raise PaymentDeclinedError(str(made.failure_reason or made.status))
        return self._known(charge, intent_id)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """Check signature and time, and read."""
        header = headers.get("stripe-signature", "")
        return read_event(body, header, secrets=self._secrets, now=self._clock.now())

    # -- inside ----------------------------------------------------------------------------------------------

    def _make(self, charge: Charge) -> str:
        """Return the id of the charge's intent, making it if there is none. Nothing is charged by this."""
        params: Any = {
            "amount": _minor(charge.amount),
            "currency": charge.amount.currency.lower(),
            "capture_method": "manual",
            "payment_method_types": ["card"],
            "metadata": {
                "payment_id": charge.id,
                "order_id": charge.order_id,
                "checkout_id": charge.checkout_id,
            },
        }
        return _asked(lambda: self._intents.create(params, _once(f"{charge.id}_create"))).id

    def _intent_id(self, charge: Charge) -> str:
        return charge.reference or self._make(charge)

    def _retrieve(self, intent_id: str) -> stripe.PaymentIntent:
        return _asked(lambda: self._intents.retrieve(intent_id, {"expand": ["latest_charge"]}))

    def _known(self, charge: Charge, intent_id: str) -> Payment:
        payment = _payment(charge, self._retrieve(intent_id))
        if payment is None:
            raise PaymentUnknownError("Stripe says that nothing happened to a payment that it just changed")
        return payment

    def _declined(self, charge: Charge, intent_id: str, decline_code: str) -> Payment:
        return Payment(
            id=charge.id, reference=intent_id, state="declined", amount=charge.amount, decline_code=decline_code
        )


def _payment(charge: Charge, intent: stripe.PaymentIntent) -> Payment | None:
    """Return an intent in our words; None for one that was never confirmed."""
    state = _STATES.get(intent.status)
    failed = intent.last_payment_error
    decline_code = ""
    if state is None:
        if failed is None:
            return None
        state, decline_code = "declined", str(failed.decline_code or failed.code or "card_declined")
    latest = intent.latest_charge
    refunded = latest.amount_refunded if isinstance(latest, stripe.Charge) else 0
    return Payment(
        id=charge.id,
        reference=intent.id,
        state=state,
        amount=Money(_ours(intent.amount, charge.amount.currency), charge.amount.currency),
        captured=_ours(intent.amount_received or 0, charge.amount.currency) if state == "captured" else 0,
        refunded=_ours(refunded, charge.amount.currency),
        decline_code=decline_code,
        action_url=_action_url(intent),
    )


def _action_url(intent: stripe.PaymentIntent) -> str:
    action = intent.next_action
    redirect = action.redirect_to_url if action is not None and action.type == "redirect_to_url" else None
    return str(redirect.url or "") if redirect is not None else ""


def _asked(call: Callable[[], T]) -> T:
    """Make a call and translate what it raises."""
    try:
        return call()
    except stripe.CardError as exc:
        raise PaymentDeclinedError(_decline_code(exc)) from exc
    except stripe.IdempotencyError as exc:
        raise InvalidError(f"this payment was asked for with other contents: {exc.user_message}") from exc
    except stripe.InvalidRequestError as exc:
        raise PaymentRefusedError(f"Stripe refused: {exc.user_message}") from exc
    except (stripe.AuthenticationError, stripe.PermissionError) as exc:
        raise UnavailableError("Stripe does not accept this shop's key; correct it", retry_after_seconds=60) from exc
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as exc:
        raise PaymentUnknownError(f"Stripe gave no answer that says what happened: {exc.user_message}") from exc


def _decline_code(exc: stripe.CardError) -> str:
    found = exc.error.decline_code if exc.error is not None else None
    return str(found or exc.code or "card_declined")


def _once(key: str) -> Any:
    return {"idempotency_key": key}


def _was_replayed(intent: stripe.PaymentIntent) -> bool:
    response = intent.last_response
    return response is not None and str(response.headers.get("Idempotent-Replayed", "")).lower() == "true"


def _minor(money: Money) -> int:
    """Return an amount as Stripe counts it."""
    if money.currency in _IN_HUNDREDTHS:
        return money.amount * 100
    if exponent(money.currency) == _MILLESIMAL and money.amount % 10:
        raise InvalidError(f"Stripe takes {money.currency} in steps of ten minor units only")
    return money.amount


def _ours(amount: int, currency: str) -> int:
    return amount // 100 if currency in _IN_HUNDREDTHS else amount
