"""Count hits by the values of facets, by aggregations over the index's columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import tantivy

from bodega.adapters.local import search_fields, search_text
from bodega.errors import InvalidError
from bodega.ports.search import MAX_FACET_VALUES, MAX_FACETS, FacetCount

MAX_COUNTED_VALUES = 10_000
_MAX_NAME_LENGTH = 1000
_PREFIX = "attributes."
_COLUMNS = {"category": "category", "brand": "brand", "collection": "collection"}
_CANDIDATES = 20_000  # Values a segment reports, so that counts summed over segments stay exact.

_PRICE_RANGES = [
    f"{low}-{high}"
    for low, high in zip(("", *search_fields.PRICE_STEPS), (*search_fields.PRICE_STEPS, ""), strict=True)
]


def require(facets: Sequence[str]) -> None:
    """Raise InvalidError for facets that do not exist, or too many."""
    if len(facets) > MAX_FACETS:
        raise InvalidError(f"a search may count at most {MAX_FACETS} facets")
    for facet in facets:
        search_text.require_text(facet, max_length=_MAX_NAME_LENGTH, what="the name of a facet")
        if facet != "price" and facet not in _COLUMNS and not (facet.startswith(_PREFIX) and facet != _PREFIX):
            raise InvalidError(
                f"there is no facet {facet!r}; there are category, brand, collection, price, attributes.NAME"
            )


def count(
    searcher: tantivy.Searcher, hits: tantivy.Query, facets: Sequence[str], *, at_most: int = MAX_FACET_VALUES
) -> dict[str, list[FacetCount]]:
    """Return each facet's values, the most frequent first, equals by name; prices in ascending order."""
    if not facets:
        return {}
    asked = {str(place): _aggregation(facet, at_most) for place, facet in enumerate(facets)}
    answer: Mapping[str, Any] = searcher.aggregate(hits, asked)
    return {facet: _counts(facet, answer[str(place)]["buckets"]) for place, facet in enumerate(facets)}


def _aggregation(facet: str, at_most: int) -> dict[str, Any]:
    if facet == "price":
        return {"histogram": {"field": "price_step", "interval": 1, "min_doc_count": 1}}
    column = _COLUMNS.get(facet) or search_fields.attribute_path(facet.removeprefix(_PREFIX))
    return {"terms": {"field": column, "size": at_most, "segment_size": _CANDIDATES}}


def _counts(facet: str, buckets: Sequence[Mapping[str, Any]]) -> list[FacetCount]:
    if facet == "price":
        return [FacetCount(_PRICE_RANGES[int(bucket["key"])], bucket["doc_count"]) for bucket in buckets]
    skip = len(search_fields.attribute_value("")) if facet.startswith(_PREFIX) else 0
    ordered = sorted((-bucket["doc_count"], bucket["key"][skip:]) for bucket in buckets)
    return [FacetCount(value, -negative) for negative, value in ordered]
