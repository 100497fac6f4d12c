"""A payment provider without money: durable, strict, and as unreliable as its test cards ask for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from bodega.adapters.local.payments_cards import CARDS, PENDING_SECONDS, Card, Lost
from bodega.adapters.local.payments_ledger import Book, Ledger
from bodega.adapters.local.payments_webhooks import SandboxWebhooks
from bodega.errors import InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.payments import (
    Charge,
    Payment,
    PaymentDeclinedError,
    PaymentEvent,
    PaymentRefusedError,
    PaymentUnknownError,
    WebhookDelivery,
)
from bodega.values.money import Money

Outcome = Payment | PaymentDeclinedError
"""What a change came to and is remembered: a refusal that was raised would take its own memory back."""
Kind = Literal["authorised", "declined", "captured", "voided", "refunded"]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the sandbox keeps it: the charge, how it stands, and from when on a pending one is authorised."""

    charge: Charge
    payment: Payment
    ready_at: datetime | None = None


class Operation(msgspec.Struct, frozen=True):
    """A capture, refund or void that was asked for by an id, and the refusal it came to, if any."""

    payment_id: str
    kind: Literal["capture", "refund", "void"]
    amount: int
    declined: str = ""


_STORED = msgspec.json.Decoder(Stored)
_OPERATION = msgspec.json.Decoder(Operation)
_encode = msgspec.json.Encoder().encode


class SandboxPayments:
    """The sandbox. Every verb is one durable transaction; what times out does so on purpose, by card."""

    name = "sandbox"
    longest_call = timedelta(0)  # a transaction of our own; even what times out does so at once

    def __init__(
        self, ledger: Ledger, *, keys: Keys, clock: Clock, ids: Ids, bank_url: str = "https://sandbox.invalid/bank"
    ) -> None:
        """Take the address of the page that stands for a bank's; the checkout's id is put behind it."""
        self._ledger = ledger
        self._bank_url = bank_url
        self._clock = clock
        self._ids = ids
        self._webhooks = SandboxWebhooks(ledger, keys=keys, clock=clock)

    # -- the port --------------------------------------------------------------------------------------------

    def authorise(self, charge: Charge) -> Payment:
        """Reserve the amount, or do what the card says."""
        card = CARDS.get(charge.method)
        if card is None:
            raise InvalidError(f"{charge.method[:40]!r} is no test card; there are {', '.join(CARDS)}")
        if charge.amount.amount < 1:
            raise InvalidError("a payment is of at least one minor unit")
        return self._answer(
            f"authorise {charge.id}", lambda _: card.authorise_lost, lambda book: self._authorise(book, charge, card)
        )

    def find(self, charge: Charge) -> Payment | None:
        """Return how a payment stands."""
        document = self._ledger.find("payments", charge.id)
        return self._read(document).payment if document is not None else None

    def capture(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Take what was authorised."""
        return self._answer(
            operation_id,
            lambda book: self._card(self._needed(book, charge)).capture_lost,
            lambda book: self._capture(book, charge, amount, operation_id),
        )

    def void(self, charge: Charge, *, operation_id: str) -> Payment:
        """Give an authorisation up, or see to it that there never is one."""
        return self._ledger.change(lambda book: self._void(book, charge, operation_id))

    def refund(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Give back what was captured."""
        return self._answer(
            operation_id,
            lambda book: self._card(self._needed(book, charge)).refund_lost,
            lambda book: self._refund(book, charge, amount, operation_id),
        )

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """Check signature and time, and read."""
        return self._webhooks.parse(body, headers)

    # -- what a real provider does by itself, and tests ask it about -----------------------------------------

    def cards(self) -> Mapping[str, str]:
        """Return the test cards and what each does."""
        return {name: card.does for name, card in CARDS.items()}

    def due_webhooks(self, *, limit: int = 100) -> Sequence[WebhookDelivery]:
        """Return webhooks whose time has come, signed now, in the order in which they would arrive."""
        return self._webhooks.due(limit=limit)

    def drop_webhook(self, webhook_id: str) -> None:
        """Forget a webhook that was received; others are due again and again."""
        self._webhooks.drop(webhook_id)

    def complete_action(self, payment_id: str, *, approve: bool = True) -> Payment:
        """Do what the shopper does at `action_url`: approve a payment or refuse to."""

        def change(book: Book) -> Payment:
            stored = self._stored(book, payment_id)
            if stored is None or stored.payment.state != "action_required":
                raise InvalidError("this payment waits for nobody")
            payment = _with(stored.payment, state="authorised" if approve else "declined", action_url="")
            if not approve:
                payment = _with(payment, decline_code="authentication_failed")
            self._save(book, stored, payment, "authorised" if approve else "declined")
            return payment

        return self._ledger.change(change)

    def all_payments(self) -> list[Stored]:
        """Return every payment there ever was, for checks that books balance."""
        return [_STORED.decode(document) for document in self._ledger.all_payments()]

    # -- inside ----------------------------------------------------------------------------------------------

    def _answer(self, call: str, lost: Callable[[Book], Lost], change: Callable[[Book], Outcome]) -> Payment:
        """Make a change, and lose its answer, or the question, the first time if that is what the card does."""

        def planned(book: Book) -> Outcome | None:
            how = lost(book)
            loses = how != "never" and book.find("operations", f"lost {call}") is None
            outcome = None if loses and how == "before" else change(book)
            if loses:
                book.put("operations", f"lost {call}", b"")
            return None if loses else outcome

        outcome = self._ledger.change(planned)
        if outcome is None:
            raise PaymentUnknownError("the provider did not answer")
        if isinstance(outcome, PaymentDeclinedError):
            raise outcome
        return outcome

    def _authorise(self, book: Book, charge: Charge, card: Card) -> Payment:
        known = self._stored(book, charge.id)
        if known is not None:
            _check_same(known.charge.amount, charge.amount, charge.id)
            return known.payment
        payment = Payment(id=charge.id, reference=self._ids.new("sbx"), state="authorised", amount=charge.amount)
        stored = Stored(charge=charge, payment=payment)
        if card.authorise == "declined":
            payment = _with(payment, state="declined", decline_code=card.decline_code)
            self._save(book, stored, payment, "declined")
        elif card.authorise == "pending":
            ready_at = self._clock.now() + timedelta(seconds=PENDING_SECONDS)
            payment = _with(payment, state="pending")
            self._save(book, Stored(charge=charge, payment=payment, ready_at=ready_at), payment, "authorised")
        elif card.authorise == "action":
            payment = _with(payment, state="action_required", action_url=f"{self._bank_url}/{charge.checkout_id}")
            self._put(book, Stored(charge=charge, payment=payment))
        else:
            self._save(book, stored, payment, "authorised")
        return payment

    def _capture(self, book: Book, charge: Charge, amount: Money, operation_id: str) -> Outcome:
        stored = self._needed(book, charge)
        if self._repeated(book, Operation(charge.id, "capture", amount.amount), operation_id):
            return stored.payment
        if stored.payment.state != "authorised":
            raise PaymentRefusedError(f"a payment that is {stored.payment.state} cannot be captured")
        if not 1 <= amount.amount <= stored.payment.amount.amount or amount.currency != stored.payment.amount.currency:
            raise PaymentRefusedError(f"{amount.format()} is not within what was authorised")
        if self._card(stored).capture_declined:
            return self._declined(book, Operation(charge.id, "capture", amount.amount, "expired_card"), operation_id)
        self._note(book, Operation(charge.id, "capture", amount.amount), operation_id)
        payment = _with(stored.payment, state="captured", captured=amount.amount)
        self._save(book, stored, payment, "captured")
        return payment

    def _refund(self, book: Book, charge: Charge, amount: Money, operation_id: str) -> Outcome:
        stored = self._needed(book, charge)
        if self._repeated(book, Operation(charge.id, "refund", amount.amount), operation_id):
            return stored.payment
        left = stored.payment.captured - stored.payment.refunded
        if not 1 <= amount.amount <= left or amount.currency != stored.payment.amount.currency:
            raise PaymentRefusedError(f"{amount.format()} cannot be refunded: {left} minor units are left")
        if self._card(stored).refund_declined:
            return self._declined(book, Operation(charge.id, "refund", amount.amount, "card_closed"), operation_id)
        self._note(book, Operation(charge.id, "refund", amount.amount), operation_id)
        payment = _with(stored.payment, refunded=stored.payment.refunded + amount.amount)
        self._save(book, stored, payment, "refunded")
        return payment

    def _void(self, book: Book, charge: Charge, operation_id: str) -> Payment:
        stored = self._stored(book, charge.id)
        if stored is not None and stored.payment.state in {"voided", "declined"}:
            return stored.payment
        if self._repeated(book, Operation(charge.id, "void", 0), operation_id) and stored is not None:
            return stored.payment
        if stored is not None and stored.payment.state == "captured":
            raise PaymentRefusedError("a captured payment cannot be voided: refund it")
        if stored is None:
            fresh = Payment(id=charge.id, reference=self._ids.new("sbx"), state="voided", amount=charge.amount)
            stored = Stored(charge=charge, payment=fresh)
        self._note(book, Operation(charge.id, "void", 0), operation_id)
        payment = _with(stored.payment, state="voided", action_url="")
        self._save(book, Stored(charge=stored.charge, payment=payment), payment, "voided")
        return payment

    def _declined(self, book: Book, operation: Operation, operation_id: str) -> Outcome:
        self._note(book, operation, operation_id)
        return PaymentDeclinedError(operation.declined)

    def _note(self, book: Book, operation: Operation, operation_id: str) -> None:
        book.put("operations", operation_id, _encode(operation))

    def _repeated(self, book: Book, operation: Operation, operation_id: str) -> bool:
        document = book.find("operations", operation_id)
        if document is None:
            return False
        known = _OPERATION.decode(document)
        if (known.payment_id, known.kind, known.amount) != (operation.payment_id, operation.kind, operation.amount):
            raise InvalidError(f"operation {operation_id!r} was another one")
        if known.declined:
            raise PaymentDeclinedError(known.declined)
        return True

    def _save(self, book: Book, stored: Stored, payment: Payment, kind: Kind) -> None:
        """Store a payment and queue the webhooks that tell of it, as its card wants them."""
        self._put(book, Stored(charge=stored.charge, payment=payment, ready_at=stored.ready_at))
        waits = payment.state == "pending" and stored.ready_at is not None
        event = PaymentEvent(
            id=self._ids.new("whk"),
            kind=kind,
            payment_id=stored.charge.id,
            order_id=stored.charge.order_id,
            checkout_id=stored.charge.checkout_id,
            occurred_at=stored.ready_at if waits and stored.ready_at is not None else self._clock.now(),
        )
        self._webhooks.add(book, event, self._card(stored))

    def _put(self, book: Book, stored: Stored) -> None:
        book.put("payments", stored.charge.id, _encode(stored))

    def _stored(self, book: Book, payment_id: str) -> Stored | None:
        document = book.find("payments", payment_id)
        return self._read(document) if document is not None else None

    def _read(self, document: bytes) -> Stored:
        """Return a payment as it stands at this moment."""
        stored = _STORED.decode(document)
        if stored.payment.state == "pending" and stored.ready_at is not None and stored.ready_at <= self._clock.now():
            return Stored(charge=stored.charge, payment=_with(stored.payment, state="authorised"))
        return stored

    def _needed(self, book: Book, charge: Charge) -> Stored:
        stored = self._stored(book, charge.id)
        if stored is None:
            raise PaymentRefusedError(f"there is no payment {charge.id!r}")
        return stored

    def _card(self, stored: Stored) -> Card:
        return CARDS.get(stored.charge.method, Card())


def _check_same(known: Money, wanted: Money, payment_id: str) -> None:
    if known != wanted:
        raise InvalidError(f"payment {payment_id!r} was over another amount")


def _with(payment: Payment, **changes: object) -> Payment:
    return msgspec.structs.replace(payment, **changes)
