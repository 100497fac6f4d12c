"""Answer the search port from a tantivy index in a folder, which several processes may have open at once."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias, get_args

import msgspec
import tantivy

from bodega.adapters.local import (
    search_copies,
    search_facets,
    search_pages,
    search_questions,
    search_suggestions,
    search_text,
)
from bodega.adapters.local.search_copies import SearchCopies
from bodega.adapters.local.search_errors import tantivy_errors
from bodega.adapters.local.search_generations import Generations, Snapshot
from bodega.adapters.local.search_pages import Cursor
from bodega.adapters.local.search_questions import Question
from bodega.adapters.local.search_rows import Rows, rows_at
from bodega.adapters.local.search_writer import SearchWriter
from bodega.errors import InvalidError
from bodega.ports.search import (
    MAX_LIMIT,
    MAX_SUGGESTIONS,
    MAX_TEXT_LENGTH,
    NO_COUNTS,
    FacetCounts,
    IndexCopy,
    SearchDocument,
    SearchHit,
    SearchQuery,
    SearchResult,
    Sort,
)

_SORTS = get_args(Sort)
# Every change of a product takes a new row, of which all else is by number, and a new card. A rebuild makes processes
# read their facets anew, so that a few thousand are not worth one.
_SPARE_ROWS = 5_000
_Taken: TypeAlias = tuple[Sequence[tantivy.DocAddress], list[SearchHit], int, Cursor | None]
"""A page of hits, by their places and as they are answered; how many there are in all; and where the page ends."""


class TantivySearchIndex:
    """The search port on tantivy; `synonyms` maps words and phrases to what may stand for them in a document.

    Readers keep little but memory maps; the memory of a writer exists only during `apply` and `rebuild`.
    Several instances, threads and processes may use one directory.
    """

    def __init__(self, directory: Path, *, synonyms: Mapping[str, Sequence[str]] | None = None) -> None:
        self._generations = Generations(directory)
        self._writer = SearchWriter(self._generations)
        self._copies = SearchCopies(self._generations, self._writer)
        self._synonyms = search_questions.Synonyms(synonyms or {})

    def search(self, query: SearchQuery) -> SearchResult:
        """Answer from the newest published state; see the port."""
        search_questions.require(query)
        search_facets.require(query.facets)
        if query.sort not in _SORTS or not 0 <= query.limit <= MAX_LIMIT:
            raise InvalidError(f"limit must be 0 to {MAX_LIMIT}, and sort one of {', '.join(_SORTS)}")
        cursor = search_pages.read_cursor(query)
        filters = search_questions.filters(query)
        snapshot = self._generations.snapshot()
        if snapshot is None:
            return _nothing(query)
        with tantivy_errors():
            if not query.text.strip():
                return _answer(snapshot, query, filters, cursor)
            return self._answer_text(snapshot, query, filters, cursor)

    def suggest(self, text: str, *, limit: int = 8) -> Sequence[str]:
        """Return completions of what is being typed; see the port."""
        search_text.require_text(text, max_length=MAX_TEXT_LENGTH, what="the text of a search")
        if not 1 <= limit <= MAX_SUGGESTIONS:
            raise InvalidError(f"limit must be 1 to {MAX_SUGGESTIONS}")
        snapshot = self._generations.snapshot()
        if snapshot is None or not search_text.asked(text):
            return []
        with tantivy_errors():
            return search_suggestions.suggest(snapshot.searcher, text, limit=limit)

    def position(self) -> int:
        """Return the place in the change stream that published state reaches; see the port."""
        snapshot = self._generations.snapshot()
        return -1 if snapshot is None else snapshot.note.position

    def state(self) -> str:
        """Return what names the published state; see the port."""
        snapshot = self._generations.snapshot()
        return "" if snapshot is None else snapshot.name

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:
        """Publish changes; see the port."""
        self._writer.apply(upserts, deletes, position=position)

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:
        """Replace the whole index; see the port."""
        return self._writer.rebuild(documents, position=position)

    def is_overgrown(self) -> bool:
        """Tell whether a rebuild would pay; see the port."""
        snapshot = self._generations.snapshot()
        return snapshot is not None and snapshot.note.rows > 2 * snapshot.products() + _SPARE_ROWS

    @property
    def format(self) -> str:
        """Return what names the form of the files; see the port."""
        return search_copies.FORMAT

    def copied(self) -> AbstractContextManager[IndexCopy | None]:
        """Give out the newest state as files; see the port."""
        return self._copies.copied()

    def adopt(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:
        """Replace the index by the files of a copy; see the port."""
        return self._copies.adopt(files)

    def counts(self, facet: str) -> Mapping[str, int]:
        """Return how many active products each value of a facet has; see the port."""
        search_facets.require([facet])
        snapshot = self._generations.snapshot()
        if snapshot is None:
            return {}
        with tantivy_errors():
            counted = search_facets.aggregate(
                snapshot.searcher,
                search_questions.active().counted(),
                [facet],
                at_most=search_facets.MAX_COUNTED_VALUES,
            )
        return {count.value: count.count for count in counted[facet]}

    def close(self) -> None:
        """Release files and locks; a later call opens them again."""
        self._generations.close()

    def _answer_text(
        self,
        snapshot: Snapshot,
        query: SearchQuery,
        filters: Question,
        cursor: Cursor | None,
    ) -> SearchResult:
        """Take the text as typed; only if that finds nothing look for near spellings, which cost more."""
        if cursor is None or not cursor.corrected:
            typed = search_questions.strict(snapshot.dictionary, query.text, self._synonyms)
            result = _answer(snapshot, query, typed.where(filters), cursor)
            if result.total or cursor is not None:
                return result
        near = search_questions.tolerant(snapshot.dictionary, query.text)
        if near is None:
            return _nothing(query)
        result = _answer(snapshot, query, near.where(filters), cursor, corrected=True)
        return result if result.total else _nothing(query)


def _nothing(query: SearchQuery) -> SearchResult:
    return SearchResult(hits=(), total=0, facets=dict.fromkeys(query.facets, NO_COUNTS), next=None)


def _answer(
    snapshot: Snapshot,
    query: SearchQuery,
    question: Question,
    cursor: Cursor | None,
    *,
    corrected: bool = False,
) -> SearchResult:
    # Without words all hits are equally relevant: what sells best comes first.
    by_relevance = query.sort == "relevance" and bool(query.text.strip())
    if by_relevance:
        page, hits, total, end = _take_relevant(snapshot, query, question, cursor)
    else:
        page, hits, total, end = _take_ordered(snapshot, query, question, cursor, corrected=corrected)
    following = None
    if end is not None:
        mark = msgspec.structs.replace(end, question=search_pages.fingerprint(query), corrected=corrected)
        following = search_pages.write_cursor(mark)
    facets: Mapping[str, FacetCounts] = {}
    if total and query.facets:
        # Of a question whose hits are all on this page there is no need to ask for them again.
        rows = rows_at(snapshot.searcher, page) if len(page) == total else None
        facets = _facets(snapshot, query, question, total, rows, corrected=corrected)
    return SearchResult(
        hits=hits,
        total=total,
        facets=facets or _nothing(query).facets,
        next=following,
        corrected=corrected and total > 0,
    )


def _facets(
    snapshot: Snapshot, query: SearchQuery, question: Question, total: int, rows: Rows | None, *, corrected: bool
) -> Mapping[str, FacetCounts]:
    """Count the facets once for all pages and orders of a question; they cost more than the hits."""
    asked = (search_pages.fingerprint(msgspec.structs.replace(query, sort="relevance")), corrected)
    return snapshot.remembered(
        (asked, tuple(query.facets)),
        lambda: search_facets.count(snapshot, asked, question.counted(), total, query.facets, rows=rows),
    )


def _take_relevant(snapshot: Snapshot, query: SearchQuery, question: Question, cursor: Cursor | None) -> _Taken:
    skip = cursor.skip if cursor else 0
    # The published types do not know `count`.
    found: Any = snapshot.searcher.search(question.scored(), query.limit + 1, offset=skip)
    shown: list[tuple[float, tantivy.DocAddress]] = found.hits
    more = query.limit and len(shown) > query.limit
    page = [address for _, address in shown[: query.limit]]
    hits = [SearchHit(name, card, score) for (name, card), (score, _) in zip(snapshot.cards(page), shown, strict=False)]
    return page, hits, found.count, Cursor(skip=skip + query.limit) if more else None


def _count(snapshot: Snapshot, counted: tantivy.Query) -> int:
    found: Any = snapshot.searcher.search(counted, 1)
    return int(found.count)


def _take_ordered(
    snapshot: Snapshot, query: SearchQuery, question: Question, cursor: Cursor | None, *, corrected: bool
) -> _Taken:
    counted = question.counted()
    total = snapshot.remembered((search_pages.fingerprint(query), corrected), lambda: _count(snapshot, counted))
    if not query.limit or not total:
        return [], [], total, None
    order = search_pages.ORDERS.get(query.sort, search_pages.ORDERS["best_selling"])
    rows, more = search_pages.page(snapshot.searcher, counted, order, cursor, query.limit)
    page = [row.address for row in rows]
    hits = [SearchHit(name, card, 0.0) for name, card in snapshot.cards(page)]
    return page, hits, total, Cursor(value=rows[-1].value, tie=rows[-1].tie) if more else None
