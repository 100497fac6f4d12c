"""Let a shopper's call and the provider's webhooks take turns in every order there is: one order, one capture."""

import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from checkout_bench import PAYMENT_VERBS, TABLE_VERBS, CheckoutBench, Seam, money

from bodega.domain.flows.checkout_request import CheckoutFailedError, CheckoutRunningError
from bodega.domain.inventory.model import InsufficientStockError
from bodega.errors import UnavailableError
from bodega.ports.payments import PaymentEvent

_WAIT_SECONDS = 20


class Turns:
    """Lets one actor run at a time, up to its next durable call; who goes next is a list of choices.

    Choices beyond the list are made without switching while the last actor can go on. `trace` has, for each choice,
    who was chosen and who could have been.
    """

    def __init__(self, choices):
        self.choices = choices
        self.trace = []
        self._ready = threading.Condition()
        self._waiting = set()
        self._running = None
        self._alive = set()
        self._names = threading.local()

    def pause(self, _verb):
        me = self._names.me
        with self._ready:
            self._waiting.add(me)
            self._running = None
            self._ready.notify_all()
            if not self._ready.wait_for(lambda: self._running == me, _WAIT_SECONDS):
                raise RuntimeError("nobody gave this actor a turn")

    def run(self, actors):
        self._alive = set(actors)
        threads = [threading.Thread(target=self._act, args=item) for item in actors.items()]
        for thread in threads:
            thread.start()
        last = None
        with self._ready:
            while True:
                assert self._ready.wait_for(
                    lambda: self._running is None and self._waiting == self._alive, _WAIT_SECONDS
                )
                if not self._alive:
                    break
                able = sorted(self._waiting)
                place = len(self.trace)
                chosen = self.choices[place] if place < len(self.choices) else last if last in able else able[0]
                self.trace.append((chosen, able, last))
                self._waiting.discard(chosen)
                self._running = last = chosen
                self._ready.notify_all()
        for thread in threads:
            thread.join()

    def _act(self, name, work):
        self._names.me = name
        self.pause("start")
        try:
            work()
        finally:
            with self._ready:
                self._alive.discard(name)
                self._running = None
                self._ready.notify_all()

    def watched(self, port, verbs):
        return Seam(port, verbs, self.pause, lambda _verb: None)


class Watch:
    """Makes durable calls the places where actors can be interrupted, and reads too if asked."""

    def __init__(self, turns, *, reads=False):
        self._turns, self._reads = turns, reads

    def on(self, port, verbs):
        return self._turns.watched(port, verbs | {"get", "batch_get"} if self._reads else verbs - {"find"})


def preemptions(trace):
    """Count how often an actor was interrupted that could have gone on."""
    return sum(last in able and chosen != last for chosen, able, last in trace)


def schedules(run, *, most_preemptions=None):
    """Run every schedule there is, depth first: each run's trace says where it could have gone otherwise."""
    pending = [[]]
    count = 0
    while pending:
        choices = pending.pop()
        trace = run(choices)
        count += 1
        for place in range(len(choices), len(trace)):
            chosen, able, last = trace[place]
            prefix = [step[0] for step in trace[:place]]
            for other in able:
                if other == chosen:
                    continue
                alternative = [*trace[:place], (other, able, last)]
                if most_preemptions is None or preemptions(alternative) <= most_preemptions:
                    pending.append([*prefix, other])
    return count


@pytest.fixture
def bench(tmp_path):
    bench = CheckoutBench(tmp_path)
    yield bench
    bench.close()


def race(bench, webhooks, method="card_approve", *, reads=False):
    """Return a function that runs one schedule of a shopper and so many copies of the webhook, and checks it."""
    numbers = iter(range(10**9))

    def run(choices):
        sku = f"sku-{next(numbers)}"
        bench.stock(**{sku: 2})
        quote = bench.cart(f"cart-{sku}", **{sku: 2})
        request = bench.request(f"key-{sku}", cart_id=quote.cart_id, method=method)
        turns = Turns(choices)
        till = bench.till(Watch(turns, reads=reads))
        receipts = []

        def shopper():
            receipts.append(till.checkout.place(request=request, quote=lambda: quote))

        def webhook():
            attempt = bench.attempts.find(request.checkout_id)
            till.recovery.heard(event_for(request, attempt))

        turns.run({"shopper": shopper} | {f"webhook {n}": webhook for n in range(webhooks)})
        orders = [order for order in bench.plain.orders.list_by_customer("cus_1", limit=3) if sku in order.ordered]
        assert [order.state for order in orders] == ["paid"]
        assert orders[0].captured == money(2300)
        assert [receipt.order.id for receipt in receipts] == [orders[0].id]
        assert receipts[0].order == bench.plain.checkout.place(request=request, quote=lambda: quote).order
        level = bench.level(sku)
        assert (level.on_hand, level.held, level.sold) == (0, 0, 2)
        return turns.trace

    return run


def event_for(request, attempt):
    """Return what the provider would report; before it has heard of the payment, what a forger might."""
    return PaymentEvent(
        id="whk_1",
        kind="authorised",
        payment_id=attempt.payment_id if attempt else "pay_unknown",
        order_id=attempt.order_id if attempt else "ord_unknown",
        checkout_id=request.checkout_id,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_shopper_and_one_webhook_in_every_order_make_one_order_with_one_capture(bench):
    assert schedules(race(bench, 1)) > 30


def test_a_shopper_and_three_copies_of_the_webhook_make_one_order_with_one_capture(bench):
    # With one interruption of somebody who could have gone on; the long form has more.
    assert schedules(race(bench, 3), most_preemptions=1) > 200


def test_a_shopper_and_a_webhook_may_be_interrupted_at_every_read_too(bench):
    assert schedules(race(bench, 1, reads=True), most_preemptions=2) > 30


def race_with_the_worker(bench, seconds, *, reads=False):
    """Return a function that runs one schedule of a shopper and a worker that takes the shopper for dead."""
    numbers = iter(range(10**9))

    def run(choices):
        sku = f"sku-{next(numbers)}"
        bench.stock(**{sku: 2})
        quote = bench.cart(f"cart-{sku}", **{sku: 2})
        turns = Turns(choices)
        till = bench.till(Watch(turns, reads=reads))
        answers = []

        def shopper():
            try:
                answers.append(bench.buy(quote, till, key=f"key-{sku}").order.id)
            except (CheckoutFailedError, InsufficientStockError, UnavailableError):
                # Both may find the hold run out and take the units anew; whoever comes second finds none and undoes.
                answers.append(None)

        def worker():
            bench.clock.advance(seconds)
            till.recovery.work_once()

        turns.run({"shopper": shopper, "worker": worker})
        bench.recover(hours=1)
        orders = [order for order in bench.plain.orders.list_by_customer("cus_1", limit=3) if sku in order.ordered]
        assert [order.id for order in orders] == [order_id for order_id in answers if order_id is not None]
        assert all(order.state == "paid" for order in orders)
        bench.check_books(**{sku: 2})
        return turns.trace

    return run


@pytest.mark.parametrize("seconds", [61, 3600])
def test_a_worker_that_takes_a_slow_shopper_for_dead_finishes_or_undoes_but_never_both(bench, seconds):
    assert schedules(race_with_the_worker(bench, seconds), most_preemptions=2) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [61, 3600])
def test_long_a_worker_and_a_slow_shopper_may_be_interrupted_at_every_read_too(bench, seconds):
    assert schedules(race_with_the_worker(bench, seconds, reads=True), most_preemptions=3) > 100


@pytest.mark.slow
def test_long_a_shopper_and_a_webhook_may_be_interrupted_at_every_read_too(bench):
    assert schedules(race(bench, 1, reads=True), most_preemptions=4) > 100


@pytest.mark.slow
@pytest.mark.parametrize(("webhooks", "most"), [(1, None), (2, None), (3, 3)])
@pytest.mark.parametrize("method", ["card_approve", "card_timeout_after"])
def test_long_every_order_of_a_shopper_and_copies_of_the_webhook(bench, webhooks, most, method):
    assert schedules(race(bench, webhooks, method), most_preemptions=most) > 30


def test_two_calls_with_one_key_in_every_order_make_one_order(bench):
    numbers = iter(range(10**9))

    def run(choices):
        sku = f"sku-{next(numbers)}"
        bench.stock(**{sku: 1})
        quote = bench.cart(f"cart-{sku}", **{sku: 1})
        turns = Turns(choices)
        till = bench.till(Watch(turns))
        receipts = []

        def shopper():
            with suppress(CheckoutRunningError):
                receipts.append(bench.buy(quote, till, key=f"key-{sku}"))

        turns.run({"one": shopper, "two": shopper})
        orders = [order for order in bench.plain.orders.list_by_customer("cus_1", limit=3) if sku in order.ordered]
        assert len(orders) == 1
        assert {receipt.order.id for receipt in receipts} == {orders[0].id}
        return turns.trace

    assert schedules(run) > 5


def test_the_seams_watch_what_the_ports_really_offer(bench):
    for verb in TABLE_VERBS:
        assert callable(getattr(bench.table, verb))
    for verb in PAYMENT_VERBS:
        assert callable(getattr(bench.sandbox, verb))
