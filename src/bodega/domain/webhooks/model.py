"""Define endpoints of other programs, and deliveries of events to them."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bodega.values.web_address import MAX_LENGTH

MAX_ENDPOINTS = 32
MAX_SECRETS = 4
KEPT_ATTEMPTS = 40
KEPT_CHARACTERS = 500

EndpointStatus: TypeAlias = Literal["enabled", "disabled"]
DisabledReason: TypeAlias = Literal["", "staff", "failing", "gone"]
DeliveryState: TypeAlias = Literal["pending", "delivered", "given_up", "skipped"]
EventPattern: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]


class EndpointInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint as staff send it. An entry of `events` is a name, `order.*` for all that begin so, or `*`."""

    url: Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)]
    events: Annotated[list[EventPattern], Meta(min_length=1, max_length=50)]
    description: Annotated[str, Meta(max_length=200)] = ""
    status: EndpointStatus = "enabled"


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signing secret, sealed; one that was replaced signs until it expires."""

    sealed: bytes
    created_at: datetime
    expires_at: datetime | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where events are delivered. It gets those committed after position `since` of the change stream.

    `failing_since` is the first of the failures since the last success; it changes without the version.
    """

    id: str
    url: str
    events: list[str]
    description: str
    status: EndpointStatus
    disabled_reason: DisabledReason = ""
    created_at: datetime
    updated_at: datetime
    version: int = 1
    since: int
    secrets: list[Secret]
    failing_since: datetime | None = None

    def wants(self, name: str, position: int) -> bool:
        """Tell whether an event of this name at this position is for it."""
        return self.status == "enabled" and position > self.since and any(fits(one, name) for one in self.events)


class Fact(msgspec.Struct, frozen=True):
    """An event as it is delivered; `data` is JSON."""

    id: str
    name: str
    resource: str
    version: int
    occurred_at: str
    data: msgspec.Raw


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call: the status that was answered, or in one word why there is none; the answer's first characters."""

    at: datetime
    duration_ms: int
    status: int | None = None
    error: str = ""
    excerpt: str = ""

    @property
    def succeeded(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  # the standard's own class


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to an endpoint. `id` is also what the receiver recognises repetitions by.

    `pending` becomes `delivered`, `given_up` after 24 hours of failures, or `skipped` where a newer version of the
    resource was delivered before (`note` says so). `attempts` are the last 40 of `attempt_count`. `forced` tells that
    somebody asked for it to be delivered again, however stale.
    """

    id: str
    endpoint_id: str
    event: Fact
    state: DeliveryState = "pending"
    created_at: datetime
    updated_at: datetime
    give_up_at: datetime
    next_attempt_at: datetime | None = None
    attempt_count: int = 0
    attempts: list[Attempt] = []
    note: str = ""
    forced: bool = False


def fits(pattern: str, name: str) -> bool:
    """Tell whether a name is one of those that a pattern stands for.

    >>> fits("order.*", "order.placed"), fits("order.*", "order"), fits("*", "x"), fits("order.placed", "order.placed2")
    (True, False, True, False)
    """
    if pattern == "*":
        return True
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern
