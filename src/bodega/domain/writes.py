"""Collect what one decision writes and announces, with the refusal each condition stands for.

And commit it in one go.
"""

from collections.abc import Callable, Iterable

from bodega.errors import InvalidError, ShopError
from bodega.ports.table import (
    MAX_TRANSACTION_WRITES,
    ConditionFailedError,
    Event,
    Item,
    TableStore,
    Write,
)

Refusal = Callable[[Item | None], ShopError]


class WritePlan:
    """Writes that happen together or not at all. Each conditional write may say what its failure means to the asker."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.events: list[Event] = []
        self._refusals: dict[int, Refusal] = {}

    def add(self, write: Write, *, otherwise: Refusal | None = None) -> None:
        """Add a write; `otherwise` makes the error to raise if its condition fails, from the item found there."""
        if otherwise is not None:
            self._refusals[len(self.writes)] = otherwise
        self.writes.append(write)

    def add_all(self, writes: Iterable[Write]) -> None:
        """Add writes whose conditions, if any, have no meaning of their own."""
        self.writes.extend(writes)

    def announce(self, event: Event) -> None:
        """Add an event that leaves if and only if the writes happen."""
        self.events.append(event)

    def hand_over(self) -> None:
        """Forget what was handed to a load: thousands of plans wait for their outcomes, to say what a refusal means."""
        self.writes, self.events = [], []

    def check_size(self) -> None:
        """Refuse, before anything is tried, what no table would take in one transaction."""
        if len(self.writes) + len(self.events) > MAX_TRANSACTION_WRITES:
            raise InvalidError(
                f"this change touches {len(self.writes) + len(self.events)} records and at most "
                f"{MAX_TRANSACTION_WRITES} can change together: split it into smaller changes"
            )

    def commit(self, table: TableStore, *, token: str | None = None) -> None:
        """Write everything; a failed condition raises its refusal, the first in order of adding."""
        self.check_size()
        try:
            table.transact(self.writes, self.events, token=token)
        except ConditionFailedError as exc:
            raise self.refusal(exc) from exc

    def refusal(self, exc: ConditionFailedError) -> ShopError:
        """Return what a failed condition means; the failure itself where nothing was said of it."""
        for index in exc.failed:
            if index in self._refusals:
                return self._refusals[index](exc.items.get(index))
        return exc
