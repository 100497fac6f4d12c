"""A flood of sign-ins costs the shop some cores for a while, and nobody else their shopping."""

import threading
from collections import Counter

import httpx
import psutil
import pytest

from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop

ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf"}
GUESSERS = 12


class Guesser(threading.Thread):
    """Tries passwords of many people, as fast as it gets answers."""

    def __init__(self, address, number, tries):
        super().__init__(daemon=True)
        self.address, self.number, self.tries = address, number, tries
        self.answers = []

    def run(self):
        with httpx.Client(base_url=self.address, timeout=120) as client:
            for attempt in range(self.tries):
                entry = {"email": f"p{self.number}.{attempt}@shop.example", "password": "wrong wrong wrong"}
                self.answers.append(client.post("/v1/store/sessions", json=entry))


@pytest.mark.parametrize("tries", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_a_flood_of_sign_ins_is_held_off_while_others_shop(start, tmp_path, tries):
    shop = open_shop(Settings.for_directory(tmp_path / "data"))
    shop.accounts.register(**ANN, caller="t")
    variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
    shop.catalog.products.create(ProductInput(title="Mug", status="active", variants=variants))
    shop.close()
    up = start("--empty").opened()
    address = str(up.client.base_url)
    entered = up.client.post("/v1/store/sessions", json=ANN)
    signed_in = {"authorization": f"Bearer {entered.json()['token']}"}

    guessers = [Guesser(address, number, tries) for number in range(GUESSERS)]
    for guesser in guessers:
        guesser.start()
    shopping = []
    with httpx.Client(base_url=address, timeout=120) as client:
        while any(guesser.is_alive() for guesser in guessers):
            shopping.append(client.get("/v1/store/products/sku:MUG"))
            shopping.append(client.post("/v1/store/carts", json={"lines": [{"sku": "MUG", "quantity": 1}]}))
            shopping.append(client.get("/v1/store/customers/me", headers=signed_in))
    biggest = max(process.memory_info().rss for process in [psutil.Process(up.process.pid), *up.seen])

    answers = [answer for guesser in guessers for answer in guesser.answers]
    codes = Counter(answer.status_code for answer in answers)
    assert len(answers) == GUESSERS * tries
    assert codes.keys() <= {401, 429, 503}
    assert codes[401] <= 200 * 2  # what one address may try, in the two windows that a run can touch
    assert codes[429] + codes[503] >= GUESSERS * tries - 400
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code != 401)
    assert {answer.status_code for answer in shopping} <= {200, 201}
    assert len(shopping) >= 3
    assert biggest < 1_000_000_000
