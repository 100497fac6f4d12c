"""Accounts that move from shop to shop: whole, with their passwords if wanted, and nobody in another's place."""

import json

import pytest

from bodega.domain.accounts.credentials import WrongCredentialsError
from bodega.errors import InvalidError

ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf"}
HASH = "$argon2id$v=19$m=19456,t=2,p=1$yUPBSoPUkpe22qH32/6tpA$MOQK4CbaMvv5StbDGRDg1YJlnFYJGtCsHgvgOykbnsM"
ROW = {
    "id": "cus_01M8AC7VZP1G04HDMBAA063CZG",
    "email": "bob@shop.example",
    "created_at": "2026-01-01T00:00:00Z",
    "changed_at": "2026-01-01T00:00:00Z",
    "version": 3,
}


def rows_of(shop, privacy):
    return list(shop.exporter.rows("customers", privacy=privacy))


def test_nothing_personal_leaves_unless_it_is_asked_for(shop, tmp_path):
    shop.accounts.register(**ANN, caller="t")

    assert rows_of(shop, "anonymous") == []
    (personal,) = rows_of(shop, "personal")
    (secret,) = rows_of(shop, "with_passwords")
    assert personal["email"] == ANN["email"]
    assert personal["password"] is None
    assert secret["password"].startswith("$argon2id$")
    with pytest.raises(InvalidError):
        shop.exporter.write("people", tmp_path / "x.jsonl")


def test_who_moved_signs_in_with_their_password_or_asks_for_another(shop, open_at, take, tmp_path):
    ann = shop.accounts.register(**ANN, caller="t")
    for privacy in ("with_passwords", "personal"):
        path = tmp_path / f"{privacy}.jsonl"
        shop.exporter.write("customers", path, privacy=privacy)
        copy = open_at(privacy)

        job = take(copy, "customers", path)

        assert (job.created, job.rejected) == (1, 0)
        if privacy == "with_passwords":
            assert copy.signing_in.sign_in(**ANN, caller="t").account.id == ann.id
        else:
            for guess in (ANN["password"], "", "nobody has this account"):
                with pytest.raises(WrongCredentialsError):
                    copy.signing_in.sign_in(email=ANN["email"], password=guess, caller="t")
            token = copy.account_security.issue_reset(ann.id)
            copy.account_security.reset_password(token=token, password="three kettles and a cat", caller="t")
            assert copy.signing_in.sign_in(email=ANN["email"], password="three kettles and a cat", caller="t")
        assert [entry.event.name for entry in copy.world.table.announced(0)][:1] in ([], ["customer.password_changed"])


def test_an_import_takes_nobodys_place_and_brings_back_nobody_who_was_erased(shop, write, take):
    ann = shop.accounts.register(**ANN, caller="t")
    erased = shop.accounts.register(email="eve@shop.example", password=ANN["password"], caller="t")
    shop.leaving.erase(erased.id)

    job = take(
        shop,
        "customers",
        write(
            {**ROW, "email": "ANN@shop.example"},
            {**ROW, "id": ann.id, "email": "ann@shop.example", "name": "Mallory"},
            {**ROW, "id": erased.id},
            ROW | {"id": "cus_01M8AC7VZP1G04HDMBAA063CZH"},
            ROW | {"id": "cus_01M8AC7VZP1G04HDMBAA063CZH", "email": "other@shop.example"},
        ),
    )

    assert job.created == 1
    assert job.rejected_by_reason == {"email_taken": 1, "other_customer": 3}
    assert shop.accounts.get(ann.id).personal.name == ""
    assert shop.accounts.find(erased.id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"id": "cus_"},
        {"id": "usr_01M8AC7VZP1G04HDMBAA063CZG"},
        {"id": "../x"},
        {"email": "nobody"},
        {"created_at": "2026-01-01T00:00:00"},
        {"created_at": "yesterday"},
        {"name": "a\nb"},
        {"addresses": [{"id": "adr_1", "name": "", "line1": "x", "city": "y", "country": "GB"}]},
        {"addresses": [{"id": f"adr_{n}", "name": "n", "line1": "x", "city": "y", "country": "GB"} for n in range(21)]},
        {"addresses": "[[["},
        {"password": "two teapots on a shelf"},
        {"password": HASH.replace("m=19456", "m=4294967295")},
        {"password": HASH.replace("t=2", "t=1000000")},
        {"password": HASH.replace("argon2id", "argon2i")},
        {"role": "admin"},
    ],
    ids=lambda change: "-".join(f"{k}-{json.dumps(v)[:12]}" for k, v in change.items()),
)
def test_what_no_account_can_be_made_of_is_rejected(shop, write, take, change):
    job = take(shop, "customers", write(ROW | change))

    assert (job.created, job.rejected) == (0, 1)
    assert rows_of(shop, "personal") == []


def test_an_account_in_a_row_is_taken(shop, write, take):
    job = take(shop, "customers", write(ROW | {"password": HASH}))

    assert (job.created, job.rejected_by_reason) == (1, {})
    assert take(shop, "customers", write(ROW | {"password": HASH}, name="again.jsonl")).unchanged == 1
