"""Change what a customer signs in with, and let those who forgot it back in."""

from datetime import timedelta

import msgspec

from bodega.domain.accounts import events
from bodega.domain.accounts.account_records import CONTEXT, AccountRecords
from bodega.domain.accounts.credentials import Credentials
from bodega.domain.accounts.deciding import repeated
from bodega.domain.accounts.profile import Account
from bodega.domain.accounts.resets import BadResetTokenError, Resets
from bodega.domain.accounts.sessions import Session, Sessions, Started
from bodega.domain.accounts.throttle import Limit, Throttle
from bodega.domain.accounts.vault import Vault
from bodega.domain.writes import WritePlan
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import TableStore
from bodega.values.email import parse_email

MOST_RESETS = 5
"""Mails with a link, an hour and account: more would be a way to annoy somebody."""
MOST_RESETS_FROM = 60
_HOUR = timedelta(hours=1)


class AccountSecurity:
    """Passwords, addresses to sign in with, and resets of customers. Whatever changes them, the customer is told."""

    def __init__(
        self,
        *,
        table: TableStore,
        records: AccountRecords,
        credentials: Credentials,
        resets: Resets,
        sessions: Sessions,
        vault: Vault,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._table = table
        self._records = records
        self._credentials = credentials
        self._resets = resets
        self._sessions = sessions
        self._vault = vault
        self._throttle = throttle
        self._clock = clock
        self._ids = ids

    def confirm(self, customer_id: str, *, password: str, caller: str) -> None:
        """Let pass who knows the password of the account they are signed in to; WrongPasswordError otherwise."""
        self._credentials.confirm(owner=customer_id, password=password, caller=caller)

    def change_email(self, customer_id: str, *, email: str, password: str, caller: str) -> Account:
        """Let a customer sign in with another address; EmailTakenError, WrongPasswordError.

        The old address is told as well: it may be a thief who changes it.
        """
        address = parse_email(email)
        self.confirm(customer_id, password=password, caller=caller)
        login = self._credentials.login_of(address)

        def decide() -> tuple[WritePlan, Account]:
            before = self._records.get(customer_id)
            plan = WritePlan()
            personal = msgspec.structs.replace(before.account.personal, email=address.text)
            if personal == before.account.personal:
                return plan, before.account
            account = before.account.changed(personal, at=self._clock.now())
            self._records.add_change(plan=plan, account=account, login=login)
            if login != before.login:
                self._credentials.add_login(plan=plan, owner=customer_id, login=login, instead_of=before.login)
            old = self._vault.seal(customer_id, before.account.personal.email.encode(), CONTEXT)
            plan.announce(events.customer_event(self._ids.new("evt"), events.EMAIL_CHANGED, account, sealed=old))
            return plan, account

        return repeated(self._table, decide)

    def change_password(self, session: Session, *, current: str, new: str, caller: str) -> Started:
        """Set another password. All other sessions end, and this one goes on under a new token."""
        stored = self._records.get(session.owner)
        before = self._credentials.confirm(owner=session.owner, password=current, caller=caller)
        hashed = self._credentials.hashed(new, about=stored.account.personal.email, pointer="/new_password")

        def also(plan: WritePlan) -> None:
            self._credentials.add_password(plan=plan, owner=session.owner, before=before, hashed=hashed)
            self._add_news(plan, session.owner, spared=session.id)

        return self._sessions.rotate(session, also=also)

    def request_reset(self, *, email: str, caller: str) -> None:
        """Have a link for a new password mailed, if there is such an account: nothing shows whether there is.

        One transaction is written either way, so that time does not tell either.
        """
        address = parse_email(email)
        owner = self._credentials.find_owner(address)
        stored = self._records.find(owner or "nobody")
        limits = [
            Limit("reset", MOST_RESETS, _HOUR, ("account", address.key)),
            Limit("reset", MOST_RESETS_FROM, _HOUR, ("address", caller)),
        ]
        event = None
        if stored is not None:
            event = events.reset_requested(self._ids.new("evt"), stored.account.id, at=self._clock.now())
        self._throttle.take(limits, announcing=[event] if event is not None else [])

    def issue_reset(self, customer_id: str) -> str:
        """Return a token for setting a new password: for the mail that brings it to its owner, and nobody else."""
        return self._resets.issue(customer_id, self._credentials.get(customer_id).version)

    def reset_password(self, *, token: str, password: str, caller: str) -> None:
        """Set the password that a token allows to be set; all sessions end. BadResetTokenError for any other token."""
        self._throttle.take([Limit("reset.redeem", MOST_RESETS_FROM, _HOUR, (caller,))])
        reset = self._resets.read(token)
        stored = self._records.find(reset.owner)
        before = self._credentials.find(reset.owner)
        if stored is None or before is None or before.version != reset.version:
            raise BadResetTokenError
        hashed = self._credentials.hashed(password, about=stored.account.personal.email)

        def decide() -> tuple[WritePlan, None]:
            plan = WritePlan()
            self._credentials.add_password(plan=plan, owner=reset.owner, before=before, hashed=hashed)
            self._add_news(plan, reset.owner)
            return plan, None

        repeated(self._table, decide)

    def old_address(self, customer_id: str, sealed: bytes) -> str | None:
        """Return the address that an account had before, from what was announced of its change; None once erased."""
        plain = self._vault.unseal(customer_id, sealed, CONTEXT)
        return plain.decode() if plain is not None else None

    def _add_news(self, plan: WritePlan, customer_id: str, *, spared: str | None = None) -> None:
        """Add that the password is another: the account gets a version for it, and sessions end."""
        stored = self._records.get(customer_id)
        account = stored.account.changed(stored.account.personal, at=self._clock.now())
        self._records.add_change(plan=plan, account=account, login=stored.login)
        self._sessions.add_end_of_all(plan=plan, owner=customer_id, but=spared)
        plan.announce(events.customer_event(self._ids.new("evt"), events.PASSWORD_CHANGED, account))
