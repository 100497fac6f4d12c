"""Complete what is being typed to brands and titles of active products."""

from collections.abc import Iterable

import tantivy

from bodega.adapters.local import search_fields, search_questions, search_text
from bodega.adapters.local.search_questions import Question

_MAX_BRANDS = 2
# Variants of one thing often share a title; so many more hits are looked at than are shown.
_SPARE = 3


def suggest(searcher: tantivy.Searcher, text: str, *, limit: int) -> list[str]:
    """Return brands that begin so, then titles with its words, best sellers first; else near ones."""
    exact = search_questions.titles(text, near=False)
    found = _distinct([*_brands(searcher, text), *_titles(searcher, exact, limit)])
    if not found:
        brands, titles = search_questions.near_brand(text), search_questions.titles(text, near=True)
        found = _distinct([*_brands_of(searcher, brands), *_titles(searcher, titles, limit)])
    return found[:limit]


def _brands(searcher: tantivy.Searcher, text: str) -> list[str]:
    active = search_questions.active().counted()
    forms = searcher.terms_with_prefix("brand_words", search_text.joined(text), active, _MAX_BRANDS)
    queries = (search_questions.brand(form) for form, count in forms if count)
    return [name for query in queries for name in _brands_of(searcher, query, limit=1)]


def _brands_of(searcher: tantivy.Searcher, query: tantivy.Query | None, *, limit: int = 10) -> list[str]:
    if query is None:
        return []
    hits = searcher.search(_active(query), limit, count=False).hits
    return _distinct(search_fields.stored_text(searcher.doc(address), "brand") for _, address in hits)[:_MAX_BRANDS]


def _titles(searcher: tantivy.Searcher, query: tantivy.Query | None, limit: int) -> list[str]:
    if query is None:
        return []
    hits = searcher.search(_active(query), limit * _SPARE, count=False, order_by_field="sold").hits
    return [search_fields.stored_bytes(searcher.doc(address), "shown_title").decode() for _, address in hits]


def _active(query: tantivy.Query) -> tantivy.Query:
    return Question((query,)).where(search_questions.active()).counted()


def _distinct(texts: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(search_text.joined(text), text)
    return list(found.values())
