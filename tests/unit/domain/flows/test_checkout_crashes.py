"""Kill a checkout before and after every durable call, and see that it is finished or undone, once."""

import contextlib
from datetime import timedelta

import pytest
from checkout_bench import CheckoutBench, Crasher, Killed, Seam

from bodega.adapters.local.payments import SandboxPayments
from bodega.domain.flows import checkout, checkout_reserving
from bodega.domain.flows.checkout_request import CheckoutRunningError
from bodega.domain.inventory import held_units, holds, placing
from bodega.errors import ConflictError, ShopError, UnavailableError

SHORT = ["card_approve", "card_timeout_after", "card_decline", "card_capture_decline", "card_action"]
LONG = [
    *SHORT,
    "card_timeout_before",
    "card_capture_timeout_before",
    "card_capture_timeout_after",
    "card_pending",
    "card_webhooks_thrice",
    "card_webhooks_reversed",
]
MANY_MOMENTS = 60  # more than any checkout has


class Story:
    """One checkout of its own SKUs, with its own cart and key, on a bench that many stories share."""

    def __init__(self, bench, name, method):
        self.bench, self.sku, self.method = bench, f"sku-{name}", method
        self.skus = [self.sku, *(f"{self.sku}-{n}" for n in range(bench.more_lines))]
        bench.stock(**dict.fromkeys(self.skus, 5))
        self.quote = bench.cart(f"cart-{name}", **dict.fromkeys(self.skus, 2))
        self.request = bench.request(f"key-{name}", cart_id=self.quote.cart_id, method=method)

    def shop(self, till):
        """Do what a shopper does: check out, go to the bank if asked to, and look again."""
        receipt = till.checkout.place(request=self.request, quote=lambda: self.quote)
        if receipt.order is None and receipt.action_url:
            with contextlib.suppress(ShopError):
                self.bench.sandbox.complete_action(till.checkout.status(receipt.checkout_id).payment_id)
            receipt = till.checkout.place(request=self.request, quote=lambda: self.quote)
        return receipt

    def crash_at(self, moment):
        """Shop until killed at a moment; False if it was over before."""
        try:
            self.shop(self.bench.till(Crasher(moment)))
        except Killed:
            return True
        except ShopError:
            return False
        return False

    def answer(self):
        """Return what the shopper is told now, as something that can be compared."""
        try:
            return self.shop(self.bench.plain)
        except CheckoutRunningError:
            raise
        except ConflictError as exc:
            return (type(exc), exc.code, exc.message)

    def check(self):
        orders = [order for order in self.bench.all_orders() if self.sku in order.ordered]
        assert len(orders) <= 1
        self.bench.check_books(**dict.fromkeys(self.skus, 5))
        standing = [order for order in orders if order.state != "cancelled"]
        assert all(order.state == "paid" and order.captured == self.quote.total for order in standing)
        return standing


@pytest.fixture
def bench(tmp_path):
    bench = CheckoutBench(tmp_path)
    bench.more_lines = 0
    yield bench
    bench.close()


@pytest.fixture
def narrow(bench, monkeypatch):
    """A bench on which no order fits into a transaction: three lines, where there is room for one."""
    monkeypatch.setattr(checkout, "_WRITES_OF_STOCK", 2)
    monkeypatch.setattr(placing, "PART", 1)
    monkeypatch.setattr(holds, "PART", 1)
    monkeypatch.setattr(held_units, "PART", 1)
    monkeypatch.setattr(checkout_reserving, "FIT_TOGETHER", 1)
    bench.more_lines = 2
    return bench


class KilledAfter:
    """Kills when a call of that name was answered."""

    def __init__(self, verb):
        self.verb = verb

    def on(self, port, verbs):
        return Seam(port, verbs, lambda _name: None, self.after)

    def after(self, name):
        if name == self.verb:
            raise Killed


def moments(bench, method):
    """Yield a story killed at each moment that there is."""
    for moment in range(1, MANY_MOMENTS):
        story = Story(bench, f"{method}-{moment}", method)
        if not story.crash_at(moment):
            return
        yield story
    pytest.fail("a checkout has more moments than were thought of")


def crash_and_leave(bench, method):
    stories = list(moments(bench, method))

    bench.recover()

    return [bool(story.check()) for story in stories]


def crash_and_come_back(bench, method):
    for story in moments(bench, method):
        bench.clock.advance(61)
        with contextlib.suppress(UnavailableError):
            story.answer()

        bench.recover(hours=1)

        first = story.answer()
        assert story.answer() == first
        story.check()


def crash_and_hear_of_it(bench, method):
    for story in moments(bench, method):
        bench.deliver_webhooks()

        bench.recover(hours=1)

        bench.deliver_webhooks()
        story.check()


def crash_the_recovery_too(bench, method):
    """Kill at every moment, and kill the recovery at every moment of its own as well."""
    for moment in range(1, MANY_MOMENTS):
        for second in range(1, MANY_MOMENTS):
            story = Story(bench, f"{method}-{moment}-{second}", method)
            if not story.crash_at(moment):
                return
            bench.clock.advance(61)
            killed = False
            try:
                bench.till(Crasher(second)).recovery.work_once()
            except Killed:
                killed = True
            bench.recover(hours=1)
            story.check()
            if not killed:
                break


def test_a_checkout_that_is_killed_and_left_is_finished_or_undone(bench):
    finished = crash_and_leave(bench, "card_approve")

    # What was killed before the money was reserved is undone, everything after it is finished.
    assert finished == sorted(finished)
    assert not finished[0]
    assert finished[-1]


@pytest.mark.parametrize(("seconds_a_call", "seconds"), [(0, 10), (120, 130)])
def test_a_checkout_that_was_killed_is_left_alone_until_its_provider_must_have_answered(
    bench, monkeypatch, seconds_a_call, seconds
):
    monkeypatch.setattr(SandboxPayments, "longest_call", timedelta(seconds=seconds_a_call))
    story = Story(bench, "slow", "card_approve")
    with pytest.raises(Killed):
        story.shop(bench.till(KilledAfter("authorise")))

    bench.clock.advance(seconds - 1)
    bench.plain.recovery.work_once()
    with pytest.raises(CheckoutRunningError):
        story.answer()
    bench.clock.advance(2)
    bench.plain.recovery.work_once()

    assert story.answer().order.state == "paid"


@pytest.mark.parametrize("method", ["card_approve", "card_capture_decline"])
def test_a_checkout_of_more_lines_than_fit_together_is_finished_or_undone(narrow, method):
    assert crash_and_leave(narrow, method)


def test_a_shopper_with_more_lines_than_fit_together_gets_one_answer(narrow):
    crash_and_come_back(narrow, "card_approve")


@pytest.mark.parametrize("method", SHORT[1:])
def test_a_checkout_with_any_card_that_is_killed_and_left_is_finished_or_undone(bench, method):
    assert crash_and_leave(bench, method)


@pytest.mark.parametrize("method", SHORT)
def test_a_shopper_who_comes_back_after_a_crash_gets_one_answer(bench, method):
    crash_and_come_back(bench, method)


@pytest.mark.parametrize("method", ["card_approve", "card_action"])
def test_webhooks_that_come_after_a_crash_make_no_second_order(bench, method):
    crash_and_hear_of_it(bench, method)


def test_a_shopper_at_their_bank_keeps_their_time_when_our_side_was_killed_meanwhile(bench):
    asked = 0
    for moment in range(1, MANY_MOMENTS):
        story = Story(bench, f"bank-{moment}", "card_action")
        with contextlib.suppress(Killed):
            bench.buy(story.quote, bench.till(Crasher(moment)), key=story.request.key, method="card_action")
        attempt = bench.attempts.find(story.request.checkout_id)
        payment = bench.sandbox.find(attempt.charge) if attempt is not None else None
        if payment is None:
            continue
        bench.clock.advance(61)
        bench.plain.recovery.work_once()

        bench.sandbox.complete_action(attempt.payment_id)
        bench.deliver_webhooks()

        asked += 1
        assert story.check()
        if attempt.lease_until <= attempt.started_at:
            break
    assert asked > 1


@pytest.mark.slow
@pytest.mark.parametrize("method", LONG)
@pytest.mark.parametrize("then", [crash_and_leave, crash_and_come_back, crash_and_hear_of_it, crash_the_recovery_too])
def test_long_any_card_any_moment_any_aftermath(bench, method, then):
    then(bench, method)
