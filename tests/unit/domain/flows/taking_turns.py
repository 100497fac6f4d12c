"""Let actors take turns in every order there is: who may be interrupted where, and what need not be tried again."""

import itertools
import re
import threading
from datetime import UTC, datetime
from hashlib import blake2b

from checkout_bench import Seam, money

from bodega import schema
from bodega.domain.flows.checkout_attempts import Attempts
from bodega.domain.inventory.model import MAIN
from bodega.domain.inventory.records import Place, pile_key
from bodega.ports.payments import PaymentEvent
from bodega.ports.table import Key

_WAIT_SECONDS = 120
_numbers = itertools.count()  # every run has a product and a cart of its own, whoever else uses the bench


class Turns:
    """Lets one actor run at a time, up to its next durable call; who goes next is a list of choices.

    Choices beyond the list are made without switching while the last actor can go on. `trace` has, for each choice,
    who was chosen and who could have been. With a function `state` of what each actor did and was told so far, `states`
    has what it returned at each choice.
    """

    def __init__(self, choices, *, state=None):
        self.choices = choices
        self.trace = []
        self.states = []
        self.told = {}
        self._state = state
        self._ready = threading.Condition()
        self._waiting = set()
        self._running = None
        self._alive = set()
        self._names = threading.local()

    def pause(self, verb):
        me = self._names.me
        self.told[me].append(verb)
        with self._ready:
            self._waiting.add(me)
            self._running = None
            self._ready.notify_all()
            if not self._ready.wait_for(lambda: self._running == me, _WAIT_SECONDS):
                raise RuntimeError("nobody gave this actor a turn")

    def run(self, actors):
        self._alive = set(actors)
        self.told = {name: [] for name in actors}
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
                if self._state is not None:
                    self.states.append(self._state(self.told))
                    able = self._different(able, chosen)
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
        return (
            Seam(port, verbs, self.pause, lambda _verb: None) if self._state is None else Listening(self, port, verbs)
        )

    def _different(self, able, chosen):
        """Leave out actors who would do the same as another: copies that were told the same so far."""
        kinds = {}
        for name in [chosen, *able]:
            kinds.setdefault((name.split()[0], *self.told[name]), name)
        return sorted(kinds.values())

    def hear(self, *what):
        """Note what an actor asked and was told: what it does next follows from that alone."""
        self.told[self._names.me].append(repr(what))


class Listening:
    """Stands before a port like a Seam, and notes every call with its result, those that nobody interrupts too."""

    def __init__(self, turns, port, verbs):
        self._turns, self._port, self._verbs = turns, port, verbs

    def __getattr__(self, name):
        verb = getattr(self._port, name)
        if not callable(verb):
            return verb

        def heard(*args, **kwargs):
            if name in self._verbs:
                self._turns.pause(name)
            try:
                result = verb(*args, **kwargs)
            except Exception as exc:
                self._turns.hear(name, args, kwargs, exc)
                raise
            self._turns.hear(name, args, kwargs, result)
            return result

        return heard


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
    """Run every schedule there is, depth first: each run's trace says where it could have gone otherwise.

    Where runs tell the states they came through, one that was met before is not gone on from again. Nothing is missed:
    how everything can go on from there was, or will be, tried from the first visit.
    """
    pending = [[]]
    visited = set()
    count = 0
    while pending:
        choices = pending.pop()
        trace, states = run(choices)
        count += 1
        for place in range(len(choices), len(trace)):
            if states:
                if states[place] in visited:
                    break
                visited.add(states[place])
            chosen, able, last = trace[place]
            prefix = [step[0] for step in trace[:place]]
            for other in able:
                if other == chosen:
                    continue
                alternative = [*trace[:place], (other, able, last)]
                if most_preemptions is None or preemptions(alternative) <= most_preemptions:
                    pending.append([*prefix, other])
    return count


class Unsealed:
    """Keys, and contacts, that are always the same bytes, so that states can be compared. Nothing is hidden."""

    def seal(self, *_what, **_context):
        return b"sealed"

    def sign(self, _purpose, _message):
        return b"signed"


_IDS = re.compile(r"[0-9A-Z]{26}")
_NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
_SHARD = re.compile(r"(?<=[a-z]\.)\d+|(?<=expiry\\x1f)\d+")


def in_common(text, sku):
    """Return a text of one run as it would be in any other: without names, numbers, shards and ids drawn by chance."""
    known = {}
    plain = _SHARD.sub("", _NUMBER.sub("", re.sub(sku, "SKU", text, flags=re.IGNORECASE)))
    return _IDS.sub(lambda found: f"id{known.setdefault(found[0], len(known))}", plain)


def stored(bench, request, sku):
    """Return everything in the tables and at the provider that concerns one checkout."""
    table, attempt = bench.table, bench.attempts.find(request.checkout_id)
    found = [
        attempt,
        table.get(schema.INVENTORY, pile_key(Place(sku, MAIN))),
        table.get(schema.CARTS, Key(request.cart_id, "cart")),
    ]
    if attempt is not None:
        found += [
            bench.plain.orders.find(attempt.order_id),
            table.query(schema.ORDER_HISTORY, attempt.order_id).items,
            bench.sandbox.find(attempt.charge),
            bench.plain.holds.find(hold_id=attempt.hold_id) if attempt.hold_id else None,
        ]
    return repr(found)


def race(bench, webhooks, method="card_approve", *, reads=False, states=None):
    """Return a function that runs one schedule of a shopper and so many copies of the webhook, and checks it.

    With a set of `states` it tells which it came through, and adds them to the set.
    """
    if states is not None:
        bench.keys = bench.contacts = Unsealed()
        bench.plain = bench.till()

    def run(choices):
        sku = f"sku-{next(_numbers):08}"
        bench.stock(**{sku: 2})
        quote = bench.cart(f"cart-{sku}", **{sku: 2})
        request = bench.request(f"key-{sku}", cart_id=quote.cart_id, method=method)

        def state(told):
            # Copies of a webhook are alike: which of them got how far makes no difference.
            copies = sorted(
                ("".join(told[name]) for name in told if name != "shopper"), key=lambda c: in_common(c, sku)
            )
            text = "|".join([stored(bench, request, sku), "".join(told["shopper"]), *copies])
            return blake2b(in_common(text, sku).encode()).digest()

        turns = Turns(choices, state=state if states is not None else None)
        till = bench.till(Watch(turns, reads=reads))
        receipts = []

        def shopper():
            receipts.append(till.checkout.place(request=request, quote=lambda: quote))

        def webhook():
            attempt = Attempts(table=till.table).find(request.checkout_id)
            till.recovery.heard(event_for(request, attempt))

        turns.run({"shopper": shopper} | {f"webhook {n}": webhook for n in range(webhooks)})
        orders = [order for order in bench.plain.orders.list_by_customer("cus_1", limit=3) if sku in order.ordered]
        assert [order.state for order in orders] == ["paid"]
        assert orders[0].captured == money(2300)
        assert [receipt.order.id for receipt in receipts] == [orders[0].id]
        assert receipts[0].order == bench.plain.checkout.place(request=request, quote=lambda: quote).order
        level = bench.level(sku)
        assert (level.on_hand, level.held, level.sold) == (0, 0, 2)
        if states is not None:
            states.update(turns.states)
        return turns.trace, turns.states

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
