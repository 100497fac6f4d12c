"""Name the facts that webhooks announce about themselves."""

import msgspec

from bodega.domain.webhooks.model import Endpoint
from bodega.ports.table import Event
from bodega.values.times import format_time

WEBHOOK_DISABLED = "webhook.disabled"


def webhook_disabled(endpoint: Endpoint) -> Event:
    """Announce that an endpoint gets nothing any more because it failed for too long or asked for it."""
    return Event(
        id=f"evt_{endpoint.id}_{endpoint.version}",
        name=WEBHOOK_DISABLED,
        resource=endpoint.id,
        version=endpoint.version,
        occurred_at=format_time(endpoint.updated_at),
        data=msgspec.json.encode({"id": endpoint.id, "url": endpoint.url, "reason": endpoint.disabled_reason}),
    )
