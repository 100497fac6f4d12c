"""Ask where the services that a shop is made of answer now."""

from collections.abc import Sequence
from typing import Protocol

MAX_AGE_SECONDS = 10.0


class Discovery(Protocol):
    """Services by their names, such as `http` (the shop's front door) or `cache`. Thread-safe."""

    def find(self, service: str) -> Sequence[str]:
        """Return the addresses (URLs) at which a service answers, none while no instance of it is well.

        At most ten seconds old; while nobody can be asked, as old as what was last known. NotFoundError for a service
        that nobody registered, UnavailableError if nobody can be asked and nothing is known.
        """
        ...
