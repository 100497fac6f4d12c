"""Answer the search port where there is no index: a function that makes lists carries none, and says so when asked."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NoReturn

from bodega.errors import UnavailableError
from bodega.ports.search import IndexCopy, SearchDocument, SearchQuery, SearchResult


class AbsentSearchIndex:
    """An index that nothing was ever published to, and that takes and answers nothing."""

    def search(self, query: SearchQuery) -> SearchResult:  # noqa: ARG002 - the port's
        """Raise UnavailableError, as all that asks for an answer or brings a change does."""
        _refuse()

    def suggest(self, text: str, *, limit: int = 8) -> Sequence[str]:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def position(self) -> int:
        """Return that nothing was published."""
        return -1

    def state(self) -> str:
        """Return that there is no state."""
        return ""

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def counts(self, facet: str) -> Mapping[str, int]:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def is_overgrown(self) -> bool:
        """Return that there is nothing to build anew."""
        return False

    @property
    def format(self) -> str:
        """Return that files of no form can be taken."""
        return "none"

    def copied(self) -> AbstractContextManager[IndexCopy | None]:
        """Give out that there is nothing."""
        return nullcontext()

    def adopt(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def close(self) -> None:
        """Let go of nothing."""


def _refuse() -> NoReturn:
    raise UnavailableError("this function has no search index: ask the shop itself")
