"""Throw at the API, over a real server, whatever its own description allows and forbids."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from engines import free_port

from bodega.domain.catalog.model import AttributeInput, CategoryInput, CollectionInput, ProductInput, VariantInput
from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact
from bodega.domain.orders.access import order_token
from bodega.domain.reviews.model import ReviewInput
from bodega.domain.shop import Shop
from bodega.domain.webhooks.model import EndpointInput
from bodega.settings import Settings, to_env
from bodega.values.address import Address
from bodega.values.money import Money
from bodega.wiring import open_shop

SEED = "20261123"

# What a description cannot say: rules between fields, and what there is in the shop. A request that keeps every type
# may still be refused for those, so these statuses are fair answers to "sound" data as well (400: a cursor that nobody
# signed, a key that is all blanks).
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "428", "429"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "404", "415", "422", "428"]
"""
# Random names are of nothing. So half of the time what is asked for is there, and its handler has something to do.
WHERE = {
    "cart": ("path.cart",),
    "order": ("path.order",),
    "sku": ("path.sku", "body.sku", "body.lines[*].sku"),
    "version": ("body.price_version",),
    "card": ("body.payment.method",),
    "country": ("body.contact.shipping.country", "body.country"),
    "email": ("body.contact.email",),
    "token": ("query.token",),
}
"""Where in a request a name of each kind stands."""


class Served(NamedTuple):
    """A served shop with a little of everything in it, and whom it knows."""

    url: str
    staff: str
    shopper: str
    known: dict[str, list[str]]

    def config(self) -> str:
        """Return the fuzzer's settings, with the names of what is there."""
        lines = [CONFIG]
        lines += [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in self.known.items()]
        lines += ["[parameters]"]
        lines += [
            f'"{place}" = {{ dictionary = "{name}", probability = 0.5 }}'
            for name in self.known
            for place in WHERE[name]
        ]
        return "\n".join(lines)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = Settings.for_directory(tmp_path / "shop", log_level="warning", admin_requests_per_minute=10**9)
    shop = open_shop(settings)
    category = shop.catalog.taxonomy.create_category(CategoryInput(name="Mugs")).id
    shop.catalog.taxonomy.create_collection(CollectionInput(name="Gifts"))
    shop.catalog.taxonomy.declare_attribute("colour", AttributeInput(type="text"))
    shop.webhooks.endpoints.create(EndpointInput(url="https://hooks.example/", events=["*"]))
    for number in range(30):
        variants = [VariantInput(sku=f"MUG-{number}", price=Money(100 + number, "GBP"))]
        given = ProductInput(title=f"Mug {number}", status="active", categories=[category], variants=variants)
        product = shop.catalog.products.create(given)
        shop.reviewing.write(product.id, f"cus_{number}", ReviewInput(rating=1 + number % 5))
    shop.webhooks.fan_out.work_once()  # deliveries to look at; there is no worker that would make them
    shop.indexer.catch_up()
    _, token = shop.api_keys.create(name="fuzz", scopes=["admin"])
    login = {"email": "fuzz@shop.example", "password": "two teapots on a shelf"}
    shop.accounts.register(**login, caller="test")
    session = shop.signing_in.sign_in(**login, caller="test").started.token
    known = goings_on(shop)
    shop.close()
    port = free_port()
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "--no-ws", "--factory"]
    command += ["--port", str(port), "bodega.asgi:app_from_environment"]
    with subprocess.Popen(command, env=os.environ | to_env(settings)) as server:
        try:
            _await_port(port)
            yield Served(f"http://127.0.0.1:{port}", token, session, known)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def goings_on(shop: Shop) -> dict[str, list[str]]:
    """Fill carts and sell some of them; return what there is by kind, for the requests to name."""
    contact = Contact(
        email="ada@example.com", shipping=Address(name="Ada", line1="1 Mill Lane", city="Bath", country="GB")
    )
    shop.inventory.set_on_hand({f"MUG-{number}": 10**6 for number in range(5)})
    known: dict[str, list[str]] = {name: [] for name in WHERE}
    known |= {"sku": [f"MUG-{n}" for n in range(5)], "card": ["card_approve", "card_action", "card_decline"]}
    known |= {"country": ["GB"], "email": [contact.email]}
    for number in range(12):
        basket = shop.carting.create(lines=[Wanted(f"MUG-{number % 5}", 3)])
        known["cart"].append(basket.cart.id)
        known["version"].append(basket.quote.price_version)
        if number % 2:
            request = CheckoutRequest(
                scope="fuzz",
                key=basket.cart.id,
                cart_id=basket.cart.id,
                price_version=basket.quote.price_version,
                contact=contact,
                method="card_approve",
            )
            order = shop.buying.buy(request).order
            assert order is not None
            known["order"] += [order.id, f"number:{order.number}"]
            known["token"].append(order_token(shop.world.keys, order.id))
            if number > 6:
                shop.returning.fulfil(order_id=order.id, key="parcel")
    return known


# The corners of each description are looked into whole, once: a limit of time would leave out more on a busy machine.
BRIEFLY, AT_LENGTH = 2, pytest.param(50, marks=pytest.mark.slow)


@pytest.mark.long
@pytest.mark.parametrize("examples", [BRIEFLY, AT_LENGTH])
def test_the_api_keeps_its_own_description_whatever_staff_send(served: Served, tmp_path: Path, examples: int) -> None:
    # Its own key may be revoked by it, and downloads depend on a worker that does not run here.
    fuzz(served, served.staff, tmp_path, examples, "--exclude-operation-id", "admin.api_keys.revoke")


@pytest.mark.parametrize("examples", [BRIEFLY, AT_LENGTH])
def test_the_api_keeps_its_own_description_whatever_a_shopper_sends(
    served: Served, tmp_path: Path, examples: int
) -> None:
    phases = ["--phases", "examples,fuzzing,stateful"] if examples == BRIEFLY else []
    leaving = ("sessions.end", "sessions.rotate", "customers.erase", "customers.change_password")
    left_out = [word for name in leaving for word in ("--exclude-operation-id", f"store.{name}")]
    fuzz(served, served.shopper, tmp_path, examples, *phases, "--include-path-regex", "^/v1/store/", *left_out)


def fuzz(served: Served, token: str, folder: Path, examples: int, *options: str) -> None:
    (folder / "schemathesis.toml").write_text(served.config(), encoding="utf-8")
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml", "run"),
        *(f"{served.url}/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *("--seed", SEED, "--max-examples", str(examples), "--checks", "all", *options),
        *("--generation-database", "none", "--no-color", "--warnings", "off", "--request-timeout", "60"),
    ]

    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600 + 30 * examples)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not come up")
