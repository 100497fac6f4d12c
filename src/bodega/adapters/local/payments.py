"""A payment provider without money: durable, strict, and as unreliable as its test cards ask for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import apsw
import msgspec

from bodega.adapters.local import payments_layout as sql
from bodega.adapters.local.payments_cards import CARDS, PENDING_SECONDS, Card, Lost
from bodega.adapters.local.payments_webhooks import SandboxWebhooks
from bodega.adapters.local.sqlite import Database
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
        self, database: Database, *, keys: Keys, clock: Clock, ids: Ids, bank_url: str = "https://sandbox.invalid/bank"
    ) -> None:
        """Take the address of the page that stands for a bank's; the checkout's id is put behind it."""
        self._database = database
        self._bank_url = bank_url
        self._clock = clock
        self._ids = ids
        self._webhooks = SandboxWebhooks(database, keys=keys, clock=clock)
        database.make(sql.TABLES, last="sandbox_webhooks_due")

    # -- the port --------------------------------------------------------------------------------------------

    def authorise(self, charge: Charge) -> Payment:
        """Reserve the amount, or do what the card says."""
        card = CARDS.get(charge.method)
        if card is None:
            raise InvalidError(f"{charge.method[:40]!r} is no test card; there are {', '.join(CARDS)}")
        if charge.amount.amount < 1:
            raise InvalidError("a payment is of at least one minor unit")
        return self._answer(f"authorise {charge.id}", card.authorise_lost, lambda c: self._authorise(c, charge, card))

    def find(self, charge: Charge) -> Payment | None:
        """Return how a payment stands."""
        stored = self._stored(self._database.reader(), charge.id)
        return stored.payment if stored is not None else None

    def capture(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Take what was authorised."""
        lost = self._card(charge).capture_lost
        return self._answer(operation_id, lost, lambda c: self._capture(c, charge, amount, operation_id))

    def void(self, charge: Charge, *, operation_id: str) -> Payment:
        """Give an authorisation up, or see to it that there never is one."""
        return self._database.write(lambda c: self._void(c, charge, operation_id))

    def refund(self, charge: Charge, *, amount: Money, operation_id: str) -> Payment:
        """Give back what was captured."""
        lost = self._card(charge).refund_lost
        return self._answer(operation_id, lost, lambda c: self._refund(c, charge, amount, operation_id))

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

    def drop_webhook(self, number: int) -> None:
        """Forget a webhook that was received; others are due again and again."""
        self._webhooks.drop(number)

    def complete_action(self, payment_id: str, *, approve: bool = True) -> Payment:
        """Do what the shopper does at `action_url`: approve a payment or refuse to."""

        def change(connection: apsw.Connection) -> Payment:
            stored = self._stored(connection, payment_id)
            if stored is None or stored.payment.state != "action_required":
                raise InvalidError("this payment waits for nobody")
            payment = _with(stored.payment, state="authorised" if approve else "declined", action_url="")
            if not approve:
                payment = _with(payment, decline_code="authentication_failed")
            self._save(connection, stored, payment, "authorised" if approve else "declined")
            return payment

        return self._database.write(change)

    def all_payments(self) -> list[Stored]:
        """Return every payment there ever was, for checks that books balance."""
        return [_STORED.decode(doc) for (doc,) in self._database.reader().execute(sql.ALL_PAYMENTS)]

    # -- inside ----------------------------------------------------------------------------------------------

    def _answer(self, call: str, lost: Lost, change: Callable[[apsw.Connection], Outcome]) -> Payment:
        """Run a change and lose its answer, or the question, the first time if that is what the card does."""

        def lose(connection: apsw.Connection) -> bool:
            connection.execute(sql.LOSE, (call,))
            return connection.changes() > 0

        if lost == "before" and self._database.write(lose):
            raise PaymentUnknownError("the provider did not answer")
        result = self._database.write(change)
        if lost == "after" and self._database.write(lose):
            raise PaymentUnknownError("the provider did not answer")
        if isinstance(result, PaymentDeclinedError):
            raise result
        return result

    def _authorise(self, connection: apsw.Connection, charge: Charge, card: Card) -> Payment:
        known = self._stored(connection, charge.id)
        if known is not None:
            _check_same(known.charge.amount, charge.amount, charge.id)
            return known.payment
        fresh = Payment(id=charge.id, reference=self._ids.new("sbx"), state="authorised", amount=charge.amount)
        stored = Stored(charge=charge, payment=fresh)
        if card.authorise == "declined":
            self._save(connection, stored, _with(fresh, state="declined", decline_code=card.decline_code), "declined")
        elif card.authorise == "pending":
            ready_at = self._clock.now() + timedelta(seconds=PENDING_SECONDS)
            later = Stored(charge=charge, payment=fresh, ready_at=ready_at)
            self._save(connection, later, _with(fresh, state="pending"), "authorised")
        elif card.authorise == "action":
            url = f"{self._bank_url}/{charge.checkout_id}"
            connection.execute(
                sql.PUT_PAYMENT,
                (
                    charge.id,
                    _encode(Stored(charge=charge, payment=_with(fresh, state="action_required", action_url=url))),
                ),
            )
        else:
            self._save(connection, stored, fresh, "authorised")
        saved = self._stored(connection, charge.id)
        return saved.payment if saved is not None else fresh

    def _capture(self, connection: apsw.Connection, charge: Charge, amount: Money, operation_id: str) -> Outcome:
        stored = self._needed(connection, charge)
        if self._repeated(connection, Operation(charge.id, "capture", amount.amount), operation_id):
            return stored.payment
        if stored.payment.state != "authorised":
            raise PaymentRefusedError(f"a payment that is {stored.payment.state} cannot be captured")
        if not 1 <= amount.amount <= stored.payment.amount.amount or amount.currency != stored.payment.amount.currency:
            raise PaymentRefusedError(f"{amount.format()} is not within what was authorised")
        if self._card(charge, stored).capture_declined:
            return self._declined(
                connection, Operation(charge.id, "capture", amount.amount, "expired_card"), operation_id
            )
        connection.execute(sql.PUT_OPERATION, (operation_id, _encode(Operation(charge.id, "capture", amount.amount))))
        payment = _with(stored.payment, state="captured", captured=amount.amount)
        self._save(connection, stored, payment, "captured")
        return payment

    def _refund(self, connection: apsw.Connection, charge: Charge, amount: Money, operation_id: str) -> Outcome:
        stored = self._needed(connection, charge)
        if self._repeated(connection, Operation(charge.id, "refund", amount.amount), operation_id):
            return stored.payment
        left = stored.payment.captured - stored.payment.refunded
        if not 1 <= amount.amount <= left or amount.currency != stored.payment.amount.currency:
            raise PaymentRefusedError(f"{amount.format()} cannot be refunded: {left} minor units are left")
        if self._card(charge, stored).refund_declined:
            return self._declined(
                connection, Operation(charge.id, "refund", amount.amount, "card_closed"), operation_id
            )
        connection.execute(sql.PUT_OPERATION, (operation_id, _encode(Operation(charge.id, "refund", amount.amount))))
        payment = _with(stored.payment, refunded=stored.payment.refunded + amount.amount)
        self._save(connection, stored, payment, "refunded")
        return payment

    def _void(self, connection: apsw.Connection, charge: Charge, operation_id: str) -> Payment:
        stored = self._stored(connection, charge.id)
        if stored is not None and stored.payment.state in {"voided", "declined"}:
            return stored.payment
        if self._repeated(connection, Operation(charge.id, "void", 0), operation_id) and stored is not None:
            return stored.payment
        if stored is not None and stored.payment.state == "captured":
            raise PaymentRefusedError("a captured payment cannot be voided: refund it")
        if stored is None:
            fresh = Payment(id=charge.id, reference=self._ids.new("sbx"), state="voided", amount=charge.amount)
            stored = Stored(charge=charge, payment=fresh)
        connection.execute(sql.PUT_OPERATION, (operation_id, _encode(Operation(charge.id, "void", 0))))
        payment = _with(stored.payment, state="voided", action_url="")
        self._save(connection, Stored(charge=stored.charge, payment=payment), payment, "voided")
        return payment

    def _declined(self, connection: apsw.Connection, operation: Operation, operation_id: str) -> Outcome:
        """Remember a refusal of the bank and return it: raised here, it would take its own memory back."""
        connection.execute(sql.PUT_OPERATION, (operation_id, _encode(operation)))
        return PaymentDeclinedError(operation.declined)

    def _repeated(self, connection: apsw.Connection, operation: Operation, operation_id: str) -> bool:
        row = connection.execute(sql.GET_OPERATION, (operation_id,)).fetchone()
        if row is None:
            return False
        known = _OPERATION.decode(row[0])
        if (known.payment_id, known.kind, known.amount) != (operation.payment_id, operation.kind, operation.amount):
            raise InvalidError(f"operation {operation_id!r} was another one")
        if known.declined:
            raise PaymentDeclinedError(known.declined)
        return True

    def _save(self, connection: apsw.Connection, stored: Stored, payment: Payment, kind: Kind) -> None:
        """Store a payment and queue the webhooks that tell of it, as its card wants them."""
        changed = Stored(charge=stored.charge, payment=payment, ready_at=stored.ready_at)
        connection.execute(sql.PUT_PAYMENT, (stored.charge.id, _encode(changed)))
        waits = payment.state == "pending" and stored.ready_at is not None
        event = PaymentEvent(
            id=self._ids.new("whk"),
            kind=kind,
            payment_id=stored.charge.id,
            order_id=stored.charge.order_id,
            checkout_id=stored.charge.checkout_id,
            occurred_at=stored.ready_at if waits and stored.ready_at is not None else self._clock.now(),
        )
        self._webhooks.add(connection, event, self._card(stored.charge))

    def _stored(self, connection: apsw.Connection, payment_id: str) -> Stored | None:
        row = connection.execute(sql.GET_PAYMENT, (payment_id,)).fetchone()
        if row is None:
            return None
        stored = _STORED.decode(row[0])
        if stored.payment.state == "pending" and stored.ready_at is not None and stored.ready_at <= self._clock.now():
            return Stored(charge=stored.charge, payment=_with(stored.payment, state="authorised"))
        return stored

    def _needed(self, connection: apsw.Connection, charge: Charge) -> Stored:
        stored = self._stored(connection, charge.id)
        if stored is None:
            raise PaymentRefusedError(f"there is no payment {charge.id!r}")
        return stored

    def _card(self, charge: Charge, stored: Stored | None = None) -> Card:
        stored = stored or self._stored(self._database.reader(), charge.id)
        return CARDS.get(stored.charge.method if stored is not None else charge.method, Card())


def _check_same(known: Money, wanted: Money, payment_id: str) -> None:
    if known != wanted:
        raise InvalidError(f"payment {payment_id!r} was over another amount")


def _with(payment: Payment, **changes: object) -> Payment:
    return msgspec.structs.replace(payment, **changes)
