"""Keep who signs in with which address and password: customers in one realm, staff in another."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, TypeAlias, cast

import msgspec

from bodega import schema
from bodega.domain.accounts.password_rules import canonical_password, checked_password
from bodega.domain.accounts.throttle import Limit, Throttle
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, NotAllowedError
from bodega.ports.keys import Keys
from bodega.ports.passwords import Passwords
from bodega.ports.table import Check, Delete, Equals, Exists, Item, Key, NotExists, Put, TableStore
from bodega.values.email import EmailAddress, parse_email

Realm: TypeAlias = Literal["customers", "staff"]
WINDOW = timedelta(minutes=15)
MOST_TOGETHER = 10
"""Wrong passwords for one account from one address in a window."""
MOST_OF_ACCOUNT = 50
"""Wrong passwords for one account from everywhere: a lock-out that a stranger can cause, so it is a wide one."""
MOST_OF_ADDRESS = 200
"""Wrong passwords from one address for all accounts: many people may be behind one."""
_PASSWORD, _LOGIN = "password", "login"


class WrongCredentialsError(NotAllowedError):
    """The password is not the one of this account, or there is no such account: which of them is not said."""

    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("the e-mail address or the password is wrong")


class EmailTakenError(ConflictError):
    """Somebody has an account with this address, or one that differs only in case or Unicode form."""

    code = "email_taken"
    faults: Sequence[Fault]

    def __init__(self, *, pointer: str = "/email") -> None:
        super().__init__("there is an account with this e-mail address; sign in, or ask for a new password")
        self.faults = (Fault(pointer, self.code, self.message),)


class Credential(msgspec.Struct, frozen=True):
    """A password's hash, and the how-manieth password of its owner it is."""

    hash: str
    version: int


class Verified(msgspec.Struct, frozen=True):
    """Who it is, and what belongs into the transaction that lets them in."""

    owner: str
    add_to: Callable[[WritePlan], None]


class Credentials:
    """The addresses and passwords of a realm. Addresses are kept as keyed hashes: nobody can read them here."""

    def __init__(
        self, *, table: TableStore, realm: Realm, keys: Keys, passwords: Passwords, throttle: Throttle
    ) -> None:
        self._table = table
        self._realm = realm
        self._keys = keys
        self._passwords = passwords
        self._throttle = throttle

    # -- letting in

    def authenticate(self, *, email: str, password: str, caller: str) -> Verified:
        """Return whose address and password these are; WrongCredentialsError or TooManyAttemptsError.

        `caller` is the network address that asks. The attempt is counted before it is made, so that a thousand at once
        are no more than one after the other. Whether there is such an account shows neither in words nor in time.
        """
        address = parse_email(email)
        given = canonical_password(password)
        limits = self._limits(address, caller)
        self._throttle.take(limits)
        owner = self.find_owner(address)
        credential = self.find(owner or "nobody")
        fits = self._passwords.verify(credential.hash if credential is not None else None, given)
        if owner is None or credential is None or not fits:
            raise WrongCredentialsError
        fresh = credential.hash if self._passwords.is_current(credential.hash) else self._passwords.hash(given)

        def add_to(plan: WritePlan) -> None:
            self._throttle.add_return(plan=plan, limits=limits)
            plan.add(_unchanged(owner, credential, fresh), otherwise=lambda _: WrongCredentialsError())

        return Verified(owner, add_to)

    def confirm(self, *, owner: str, password: str, caller: str) -> Credential:
        """Return the credential of somebody who is signed in, if they know its password; else as `authenticate`."""
        given = canonical_password(password, pointer="/current_password")
        self._throttle.take([Limit(f"confirm.{self._realm}", MOST_TOGETHER, WINDOW, (owner, caller))])
        credential = self.find(owner)
        if not self._passwords.verify(credential.hash if credential is not None else None, given) or credential is None:
            raise WrongPasswordError
        return credential

    # -- finding

    def find_owner(self, address: EmailAddress) -> str | None:
        """Return the id of who signs in with an address, or None."""
        item = self._table.get(schema.CREDENTIALS, Key(self.login_of(address), _LOGIN))
        return cast("str", item["of"]) if item is not None else None

    def get(self, owner: str) -> Credential:
        """Return an owner's credential; WrongCredentialsError if there is none (any more)."""
        credential = self.find(owner)
        if credential is None:
            raise WrongCredentialsError
        return credential

    def login_of(self, address: EmailAddress) -> str:
        """Return what stands for an address: the same for all its spellings."""
        digest = self._keys.sign(f"login.{self._realm}", address.key.encode())
        return f"{self._realm}:{digest.hex()}"

    # -- changing

    def hashed(self, password: str, *, about: str, pointer: str = "/password") -> str:
        """Return a new password's hash; InvalidError for a password that should not be one."""
        return self._passwords.hash(checked_password(password, pointer=pointer, about=about))

    def add_owner(self, *, plan: WritePlan, owner: str, login: str, hashed: str) -> None:
        """Add to a plan that an owner signs in with an address and a password; commit raises EmailTakenError."""
        self.add_login(plan=plan, owner=owner, login=login)
        plan.add(Put(schema.CREDENTIALS, _item(owner, Credential(hashed, 1)), NotExists()))

    def add_login(self, *, plan: WritePlan, owner: str, login: str, instead_of: str | None = None) -> None:
        """Add to a plan that an owner signs in with an address, in place of another; commit raises EmailTakenError."""
        item: Item = {"owner": login, "part": _LOGIN, "of": owner}
        plan.add(Put(schema.CREDENTIALS, item, NotExists()), otherwise=lambda _: EmailTakenError())
        if instead_of is not None:
            plan.add(Delete(schema.CREDENTIALS, Key(instead_of, _LOGIN), Exists()))

    def add_password(self, *, plan: WritePlan, owner: str, before: Credential, hashed: str) -> None:
        """Add to a plan that an owner has a new password; commit raises WrongCredentialsError if another was faster."""
        item = _item(owner, Credential(hashed, before.version + 1))
        plan.add(
            Put(schema.CREDENTIALS, item, Equals("version", before.version)),
            otherwise=lambda _: WrongCredentialsError(),
        )

    def add_removal(self, *, plan: WritePlan, owner: str, login: str) -> None:
        """Add to a plan that an owner cannot sign in any more, and that their address is free again."""
        plan.add(Delete(schema.CREDENTIALS, Key(owner, _PASSWORD)))
        plan.add(Delete(schema.CREDENTIALS, Key(login, _LOGIN)))

    # -- inside

    def find(self, owner: str) -> Credential | None:
        """Return an owner's credential, or None."""
        item = self._table.get(schema.CREDENTIALS, Key(owner, _PASSWORD))
        return Credential(cast("str", item["hash"]), cast("int", item["version"])) if item is not None else None

    def _limits(self, address: EmailAddress, caller: str) -> list[Limit]:
        purpose = f"sign-in.{self._realm}"
        return [
            Limit(purpose, MOST_TOGETHER, WINDOW, ("both", address.key, caller)),
            Limit(purpose, MOST_OF_ACCOUNT, WINDOW, ("account", address.key)),
            Limit(purpose, MOST_OF_ADDRESS, WINDOW, ("address", caller)),
        ]


class WrongPasswordError(NotAllowedError):
    """Somebody who is signed in did not know their own password."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("this is not your password")


def _unchanged(owner: str, credential: Credential, fresh: str) -> Check | Put:
    """Return the condition that the password is still that one; with a better hash of it, if there is one."""
    same = Equals("version", credential.version)
    if fresh == credential.hash:
        return Check(schema.CREDENTIALS, Key(owner, _PASSWORD), same)
    return Put(schema.CREDENTIALS, _item(owner, Credential(fresh, credential.version)), same)


def _item(owner: str, credential: Credential) -> Item:
    return {"owner": owner, "part": _PASSWORD, "hash": credential.hash, "version": credential.version}
