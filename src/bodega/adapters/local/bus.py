"""Carry events to the queues of those who subscribed."""

from collections import defaultdict
from collections.abc import Sequence

from bodega.adapters.rules.event_bodies import event_body
from bodega.ports.queue import Queue
from bodega.ports.table import Event
from bodega.schema import Subscription


class LocalBus:
    """Sends each event to every queue that has a subscription with a fitting prefix."""

    def __init__(self, queue: Queue, subscriptions: Sequence[Subscription]) -> None:
        for subscription in subscriptions:
            # A queue that nobody declared is to be noticed now, not at the first event.
            queue.depth(subscription.queue)
        self._queue = queue
        self._subscriptions = tuple(subscriptions)

    def publish(self, events: Sequence[Event]) -> None:
        """Send all events, one call for each queue; if a call fails the whole may be repeated."""
        bodies: defaultdict[str, list[bytes]] = defaultdict(list)
        for event in events:
            body = event_body(event)
            # A set, or a queue with two fitting subscriptions would get the event twice.
            for queue in {one.queue for one in self._subscriptions if event.name.startswith(one.prefix)}:
                bodies[queue].append(body)
        for queue, batch in bodies.items():
            self._queue.send(queue, batch)
