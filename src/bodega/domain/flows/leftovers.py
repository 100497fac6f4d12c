"""Remove files that were sent and that nothing came of: pictures never completed, imports that are over."""

from collections.abc import Iterator
from datetime import timedelta

from bodega import schema
from bodega.domain.flows.jobs import Jobs
from bodega.ports.clock import Clock
from bodega.ports.objects import ObjectStore
from bodega.values.times import format_time


class Leftovers:
    """Knows which uploads nobody will ask for again.

    A picture leaves `schema.UPLOADS` when it is completed, so what stays there belongs to no product. A file below
    `schema.IMPORTS` is needed as long as a job may still read it, which one that failed does when it is resumed.
    """

    def __init__(self, *, objects: ObjectStore, jobs: Jobs, clock: Clock, kept: timedelta) -> None:
        self._objects = objects
        self._jobs = jobs
        self._clock = clock
        self._kept = kept

    def remove(self) -> int:
        """Remove what has lain there for longer than it is kept, and return how many files that were."""
        pictures, files = list(self._old(schema.UPLOADS)), list(self._old(schema.IMPORTS))
        needed = self._jobs.needed_files() if files else frozenset()
        leftovers = [*pictures, *(key for key in files if key not in needed)]
        for key in leftovers:
            self._objects.delete(key)
        return len(leftovers)

    def _old(self, prefix: str) -> Iterator[str]:
        before = format_time(self._clock.now() - self._kept)
        return (info.key for info in self._objects.list(prefix) if info.modified_at < before)
