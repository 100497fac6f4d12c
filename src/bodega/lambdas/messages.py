"""Have the workers of queues work on a batch of messages, each of which stands and falls alone."""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bodega.errors import InvalidError
from bodega.lambdas.batches import Answer, QueueRecord, not_understood, records_in, to_come_again
from bodega.lambdas.handed import HandedQueue
from bodega.ports.queue import Message
from bodega.values.decode import convert

_log = logging.getLogger(__name__)
Work: TypeAlias = Callable[[Any], int]
"""Takes Lambda's context and works on some of what a queue holds; returns how many messages that were."""


class Messages:
    """Answers events of SQS."""

    def __init__(self, handed: HandedQueue, workers: Mapping[str, Work]) -> None:
        """Take the workers by the queues they receive from."""
        self._handed = handed
        self._workers = workers

    def __call__(self, event: Any, context: Any) -> Answer:
        """Work on all messages, and return those that are to come again."""
        failed: list[str] = []
        waiting: defaultdict[str, dict[str, Message]] = defaultdict(dict)
        for raw in records_in(event):
            try:
                record = convert(raw, QueueRecord)
                waiting[record.queue][record.message_id] = record.message()
            except InvalidError as fault:
                failed += self._bury(raw, str(fault))
        for queue, messages in waiting.items():
            failed += self._work(queue, messages, context)
        return to_come_again(failed)

    def _work(self, queue: str, messages: Mapping[str, Message], context: Any) -> list[str]:
        """Have a queue's worker do its work, and return the ids of what it did not settle."""
        worker = self._workers.get(queue)
        if worker is None:
            _log.error("messages of a queue that this function knows nothing of", extra={"queue": queue})
            return list(messages)
        self._handed.hand_over(queue, list(messages.values()))
        try:
            left = len(messages)
            while left:
                worker(context)
                # A worker that took nothing would take nothing again.
                left, before = self._handed.waiting(queue), left
                if left == before:
                    break
        except Exception:  # noqa: BLE001  # the edge of the process: what is not settled comes again
            _log.exception("a worker broke", extra={"queue": queue})
        return [one for one, message in messages.items() if not self._handed.settled(queue, message)]

    def _bury(self, raw: Any, reason: str) -> list[str]:
        """Bury a record that nobody can read; return its id, if it has one, where that is not possible."""
        known = raw if isinstance(raw, dict) else {}
        identifier = str(known.get("messageId", ""))
        queue = str(known.get("eventSourceARN", "")).rpartition("-")[2]
        _log.warning("a message was not understood", extra={"queue": queue, "reason": reason})
        if queue not in self._workers or not identifier:
            return [identifier] if identifier else []
        self._handed.bury(queue, not_understood(raw, identifier=identifier, reason=reason))
        return []
