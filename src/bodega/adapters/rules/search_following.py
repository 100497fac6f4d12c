"""Let a search index look for changes when it is asked, where no worker brings them."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from bodega.errors import UnavailableError
from bodega.ports.search import IndexCopy, SearchDocument, SearchIndex, SearchQuery, SearchResult

_log = logging.getLogger(__name__)


class FollowingSearchIndex:
    """Another index that is brought up to date before it answers, unless it was a moment ago. Thread-safe.

    If that fails it answers from what it knows. Who finds another thread at it does not wait.
    """

    def __init__(self, inner: SearchIndex, *, follow: Callable[[], object], every: timedelta) -> None:
        """Take `follow`, which applies to the inner index what changed."""
        self._inner = inner
        self._follow = follow
        self._every_seconds = every.total_seconds()
        self._lock = threading.Lock()
        self._again_at = float("-inf")

    def search(self, query: SearchQuery) -> SearchResult:
        """Answer from a state that is at most so old."""
        self._look()
        return self._inner.search(query)

    def suggest(self, text: str, *, limit: int = 8) -> Sequence[str]:
        """Return completions from a state that is at most so old."""
        self._look()
        return self._inner.suggest(text, limit=limit)

    def counts(self, facet: str) -> Mapping[str, int]:
        """Return counts of a state that is at most so old."""
        self._look()
        return self._inner.counts(facet)

    def state(self) -> str:
        """Return what names the state that would answer now."""
        self._look()
        return self._inner.state()

    def position(self) -> int:
        """Return the position as it is."""
        return self._inner.position()

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:
        """See the port."""
        self._inner.apply(upserts, deletes, position=position)

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:
        """See the port."""
        return self._inner.rebuild(documents, position=position)

    def is_overgrown(self) -> bool:
        """See the port."""
        return self._inner.is_overgrown()

    @property
    def format(self) -> str:
        """See the port."""
        return self._inner.format

    def copied(self) -> AbstractContextManager[IndexCopy | None]:
        """See the port."""
        return self._inner.copied()

    def adopt(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:
        """See the port."""
        return self._inner.adopt(files)

    def close(self) -> None:
        """See the port."""
        self._inner.close()

    def _look(self) -> None:
        if time.monotonic() < self._again_at or not self._lock.acquire(blocking=False):
            return
        try:
            self._follow()
        except UnavailableError as error:
            _log.warning("the search index does not follow", extra={"problem": str(error)})
        finally:
            self._again_at = time.monotonic() + self._every_seconds
            self._lock.release()
