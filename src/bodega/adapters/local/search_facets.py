"""Count hits by the values of facets: in columns where there are few hits, by tantivy's aggregations otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import tantivy
from numpy.typing import NDArray

from bodega.adapters.local import search_fields, search_text
from bodega.adapters.local.search_columns import Column, Counts
from bodega.adapters.local.search_generations import Snapshot
from bodega.adapters.local.search_rows import Rows
from bodega.errors import InvalidError
from bodega.ports.search import MAX_FACET_VALUES, MAX_FACETS, FacetCount, FacetCounts

MAX_COUNTED_VALUES = 10_000
_MAX_NAME_LENGTH = 1000
_CANDIDATES = 20_000  # Values a segment reports, so that counts summed over segments stay exact.
# To have the rows of so many hits costs what tantivy's aggregation of one facet does; to have those of many more pays
# if it is done once for several answers, but takes three milliseconds at the most.
_HITS_A_FACET = 800
_MOST_HITS = 20_000
_RANK_BITS = 16
_ENDINGS = np.array([b"%d}" % count for count in range(4096)], dtype=object)


def require(facets: Sequence[str]) -> None:
    """Raise InvalidError for facets that do not exist, or too many."""
    if len(facets) > MAX_FACETS:
        raise InvalidError(f"a search may count at most {MAX_FACETS} facets")
    for facet in facets:
        search_text.require_text(facet, max_length=_MAX_NAME_LENGTH, what="the name of a facet")
        if not search_fields.is_facet(facet):
            raise InvalidError(
                f"there is no facet {facet!r}; there are category, brand, collection, price, attributes.NAME"
            )


def count(
    snapshot: Snapshot, key: object, hits: tantivy.Query, total: int, facets: Sequence[str], *, rows: Rows | None
) -> Mapping[str, FacetCounts]:
    """Return each facet's values among so many hits, the most frequent first, equals by name; prices ascending.

    `key` names the question whose hits they are, `rows` has them where they are known already.
    """
    counted: dict[str, FacetCounts] = {}
    if rows is None or total > _MOST_HITS:
        rows = snapshot.rows(key, hits, total, cheap=_HITS_A_FACET * len(facets), most=_MOST_HITS)
    if rows is not None:
        for facet in facets:
            column = snapshot.column(facet)
            if column is not None:
                counted[facet] = _count(column, rows, ascending=facet == search_fields.PRICE)
    others = [facet for facet in facets if facet not in counted]
    for facet, counts in aggregate(snapshot.searcher, hits, others, at_most=MAX_FACET_VALUES).items():
        counted[facet] = FacetCounts(msgspec.json.encode(counts))
    return {facet: counted[facet] for facet in facets}


def aggregate(
    searcher: tantivy.Searcher, hits: tantivy.Query, facets: Sequence[str], *, at_most: int
) -> Mapping[str, Sequence[FacetCount]]:
    """Return the same by tantivy's own counting, for any number of hits and values."""
    if not facets:
        return {}
    asked = {str(place): _aggregation(facet, at_most) for place, facet in enumerate(facets)}
    answer: Mapping[str, Any] = searcher.aggregate(hits, asked)
    return {facet: _counts(facet, answer[str(place)]["buckets"]) for place, facet in enumerate(facets)}


def _count(column: Column, rows: Rows, *, ascending: bool) -> FacetCounts:
    """Count in a handful of numpy's calls, each a microsecond: methods, because its functions cost another."""
    counts = column.count(rows)
    codes = counts.nonzero()[0]
    ranks, found = column.values.ranks[codes], counts[codes]
    # The most frequent first, equals by name.
    order = ranks.argsort() if ascending else ((found << _RANK_BITS) - ranks).argsort()[::-1]
    order = order[:MAX_FACET_VALUES]
    objects = column.values.heads[codes[order]] + _endings(found[order], rows.size)
    return FacetCounts(b"[" + b",".join(objects.tolist()) + b"]")


def _endings(counts: Counts, most: int) -> NDArray[np.object_]:
    """Return what comes behind the heads of values: their counts, none above the given one."""
    if most < len(_ENDINGS):
        return _ENDINGS[counts]
    return np.array([b"%d}" % count for count in counts.tolist()], dtype=object)


def _aggregation(facet: str, at_most: int) -> dict[str, Any]:
    field = search_fields.facet_field(facet)
    if facet == search_fields.PRICE:
        return {"histogram": {"field": field, "interval": 1, "min_doc_count": 1}}
    return {"terms": {"field": field, "size": at_most, "segment_size": _CANDIDATES}}


def _counts(facet: str, buckets: Sequence[Mapping[str, Any]]) -> list[FacetCount]:
    if facet == search_fields.PRICE:
        return [FacetCount(search_fields.shown(facet, str(int(b["key"]))), b["doc_count"]) for b in buckets]
    ordered = sorted((-bucket["doc_count"], search_fields.shown(facet, bucket["key"])) for bucket in buckets)
    return [FacetCount(value, -negative) for negative, value in ordered]
