"""Hold the four sides of webhooks together."""

from dataclasses import dataclass

from bodega.domain.webhooks.courier import Courier
from bodega.domain.webhooks.deliveries import Deliveries
from bodega.domain.webhooks.endpoints import Endpoints
from bodega.domain.webhooks.fan_out import FanOut


@dataclass(frozen=True)
class Webhooks:
    """The endpoints, how events become deliveries, how those are brought there, and what became of them."""

    endpoints: Endpoints
    fan_out: FanOut
    courier: Courier
    deliveries: Deliveries
