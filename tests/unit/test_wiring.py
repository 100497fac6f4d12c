"""Claim a data folder as two processes would, and as one that finds something else there."""

import contextlib
import os
import threading

import apsw
import pytest

from bodega.adapters.local import sqlite
from bodega.errors import UnavailableError
from bodega.settings import Secret, Settings
from bodega.wiring import MARKER, ForeignFolderError, claim_folder, open_shop
from bodega.wiring import folder as folders


def test_a_new_folder_is_claimed_and_can_be_claimed_again(tmp_path):
    folder = tmp_path / "a b" / "лавка"

    claim_folder(folder, currency="GBP")
    claim_folder(folder, currency="GBP")

    assert [entry.name for entry in folder.iterdir()] == [MARKER]


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folders and journals names by itself")
def test_a_claim_is_on_the_disk_when_it_is_made(tmp_path, monkeypatch):
    # After a power cut a folder with a shop in it and no marker, or an empty one, would be refused as somebody else's.
    synced, fsync = [], os.fsync

    def watched(file):
        synced.append(os.fstat(file).st_ino)
        fsync(file)

    monkeypatch.setattr(os, "fsync", watched)
    claim_folder(tmp_path / "shop", currency="GBP")

    in_this_order = [tmp_path, tmp_path / "shop" / MARKER, tmp_path / "shop"]
    assert synced == [path.stat().st_ino for path in in_this_order]


def test_a_shop_that_is_there_is_opened_while_another_process_writes(tmp_path, monkeypatch):
    # A server process that could not start beside one that does not move would stop the whole server.
    monkeypatch.setattr(sqlite, "BUSY_MS", 100)
    settings = Settings.for_directory(tmp_path / "shop")
    open_shop(settings).close()
    with contextlib.closing(apsw.Connection(str(tmp_path / "shop" / "shop.sqlite"))) as other:
        other.execute("BEGIN IMMEDIATE")

        open_shop(settings).close()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")

    with pytest.raises(ForeignFolderError):
        claim_folder(tmp_path, currency="GBP")

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_a_killed_process_left_half_claimed_can_be_claimed(tmp_path):
    (tmp_path / f".{MARKER}.1234").write_bytes(b"{")

    claim_folder(tmp_path, currency="GBP")


def test_a_folder_that_another_process_claims_while_we_look_is_not_foreign(tmp_path, monkeypatch):
    looked = folders.Path.iterdir

    def claimed_meanwhile(folder):
        monkeypatch.setattr(folders.Path, "iterdir", looked)
        claim_folder(tmp_path, currency="GBP")
        (tmp_path / "shop.sqlite").touch()
        return looked(folder)

    monkeypatch.setattr(folders.Path, "iterdir", claimed_meanwhile)

    claim_folder(tmp_path, currency="GBP")


def test_of_two_processes_with_other_currencies_one_wins_and_the_other_is_told(tmp_path):
    start, outcomes = threading.Barrier(8), []

    def claim(currency):
        start.wait()
        try:
            claim_folder(tmp_path / "shop", currency=currency)
        except ForeignFolderError:
            outcomes.append((currency, False))
        else:
            outcomes.append((currency, True))

    threads = [threading.Thread(target=claim, args=(c,)) for c in ("GBP", "EUR") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = {currency for currency, claimed in outcomes if claimed}
    assert sorted(outcomes) == sorted([(winner, True)] * 4 + [({"GBP": "EUR", "EUR": "GBP"}[winner], False)] * 4)
    assert [entry.name for entry in (tmp_path / "shop").iterdir()] == [MARKER]


def test_a_file_system_without_links_can_be_claimed(tmp_path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    claim_folder(tmp_path, currency="GBP")
    claim_folder(tmp_path, currency="GBP")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff", b'{"format": 1, "currency": "\xff"}', b'{"format": "x"}', b"[]"]
)
def test_a_damaged_marker_is_one_line_that_says_what_to_do(tmp_path, damage):
    (tmp_path / MARKER).write_bytes(damage)

    with pytest.raises(UnavailableError, match=r"marker file is damaged.*--data"):
        claim_folder(tmp_path, currency="GBP")


def test_a_file_in_the_place_of_the_folder_or_the_marker_is_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder" / MARKER).mkdir(parents=True)

    for name in ("file", "file/below", "folder"):
        with pytest.raises(UnavailableError, match="--data"):
            claim_folder(tmp_path / name, currency="GBP")


def test_a_shop_of_another_currency_or_format_is_refused(tmp_path):
    claim_folder(tmp_path, currency="GBP")
    with pytest.raises(ForeignFolderError, match="BODEGA_CURRENCY=GBP"):
        claim_folder(tmp_path, currency="EUR")

    (tmp_path / MARKER).write_bytes(b'{"format": 99, "currency": "GBP"}')
    with pytest.raises(ForeignFolderError, match="format 99"):
        claim_folder(tmp_path, currency="GBP")


def test_a_shop_that_was_closed_opens_again_on_the_same_folder(tmp_path):
    settings = Settings.for_directory(tmp_path / "shop")
    open_shop(settings).close()
    shop = open_shop(settings)

    assert shop.catalog.products.find_stored("prod_none") is None
    shop.close()


def test_who_takes_real_money_has_no_sandbox(tmp_path):
    settings = Settings.for_directory(
        tmp_path / "shop",
        payments="stripe",
        stripe_secret_key=Secret("sk_test_1"),
        stripe_webhook_secrets=Secret("whsec_1,whsec_2"),
        public_url="https://shop.example",
    )

    with contextlib.closing(open_shop(settings)) as shop:
        assert shop.world.payments.name == "stripe"
        assert shop.world.payment_sandbox is None
