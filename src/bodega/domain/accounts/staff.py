"""Keep the people who run the shop: what each may do, and how they get in."""

from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.accounts.credentials import Credentials, Verified
from bodega.domain.accounts.deciding import OvertakenError, repeated
from bodega.domain.accounts.password_rules import MIN_LENGTH
from bodega.domain.accounts.roles import ROLES, Role, allows
from bodega.domain.accounts.sessions import Session, Sessions, Started
from bodega.domain.accounts.vault import Vault
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import DataKey
from bodega.ports.table import AtLeast, Delete, Equals, Item, Key, NotExists, Put, TableStore, Update, query_all
from bodega.values.email import parse_email
from bodega.values.text import is_clean

MAX_USERS = 500
MAX_NAME_LENGTH = 80
_USERS = "staff"
_OWNERS = Key("staff-count", "owners")
_CONTEXT = {"kind": "staff"}


class StaffUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here."""

    id: str
    email: str
    name: str
    role: Role
    created_at: datetime
    version: int = 1

    def allows(self, scope: str) -> bool:
        """Tell whether they may do what needs a scope."""
        return allows(self.role, scope)


class LastOwnerError(ConflictError):
    """Without an owner nobody could make another."""

    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("this is the last owner: make somebody else one first")


class Staff:
    """Staff users by id. What they may do is read with every request, so that a change of role holds at once."""

    def __init__(
        self,
        *,
        table: TableStore,
        credentials: Credentials,
        sessions: Sessions,
        vault: Vault,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._table = table
        self._credentials = credentials
        self._sessions = sessions
        self._vault = vault
        self._clock = clock
        self._ids = ids

    # -- who there is

    def create(self, *, email: str, role: str, password: str, name: str = "") -> StaffUser:
        """Make a user; EmailTakenError, or InvalidError with what is wrong."""
        address = parse_email(email)
        _check_name(name)
        checked = _checked_role(role)
        if len(self.list()) >= MAX_USERS:
            raise InvalidError(f"a shop has at most {MAX_USERS} staff users")
        hashed = self._credentials.hashed(password, about=address.text)
        user = StaffUser(
            id=self._ids.new("usr"), email=address.text, name=name, role=checked, created_at=self._clock.now()
        )
        login = self._credentials.login_of(address)
        plan = WritePlan()
        key = self._vault.add_owner(plan=plan, owner=user.id)
        self._credentials.add_owner(plan=plan, owner=user.id, login=login, hashed=hashed)
        plan.add(Put(schema.ACCESS, self._item(user, key), NotExists()))
        self._add_owners(plan, None, user.role)
        plan.commit(self._table)
        return user

    def find(self, user_id: str) -> StaffUser | None:
        """Return a user, or None."""
        item = self._table.get(schema.ACCESS, Key(_USERS, user_id)) if user_id.startswith("usr_") else None
        return self._read(item) if item is not None else None

    def get(self, user_id: str) -> StaffUser:
        """Return a user; NotFoundError without one."""
        user = self.find(user_id)
        if user is None:
            raise NotFoundError("staff user", user_id[:80])
        return user

    def get_by_email(self, email: str) -> StaffUser:
        """Return the user who signs in with an address; NotFoundError without one."""
        owner = self._credentials.find_owner(parse_email(email))
        user = self.find(owner) if owner is not None else None
        if user is None:
            raise NotFoundError("staff user", email[:80])
        return user

    def list(self) -> list[StaffUser]:
        """Return all users, oldest first."""
        return list(filter(None, map(self._read, query_all(self._table, schema.ACCESS, _USERS))))

    # -- what they may

    def set_role(self, user_id: str, role: str) -> StaffUser:
        """Give a user another role; their sessions end. LastOwnerError rather than leave the shop without an owner."""
        checked = _checked_role(role)

        def decide() -> tuple[WritePlan, StaffUser]:
            before = self.get(user_id)
            plan = WritePlan()
            if before.role == checked:
                return plan, before
            user = msgspec.structs.replace(before, role=checked, version=before.version + 1)
            self._add_change(plan, user)
            self._add_owners(plan, before.role, user.role)
            self._sessions.add_end_of_all(plan=plan, owner=user_id)
            return plan, user

        return repeated(self._table, decide)

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user another password; their sessions end."""
        hashed = self._credentials.hashed(password, about=self.get(user_id).email)

        def decide() -> tuple[WritePlan, None]:
            plan = WritePlan()
            before = self._credentials.get(user_id)
            self._credentials.add_password(plan=plan, owner=user_id, before=before, hashed=hashed)
            self._sessions.add_end_of_all(plan=plan, owner=user_id)
            return plan, None

        repeated(self._table, decide)

    def remove(self, user_id: str) -> None:
        """Let a user in no more, and forget who they were."""

        def decide() -> tuple[WritePlan, None]:
            user = self.get(user_id)
            login = self._credentials.login_of(parse_email(user.email))
            plan = WritePlan()
            plan.add(
                Delete(schema.ACCESS, Key(_USERS, user_id), Equals("version", user.version)),
                otherwise=lambda _: OvertakenError(),
            )
            self._add_owners(plan, user.role, None)
            self._vault.add_erasure(plan=plan, owner=user_id)
            self._credentials.add_removal(plan=plan, owner=user_id, login=login)
            self._sessions.add_end_of_all(plan=plan, owner=user_id)
            return plan, None

        repeated(self._table, decide)

    # -- getting in

    def sign_in(self, *, email: str, password: str, caller: str, leaving: Session | None = None) -> Started:
        """Begin a session, in place of the one that this browser leaves; as `Credentials.authenticate` otherwise."""
        verified: Verified = self._credentials.authenticate(email=email, password=password, caller=caller)

        def also(plan: WritePlan) -> None:
            verified.add_to(plan)
            if leaving is not None:
                self._sessions.add_end(plan=plan, session=leaving)

        return self._sessions.start(verified.owner, also=also)

    def change_password(self, session: Session, *, current: str, new: str, caller: str) -> Started:
        """Set another password for oneself. All other sessions end, and this one goes on under a new token."""
        user = self.get(session.owner)
        before = self._credentials.confirm(owner=user.id, password=current, caller=caller)
        hashed = self._credentials.hashed(new, about=user.email, pointer="/new_password")

        def also(plan: WritePlan) -> None:
            self._credentials.add_password(plan=plan, owner=user.id, before=before, hashed=hashed)
            self._sessions.add_end_of_all(plan=plan, owner=user.id, but=session.id)

        return self._sessions.rotate(session, also=also)

    def new_password(self) -> str:
        """Return a password that nobody has to think of."""
        return self._ids.secret(size_bytes=max(16, MIN_LENGTH))

    # -- inside

    def _add_owners(self, plan: WritePlan, before: Role | None, after: Role | None) -> None:
        """Add the change in the number of owners; commit raises LastOwnerError rather than let it become none."""
        change = (after == "owner") - (before == "owner")
        if change:
            others = AtLeast("count", 2) if change < 0 else None
            plan.add(
                Update(schema.ACCESS, _OWNERS, add={"count": change}, condition=others),
                otherwise=lambda _: LastOwnerError(),
            )

    def _add_change(self, plan: WritePlan, user: StaffUser) -> None:
        plan.add(
            Put(schema.ACCESS, self._item(user), Equals("version", user.version - 1)),
            otherwise=lambda _: OvertakenError(),
        )

    def _item(self, user: StaffUser, key: DataKey | None = None) -> Item:
        return {
            "entity": _USERS,
            "part": user.id,
            "version": user.version,
            "doc": self._vault.seal(user.id, _encode(user), _CONTEXT, key=key),
        }

    def _read(self, item: Item) -> StaffUser | None:
        plain = self._vault.unseal(cast("str", item["part"]), cast("bytes", item["doc"]), _CONTEXT)
        return _decode(plain) if plain is not None else None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StaffUser).decode


def _checked_role(role: str) -> Role:
    if role not in ROLES:
        detail = f"there is no role {role[:40]!r}; there are {', '.join(ROLES)}"
        raise InvalidError(detail, [Fault("/role", "unknown_role", detail)])
    return role


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME_LENGTH or not is_clean(name):
        detail = f"a name has at most {MAX_NAME_LENGTH} characters, without control characters"
        raise InvalidError(detail, [Fault("/name", "bad_text", detail)])
