"""Play checkout, staff, webhooks and time against a model of the shop that fits on one page."""

import tempfile
from pathlib import Path

import pytest
from checkout_bench import CheckoutBench, money
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bodega.domain.flows.checkout_request import CheckoutFailedError
from bodega.domain.inventory.model import InsufficientStockError
from bodega.domain.orders.moves import IllegalMoveError, RefundTooLargeError
from bodega.errors import InvalidError
from bodega.ports.payments import PaymentDeclinedError, PaymentUnknownError

STOCK = 12
BUYING = {
    "card_approve": "order",
    "card_timeout_after": "order",
    "card_capture_timeout_after": "order",
    "card_webhooks_reversed": "order",
    "card_webhooks_thrice": "order",
    "card_refund_timeout_after": "order",
    "card_refund_timeout_before": "order",
    "card_decline": "nothing",
    "card_capture_decline": "nothing",
    "card_timeout_before": "unknown",
}


class Sold:
    """What the model knows of an order."""

    def __init__(self, units):
        self.units, self.sent, self.back, self.dropped = units, 0, 0, 0
        self.taken, self.given = units * 1000 + 300, 0
        self.state = "paid"


class ShopMachine(RuleBasedStateMachine):
    sold = Bundle("sold")

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.shop = CheckoutBench(Path(self.folder.name))
        self.shop.stock(mug=STOCK)
        self.free, self.number, self.model = STOCK, 0, {}

    def teardown(self):
        if hasattr(self, "shop"):
            self.settle()
            self.compare()
            self.shop.close()
            self.folder.cleanup()

    def settle(self):
        self.shop.deliver_webhooks()
        self.shop.recover(hours=1)

    # -- shoppers

    @rule(target=sold, units=st.integers(1, 4), method=st.sampled_from(sorted(BUYING)), again=st.booleans())
    def buy(self, units, method, again):
        self.number += 1
        key = f"k{self.number}"
        quote = self.shop.cart(f"cart_{self.number}", mug=units)
        outcome = self.try_to_buy(quote, key, method)
        if again and outcome != "no stock":
            second = self.try_to_buy(quote, key, method)
            assert outcome in (second, "unknown")
            outcome = second
        if units > self.free:
            assert outcome == "no stock"
            return multiple()
        if outcome == "unknown":
            assert BUYING[method] == "unknown"
            self.settle()
            assert self.try_to_buy(quote, key, method) == "nothing"
            return multiple()
        if not isinstance(outcome, str):
            self.free -= units
            self.model[outcome.id] = Sold(units)
            self.settle()  # so that an order whose capture got no answer is paid
            return outcome.id
        assert BUYING[method] == outcome
        return multiple()

    def try_to_buy(self, quote, key, method):
        try:
            return self.shop.buy(quote, key=key, method=method).order
        except InsufficientStockError:
            return "no stock"
        except (PaymentDeclinedError, CheckoutFailedError):
            return "nothing"
        except PaymentUnknownError:
            return "unknown"

    # -- staff

    def act(self, order_id, may, call, effect):
        """Do something and compare: done exactly if the model may, else refused and nothing changed."""
        self.number += 1
        try:
            call(self.shop.plain.returning, f"act{self.number}")
        except (IllegalMoveError, InvalidError, RefundTooLargeError):
            assert not may
            return
        assert may
        effect(self.model[order_id])

    @rule(order_id=sold, units=st.integers(0, 4))
    def send(self, order_id, units):
        order = self.model[order_id]
        may = order.state == "paid" and 1 <= units <= order.units - order.sent - order.dropped

        def effect(known):
            known.sent += units
            if known.sent + known.dropped == known.units:
                known.state = "fulfilled"

        self.act(order_id, may, lambda desk, key: desk.fulfil(order_id=order_id, key=key, units={"mug": units}), effect)

    @rule(order_id=sold)
    def deliver(self, order_id):
        order = self.model[order_id]
        may = order.state in {"fulfilled", "delivered"}

        def effect(known):
            known.state = "delivered"

        self.act(order_id, may, lambda desk, _key: desk.deliver(order_id=order_id), effect)

    @rule(order_id=sold, restock=st.booleans())
    def cancel(self, order_id, restock):
        order = self.model[order_id]
        may = order.state == "paid" and order.sent == 0

        def effect(known):
            self.free += (known.units - known.dropped) if restock else 0
            known.dropped, known.given, known.state = known.units, known.taken, "cancelled"

        self.act(order_id, may, lambda desk, key: desk.cancel(order_id=order_id, key=key, restock=restock), effect)

    @rule(order_id=sold, units=st.integers(0, 4), restock=st.booleans(), amount=st.none() | st.integers(0, 5000))
    def take_back(self, order_id, units, restock, amount):
        order = self.model[order_id]
        may = order.state in {"paid", "fulfilled", "delivered"} and 1 <= units <= order.sent - order.back
        may = may and (amount is None or 1 <= amount <= order.taken - order.given)

        def effect(known):
            known.back += units
            known.given += amount or 0
            self.free += units if restock else 0
            if known.back == known.sent and known.state != "paid":
                known.state = "returned"

        self.act(
            order_id,
            may,
            lambda desk, key: desk.take_back(
                order_id=order_id,
                key=key,
                units={"mug": units},
                restock=restock,
                refund=None if amount is None else money(amount),
            ),
            effect,
        )

    @rule(order_id=sold, amount=st.integers(0, 5000), drop=st.integers(0, 3))
    def refund(self, order_id, amount, drop):
        order = self.model[order_id]
        left = order.units - order.sent - order.dropped if order.state == "paid" else 0
        may = 1 <= amount <= order.taken - order.given and drop <= left

        def effect(known):
            known.given += amount
            known.dropped += drop
            self.free += drop
            if drop and known.sent + known.dropped == known.units:
                known.state = "fulfilled" if known.sent else "cancelled"

        drops = {"mug": drop} if drop else {}
        self.act(
            order_id,
            may,
            lambda desk, key: desk.refund(order_id=order_id, key=key, amount=money(amount), drop=drops),
            effect,
        )

    # -- the world

    @rule(seconds=st.sampled_from([1, 61, 3600]))
    def wait(self, seconds):
        self.shop.clock.advance(seconds)

    @rule()
    def webhooks(self):
        self.shop.deliver_webhooks()

    @rule()
    def work(self):
        self.shop.plain.recovery.work_once()

    @invariant()
    def states_are_as_the_model_has_them(self):
        if hasattr(self, "model"):
            for order_id, known in self.model.items():
                assert self.shop.plain.orders.get(order_id).state == known.state

    def compare(self):
        for order_id, known in self.model.items():
            order = self.shop.plain.orders.get(order_id)
            assert (order.captured, order.refunded) == (money(known.taken), money(known.given))
            assert (order.shipped.get("mug", 0), order.returned.get("mug", 0)) == (known.sent, known.back)
        assert self.shop.level("mug").available == self.free
        taken = sum(s.payment.captured - s.payment.refunded for s in self.shop.sandbox.all_payments())
        assert taken == sum(known.taken - known.given for known in self.model.values())
        assert self.shop.attempts.due(self.shop.clock.now()) == []


def test_the_shop_is_as_its_model():
    run_state_machine_as_test(
        ShopMachine, settings=settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True)
    )


@pytest.mark.slow
def test_long_ten_thousand_steps_of_the_shop_are_as_its_model():
    run_state_machine_as_test(ShopMachine, settings=settings(max_examples=250, stateful_step_count=40, deadline=None))
