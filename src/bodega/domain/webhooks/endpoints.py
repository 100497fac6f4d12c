"""Keep the endpoints of other programs: where they are, what they want to hear, and what is signed for them with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import msgspec

from bodega import schema
from bodega.domain.webhooks.contents import checked, input_of, patched
from bodega.domain.webhooks.events import webhook_disabled
from bodega.domain.webhooks.model import (
    MAX_ENDPOINTS,
    MAX_SECRETS,
    DisabledReason,
    Endpoint,
    EndpointInput,
    Secret,
)
from bodega.domain.webhooks.records import ENDPOINTS, endpoint_item, endpoint_key, is_id, read_endpoint
from bodega.domain.webhooks.signing import new_secret
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.table import (
    All,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Missing,
    NotExists,
    Put,
    TableStore,
    Update,
    query_all,
)
from bodega.values.times import format_time
from bodega.values.web_address import WebAddress

MAX_OVERLAP = timedelta(days=7)
DISABLE_AFTER = timedelta(days=3)
_TRIES = 5


class TooManySecretsError(ConflictError):
    """Several secrets are still within their overlap; wait for one to expire, or rotate without overlap."""

    code = "too_many_secrets"


class Endpoints:
    """Endpoints by id. There are few: every list of them is read whole."""

    def __init__(
        self,
        *,
        table: TableStore,
        keys: Keys,
        clock: Clock,
        ids: Ids,
        check: Callable[[WebAddress], None],
    ) -> None:
        """Take `check`, which raises for an address that will never be called (`Outgoing.check`)."""
        self._table = table
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._check_address = check

    # -- reading

    def list(self) -> list[Endpoint]:
        """Return all endpoints, oldest first."""
        return list(map(read_endpoint, query_all(self._table, schema.WEBHOOKS, ENDPOINTS, page_size=100)))

    def find(self, endpoint_id: str) -> Endpoint | None:
        """Return an endpoint or None."""
        item = self._table.get(schema.WEBHOOKS, endpoint_key(endpoint_id)) if is_id(endpoint_id, "hook") else None
        return read_endpoint(item) if item is not None else None

    def get(self, endpoint_id: str) -> Endpoint:
        """Return an endpoint; NotFoundError if there is none."""
        endpoint = self.find(endpoint_id)
        if endpoint is None:
            raise NotFoundError("webhook", endpoint_id[:80])
        return endpoint

    def secrets(self, endpoint: Endpoint) -> Sequence[str]:
        """Return the secrets that sign now, newest first."""
        now = self._clock.now()
        live = [one for one in endpoint.secrets if one.expires_at is None or one.expires_at > now]
        return [self._keys.unseal(one.sealed, _context(endpoint.id)).decode() for one in live]

    # -- changing

    def create(self, given: EndpointInput) -> tuple[Endpoint, str]:
        """Add an endpoint and return it with its secret, which is shown this once.

        It gets what is committed from now on. InvalidError with every fault, or for one more than there may be.
        """
        given = checked(given, self._check_address)
        if len(self.list()) >= MAX_ENDPOINTS:
            raise InvalidError(f"a shop has at most {MAX_ENDPOINTS} webhooks: remove one that is not used")
        endpoint_id = self._ids.new("hook")
        secret, sealed = self._new_secret(endpoint_id)
        now = self._clock.now()
        endpoint = Endpoint(
            id=endpoint_id,
            url=given.url,
            events=given.events,
            description=given.description,
            status=given.status,
            disabled_reason="staff" if given.status == "disabled" else "",
            created_at=now,
            updated_at=now,
            since=self._table.last_position(),
            secrets=[sealed],
        )
        self._table.transact([Put(schema.WEBHOOKS, endpoint_item(endpoint), NotExists())])
        return endpoint, secret

    def change(self, endpoint_id: str, patch: Mapping[str, Any], *, expected_version: int | None) -> Endpoint:
        """Apply a JSON Merge Patch to what staff can set. Enabling an endpoint forgets that it failed."""

        def changed(old: Endpoint) -> Endpoint:
            given = checked(patched(old, patch), self._check_address)
            if given == input_of(old):
                return old
            changes: dict[str, Any] = msgspec.structs.asdict(given)
            if given.status != old.status:
                changes["disabled_reason"] = "staff" if given.status == "disabled" else ""
                changes["failing_since"] = None
            if given.status == "enabled" and old.status == "disabled":
                changes["since"] = self._table.last_position()
            return msgspec.structs.replace(old, **changes)

        return self._change(endpoint_id, changed, expected_version=expected_version)

    def rotate_secret(
        self, endpoint_id: str, *, overlap: timedelta, expected_version: int | None
    ) -> tuple[Endpoint, str]:
        """Give an endpoint a new secret and return it, shown this once; the old ones sign along until the overlap ends.

        Without overlap they end at once: for a secret that leaked. TooManySecretsError beyond four at a time.
        """
        if not timedelta() <= overlap <= MAX_OVERLAP:
            raise InvalidError("an overlap lasts from 0 seconds to 7 days")
        secret, sealed = self._new_secret(endpoint_id)
        now = self._clock.now()

        def rotated(old: Endpoint) -> Endpoint:
            ends = now + overlap
            kept = [
                msgspec.structs.replace(one, expires_at=min(ends, one.expires_at or ends))
                for one in old.secrets
                if overlap and (one.expires_at is None or one.expires_at > now)
            ]
            if len(kept) >= MAX_SECRETS:
                raise TooManySecretsError(f"{MAX_SECRETS} secrets overlap already: wait, or rotate without overlap")
            return msgspec.structs.replace(old, secrets=[sealed, *kept])

        return self._change(endpoint_id, rotated, expected_version=expected_version), secret

    def remove(self, endpoint_id: str, *, expected_version: int | None) -> None:
        """Forget an endpoint. What was on its way to it is not delivered, and forgotten in time."""
        old = self.get(endpoint_id)
        version = old.version if expected_version is None else expected_version
        plan = WritePlan()
        plan.add(
            Delete(schema.WEBHOOKS, endpoint_key(endpoint_id), Equals("version", version)),
            otherwise=lambda item: _overtaken(endpoint_id, item),
        )
        plan.commit(self._table)

    # -- what attempts find out

    def note_success(self, endpoint: Endpoint) -> None:
        """Forget that an endpoint was failing."""
        if endpoint.failing_since is not None:
            self._note(endpoint, Update(schema.WEBHOOKS, endpoint_key(endpoint.id), remove=("failing_since",)))

    def note_failure(self, endpoint: Endpoint) -> None:
        """Remember since when an endpoint fails; disable it once that is three days ago."""
        now = self._clock.now()
        if endpoint.failing_since is None:
            since: Item = {"failing_since": format_time(now)}
            self._note(endpoint, Update(schema.WEBHOOKS, endpoint_key(endpoint.id), set=since))
        elif now - endpoint.failing_since >= DISABLE_AFTER:
            self.disable(endpoint, "failing")

    def disable(self, endpoint: Endpoint, reason: DisabledReason) -> None:
        """Deliver nothing more to an endpoint until staff enable it, and announce that; nothing if it was changed."""
        disabled = msgspec.structs.replace(
            endpoint,
            status="disabled",
            disabled_reason=reason,
            updated_at=self._clock.now(),
            version=endpoint.version + 1,
        )
        same = Equals("version", endpoint.version)
        try:
            self._table.transact(
                [Put(schema.WEBHOOKS, endpoint_item(disabled), same)],
                [webhook_disabled(disabled)],
            )
        except ConditionFailedError:
            return  # staff looked at it a moment ago, and the next failure will be looked at anew

    # -- inside

    def _note(self, endpoint: Endpoint, change: Update) -> None:
        known = endpoint.failing_since
        there = Missing("failing_since") if known is None else Equals("failing_since", format_time(known))
        unchanged = All((Equals("version", endpoint.version), there))
        try:
            self._table.transact([msgspec.structs.replace(change, condition=unchanged)])
        except ConditionFailedError:
            return  # another attempt noted it, or staff changed the endpoint

    def _change(
        self, endpoint_id: str, decide: Callable[[Endpoint], Endpoint], *, expected_version: int | None
    ) -> Endpoint:
        for _ in range(_TRIES):
            old = self.get(endpoint_id)
            if expected_version is not None and old.version != expected_version:
                raise StaleVersionError("webhook", endpoint_id, current=old.version)
            new = decide(old)
            if new == old:
                return old
            new = msgspec.structs.replace(new, version=old.version + 1, updated_at=self._clock.now())
            plan = WritePlan()
            plan.add(
                Put(schema.WEBHOOKS, endpoint_item(new), Equals("version", old.version)),
                otherwise=lambda item: _overtaken(endpoint_id, item),
            )
            try:
                plan.commit(self._table)
            except StaleVersionError:
                if expected_version is not None:
                    raise
                continue
            return new
        raise ConflictError(f"webhook {endpoint_id!r} changes too fast; try again")

    def _new_secret(self, endpoint_id: str) -> tuple[str, Secret]:
        secret = new_secret(self._ids)
        sealed = self._keys.seal(secret.encode(), _context(endpoint_id))
        return secret, Secret(sealed, self._clock.now())


def _context(endpoint_id: str) -> Mapping[str, str]:
    return {"webhook": endpoint_id}


def _overtaken(endpoint_id: str, item: Item | None) -> ShopError:
    if item is None:
        return NotFoundError("webhook", endpoint_id)
    return StaleVersionError("webhook", endpoint_id, current=cast("int", item["version"]))
