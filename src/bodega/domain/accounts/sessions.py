"""Keep sessions: who is signed in, by tokens that change, and of which the shop itself knows only hashes."""

import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.accounts.deciding import OvertakenError, repeated
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.table import (
    Any,
    AtMost,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
    TableStore,
)

_log = logging.getLogger(__name__)
MAX_OPEN = 20
"""So many sessions may one owner have; the next one ends the oldest."""
GRACE = timedelta(seconds=30)
"""So long is the token before the newest still taken, counted from the first use of the newest."""
_MAX_SPENT = 200
_TRIES = 8
_TOKEN = re.compile(r"(ses_[0-9A-Z]{26})\.([A-Za-z0-9_-]{43})")
_MAX_TOKEN_LENGTH = 80
_SESSION, _OPEN = "session", "open"


class Lifetime(msgspec.Struct, frozen=True):
    """How long a session lasts unused and at most, and after how long its token is changed."""

    idle: timedelta
    most: timedelta
    rotate: timedelta


CUSTOMER = Lifetime(idle=timedelta(days=30), most=timedelta(days=90), rotate=timedelta(hours=24))
STAFF = Lifetime(idle=timedelta(hours=2), most=timedelta(hours=12), rotate=timedelta(hours=1))


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session as stored. `owner` is a customer's or a staff user's id.

    `previous` is the token before the newest, which is taken until `previous_until`, or as long as the newest has not
    been used: the answer that carried it may have been lost. `spent` are all before that.
    """

    id: str
    owner: str
    started_at: datetime
    seen_at: datetime
    rotated_at: datetime
    ends_at: datetime
    secret: bytes
    previous: bytes = b""
    previous_until: datetime | None = None
    spent: tuple[bytes, ...] = ()
    version: int = 1


class Started(msgspec.Struct, frozen=True):
    """A session with its token, which is handed out this once and kept nowhere."""

    session: Session
    token: str


class Sessions:
    """Sessions by token. One that is over, ended or unknown is not found; nor is one whose token was stolen."""

    def __init__(self, *, table: TableStore, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids

    def start(self, owner: str, *, also: Callable[[WritePlan], None] | None = None) -> Started:
        """Begin a session with an id of its own, in one transaction with what `also` adds to it.

        No token that anybody had before opens it: there is nothing to be fixed beforehand.
        """
        for _ in range(_TRIES):
            started, plan = self._planned(owner)
            if also is not None:
                also(plan)
            try:
                plan.commit(self._table)
            except OvertakenError:
                continue
            return started
        raise ConflictError("you are signing in at too many places at once; try again")

    def find(self, token: str) -> Session | None:
        """Return the session that a token opens, or None. Being found keeps a session alive.

        A token that was changed for another and comes back all the same is in two hands, and nobody can tell which of
        them is the thief's: the session ends for both.
        """
        session_id, _, secret = token.partition(".")
        if len(token) > _MAX_TOKEN_LENGTH or not _TOKEN.fullmatch(token):
            return None
        session = self._get(session_id)
        now = self._clock.now()
        if session is None or now >= _over_at(session):
            return None
        shown = _hash(secret)
        if hmac.compare_digest(shown, session.secret):
            return self._used(session, now)
        if hmac.compare_digest(shown, session.previous):
            if session.previous_until is None or now < session.previous_until:
                return session
        elif shown not in session.spent:
            return None
        _log.warning("a spent session token was used; the session is ended", extra={"session": session.id})
        self.end(session)
        return None

    def is_due(self, session: Session) -> bool:
        """Tell whether a session's token is so old that it should be changed."""
        return self._clock.now() >= session.rotated_at + lifetime(session.owner).rotate

    def renew(self, session: Session) -> str | None:
        """Change an old token for a new one; the old one is taken until the new one has been used.

        None if somebody else changed the session meanwhile: they have the new token.
        """
        renewed, token = self._with_new_secret(session)
        kept = session.previous if session.previous_until is None and session.previous else session.secret
        try:
            self._save(msgspec.structs.replace(renewed, previous=kept, previous_until=None))
        except OvertakenError:
            return None
        return token

    def rotate(self, session: Session, *, also: Callable[[WritePlan], None] | None = None) -> Started:
        """Change the token at once: the old one is refused from now on. ConflictError if somebody else just did."""
        for _ in range(_TRIES):
            current = self._get(session.id)
            if current is None or current.secret != session.secret:
                break
            renewed, token = self._with_new_secret(current)
            spent = (*renewed.spent, current.secret)[-_MAX_SPENT:]
            rotated = msgspec.structs.replace(renewed, previous=b"", previous_until=None, spent=spent)
            try:
                return Started(self._save(rotated, also=also), token)
            except OvertakenError:
                continue
        raise ConflictError("this session's token was just changed; use the new one")

    def end(self, session: Session) -> None:
        """End a session; ending it again changes nothing."""
        self._table.transact([Delete(schema.SESSIONS, _key(session.id))])

    def add_end(self, *, plan: WritePlan, session: Session) -> None:
        """Add to a plan that a session ends."""
        plan.add(Delete(schema.SESSIONS, _key(session.id)))

    def end_all(self, owner: str) -> None:
        """End all sessions of an owner."""

        def decide() -> tuple[WritePlan, None]:
            plan = WritePlan()
            self.add_end_of_all(plan=plan, owner=owner)
            return plan, None

        repeated(self._table, decide)

    def add_end_of_all(self, *, plan: WritePlan, owner: str, but: str | None = None) -> None:
        """Add to a plan that all sessions of an owner end, except one.

        Commit raises OvertakenError if one is begun meanwhile: decide again.
        """
        opened = self._opened(owner)
        for session_id in opened.ids:
            if session_id != but:
                plan.add(Delete(schema.SESSIONS, _key(session_id)))
        kept = [but] if but in opened.ids else []
        plan.add(self._open_write(owner, opened, kept), otherwise=lambda _: OvertakenError())

    # -- inside

    def _planned(self, owner: str) -> tuple[Started, WritePlan]:
        now = self._clock.now()
        secret = self._ids.secret()
        life = lifetime(owner)
        session = Session(
            id=self._ids.new("ses"),
            owner=owner,
            started_at=now,
            seen_at=now,
            rotated_at=now,
            ends_at=now + life.most,
            secret=_hash(secret),
        )
        opened = self._opened(owner)
        leaving, staying = opened.ids[: -MAX_OPEN + 1], opened.ids[-MAX_OPEN + 1 :]
        plan = WritePlan()
        plan.add(Put(schema.SESSIONS, _item(session), NotExists()))
        plan.add_all([Delete(schema.SESSIONS, _key(session_id)) for session_id in leaving])
        plan.add(self._open_write(owner, opened, [*staying, session.id]), otherwise=lambda _: OvertakenError())
        return Started(session, f"{session.id}.{secret}"), plan

    def _used(self, session: Session, now: datetime) -> Session:
        """Note that the newest token arrived, and that the session lives; both are written rarely."""
        confirmed = bool(session.previous) and session.previous_until is None
        if not confirmed and now - session.seen_at < lifetime(session.owner).idle / 24:
            return session
        until = now + GRACE if confirmed else session.previous_until
        try:
            return self._save(msgspec.structs.replace(session, seen_at=now, previous_until=until))
        except OvertakenError:
            return session  # somebody else noted it, or ended the session, which the next request will see

    def _with_new_secret(self, session: Session) -> tuple[Session, str]:
        now, secret = self._clock.now(), self._ids.secret()
        used_up = (session.previous,) if session.previous_until is not None else ()
        return (
            msgspec.structs.replace(
                session,
                secret=_hash(secret),
                rotated_at=now,
                seen_at=now,
                spent=(*session.spent, *used_up)[-_MAX_SPENT:],
            ),
            f"{session.id}.{secret}",
        )

    def _save(self, session: Session, *, also: Callable[[WritePlan], None] | None = None) -> Session:
        saved = msgspec.structs.replace(session, version=session.version + 1)
        plan = WritePlan()
        plan.add(
            Put(schema.SESSIONS, _item(saved), Equals("version", session.version)),
            otherwise=lambda _: OvertakenError(),
        )
        if also is not None:
            also(plan)
        plan.commit(self._table)
        return saved

    def _get(self, session_id: str) -> Session | None:
        item = self._table.get(schema.SESSIONS, _key(session_id))
        return _read(item) if item is not None else None

    def _opened(self, owner: str) -> "_Opened":
        item = self._table.get(schema.SESSIONS, Key(owner, _OPEN))
        if item is None:
            return _Opened((), 0)
        return _Opened(tuple(cast("list[str]", item["ids"])), cast("int", item["version"]))

    def _open_write(self, owner: str, before: "_Opened", session_ids: Sequence[str]) -> Put:
        now = self._clock.now()
        item: Item = {
            "session_id": owner,
            "part": _OPEN,
            "ids": list(session_ids),
            "version": before.version + 1,
            "expires_at": int((now + lifetime(owner).most).timestamp()) + 1,
        }
        gone = Any((NotExists(), AtMost("expires_at", int(now.timestamp()))))
        return Put(schema.SESSIONS, item, Equals("version", before.version) if before.version else gone)


class _Opened(msgspec.Struct, frozen=True):
    ids: tuple[str, ...]
    version: int


def lifetime(owner: str) -> Lifetime:
    """Return how long sessions of an owner last: staff's are short."""
    return CUSTOMER if owner.startswith("cus_") else STAFF


def _over_at(session: Session) -> datetime:
    return min(session.ends_at, session.seen_at + lifetime(session.owner).idle)


def _hash(secret: str) -> bytes:
    # The secret has 256 bits of entropy, so that a slow hash would add nothing.
    return hashlib.sha256(secret.encode()).digest()


def _key(session_id: str) -> Key:
    return Key(session_id, _SESSION)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode


def _item(session: Session) -> Item:
    return {
        "session_id": session.id,
        "part": _SESSION,
        "owner": session.owner,
        "version": session.version,
        "expires_at": int(_over_at(session).timestamp()) + 1,
        "doc": _encode(session),
    }


def _read(item: Item) -> Session:
    return _decode(cast("bytes", item["doc"]))
