"""Ask what time it is."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The wall clock. It may jump; nothing may rely on two readings being in order. Thread-safe."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...
