"""Ask for many blocking calls to be under way at once on an event loop, without a thread for each."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Lane(Protocol):
    """Runs calls whose only long wait is for the store: what they compute holds the event loop up.

    A call must hold no lock and no open cursor while it writes: others run in the meantime, perhaps on the same thread.
    Safe to use from several event loops; one lane serves all of a process.
    """

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the call returns, or raise what it raises.

        Cancelling takes effect when the call is over, because what it wrote is written.
        """
        ...
