"""Nothing personal lies in the shop's folder so that it could be read, and what was erased is gone from there."""

import logging
from pathlib import Path
from typing import Any

import pytest
from asking import bearer, product

from bodega import schema
from bodega.domain.flows.order_chunks import FILES
from bodega.domain.shop import Shop
from bodega.ports.table import Key
from bodega.worker.relay import Relay

NAME = "Cordelia Canaryfeather"
PASSWORD = "canary sings at dawn"
EMAIL = "cordelia.canary@plumage.example"
HOME = {
    "name": NAME,
    "line1": "99 Canary Perch Row",
    "city": "Canaryville",
    "country": "GB",
    "postal_code": "CN4 RY1",
    "phone": "+44 7700 900-canary",
}
WORDS = ("canary", "cordelia", "plumage")


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def traces(folder: Path, words: tuple[str, ...] = WORDS) -> list[tuple[str, str]]:
    """Return which words stand in which files, in whatever case and width."""
    spellings = [(word, word.encode(encoding)) for word in words for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return [
        (name, word)
        for name, contents in files_below(folder).items()
        for word, spelling in spellings
        if spelling in contents.lower()
    ]


@pytest.fixture
def lived(client: Any, shop: Shop) -> str:
    """Live a customer's life, a guest's and a colleague's; return the customer's id."""
    client.post("/v1/admin/products", headers=bearer(shop, "admin"), json=product())
    made = client.post(
        "/v1/store/customers",
        json={"email": EMAIL, "password": PASSWORD, "name": NAME, "phone": HOME["phone"]},
        headers={"idempotency-key": "sign-up"},
    )
    session = client.post("/v1/store/sessions", json={"email": EMAIL, "password": PASSWORD}).json()["token"]
    signed_in = {"authorization": f"Bearer {session}"}
    client.post("/v1/store/sessions", json={"email": EMAIL, "password": "canary is wrong"})
    client.post("/v1/store/customers/me/addresses", json=HOME, headers=signed_in)
    client.post("/v1/store/password-resets", json={"email": EMAIL})
    for headers in (signed_in, {}):
        basket = {"lines": [{"sku": "MUG-1", "quantity": 1}], "country": "GB"}
        cart = client.post("/v1/store/carts", json=basket, headers=headers).json()
        bought = client.post(
            f"/v1/store/carts/{cart['id']}:checkout",
            headers=headers | {"idempotency-key": f"buy-{len(headers)}"},
            json={
                "price_version": cart["price_version"],
                "contact": {"email": EMAIL, "shipping": HOME},
                "payment": {"method": "card_approve"},
            },
        )
        assert bought.status_code == 201, bought.text
    change = {"email": f"new.{EMAIL}", "current_password": PASSWORD}
    assert client.post("/v1/store/customers/me:changeEmail", json=change, headers=signed_in).status_code == 200
    shop.staff.create(email=f"staff.{EMAIL}", role="support", name=NAME, password=PASSWORD)
    exports = [export(client, shop, kind) for kind in ("customers", "orders")]
    work(shop)
    for url in exports:
        file = client.get(f"{url}/file", headers=bearer(shop, "exports:read", "customers:read"))
        assert EMAIL in file.text
        assert "argon2" not in file.text
        assert client.get(f"{url}/file", headers=bearer(shop, "exports:read")).status_code == 403
    assert len(shop.world.mail.letters()) >= 4  # type: ignore[attr-defined]  # a folder's
    return str(made.json()["id"])


def export(client: Any, shop: Shop, kind: str) -> str:
    answer = client.post(
        "/v1/admin/exports", json={"kind": kind}, headers=bearer(shop, "exports:read", "customers:read")
    )
    assert answer.status_code == 202, answer.text
    refused = client.post("/v1/admin/exports", json={"kind": kind}, headers=bearer(shop, "exports:read"))
    assert refused.status_code == 403
    return str(answer.headers["location"])


def work(shop: Shop) -> None:
    relay = Relay(shop)
    while relay.work() or shop.mailer.work_once() or shop.checkout_recovery.work_once() or shop.jobs.work_once():
        pass
    shop.indexer.catch_up()


def test_nothing_personal_can_be_read_in_the_folder_or_the_log(
    lived: str, shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    document = b"".join(shop.leaving.export(lived))
    shop.trainer.train()
    shop.close()

    assert EMAIL.encode() in document
    assert document.count(b"Canary Perch") == 2  # in the book, and where the order went
    assert len(files_below(settings.data_dir)) > 5
    assert traces(settings.data_dir) == []
    assert not any(word in record.getMessage().lower() for record in caplog.records for word in WORDS)


def test_what_training_keeps_of_orders_is_written_anew_when_a_customer_is_erased(lived: str, shop: Shop) -> None:
    shop.trainer.train()
    before = {info.key for info in shop.world.objects.list(FILES)}

    shop.leaving.erase(lived)
    shop.trainer.train()

    after = {info.key for info in shop.world.objects.list(FILES)}
    assert before
    assert after
    assert not before & after


def test_the_search_for_traces_would_find_one(lived: str, shop: Shop, settings: Any) -> None:
    shop.world.objects.put("exports/leak.txt", NAME.upper().encode())
    shop.close()

    assert {word for _, word in traces(settings.data_dir)} == {"cordelia", "canary"}


def test_the_key_of_who_was_erased_is_gone_from_the_file_and_their_orders_are_read_by_nobody(
    lived: str, shop: Shop, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    item = shop.world.table.get(schema.KEYRING, Key(lived, "data-key"))
    assert item is not None
    wrapped = item["wrapped"]
    own, guests = ([order for order in shop.orders.all() if order.customer_id == who] for who in (lived, None))

    shop.leaving.erase(lived)
    work(shop)

    assert [shop.contacts.of(order) for order in own] == [None]
    assert shop.contacts.of(guests[0]) is not None
    assert shop.accounts.find(lived) is None
    shop.close()
    assert isinstance(wrapped, bytes)
    assert [name for name, contents in files_below(settings.data_dir).items() if wrapped in contents] == []
