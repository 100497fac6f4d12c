"""A shop that can sell: real table, stock and sandbox, on files that outlive a crash; and ways to crash it."""

import contextlib
import threading
from dataclasses import dataclass

from bodega import schema
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.payments import SandboxPayments
from bodega.adapters.local.payments_ledger import SqliteLedger
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds, UlidIds
from bodega.domain.accounts.vault import Vault
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.service import Carts as StoredCarts
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_attempts import Attempts
from bodega.domain.flows.checkout_recovery import CheckoutRecovery
from bodega.domain.flows.checkout_request import Address, CheckoutRequest, Contact
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.returning import Returning
from bodega.domain.flows.settling import Settling
from bodega.domain.flows.unselling import Unselling
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.orders.service import Orders
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError
from bodega.ports.table import Equals, Key, Put, Update
from bodega.values.money import Money
from bodega.values.quote import Quote, QuoteLine

CONTACT = Contact(
    email="ada@example.com",
    shipping=Address(name="Ada", line1="1 Mill Lane", city="Bath", country="GB"),
)


class Killed(BaseException):
    """The process died here: nobody may catch it."""


class CartSoldError(ConflictError):
    code = "cart_sold"

    def __init__(self):
        super().__init__("this cart was sold already")


class Carts:
    """What checkout needs of carts: one is sold once."""

    def __init__(self, table):
        self._table = table

    def open(self, cart_id):
        self._table.transact([Put(schema.CARTS, {"cart_id": cart_id, "part": "cart", "state": "open"})])

    def order_of(self, cart_id):
        return self._table.get(schema.CARTS, Key(cart_id, "cart")).get("order_id")

    def add_order(self, *, plan, quote, order_id, customer_id):  # noqa: ARG002  # as the flow calls it
        sold = Update(
            schema.CARTS,
            Key(quote.cart_id, "cart"),
            set={"state": "sold", "order_id": order_id},
            condition=Equals("state", "open"),
        )
        plan.add(sold, otherwise=lambda _: CartSoldError())


class Seam:
    """Stands before a port and calls `before` and `after` around its durable verbs; all else goes straight through."""

    def __init__(self, port, verbs, before, after):
        self._port, self._verbs, self._before, self._after = port, verbs, before, after

    def __getattr__(self, name):
        verb = getattr(self._port, name)
        if name not in self._verbs:
            return verb

        def watched(*args, **kwargs):
            self._before(name)
            result = verb(*args, **kwargs)
            self._after(name)
            return result

        return watched


TABLE_VERBS = frozenset({"transact"})
PAYMENT_VERBS = frozenset({"authorise", "find", "capture", "void", "refund"})


class Crasher:
    """Kills at the n-th moment: before or after any durable call. Moments are counted over all ports together."""

    def __init__(self, at=None):
        self.at, self.moment = at, 0

    def tick(self, _name):
        self.moment += 1
        if self.moment == self.at:
            raise Killed

    def on(self, port, verbs):
        return Seam(port, verbs, self.tick, self.tick)


@dataclass
class Till:
    """Services over one table and one provider, maybe watched."""

    table: object
    payments: object
    contacts: Contacts
    keys: LocalKeys
    clock: SettableClock
    ids: object

    def __post_init__(self):
        self.orders = Orders(table=self.table)
        self.holds = Holds(table=self.table, clock=self.clock, ids=self.ids)
        self.unselling = Unselling(
            carts=StoredCarts(table=self.table, clock=self.clock, ids=self.ids),
            coupons=Coupons(table=self.table, clock=self.clock, currency="GBP"),
        )
        self.settling = Settling(
            table=self.table,
            orders=self.orders,
            payments=self.payments,
            unselling=self.unselling,
            clock=self.clock,
        )
        self.checkout = Checkout(
            table=self.table,
            orders=self.orders,
            holds=self.holds,
            payments=self.payments,
            source=Carts(self.table),
            settling=self.settling,
            contacts=self.contacts,
            keys=self.keys,
            clock=self.clock,
            ids=self.ids,
        )
        self.recovery = CheckoutRecovery(
            table=self.table,
            checkout=self.checkout,
            orders=self.orders,
            settling=self.settling,
            payments=self.payments,
            clock=self.clock,
        )
        self.returning = Returning(
            table=self.table,
            orders=self.orders,
            settling=self.settling,
            unselling=self.unselling,
            clock=self.clock,
        )
        self.stock = Stock(table=self.table, clock=self.clock, ids=self.ids)


class CheckoutBench:
    """A folder with a shop in it. `till()` opens services; watched ones share the files with unwatched ones.

    What is not the shop's own, the keys and the provider's records, may lie `elsewhere`, where it outlives the folder.
    """

    def __init__(self, folder, *, seed=7, clock=None, elsewhere=None):
        self.clock = clock or SettableClock()
        self.ids = SeededIds(seed, self.clock) if seed is not None else UlidIds(self.clock)
        self._opened = contextlib.ExitStack()
        self.database = self._open(folder / "shop.sqlite")
        self.keys = LocalKeys((elsewhere or folder) / "keys")
        self.table = SqliteTableStore(self.database, schema.TABLES, clock=self.clock)
        provider = self._open(elsewhere / "provider.sqlite") if elsewhere else self.database
        self.sandbox = SandboxPayments(SqliteLedger(provider), keys=self.keys, clock=self.clock, ids=self.ids)
        self.carts = Carts(self.table)
        self.attempts = Attempts(table=self.table)
        self.contacts = self._contacts()
        self.plain = self.till()

    def _open(self, path):
        return self._opened.enter_context(contextlib.closing(Database.open(path)))

    def _contacts(self):
        """Seal contacts as in a shop in which "cus_1" has an account."""
        vault = Vault(table=self.table, keys=self.keys)
        plan = WritePlan()
        vault.add_owner(plan=plan, owner="cus_1")
        with contextlib.suppress(ConflictError):  # the folder is one that was there before
            plan.commit(self.table)
        return Contacts(keys=self.keys, vault=vault)

    def till(self, watch=None):
        table = watch.on(self.table, TABLE_VERBS) if watch else self.table
        payments = watch.on(self.sandbox, PAYMENT_VERBS) if watch else self.sandbox
        return Till(table, payments, self.contacts, self.keys, self.clock, self.ids)

    def stock(self, **levels):
        Inventory(table=self.table, clock=self.clock).set_on_hand(levels)

    def cart(self, cart_id="cart_1", **units):
        """Open a cart of SKUs at 10.00 each, with 3.00 shipping, and return what it comes to."""
        self.carts.open(cart_id)
        lines = tuple(QuoteLine(sku, f"prod_{sku}", sku.title(), n, money(1000)) for sku, n in units.items())
        goods = sum(line.quantity * 1000 for line in lines)
        return Quote(
            cart_id=cart_id,
            cart_version=1,
            price_version="p1",
            lines=lines,
            shipping=money(300),
            tax=money(0),
            discount=money(0),
            total=money(goods + 300),
        )

    def request(self, key="key-1", *, method="card_approve", cart_id="cart_1", scope="cus_1", **changes):
        return CheckoutRequest(
            scope=scope,
            key=key,
            cart_id=cart_id,
            price_version="p1",
            contact=CONTACT,
            method=method,
            customer_id="cus_1",
            **changes,
        )

    def buy(self, quote, till=None, **request):
        asked = self.request(cart_id=quote.cart_id, **request)
        return (till or self.plain).checkout.place(request=asked, quote=lambda: quote)

    def deliver_webhooks(self, till=None):
        """Deliver what is due, as a real provider does: through signature and parsing, until nothing is left."""
        till = till or self.plain
        while due := self.sandbox.due_webhooks():
            for delivery in due:
                till.recovery.heard(self.sandbox.parse_webhook(delivery.body, delivery.headers))
                self.sandbox.drop_webhook(delivery.id)

    def recover(self, *, hours=2):
        """Let time pass and the worker work, minute by minute at first, until it has nothing left to do."""
        for minute in (2, 5, 10, 20, 40, *(60 * hour for hour in range(1, hours))):
            self.clock.advance(minute * 60)
            self.plain.recovery.work_once()
            self.plain.holds.sweep()

    def all_orders(self):
        return list(self.plain.orders.all())

    def level(self, sku):
        return self.plain.stock.get(sku=sku)

    def check_books(self, **started_with):
        """Goods and money add up, whatever happened: call when nothing is under way any more."""
        orders = {order.id: order for order in self.all_orders()}
        for sku, units in started_with.items():
            gone = sum(
                order.ordered.get(sku, 0) - sum(b.units.get(sku, 0) for b in order.returns if b.restocked)
                - order.dropped.get(sku, 0) for order in orders.values()
            )  # fmt: skip
            level = self.level(sku)
            assert (level.on_hand, level.held) == (units - gone, 0)
        for stored in self.sandbox.all_payments():
            payment, order = stored.payment, orders.get(stored.charge.order_id)
            taken = payment.captured - payment.refunded
            if order is None:
                assert payment.state in {"voided", "declined"} or taken == 0, payment
            else:
                assert order.paid.payment_id == payment.id
                assert taken == order.captured.amount - order.refunded.amount
                assert not order.owes
        assert self.attempts.due(self.clock.now()) == []

    def close(self):
        self.table.close()
        self._opened.close()


def money(amount):
    return Money(amount, "GBP")


def together(*calls):
    """Run calls at once in threads and return what each returned or raised."""
    results = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place, call):
        start.wait()
        try:
            results[place] = call()
        except Exception as exc:  # noqa: BLE001  # it is what the test asks about
            results[place] = exc

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
