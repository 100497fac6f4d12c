"""Keep customers who sign in: how they come, what they tell us of themselves, and how they leave."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from bodega.domain.accounts import events
from bodega.domain.accounts.account_records import AccountRecords
from bodega.domain.accounts.credentials import Credentials, EmailTakenError
from bodega.domain.accounts.deciding import repeated
from bodega.domain.accounts.profile import Account, Personal, SavedAddress, with_address, without_address
from bodega.domain.accounts.sessions import Sessions
from bodega.domain.accounts.throttle import Limit, Throttle
from bodega.domain.accounts.vault import Vault
from bodega.domain.writes import WritePlan
from bodega.errors import StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import TableStore
from bodega.values.address import Address
from bodega.values.email import parse_email

MOST_TAKEN = 30
"""Sign-ups with somebody else's address, an hour and network address: who tries many is looking for customers."""
_HOUR = timedelta(hours=1)

Edit = Callable[[Personal], Personal]


class Accounts:
    """Accounts by customer id. Changes take the version they were decided on, or None for whatever there is."""

    def __init__(
        self,
        *,
        table: TableStore,
        records: AccountRecords,
        credentials: Credentials,
        sessions: Sessions,
        vault: Vault,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._table = table
        self._records = records
        self._credentials = credentials
        self._sessions = sessions
        self._vault = vault
        self._throttle = throttle
        self._clock = clock
        self._ids = ids

    # -- coming and leaving

    def register(self, *, email: str, password: str, name: str = "", phone: str = "", caller: str) -> Account:
        """Make an account; EmailTakenError if one has this address in any spelling, InvalidError with every fault."""
        address = parse_email(email)
        personal = Personal(email=address.text, name=name, phone=phone)
        personal.check()
        if self._credentials.find_owner(address) is not None:
            self._throttle.take([Limit("sign-up.taken", MOST_TAKEN, _HOUR, (caller,))])
            raise EmailTakenError
        hashed = self._credentials.hashed(password, about=address.text)
        now = self._clock.now()
        account = Account(id=self._ids.new("cus"), version=1, created_at=now, changed_at=now, personal=personal)
        login = self._credentials.login_of(address)

        def decide() -> tuple[WritePlan, Account]:
            plan = WritePlan()
            key = self._vault.add_owner(plan=plan, owner=account.id)
            self._credentials.add_owner(plan=plan, owner=account.id, login=login, hashed=hashed)
            self._records.add_new(plan=plan, account=account, login=login, key=key)
            plan.announce(events.customer_event(self._ids.new("evt"), events.REGISTERED, account))
            return plan, account

        return repeated(self._table, decide)

    def erase(self, customer_id: str) -> None:
        """Destroy a customer's key and all that lets them in; NotFoundError if they are not, or no more, there."""

        def decide() -> tuple[WritePlan, None]:
            before = self._records.get(customer_id)
            gone = msgspec.structs.replace(
                before.account, version=before.account.version + 1, changed_at=self._clock.now()
            )
            plan = WritePlan()
            self._records.add_mark(plan=plan, account=before.account, at=gone.changed_at)
            self._vault.add_erasure(plan=plan, owner=customer_id)
            self._credentials.add_removal(plan=plan, owner=customer_id, login=before.login)
            self._sessions.add_end_of_all(plan=plan, owner=customer_id)
            plan.announce(events.customer_event(self._ids.new("evt"), events.ERASED, gone))
            return plan, None

        repeated(self._table, decide)

    # -- finding

    def find(self, customer_id: str) -> Account | None:
        """Return an account; None for one that is not there or was erased."""
        found = self._records.find(customer_id)
        return found.account if found is not None else None

    def find_by_email(self, email: str) -> Account | None:
        """Return the account that is signed in to with an address, in whatever spelling; None without one."""
        owner = self._credentials.find_owner(parse_email(email))
        return self.find(owner) if owner is not None else None

    def get(self, customer_id: str) -> Account:
        """Return an account; NotFoundError without one."""
        return self._records.get(customer_id).account

    # -- changing

    def change(
        self,
        customer_id: str,
        *,
        name: str | UnsetType = UNSET,
        phone: str | UnsetType = UNSET,
        expected_version: int | None = None,
    ) -> Account:
        """Change what is said of a customer."""
        given = {field: text for field, text in (("name", name), ("phone", phone)) if text is not UNSET}
        return self._edit(customer_id, lambda personal: msgspec.structs.replace(personal, **given), expected_version)

    def add_address(self, customer_id: str, address: Address, *, default: bool = False) -> tuple[Account, SavedAddress]:
        """Put an address into the book; the first becomes the default."""
        saved = SavedAddress(id=self._ids.new("adr"), address=address, default=default)
        account = self._edit(
            customer_id, lambda p: msgspec.structs.replace(p, addresses=with_address(p.addresses, saved)), None
        )
        return account, account.personal.address(saved.id)

    def change_address(
        self, customer_id: str, address_id: str, *, changes: Mapping[str, str], default: bool | None = None
    ) -> Account:
        """Change fields of an address of the book, make it the default, or both; NotFoundError without it."""

        def edit(personal: Personal) -> Personal:
            old = personal.address(address_id)
            chosen = old.default if default is None else default
            address = msgspec.structs.replace(old.address, **changes)
            new = msgspec.structs.replace(old, address=address, default=chosen)
            return msgspec.structs.replace(personal, addresses=with_address(personal.addresses, new))

        return self._edit(customer_id, edit, None)

    def remove_address(self, customer_id: str, address_id: str) -> Account:
        """Take an address out of the book; NotFoundError without it."""

        def edit(personal: Personal) -> Personal:
            gone = personal.address(address_id)
            return msgspec.structs.replace(personal, addresses=without_address(personal.addresses, gone.id))

        return self._edit(customer_id, edit, None)

    def _edit(self, customer_id: str, edit: Edit, expected_version: int | None) -> Account:
        def decide() -> tuple[WritePlan, Account]:
            before = self._records.get(customer_id)
            if expected_version is not None and before.account.version != expected_version:
                raise StaleVersionError("customer", customer_id, current=before.account.version)
            plan = WritePlan()
            personal = edit(before.account.personal)
            if personal == before.account.personal:
                return plan, before.account
            personal.check()
            account = before.account.changed(personal, at=self._clock.now())
            self._records.add_change(plan=plan, account=account, login=before.login)
            plan.announce(events.customer_event(self._ids.new("evt"), events.CHANGED, account))
            return plan, account

        return repeated(self._table, decide)
