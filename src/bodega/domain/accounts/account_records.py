"""Lay accounts out in items: what is personal as one sealed document, and beside it nothing but ids and times."""

from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.accounts.deciding import OvertakenError
from bodega.domain.accounts.profile import Account, Personal
from bodega.domain.accounts.vault import Vault
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.keys import DataKey
from bodega.ports.table import Equals, Item, Key, NotExists, Put, TableStore

CONTEXT = {"kind": "customer"}
_PART = "account"
_ERASED = "erased_at"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Personal).decode


class OtherCustomerError(ConflictError):
    """The shop knows this customer otherwise, or was asked to forget them: an import changes neither."""

    code = "other_customer"

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"customer {customer_id!r} is here already and is another one, or was erased")


class Stored(msgspec.Struct, frozen=True):
    """An account, and what stands for the address that it signs in with."""

    account: Account
    login: str


class AccountRecords:
    """Accounts in the customers' table. One whose key was destroyed is not there."""

    def __init__(self, *, table: TableStore, vault: Vault) -> None:
        self._table = table
        self._vault = vault

    def find(self, customer_id: str) -> Stored | None:
        """Return an account, or None."""
        item = self._table.get(schema.CUSTOMERS, Key(customer_id, _PART))
        return self._read(item) if item is not None else None

    def read(self, item: Item) -> Stored | None:
        """Return the account in an item of the table, None for what is none (any more)."""
        return self._read(item) if item["part"] == _PART else None

    def get(self, customer_id: str) -> Stored:
        """Return an account; NotFoundError without one."""
        found = self.find(customer_id)
        if found is None:
            raise NotFoundError("customer", customer_id[:80])
        return found

    def add_new(self, *, plan: WritePlan, account: Account, login: str, key: DataKey) -> None:
        """Add a new account to a plan, sealed with a key that the plan stores; commit raises OtherCustomerError."""
        plan.add(
            Put(schema.CUSTOMERS, self._item(account, login, key), NotExists()),
            otherwise=lambda _: OtherCustomerError(account.id),
        )

    def add_change(self, *, plan: WritePlan, account: Account, login: str) -> None:
        """Add a changed account to a plan, one version above the one that was read; commit raises OvertakenError."""
        plan.add(
            Put(schema.CUSTOMERS, self._item(account, login), Equals("version", account.version - 1)),
            otherwise=lambda _: OvertakenError(),
        )

    def add_mark(self, *, plan: WritePlan, account: Account, at: datetime) -> None:
        """Add to a plan that of an account only its id stays, and when it was erased: for restored backups."""
        mark: Item = {"customer_id": account.id, "part": _PART, _ERASED: at.isoformat()}
        plan.add(Put(schema.CUSTOMERS, mark, Equals("version", account.version)), otherwise=lambda _: OvertakenError())

    def _read(self, item: Item) -> Stored | None:
        if _ERASED in item:
            return None
        customer_id = cast("str", item["customer_id"])
        plain = self._vault.unseal(customer_id, cast("bytes", item["private"]), CONTEXT)
        if plain is None:
            return None
        account = Account(
            id=customer_id,
            version=cast("int", item["version"]),
            created_at=datetime.fromisoformat(cast("str", item["created_at"])),
            changed_at=datetime.fromisoformat(cast("str", item["changed_at"])),
            personal=_decode(plain),
        )
        return Stored(account, cast("str", item["login"]))

    def _item(self, account: Account, login: str, key: DataKey | None = None) -> Item:
        return {
            "customer_id": account.id,
            "part": _PART,
            "version": account.version,
            "created_at": account.created_at.isoformat(),
            "changed_at": account.changed_at.isoformat(),
            "login": login,
            "private": self._vault.seal(account.id, _encode(account.personal), CONTEXT, key=key),
        }
