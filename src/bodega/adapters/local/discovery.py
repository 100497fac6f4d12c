"""Know where services are because the settings say so."""

from collections.abc import Mapping, Sequence

from bodega.errors import NotFoundError


class StaticDiscovery:
    """A map that never changes."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        """Take the addresses of each service; one without addresses is none."""
        self._addresses = {service: tuple(found) for service, found in addresses.items() if found}

    def find(self, service: str) -> Sequence[str]:
        """Return the addresses of a service."""
        try:
            return self._addresses[service]
        except KeyError:
            raise NotFoundError("service", service[:80]) from None
