"""Take accounts from one shop to another: with everything that was told us, and if wanted with the password's hash."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from bodega import schema
from bodega.domain.accounts.account_records import AccountRecords, OtherCustomerError
from bodega.domain.accounts.credentials import Credentials
from bodega.domain.accounts.profile import Account, Personal, SavedAddress
from bodega.domain.accounts.vault import Vault
from bodega.domain.writes import WritePlan
from bodega.errors import Fault, InvalidError, ShopError
from bodega.ports.passwords import Passwords
from bodega.ports.table import TableStore, scan_all
from bodega.values.address import Address
from bodega.values.email import parse_email

_ID = re.compile(r"cus_[0-9A-Z]{26}")


class AddressDocument(Address, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An address of a customer's book, as it leaves and comes back."""

    id: str
    default: bool = False


class AccountDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account as it leaves a shop and comes back. Without `password` its owner asks for a new one."""

    id: str
    email: str
    created_at: datetime
    changed_at: datetime
    version: int = 1
    name: str = ""
    phone: str = ""
    addresses: tuple[AddressDocument, ...] = ()
    password: str | None = None

    def account(self) -> Account:
        """Return the account; InvalidError with everything that is wrong with it."""
        if self.created_at.tzinfo is None or self.changed_at.tzinfo is None:
            detail = "times need a UTC offset"
            raise InvalidError(detail, [Fault("/created_at", "bad_time", detail)])
        if not _ID.fullmatch(self.id):
            detail = "this is no id of a customer"
            raise InvalidError(detail, [Fault("/id", "bad_id", detail)])
        book = tuple(_saved(document) for document in self.addresses)
        personal = Personal(email=self.email, name=self.name, phone=self.phone, addresses=book)
        personal.check()
        return Account(
            id=self.id,
            version=max(1, self.version),
            created_at=self.created_at,
            changed_at=self.changed_at,
            personal=personal,
        )


class AccountTransfer:
    """Accounts as documents."""

    def __init__(
        self,
        *,
        table: TableStore,
        records: AccountRecords,
        credentials: Credentials,
        vault: Vault,
        passwords: Passwords,
    ) -> None:
        self._table = table
        self._records = records
        self._credentials = credentials
        self._vault = vault
        self._passwords = passwords

    def all(self, *, passwords: bool) -> Iterator[AccountDocument]:
        """Walk through all accounts, in order of their ids: for exports."""
        for item in scan_all(self._table, schema.CUSTOMERS):
            stored = self._records.read(item)
            if stored is not None:
                yield self._document(stored.account, passwords=passwords)

    def restore_many(self, documents: Sequence[AccountDocument]) -> list[ShopError | bool]:
        """Bring accounts back, each whole or not at all, and nobody is written to about it.

        Says of each whether it is new (False if it was here just so), or why it was refused: OtherCustomerError,
        EmailTakenError, InvalidError. A document's id must be in one call once.
        """
        outcomes: list[ShopError | bool] = []
        plans: list[tuple[int, WritePlan]] = []
        for place, document in enumerate(documents):
            try:
                plan = self._plan(document)
            except ShopError as exc:
                outcomes.append(exc)
                continue
            outcomes.append(plan is not None)
            if plan is not None:
                plans.append((place, plan))
        failures = self._table.load((plan.writes, plan.events) for _, plan in plans)
        for (place, plan), failure in zip(plans, failures, strict=True):
            if failure is not None:
                outcomes[place] = plan.refusal(failure)
        return outcomes

    def _plan(self, document: AccountDocument) -> WritePlan | None:
        """Return what brings an account back, None if it is here just so."""
        account = document.account()
        if document.password is not None and not self._passwords.takes(document.password):
            detail = "this is no hash of a password that could be checked here"
            raise InvalidError(detail, [Fault("/password", "bad_hash", detail)])
        known = self._records.find(account.id)
        if known is not None:
            if self._document(known.account, passwords=document.password is not None) != document:
                raise OtherCustomerError(account.id)
            return None
        plan = WritePlan()
        key = self._vault.add_owner(plan=plan, owner=account.id)
        login = self._credentials.login_of(parse_email(account.personal.email))
        # A hash that nothing fits, where there is none: the way in is then to ask for a new password.
        self._credentials.add_owner(plan=plan, owner=account.id, login=login, hashed=document.password or "")
        self._records.add_new(plan=plan, account=account, login=login, key=key)
        return plan

    def _document(self, account: Account, *, passwords: bool) -> AccountDocument:
        personal = account.personal
        credential = self._credentials.find(account.id) if passwords else None
        return AccountDocument(
            id=account.id,
            email=personal.email,
            created_at=account.created_at,
            changed_at=account.changed_at,
            version=account.version,
            name=personal.name,
            phone=personal.phone,
            addresses=tuple(
                AddressDocument(id=saved.id, default=saved.default, **msgspec.structs.asdict(saved.address))
                for saved in personal.addresses
            ),
            password=credential.hash or None if credential is not None else None,
        )


def _saved(document: AddressDocument) -> SavedAddress:
    fields = {name: getattr(document, name) for name in Address.__struct_fields__}
    return SavedAddress(id=document.id, default=document.default, address=Address(**fields))
