"""Remove files that were sent and that nothing came of: pictures never completed, imports never begun or over."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bodega import schema
from bodega.domain.catalog.products import Products
from bodega.domain.flows.jobs import Jobs
from bodega.domain.flows.offers import Offers
from bodega.domain.flows.picturing import Picturing
from bodega.errors import NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.objects import ObjectStore
from bodega.values.times import format_time


class Leftovers:
    """Knows which uploads nobody will ask for again.

    A picture leaves `schema.UPLOADS` when it is completed, so what stays there belongs to no product, and neither do
    the sizes that were made of it in advance; but for one whose completion died before its last step. A file below
    `schema.IMPORTS` is needed as long as a job may still read it, which one that failed does when it is resumed.
    """

    def __init__(
        self,
        *,
        objects: ObjectStore,
        products: Products,
        picturing: Picturing,
        jobs: Jobs,
        offers: Offers,
        clock: Clock,
        kept: timedelta,
    ) -> None:
        self._objects = objects
        self._products = products
        self._picturing = picturing
        self._jobs = jobs
        self._offers = offers
        self._clock = clock
        self._kept = kept

    def remove(self) -> int:
        """Remove what has lain there for longer than it is kept, and return how many files that were."""
        pictures, files = list(self._old(schema.UPLOADS)), list(self._old(schema.IMPORTS))
        needed = self._jobs.needed_files() if files else frozenset()
        leftovers = [*pictures, *(key for key in files if key not in needed)]
        for key in pictures:
            self._forget_sizes(key.removeprefix(schema.UPLOADS))
        for key in leftovers:
            self._objects.delete(key)
        self._offers.forget(before=self._before())
        return len(leftovers)

    def _forget_sizes(self, key: str) -> None:
        """Delete what was made ready of a picture, unless its product shows it."""
        try:
            shown = self._products.get(key.partition("/")[0]).media
        except NotFoundError:
            shown = []
        if all(media.key != key for media in shown):
            self._picturing.discard(key)

    def _old(self, prefix: str) -> Iterator[str]:
        before = format_time(self._before())
        return (info.key for info in self._objects.list(prefix) if info.modified_at < before)

    def _before(self) -> datetime:
        return self._clock.now() - self._kept
