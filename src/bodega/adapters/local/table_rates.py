"""Turn calls away that would be too fast for one partition on AWS."""

import threading
from collections.abc import Iterable

from bodega.ports.clock import Clock
from bodega.ports.table import ThrottledError

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
WRITE_UNITS_A_SECOND = 1000
READ_UNITS_A_SECOND = 3000
_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096


class PartitionRates:
    """Counts units a partition within the current second of the clock. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._second = 0
        self._written: dict[tuple[str, str], int] = {}
        self._read: dict[tuple[str, str], int] = {}

    def charge_writes(self, writes: Iterable[tuple[str, str, int]], *, transactional: bool) -> None:
        """Count (table, partition, bytes) of all writes or of none; a transaction costs double, as on AWS."""
        factor = 2 if transactional else 1
        with self._guard:
            self._turn()
            cost: dict[tuple[str, str], int] = {}
            for table, partition, size in writes:
                place = (table, partition)
                cost[place] = cost.get(place, 0) + factor * max(1, -(-size // _WRITE_UNIT_BYTES))
            for place, units in cost.items():
                if self._written.get(place, 0) + units > WRITE_UNITS_A_SECOND:
                    raise ThrottledError(f"more than {WRITE_UNITS_A_SECOND} write units a second on {place}")
            for place, units in cost.items():
                self._written[place] = self._written.get(place, 0) + units

    def admit_read(self, table: str, partition: str) -> None:
        """Refuse a read of a partition that has used up its second."""
        with self._guard:
            self._turn()
            if self._read.get((table, partition), 0) >= READ_UNITS_A_SECOND:
                raise ThrottledError(f"more than {READ_UNITS_A_SECOND} read units a second on {partition!r}")

    def charge_read(self, table: str, partition: str, size: int) -> None:
        """Count what a read turned out to cost; reading nothing costs a unit."""
        with self._guard:
            place = (table, partition)
            self._read[place] = self._read.get(place, 0) + max(1, -(-size // _READ_UNIT_BYTES))

    def _turn(self) -> None:
        second = int(self._clock.now().timestamp())
        if second != self._second:
            self._second = second
            self._written.clear()
            self._read.clear()
