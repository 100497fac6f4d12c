"""Letters are written once for what happened, to who is still there, and lead to this shop only."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from bodega.adapters.system.clock import SettableClock
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact
from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.values.address import Address
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker.relay import Relay

ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf", "name": "Ann Teak", "caller": "c"}


class Bench:
    """A shop whose letters lie in its folder."""

    def __init__(self, folder):
        self.clock = SettableClock()
        self.shop = open_shop(
            Settings.for_directory(folder / "shop", public_url="https://bodega.example"), clock=self.clock
        )
        self.relay = Relay(self.shop)

    def post(self):
        """Carry events to the queue and write the letters; return those in the folder, oldest first."""
        while self.relay.work():
            pass
        while self.shop.mailer.work_once():
            pass
        return self.shop.world.mail.letters()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.shop.close()


def test_somebody_new_is_greeted(bench):
    bench.shop.accounts.register(**ANN)

    (letter,) = bench.post()

    assert letter.to == "ann@shop.example"
    assert "Hello Ann Teak," in letter.text
    assert "https://bodega.example/account" in letter.text


def test_a_forgotten_password_is_answered_with_a_link_that_works_once(bench):
    account = bench.shop.accounts.register(**ANN)
    bench.post()
    bench.shop.account_security.request_reset(email="ANN@shop.example", caller="c")
    bench.shop.account_security.request_reset(email="nobody@shop.example", caller="c")

    letters = bench.post()

    assert [letter.subject for letter in letters] == ["Welcome to Bodega", "A new password"]
    link = urlsplit(re.search(r"https://\S+", letters[-1].text)[0])
    assert (link.netloc, link.path) == ("bodega.example", "/reset")
    (token,) = parse_qs(link.query)["token"]
    bench.shop.account_security.reset_password(token=token, password="three kettles and a cat", caller="c")
    assert (
        bench.shop.signing_in.sign_in(email=ANN["email"], password="three kettles and a cat", caller="c").account.id
        == account.id
    )
    assert bench.post()[-1].subject == "Your password was changed"


def test_a_changed_address_is_told_to_the_old_one(bench):
    account = bench.shop.accounts.register(**ANN)
    bench.shop.account_security.change_email(account.id, email="ann@oak.example", password=ANN["password"], caller="c")

    letter = bench.post()[-1]

    assert letter.to == "ann@shop.example"
    assert "ann@oak.example" in letter.text


def test_who_was_forgotten_is_not_written_to(bench):
    account = bench.shop.accounts.register(**ANN)
    bench.shop.account_security.request_reset(email=ANN["email"], caller="c")
    bench.shop.leaving.erase(account.id)

    assert bench.post() == []


def test_the_same_event_twice_is_the_same_letter(bench):
    bench.shop.accounts.register(**ANN)
    bench.relay.work()
    (message,) = bench.shop.world.queue.receive("mail", lease_seconds=1)
    bench.clock.advance(2)
    bench.shop.world.queue.send("mail", [message.body])

    assert len(bench.post()) == 1


def test_what_nobody_needs_to_hear_any_more_is_not_written(bench):
    bench.shop.accounts.register(**ANN)
    bench.clock.advance(25 * 3600)

    assert bench.post() == []


def test_a_mail_server_that_is_away_is_waited_for_and_nothing_personal_waits_in_the_queue(bench, monkeypatch):
    bench.shop.accounts.register(**ANN)
    mail = bench.shop.world.mail
    sent = mail.send
    monkeypatch.setattr(mail, "send", lambda _letter: _away())
    assert bench.post() == []
    monkeypatch.setattr(mail, "send", sent)
    bench.clock.advance(60)

    assert len(bench.post()) == 1
    assert bench.shop.world.queue.depth("mail") == 0


def bought(shop, customer_id=None):
    """Let somebody buy a mug, and return the order."""
    variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
    shop.catalog.products.create(ProductInput(title="Red mug", status="active", variants=variants))
    shop.inventory.set_on_hand({"MUG": 5})
    basket = shop.carting.create(lines=[Wanted("MUG", 2)], country="GB", customer_id=customer_id)
    to = Address(name="Ann Teak", line1="1 Row", city="Leeds", country="GB")
    asked = CheckoutRequest(
        scope="t",
        key="k",
        cart_id=basket.cart.id,
        price_version=basket.quote.price_version,
        contact=Contact(email="ann@shop.example", shipping=to),
        method="card_approve",
        customer_id=customer_id,
    )
    return shop.buying.buy(asked).order


def test_orders_are_written_about_as_they_go(bench):
    order = bought(bench.shop)
    bench.shop.returning.fulfil(order_id=order.id, key="p1", carrier="Mule", tracking="M-1")

    placed, sent = bench.post()

    assert placed.subject == f"Your order {order.number}"
    assert "2 x Red mug" in placed.text
    assert re.search(rf"https://bodega.example/orders/{order.id}\?token=\S+", placed.text)
    assert "Mule, M-1" in sent.text
    assert placed.to == sent.to == "ann@shop.example"


def test_orders_of_who_was_forgotten_are_not_written_about(bench):
    account = bench.shop.accounts.register(**ANN)
    order = bought(bench.shop, account.id)
    bench.post()
    bench.shop.leaving.erase(account.id)
    bench.shop.returning.cancel(order_id=order.id, key="c")

    assert [letter.subject for letter in bench.post()] == ["Welcome to Bodega", f"Your order {order.number}"]


def test_what_is_no_event_is_set_aside_with_a_reason_and_holds_nobody_up(bench):
    bench.shop.world.queue.send("mail", [b"{", b'{"id":"x"}'])
    bench.shop.accounts.register(**ANN)

    assert len(bench.post()) == 1
    for _ in range(14):
        bench.clock.advance(4000)
        bench.post()
    assert len(bench.shop.world.queue.dead_letters("mail")) == 2


def _away():
    raise UnavailableError("the mail server is away")
