"""Check a shop's books against what its shoppers were told: goods, orders and money add up, and nobody was misled."""

import contextlib
from collections import Counter
from datetime import timedelta

import msgspec

from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker.payments import deliver_webhooks


@contextlib.contextmanager
def shop_in(folder, **settings):
    """Open the shop of a folder in this process, at the time it is."""
    shop = open_shop(Settings.for_directory(folder, **settings))
    try:
        yield shop
    finally:
        shop.close()


def for_sale(shop, levels):
    """Sell each SKU at 5.00, so many units of each."""
    for sku in levels:
        variants = [VariantInput(sku=sku, price=Money(500, "GBP"))]
        shop.catalog.products.create(ProductInput(title=f"The {sku}", status="active", variants=variants))
    shop.inventory.set_on_hand(levels)


def check_books(folder, diary, levels):
    """Open the folder an hour later, when every hold is over and everything left behind is due; return its orders."""
    clock = SettableClock(SystemClock().now() + timedelta(hours=1))
    shop = open_shop(Settings.for_directory(folder), clock=clock)
    try:
        settle(shop)
        database = shop.world.table._database
        assert database.reader().execute("PRAGMA integrity_check").get == "ok"
        orders = list(shop.orders.all())
        _check_answers(diary, orders)
        _check_goods(shop, orders, levels)
        _check_money(shop, orders)
        return orders
    finally:
        shop.close()


def settle(shop):
    """Let the worker's duties be done to the end: once they have nothing to do, nothing may be under way."""
    while shop.checkout_recovery.work_once():
        pass
    while shop.world.payment_sandbox.due_webhooks():
        deliver_webhooks(shop)
    while shop.holds.sweep():
        pass


def _check_answers(diary, orders):
    """Every order was wished for, once; who was told of one has it, who was refused has none."""
    assert diary.faults == []
    by_checkout = {order.paid.checkout_id: order for order in orders}
    assert len(by_checkout) == len(orders)
    assert len({order.number for order in orders}) == len(orders)
    wishes = {wish.checkout_id: wish for wish in diary.wishes}
    assert by_checkout.keys() <= wishes.keys()
    for wish in diary.wishes:
        order = by_checkout.get(wish.checkout_id)
        if wish.status == 201:
            told = msgspec.json.decode(wish.answer)
            assert order is not None, f"lost: {told}"
            assert (told["id"], told["total"]["amount"]) == (order.id, order.sums.total.amount)
            assert Counter({line["sku"]: line["quantity"] for line in told["lines"]}) == order.ordered
        elif wish.status is not None:
            assert order is None or order.state == "cancelled", f"{wish.answer} and yet {order}"


def _check_goods(shop, orders, levels):
    sold = Counter()
    for order in orders:
        if order.state != "cancelled":
            sold.update(order.ordered)
    for sku, units in levels.items():
        level = shop.stock.get(sku=sku)
        assert (level.on_hand, level.held, level.sold) == (units - sold[sku], 0, sold[sku]), sku
        assert level.on_hand >= 0


def _check_money(shop, orders):
    """No order without its capture, no capture without its order, and nothing that stays reserved."""
    payments = {stored.charge.id: stored for stored in shop.world.payments.all_payments()}
    for order in orders:
        payment = payments[order.paid.payment_id].payment
        assert not order.owes
        assert (payment.captured, payment.refunded) == (order.captured.amount, order.refunded.amount)
        if order.state != "cancelled":
            assert payment.captured == order.sums.total.amount
    owned = {order.paid.payment_id for order in orders}
    for payment_id, stored in payments.items():
        assert payment_id in owned or stored.payment.state in {"voided", "declined"}, stored
