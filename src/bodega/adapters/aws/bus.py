"""Carry events to EventBridge, whose rules hand them to the queues of those who subscribed.

A rule a queue, deployed from the same declaration, hands over the event itself (`InputPath: $.detail`). EventBridge
tries a target again for as long as the rule says; what it cannot bring goes to the queue's dead letters, and says why.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bodega import schema
from bodega.adapters.aws.refusals import unavailable
from bodega.adapters.aws.retry import Again, Retry
from bodega.adapters.rules.event_bodies import event_body
from bodega.errors import UnavailableError
from bodega.ports.table import Event
from bodega.schema import Subscription

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_AT_ONCE = 10
_CALL_BYTES = 256 * 1024
_PASSING = frozenset({"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable"})


class EventBridgeBus:
    """One event bus of a deployed shop. Thread-safe."""

    def __init__(self, events: Any, *, bus: str, retry: Retry) -> None:
        """Take boto3's client of EventBridge, which repeats whole calls; `retry` repeats what a call left over."""
        self._events = events
        self._bus = bus
        self._retry = retry

    def publish(self, events: Sequence[Event]) -> None:
        """Hand all events over; if a call fails the whole may be repeated, and brings some of them twice."""
        entries = [self._entry(event) for event in events]
        for batch in _batches(entries):
            self._put_all(batch)

    def check(self, subscriptions: Sequence[Subscription]) -> None:
        """Raise UnavailableError that names the first rule that is missing, switched off or not as declared.

        An event that no rule fits is dropped without a word, so that whoever publishes asks first.
        """
        wanted = {queue: schema.event_pattern(names) for queue, names in schema.subscribed(subscriptions).items()}
        found = self._rules()
        for queue, pattern in wanted.items():
            rule = found.get(schema.rule_name(self._bus, queue))
            if rule is None or rule.get("State") != "ENABLED":
                raise UnavailableError(
                    f"event bus {self._bus} has no working rule for queue {queue}: check the stage, or deploy again"
                )
            if msgspec.json.decode(rule.get("EventPattern") or "{}") != msgspec.json.decode(pattern):
                raise UnavailableError(
                    f"the rule for queue {queue} on event bus {self._bus} is of another version: deploy again"
                )

    # -- inside --------------------------------------------------------------------------------------------

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": schema.EVENT_SOURCE,
            "DetailType": event.name,
            "Detail": event_body(event).decode(),
        }

    def _put_all(self, batch: list[dict[str, Any]]) -> None:
        """Put a batch, and again whatever of it was not taken."""
        left = batch

        def attempt() -> None:
            nonlocal left
            answer = self._events.put_events(Entries=left)
            refused = [
                (entry, result)
                for entry, result in zip(left, answer["Entries"], strict=True)
                if result.get("ErrorCode")
            ]
            left = [entry for entry, _ in refused]
            if refused:
                raise _LeftOverError({str(result["ErrorCode"]) for _, result in refused})

        try:
            self._retry.call(attempt, _verdict)
        except _LeftOverError as error:
            raise UnavailableError(f"event bus {self._bus} did not take all events: {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def _rules(self) -> dict[str, dict[str, Any]]:
        rules: dict[str, dict[str, Any]] = {}
        more: dict[str, str] = {}
        try:
            while True:
                answer = self._events.list_rules(EventBusName=self._bus, **more)
                rules |= {rule["Name"]: rule for rule in answer["Rules"]}
                if not answer.get("NextToken"):
                    break
                more = {"NextToken": answer["NextToken"]}
            if not rules:  # some engines list the rules of a bus that is not there
                self._events.describe_event_bus(Name=self._bus)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error
        return rules

    def _unavailable(self, error: Exception) -> UnavailableError:
        return unavailable("EventBridge", f"event bus {self._bus}", error)


class _LeftOverError(Exception):
    """Some entries of a call were not taken; holds the codes that say why."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.codes = codes


def _verdict(failure: Exception) -> Again:
    if isinstance(failure, _LeftOverError) and failure.codes <= _PASSING:
        return Again.TROUBLE
    return Again.NEVER  # a whole call that failed was repeated by boto3 already: two layers would multiply


def _batches(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield entries in calls that EventBridge takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        weight = len(entry["Detail"].encode()) + len(entry["DetailType"].encode()) + len(entry["Source"])
        if batch and (len(batch) == _AT_ONCE or size + weight > _CALL_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += weight
    if batch:
        yield batch
