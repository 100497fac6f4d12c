"""Ask for events to reach everybody who subscribed to them."""

from collections.abc import Sequence
from typing import Protocol

from bodega.ports.table import Event


class Bus(Protocol):
    """Fan-out of events to the queues that `bodega.schema.SUBSCRIPTIONS` names. Thread-safe."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand each event to every subscribed queue, durably before returning, at least once.

        A queue with several subscriptions that fit gets an event once. The message body is the event as JSON
        (`msgspec.json`); handlers recognise repetitions by the event's id.
        InvalidError, before anything is sent, if an event is too large for a message.
        """
        ...
