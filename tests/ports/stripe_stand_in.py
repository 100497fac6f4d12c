"""What Stripe's API answers, in the shapes of its reference, behind Stripe's own library.

Written by hand from https://docs.stripe.com/api (PaymentIntents, Refunds, errors, idempotent requests). It stands where
the library's HTTP client does: everything above it is the real library.
"""

import json
from urllib.parse import parse_qsl, urlsplit

import stripe

DECLINED_METHODS = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
}


class StripeStandIn(stripe.HTTPClient):
    """A tiny account. `lose_next` loses the next answer (or the next question) to a path that contains a word."""

    name = "stand-in"

    def __init__(self):
        super().__init__()
        self.intents, self.refunds, self.seen, self.calls = {}, {}, {}, []
        self._lost = []

    def lose_next(self, word, *, answer):
        self._lost.append((word, answer))

    def request(self, method, url, headers, post_data=None, *, _usage=None):
        path = urlsplit(url).path
        sent = dict(parse_qsl(post_data or urlsplit(url).query, keep_blank_values=True))
        key = next((value for name, value in headers.items() if name.lower() == "idempotency-key"), None)
        self.calls.append((method, path, sent, key))
        lost = next((entry for entry in self._lost if entry[0] in path), None)
        if lost is not None:
            self._lost.remove(lost)
            if not lost[1]:
                raise stripe.APIConnectionError("Unexpected error communicating with Stripe.", should_retry=False)
        status, body, replayed = self._answer(method, path, sent, key)
        if lost is not None:
            raise stripe.APIConnectionError("Request timed out.", should_retry=False)
        answered = {"Request-Id": "req_1", "Content-Type": "application/json"}
        if replayed:
            answered["Idempotent-Replayed"] = "true"
        return json.dumps(body), status, answered

    def close(self):
        pass

    def _answer(self, method, path, sent, key):
        if method.lower() != "post":
            return *self._read(path), False
        assert key, "every change needs an idempotency key"
        if key in self.seen:
            known, status, body = self.seen[key]
            if known != (path, sent):
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                return 400, {"error": {"type": "idempotency_error", "message": message}}, False
            return status, body, True
        status, body = self._change(path, sent)
        body = json.loads(json.dumps(body))
        self.seen[key] = ((path, sent), status, body)
        return status, body, False

    def _read(self, path):
        intent = self.intents.get(path.rsplit("/", 1)[1])
        return (
            (200, intent)
            if intent
            else _error(404, "invalid_request_error", "resource_missing", "No such payment_intent")
        )

    def _change(self, path, sent):
        parts = path.strip("/").split("/")
        if parts[1] == "refunds":
            return self._refund(sent)
        if len(parts) == 2:
            return 200, self._create(sent)
        intent = self.intents[parts[2]]
        return getattr(self, f"_{parts[3]}")(intent, sent)

    def _create(self, sent):
        intent_id = f"pi_{len(self.intents) + 1:024d}"
        metadata = {name[9:-1]: value for name, value in sent.items() if name.startswith("metadata[")}
        intent = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": int(sent["amount"]),
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": sent["capture_method"],
            "client_secret": f"{intent_id}_secret_1",
            "currency": sent["currency"],
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata,
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        }
        self.intents[intent_id] = intent
        return intent

    def _confirm(self, intent, sent):
        method = sent["payment_method"]
        if intent["status"] not in {"requires_payment_method", "requires_confirmation"}:
            return _unexpected(intent, "confirm")
        if not method.startswith("pm_card_"):
            return _error(404, "invalid_request_error", "resource_missing", f"No such PaymentMethod: '{method}'")
        if method in DECLINED_METHODS:
            code = DECLINED_METHODS[method]
            error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": code,
                "message": "Your card was declined.",
            }
            intent["last_payment_error"] = error
            return 402, {"error": error | {"payment_intent": intent}}
        if method == "pm_card_threeDSecure2Required":
            intent["status"] = "requires_action"
            redirect = {"return_url": sent["return_url"], "url": "https://hooks.stripe.com/redirect/authenticate/src_1"}
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": redirect}
            return 200, intent
        self.approve(intent["id"])
        return 200, intent

    def approve(self, intent_id):
        intent = self.intents[intent_id]
        charge = {"id": f"ch_{intent_id}", "object": "charge", "amount": intent["amount"], "amount_refunded": 0}
        intent.update(
            status="requires_capture", amount_capturable=intent["amount"], latest_charge=charge, next_action=None
        )

    def _capture(self, intent, sent):
        if intent["status"] != "requires_capture":
            return _unexpected(intent, "capture")
        if int(sent["amount_to_capture"]) > intent["amount_capturable"]:
            return _error(400, "invalid_request_error", "amount_too_large", "The amount is too large.")
        intent.update(status="succeeded", amount_capturable=0, amount_received=int(sent["amount_to_capture"]))
        return 200, intent

    def _cancel(self, intent, _sent):
        if intent["status"] in {"succeeded", "canceled"}:
            return _unexpected(intent, "cancel")
        intent.update(status="canceled", amount_capturable=0, next_action=None)
        return 200, intent

    def _refund(self, sent):
        intent, amount = self.intents[sent["payment_intent"]], int(sent["amount"])
        charge = intent["latest_charge"]
        if charge is None or charge["amount_refunded"] + amount > intent["amount_received"]:
            return _error(
                400, "invalid_request_error", None, "Refund amount is greater than unrefunded amount on charge"
            )
        charge["amount_refunded"] += amount
        refund = {
            "id": f"re_{len(self.refunds) + 1}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": "succeeded",
        }
        self.refunds[refund["id"]] = refund
        return 200, refund


def _error(status, kind, code, message):
    return status, {"error": {"type": kind, "code": code, "message": message, "param": None}}


def _unexpected(intent, verb):
    message = f"This PaymentIntent could not be {verb}ed because it has a status of {intent['status']}."
    return _error(400, "invalid_request_error", "payment_intent_unexpected_state", message)
