"""Bring deliveries to their endpoints: one attempt at a time in each lane, and what becomes of it."""

import logging
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from bodega import schema
from bodega.domain.webhooks.backoff import pause
from bodega.domain.webhooks.endpoints import Endpoints
from bodega.domain.webhooks.lanes import LEASE, Claim, Head, LaneLostError, Lanes
from bodega.domain.webhooks.model import (
    KEPT_ATTEMPTS,
    KEPT_CHARACTERS,
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
    Fact,
)
from bodega.domain.webhooks.records import delivery_key, delivery_put, read_delivery
from bodega.domain.webhooks.signing import signature_headers
from bodega.errors import InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.outgoing import Answer, CallFailedError, Outgoing
from bodega.ports.table import TableStore
from bodega.values.web_address import parse_web_address

TIMEOUT_SECONDS = 15.0
_log = logging.getLogger(__name__)
_GONE = 410
_RETRY_LATER = frozenset({429, 503})
_MAX_DIGITS = 6
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# A claim ends after a minute; so much of it may pass before the last attempt begins, which takes 15 seconds at most.
_WORK = LEASE / 2


class Courier:
    """Attempts what is due. Thread-safe; any number of processes may have one."""

    def __init__(
        self,
        *,
        table: TableStore,
        endpoints: Endpoints,
        outgoing: Outgoing,
        clock: Clock,
        ids: Ids,
        chance: Callable[[], float],
    ) -> None:
        """Take `chance`, which returns numbers in [0, 1) for the jitter."""
        self._table = table
        self._endpoints = endpoints
        self._outgoing = outgoing
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._lanes = Lanes(table)

    def due(self, endpoint_id: str, *, limit: int) -> Sequence[str]:
        """Return up to `limit` lanes of an endpoint in which something is due."""
        return self._lanes.due(endpoint_id, self._clock.now(), limit=limit)

    def work(self, lane: str) -> int:
        """Attempt what is due in a lane, one after the other, and return how many attempts that were.

        Nothing if somebody else is at it. Ends at a failure, and in time before the claim does.
        """
        claim = self._lanes.claim(lane, self._clock.now(), self._ids.new("clm"))
        ends = self._clock.now() + _WORK
        attempts = 0
        try:
            while claim is not None:
                if self._clock.now() >= ends:
                    self._lanes.release(claim, self._clock.now())
                    break
                claim, attempted = self._step(claim)
                attempts += attempted
        except LaneLostError:
            _log.warning("a delivery took longer than its claim lasted", extra={"lane": lane})
        return attempts

    # -- inside

    def _step(self, claim: Claim) -> tuple[Claim | None, bool]:
        """Deal with the first delivery of a lane; return the claim if the next may follow, and whether it was tried."""
        endpoint = self._endpoints.find(claim.endpoint_id)
        if endpoint is None or endpoint.status == "disabled":
            self._lanes.release(claim, self._clock.now())  # it is not looked at until somebody enables the endpoint
            return None, False
        head = self._lanes.head(claim)
        if head is None:
            self._lanes.clear(claim)
            return None, False
        item = self._table.get(schema.DELIVERIES, delivery_key(claim.endpoint_id, head.delivery_id))
        if item is None:
            return self._lanes.finish(claim, head, [], delivered=False, now=self._clock.now()), False
        delivery = read_delivery(item)
        if head.version < claim.delivered and not delivery.forced:
            return self._skip(claim, head, delivery), False
        return self._attempt(claim, head, delivery, endpoint), True

    def _skip(self, claim: Claim, head: Head, delivery: Delivery) -> Claim | None:
        note = f"version {claim.delivered} of {delivery.event.resource} was delivered before"
        now = self._clock.now()
        skipped = msgspec.structs.replace(delivery, state="skipped", updated_at=now, next_attempt_at=None, note=note)
        return self._lanes.finish(claim, head, [delivery_put(skipped)], delivered=False, now=now)

    def _attempt(self, claim: Claim, head: Head, delivery: Delivery, endpoint: Endpoint) -> Claim | None:
        attempt, retry_after = self._call(endpoint, delivery)
        tried = msgspec.structs.replace(
            delivery,
            updated_at=self._clock.now(),
            next_attempt_at=None,
            attempt_count=delivery.attempt_count + 1,
            attempts=[*delivery.attempts[1 - KEPT_ATTEMPTS :], attempt],
        )
        if attempt.succeeded:
            self._endpoints.note_success(endpoint)
            return self._finish(claim, head, tried, "delivered")
        if attempt.status == _GONE:
            self._endpoints.disable(endpoint, "gone")
        else:
            self._endpoints.note_failure(endpoint)
        if tried.updated_at >= tried.give_up_at:
            return self._finish(claim, head, tried, "given_up")
        due = tried.updated_at + pause(tried.attempt_count, self._chance, at_least=retry_after)
        waiting = msgspec.structs.replace(tried, next_attempt_at=due)
        self._lanes.release(claim, due, [delivery_put(waiting)])
        return None

    def _finish(self, claim: Claim, head: Head, tried: Delivery, state: DeliveryState) -> Claim | None:
        done = msgspec.structs.replace(tried, state=state)
        delivered = state == "delivered"
        return self._lanes.finish(claim, head, [delivery_put(done)], delivered=delivered, now=tried.updated_at)

    def _call(self, endpoint: Endpoint, delivery: Delivery) -> tuple[Attempt, timedelta]:
        """Return what came of one call, and how long the receiver wants to be left alone."""
        at = self._clock.now()
        try:
            answer = self._post(endpoint, delivery, at)
        except CallFailedError as exc:
            return Attempt(at, self._since(at), error=exc.reason, excerpt=_excerpt(exc.message)), timedelta()
        except InvalidError as exc:
            return Attempt(at, self._since(at), error=exc.code, excerpt=_excerpt(exc.message)), timedelta()
        said = _excerpt(answer.body.decode("utf-8", "replace"))
        return Attempt(at, self._since(at), status=answer.status, excerpt=said), _retry_after(answer)

    def _post(self, endpoint: Endpoint, delivery: Delivery, at: datetime) -> Answer:
        body = _body(delivery.event)
        headers = signature_headers(delivery.id, at, body, self._endpoints.secrets(endpoint))
        headers |= {"Content-Type": "application/json", "User-Agent": "Bodega-Webhooks/1"}
        return self._outgoing.post(parse_web_address(endpoint.url), body, headers, timeout_seconds=TIMEOUT_SECONDS)

    def _since(self, at: datetime) -> int:
        return max(0, round((self._clock.now() - at).total_seconds() * 1000))


def _body(event: Fact) -> bytes:
    return msgspec.json.encode(
        {
            "id": event.id,
            "type": event.name,
            "timestamp": event.occurred_at,
            "resource": event.resource,
            "version": event.version,
            "data": event.data,
        }
    )


def _retry_after(answer: Answer) -> timedelta:
    """Return the pause that a busy receiver asks for in seconds; a date is not looked at."""
    asked = answer.headers.get("retry-after", "").strip()
    if answer.status not in _RETRY_LATER or not (asked.isascii() and asked.isdigit() and len(asked) <= _MAX_DIGITS):
        return timedelta()
    return timedelta(seconds=int(asked))


def _excerpt(text: str) -> str:
    """Return the beginning of what a stranger said, without what would steer a terminal or reorder a page."""
    kept = text[:KEPT_CHARACTERS]
    return "".join(" " if unicodedata.category(c) in _UNPRINTABLE else c for c in kept).strip()
