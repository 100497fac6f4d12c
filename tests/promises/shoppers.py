"""Shoppers who buy over HTTP from servers that may die at any moment, and write down every answer they get."""

import contextlib
import itertools
import threading
import time
from dataclasses import dataclass, field

import httpx

from bodega.domain.orders.model import natural_id

CARTS = "/v1/store/carts"
CONTACT = {
    "email": "ada@example.com",
    "shipping": {"name": "Ada", "line1": "1 Mill Lane", "city": "Bath", "country": "GB"},
}
CARDS = (*["card_approve"] * 5, "card_decline", "card_timeout_after", "card_capture_timeout_after")
ASK_AGAIN = {"idempotency_key_running", "payment_unknown"}
# Every shopper of a test comes from one address, which no real crowd does.
UNPACED = {"BODEGA_CHECKOUTS_PER_MINUTE": "1000000000"}
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.05


@dataclass
class Wish:
    """A checkout that was asked for, and the answer that its shopper came away with: None if they never got one."""

    key: str
    cart_id: str
    body: dict
    status: int | None = None
    answer: bytes = b""

    @property
    def checkout_id(self):
        return natural_id("chk", f"cart:{self.cart_id}", self.key)


@dataclass
class Diary:
    """What all shoppers together asked for and were told."""

    wishes: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    numbers: itertools.count = field(default_factory=itertools.count)

    def acknowledged(self):
        return [wish for wish in self.wishes if wish.status == 201]


class NoAnswerError(Exception):
    """The connection broke: nobody knows what became of the request."""


class Shopper(threading.Thread):
    """Fills carts and checks them out until told to stop, at whichever server answers."""

    def __init__(self, addresses, diary, chance, skus, *, patient=0.8):
        super().__init__(daemon=True)
        self._addresses = itertools.cycle(addresses)
        self._address = next(self._addresses)
        self._client = httpx.Client(timeout=60)
        self._diary, self._chance, self._skus, self._patient = diary, chance, skus, patient
        self._enough, self._no_hope = threading.Event(), threading.Event()

    def stop(self):
        """Finish what is under way, then end."""
        self._enough.set()

    def give_up(self):
        """End, and do not wait for a server any longer: there is none."""
        self._enough.set()
        self._no_hope.set()

    def run(self):
        try:
            with self._client, contextlib.suppress(NoAnswerError):
                while not self._enough.is_set():
                    self.buy()
        except Exception as exc:  # noqa: BLE001  # the test looks at it
            self._diary.faults.append(repr(exc))

    def buy(self):
        """Buy something, and note the wish before it is sent and the answer once it is here."""
        cart = self._cart()
        body = {
            "price_version": cart["price_version"],
            "contact": CONTACT,
            "payment": {"method": self._chance.choice(CARDS)},
        }
        wish = Wish(f"key-{next(self._diary.numbers)}", cart["id"], body)
        self._diary.wishes.append(wish)
        patient = self._chance.random() < self._patient
        try:
            response = self._until_answered(wish) if patient else self._ask(wish)
        except NoAnswerError:
            return  # and never comes back
        if is_final(response):
            wish.status, wish.answer = response.status_code, response.content
            if response.status_code == 201 and self._chance.random() < 0.2:
                self._check_again(wish)

    def _cart(self):
        """Return a cart of a few things; not even a cart takes what is sold out already."""
        while True:
            skus = self._chance.sample(self._skus, self._chance.randint(1, min(3, len(self._skus))))
            lines = [{"sku": sku, "quantity": self._chance.randint(1, 2)} for sku in skus]
            response = self._insist(lambda lines=lines: self._post(CARTS, {"lines": lines}), is_final)
            if response.is_success:
                return response.json()

    def _ask(self, wish):
        return self._post(f"{CARTS}/{wish.cart_id}:checkout", wish.body, {"idempotency-key": wish.key})

    def _until_answered(self, wish):
        return self._insist(lambda: self._ask(wish), is_final)

    def _check_again(self, wish):
        again = self._until_answered(wish)
        if (again.status_code, again.content) != (wish.status, wish.answer):
            self._diary.faults.append(f"{wish} got another answer later: {again.status_code} {again.text}")

    def _insist(self, ask, is_enough):
        """Ask until there is an answer worth having; one that no shop may give is a fault."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                response = ask()
            except NoAnswerError:
                if self._no_hope.is_set():
                    raise
                self._address = next(self._addresses)
            else:
                if is_enough(response):
                    return response
                if not is_temporary(response):
                    raise AssertionError(f"{response.request.url}: {response.status_code} {response.text}")
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"no answer within {PATIENCE_SECONDS} s")

    def _post(self, path, body, headers=None):
        try:
            return self._client.post(self._address + path, json=body, headers=headers)
        except httpx.TransportError as exc:
            raise NoAnswerError from exc


def is_temporary(response):
    """Tell whether the same request may be made again, because nothing is decided yet."""
    if response.status_code in {503, 507}:
        return True
    return response.status_code == 409 and response.json()["code"] in ASK_AGAIN


def is_final(response):
    """Tell whether this is what became of a checkout."""
    return response.status_code in {201, 402, 409} and not is_temporary(response)
