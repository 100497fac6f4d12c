"""What every payment provider has to do; over the sandbox, and over Stripe's library with Stripe's shapes behind it."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from zlib import crc32

import pytest
import stripe
from engines import dynamo_client, ministack, retry
from stripe_stand_in import StripeStandIn

from bodega import schema
from bodega.adapters.aws.payments_ledger import TableLedger
from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import create_missing
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.payments import SandboxPayments
from bodega.adapters.local.payments_cards import CARDS
from bodega.adapters.local.payments_ledger import SqliteLedger
from bodega.adapters.local.sqlite import Database
from bodega.adapters.stripe.payments import StripePayments
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds, UlidIds
from bodega.errors import InvalidError
from bodega.ports.payments import (
    Charge,
    PaymentDeclinedError,
    PaymentRefusedError,
    PaymentUnknownError,
    WebhookForgedError,
    WebhookStaleError,
)
from bodega.values.money import Money

SECRET = "whsec_" + "a" * 32
OLD_SECRET = "whsec_" + "b" * 32


@dataclass
class Desk:
    """A provider, the clock, and the words it has for cards that approve, decline and ask the shopper."""

    provider: Any
    clock: SettableClock
    words: dict[str, str]
    behind: Any
    make_webhook: Any

    def charge(self, number=1, card="approve", amount=2300):
        return Charge(
            id=f"pay_{number}",
            amount=gbp(amount),
            method=self.words[card],
            order_id=f"ord_{number}",
            checkout_id=f"chk_{number}",
        )

    def captured(self, amount=2300):
        charge = self.charge()
        self.provider.authorise(charge)
        self.provider.capture(charge, amount=gbp(amount), operation_id="op_capture")
        return charge


def gbp(amount):
    return Money(amount, "GBP")


def open_sandbox(folder):
    with contextlib.closing(Database.open(folder / "payments.sqlite")) as database:
        yield sandbox_desk(folder, SettableClock(), SqliteLedger(database))


def open_sandbox_in_tables(folder):
    """Remember payments in DynamoDB's tables, as machines do that share no disk."""
    clock = SettableClock()
    client = dynamo_client(ministack())
    prefix = f"y{crc32(str(folder).encode()):08x}_"
    tables = (schema.table(schema.SYSTEM),)
    create_missing(client, tables, prefix=prefix)
    table = DynamoTableStore(client, tables, prefix=prefix, clock=clock, random=Random(), retry=retry())
    yield sandbox_desk(folder, clock, TableLedger(table, ids=UlidIds(clock)))
    client.close()


def sandbox_desk(folder, clock, ledger):
    sandbox = SandboxPayments(ledger, keys=LocalKeys(folder / "keys"), clock=clock, ids=SeededIds(3, clock))
    words = {"approve": "card_approve", "decline": "card_decline_funds", "action": "card_action", "none": "4242"}

    def webhook(charge):
        return next((d.body, dict(d.headers)) for d in sandbox.due_webhooks() if charge.id in d.body.decode())

    return Desk(sandbox, clock, words, sandbox, webhook)


def open_stripe(_folder):
    clock = SettableClock()
    behind = StripeStandIn()
    client = stripe.StripeClient("sk_test_1", http_client=behind, max_network_retries=0)
    provider = StripePayments(
        client, webhook_secrets=[OLD_SECRET, SECRET], return_url="https://shop.test/back", clock=clock
    )
    words = {
        "approve": "pm_card_visa",
        "decline": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "action": "pm_card_threeDSecure2Required",
        "none": "tok_nonsense",
    }

    def webhook(charge):
        intent = next(i for i in behind.intents.values() if i["metadata"]["payment_id"] == charge.id)
        return stripe_webhook("payment_intent.amount_capturable_updated", intent, clock)

    yield Desk(provider, clock, words, behind, webhook)


def stripe_webhook(kind, about, clock, secret=SECRET):
    now = int(clock.now().timestamp())
    event = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": now,
        "data": {"object": about},
        "livemode": False,
    }
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=now)
    return body.encode(), {"stripe-signature": header}


SANDBOXES = {"sandbox": open_sandbox, "sandbox-in-tables": open_sandbox_in_tables}


@pytest.fixture(params=[*SANDBOXES.values(), open_stripe], ids=[*SANDBOXES, "stripe"])
def desk(request, tmp_path):
    yield from request.param(tmp_path)


@pytest.fixture(params=SANDBOXES.values(), ids=SANDBOXES)
def sandbox(request, tmp_path):
    yield from request.param(tmp_path)


@pytest.fixture
def through_stripe(tmp_path):
    yield from open_stripe(tmp_path)


# -- every provider ----------------------------------------------------------------------------------------------


def test_authorising_reserves_and_takes_nothing(desk):
    payment = desk.provider.authorise(desk.charge())

    assert (payment.id, payment.state, payment.amount) == ("pay_1", "authorised", gbp(2300))
    assert (payment.captured, payment.refunded) == (0, 0)
    assert payment.reference
    assert desk.provider.find(desk.charge()) == payment


def test_authorising_twice_is_one_payment(desk):
    first = desk.provider.authorise(desk.charge())

    assert desk.provider.authorise(desk.charge()) == first


def test_the_same_charge_over_another_amount_is_refused(desk):
    desk.provider.authorise(desk.charge())

    with pytest.raises(InvalidError):
        desk.provider.authorise(desk.charge(amount=2301))


def test_a_declined_payment_is_an_answer_with_a_reason_and_stays_declined(desk):
    for _ in range(2):
        payment = desk.provider.authorise(desk.charge(card="decline"))
        assert (payment.state, payment.decline_code) == ("declined", "insufficient_funds")

    assert desk.provider.find(desk.charge()).state == "declined"


def test_a_method_that_is_none_is_refused_and_nothing_is_known_of_the_payment(desk):
    with pytest.raises(InvalidError):
        desk.provider.authorise(desk.charge(card="none"))

    assert desk.provider.find(desk.charge()) is None


def test_a_payment_that_needs_the_shopper_says_where_they_have_to_go(desk):
    payment = desk.provider.authorise(desk.charge(card="action"))

    assert payment.state == "action_required"
    assert payment.action_url.startswith("https://")


def test_a_charge_that_nobody_sent_is_not_found(desk):
    assert desk.provider.find(desk.charge()) is None


def test_capturing_takes_up_to_what_was_authorised_once(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)

    for _ in range(2):
        payment = desk.provider.capture(charge, amount=gbp(2000), operation_id="op")
        assert (payment.state, payment.captured) == ("captured", 2000)
    with pytest.raises(PaymentRefusedError):
        desk.provider.capture(charge, amount=gbp(300), operation_id="another")


def test_capturing_more_than_was_authorised_is_refused(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)

    with pytest.raises(PaymentRefusedError):
        desk.provider.capture(charge, amount=gbp(2301), operation_id="op")


def test_capturing_what_nobody_authorised_is_refused(desk):
    with pytest.raises(PaymentRefusedError):
        desk.provider.capture(desk.charge(), amount=gbp(2300), operation_id="op")


def test_voiding_gives_the_reservation_up_however_often(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)

    for operation_id in ("op", "op", "another"):
        assert desk.provider.void(charge, operation_id=operation_id).state == "voided"
    with pytest.raises(PaymentRefusedError):
        desk.provider.capture(charge, amount=gbp(2300), operation_id="late")


def test_a_charge_that_was_voided_before_it_arrived_never_is_authorised(desk):
    desk.provider.void(desk.charge(), operation_id="op")

    assert desk.provider.authorise(desk.charge()).state == "voided"


def test_voiding_what_was_captured_is_refused(desk):
    charge = desk.captured()

    with pytest.raises(PaymentRefusedError):
        desk.provider.void(charge, operation_id="op")


def test_refunds_add_up_and_never_exceed_what_was_captured(desk):
    charge = desk.captured(2000)

    desk.provider.refund(charge, amount=gbp(1500), operation_id="one")
    desk.provider.refund(charge, amount=gbp(1500), operation_id="one")
    with pytest.raises(PaymentRefusedError):
        desk.provider.refund(charge, amount=gbp(501), operation_id="two")
    payment = desk.provider.refund(charge, amount=gbp(500), operation_id="three")

    assert (payment.state, payment.captured, payment.refunded) == ("captured", 2000, 2000)


def test_an_operation_s_id_belongs_to_one_amount(desk):
    charge = desk.captured()
    desk.provider.refund(charge, amount=gbp(100), operation_id="one")

    with pytest.raises(InvalidError):
        desk.provider.refund(charge, amount=gbp(200), operation_id="one")


def test_a_webhook_says_which_payment_to_look_at(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)
    body, headers = desk.make_webhook(charge)

    event = desk.provider.parse_webhook(body, headers)

    assert (event.kind, event.payment_id, event.order_id, event.checkout_id) == (
        "authorised",
        "pay_1",
        "ord_1",
        "chk_1",
    )


def test_a_webhook_that_was_changed_is_not_believed(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)
    body, headers = desk.make_webhook(charge)

    for other in (body.replace(b"ord_1", b"ord_2"), b"", b"\xff\xfe", body + b" ", b"x" * 10**6):
        with pytest.raises(WebhookForgedError):
            desk.provider.parse_webhook(other, headers)


def test_a_webhook_without_a_readable_signature_is_not_believed(desk):
    charge = desk.charge()
    desk.provider.authorise(charge)
    body, headers = desk.make_webhook(charge)
    name = next(iter(headers))

    for header in ("", "t=,v1=", "t=x,v1=00", "v1=00", "t=1,v1=zz", "t=1", "\u00e9", "t=1=2,v1=0=1", "," * 9999):
        with pytest.raises(WebhookForgedError):
            desk.provider.parse_webhook(body, {name: header})
    with pytest.raises(WebhookForgedError):
        desk.provider.parse_webhook(body, {})


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_webhook_that_is_old_or_from_the_future_is_stale(desk, seconds):
    charge = desk.charge()
    desk.provider.authorise(charge)
    body, headers = desk.make_webhook(charge)
    desk.clock.advance(seconds)

    with pytest.raises(WebhookStaleError):
        desk.provider.parse_webhook(body, headers)


# -- the sandbox -------------------------------------------------------------------------------------------------


def test_the_sandbox_authorises_once_however_many_ask_at_once(sandbox):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(sandbox.provider.authorise(sandbox.charge()))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 20
    assert len({payment.reference for payment in found}) == 1
    assert len(sandbox.behind.all_payments()) == 1


def sandbox_charge(sandbox, card):
    sandbox.words["this"] = card
    return sandbox.charge(card="this")


def test_a_call_lost_before_it_arrived_changed_nothing(sandbox):
    charge = sandbox_charge(sandbox, "card_timeout_before")
    with pytest.raises(PaymentUnknownError):
        sandbox.provider.authorise(charge)

    assert sandbox.provider.find(charge) is None
    assert sandbox.provider.authorise(charge).state == "authorised"


def test_a_call_whose_answer_was_lost_had_its_effect(sandbox):
    charge = sandbox_charge(sandbox, "card_timeout_after")
    with pytest.raises(PaymentUnknownError):
        sandbox.provider.authorise(charge)

    assert sandbox.provider.find(charge).state == "authorised"


def test_a_declined_operation_stays_declined_when_repeated(sandbox):
    charge = sandbox_charge(sandbox, "card_capture_decline")
    sandbox.provider.authorise(charge)

    for _ in range(2):
        with pytest.raises(PaymentDeclinedError):
            sandbox.provider.capture(charge, amount=gbp(2300), operation_id="op")
    assert sandbox.provider.find(charge).state == "authorised"


def test_a_pending_payment_is_authorised_when_its_time_has_come(sandbox):
    charge = sandbox_charge(sandbox, "card_pending")
    assert sandbox.provider.authorise(charge).state == "pending"
    assert sandbox.behind.due_webhooks() == []

    sandbox.clock.advance(31)

    assert sandbox.provider.find(charge).state == "authorised"
    assert len(sandbox.behind.due_webhooks()) == 1


def test_webhooks_come_as_often_as_their_card_says_and_until_they_are_dropped(sandbox):
    sandbox.provider.authorise(sandbox_charge(sandbox, "card_webhooks_thrice"))

    for _ in range(2):
        due = sandbox.behind.due_webhooks()
        assert len(due) == 3
        assert len({delivery.body for delivery in due}) == 1
    for delivery in due:
        sandbox.behind.drop_webhook(delivery.id)
    assert sandbox.behind.due_webhooks() == []


def test_reversed_webhooks_tell_the_end_first(sandbox):
    charge = sandbox_charge(sandbox, "card_webhooks_reversed")
    sandbox.provider.authorise(charge)
    sandbox.provider.capture(charge, amount=gbp(2300), operation_id="c")
    sandbox.provider.refund(charge, amount=gbp(1), operation_id="r")
    sandbox.clock.advance(timedelta(hours=1).total_seconds())

    kinds = [sandbox.provider.parse_webhook(d.body, d.headers).kind for d in sandbox.behind.due_webhooks()]

    assert kinds == ["refunded", "refunded", "captured", "captured", "authorised", "authorised"]


def test_payments_outlive_their_process(tmp_path):
    with contextlib.closing(open_sandbox(tmp_path)) as opened:
        next(opened).captured()

    with contextlib.closing(open_sandbox(tmp_path)) as opened:
        desk = next(opened)
        assert desk.provider.find(desk.charge()).captured == 2300
        assert len(desk.behind.due_webhooks()) == 2


def test_one_capture_asked_for_on_many_machines_at_once_is_one(sandbox):
    charge = sandbox.charge()
    sandbox.provider.authorise(charge)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(sandbox.provider.capture, charge, amount=gbp(2300), operation_id="op") for _ in range(8)]

    assert [one.result().captured for one in asked] == [2300] * 8
    assert len(sandbox.behind.due_webhooks()) == 2


def test_every_card_is_documented_by_name_and_authorises_without_a_crash(sandbox):
    for number, card in enumerate(CARDS):
        sandbox.words["this"] = card
        try:
            payment = sandbox.provider.authorise(sandbox.charge(number, card="this"))
        except PaymentUnknownError:
            continue
        assert payment.state in {"authorised", "declined", "pending", "action_required"}


# -- Stripe ------------------------------------------------------------------------------------------------------


def test_stripe_is_told_what_the_payment_belongs_to_and_to_wait_with_the_money(through_stripe):
    through_stripe.provider.authorise(through_stripe.charge())

    method, path, sent, key = through_stripe.behind.calls[0]
    assert (method.lower(), path, key) == ("post", "/v1/payment_intents", "pay_1_create")
    assert sent["capture_method"] == "manual"
    assert (sent["amount"], sent["currency"]) == ("2300", "gbp")
    assert sent["metadata[checkout_id]"] == "chk_1"


@pytest.mark.parametrize("path", ["/payment_intents", "/confirm"])
@pytest.mark.parametrize("answer", [True, False])
def test_a_lost_call_to_stripe_is_unknown_and_can_be_repeated(through_stripe, path, answer):
    through_stripe.behind.lose_next(path, answer=answer)
    with pytest.raises(PaymentUnknownError):
        through_stripe.provider.authorise(through_stripe.charge())

    assert through_stripe.provider.authorise(through_stripe.charge()).state == "authorised"
    assert len(through_stripe.behind.intents) == 1


def test_a_replayed_answer_of_stripe_is_not_taken_for_how_things_are_now(through_stripe):
    charge = through_stripe.captured()

    assert through_stripe.provider.authorise(charge).state == "captured"


def test_a_shopper_who_approved_at_their_bank_is_found_authorised(through_stripe):
    payment = through_stripe.provider.authorise(through_stripe.charge(card="action"))
    through_stripe.behind.approve(payment.reference)

    assert through_stripe.provider.find(through_stripe.charge()).state == "authorised"


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("payment_intent.succeeded", "captured"),
        ("payment_intent.canceled", "voided"),
        ("payment_intent.payment_failed", "declined"),
        ("charge.refunded", "refunded"),
        ("customer.created", "other"),
    ],
)
def test_stripe_s_events_have_our_names(through_stripe, kind, ours):
    about = {"id": "ch_1", "object": "charge", "metadata": {"payment_id": "pay_1"}}
    event = through_stripe.provider.parse_webhook(*stripe_webhook(kind, about, through_stripe.clock))

    assert event.kind == ours


@pytest.mark.parametrize("about", [{}, {"metadata": None}, {"metadata": {}}])
def test_an_event_about_somebody_else_s_payment_is_other(through_stripe, about):
    event = through_stripe.provider.parse_webhook(*stripe_webhook("charge.refunded", about, through_stripe.clock))

    assert (event.kind, event.payment_id) == ("other", "")


def test_a_webhook_signed_with_the_secret_that_is_being_replaced_is_believed(through_stripe):
    body, headers = stripe_webhook("charge.refunded", {}, through_stripe.clock, OLD_SECRET)

    assert through_stripe.provider.parse_webhook(body, headers).id == "evt_1"


@pytest.mark.parametrize(("currency", "amount", "sent"), [("ISK", 5, "500"), ("JPY", 5, "5"), ("KWD", 1230, "1230")])
def test_amounts_are_counted_as_stripe_counts_them(through_stripe, currency, amount, sent):
    charge = Charge(id="pay_9", amount=Money(amount, currency), method="pm_card_visa", order_id="o", checkout_id="c")

    payment = through_stripe.provider.authorise(charge)

    assert through_stripe.behind.calls[0][2]["amount"] == sent
    assert payment.amount == charge.amount


def test_an_amount_that_stripe_cannot_count_is_refused(through_stripe):
    charge = Charge(id="pay_9", amount=Money(1234, "KWD"), method="pm_card_visa", order_id="o", checkout_id="c")

    with pytest.raises(InvalidError):
        through_stripe.provider.authorise(charge)
