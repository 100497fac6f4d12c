"""Ask for products by words: full text with facets, in stock-free read-only documents."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, overload

import msgspec

Sort: TypeAlias = Literal["relevance", "price", "-price", "created_at", "-created_at", "best_selling", "rating"]
MAX_TEXT_LENGTH = 200
MAX_LIMIT = 250
MAX_FACETS = 20
MAX_FACET_VALUES = 100
MAX_RELEVANT = 1000
MAX_SUGGESTIONS = 20


class SearchDocument(msgspec.Struct, frozen=True):
    """What the index knows of a product.

    `categories` holds every ancestor's id too; `attributes` are `name=value` pairs, one per value of a list;
    `price` is the lowest current price in minor units of the shop's currency, None if there is none;
    `created_at` is a Unix time in milliseconds; `sold` counts units in the recent past; `rating` is the
    average times 1000; `card` is returned with a hit unchanged, so that a page of hits needs no second read.
    Ids and values have 1 to 1,000 characters, numbers fit 53 bits, a price is not negative; of a description
    the first 20,000 characters are searched.
    """

    id: str
    status: str
    title: str
    description: str
    brand: str
    skus: Sequence[str]
    categories: Sequence[str]
    collections: Sequence[str]
    attributes: Sequence[str]
    price: int | None
    created_at: int
    sold: int
    rating: int
    card: bytes


class SearchQuery(msgspec.Struct, frozen=True):
    """A question. Empty text finds everything. Values of one filter are alternatives, filters must all hold.

    A filter without values does not filter. `price_from` and `price_to` are inclusive; a product without a
    price is in no range. `facets` may name up to 20 of `category`, `brand`, `collection`, `price`,
    `attributes.NAME`; a facet is counted over the hits of the whole query, not of the page.

    Sorts: `relevance` (without text it is `best_selling`), prices ascending and descending (products without
    one come last in both), oldest and newest first, most sold first, best rated first. Equals come in an
    order of their own that never changes. `limit` is 0 to 250. `after` continues behind an earlier page's
    `next` under the same query (facets and limit may differ); by relevance no further than the first 1,000
    hits.
    """

    text: str = ""
    statuses: Sequence[str] = ("active",)
    categories: Sequence[str] = ()
    collections: Sequence[str] = ()
    brands: Sequence[str] = ()
    attributes: Mapping[str, Sequence[str]] = {}
    price_from: int | None = None
    price_to: int | None = None
    facets: Sequence[str] = ()
    sort: Sort = "relevance"
    limit: int = 24
    after: str | None = None


class FacetCount(msgspec.Struct, frozen=True):
    """A value and how many hits have it.

    For `price` the value is `low-high` in minor units, high exclusive, either end open (`-100`, `50000-`).
    """

    value: str
    count: int


class FacetCounts(Sequence[FacetCount]):
    """The values of a facet; `json` is the same as a JSON array, ready to be sent: most readers only pass it on."""

    __slots__ = ("_counts", "json")

    def __init__(self, json: bytes) -> None:
        self.json = json
        self._counts: list[FacetCount] | None = None

    @overload
    def __getitem__(self, place: int) -> FacetCount: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[FacetCount]: ...
    def __getitem__(self, place: int | slice) -> FacetCount | Sequence[FacetCount]:
        """Return a value with its count, or several."""
        return self._decoded()[place]

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._decoded())

    def __eq__(self, other: object) -> bool:
        """Tell whether another sequence has the same values in the same order."""
        return isinstance(other, Sequence) and self._decoded() == list(other)

    __hash__ = None  # type: ignore[assignment]  # as any sequence that is compared by what is in it

    def _decoded(self) -> list[FacetCount]:
        if self._counts is None:
            self._counts = _decode_counts(self.json)
        return self._counts


NO_COUNTS = FacetCounts(b"[]")
_decode_counts = msgspec.json.Decoder(list[FacetCount]).decode


class SearchHit(msgspec.Struct, frozen=True):
    """One product found; `score` is for ordering within one answer by relevance, 0 in every other order."""

    id: str
    card: bytes
    score: float


class SearchResult(msgspec.Struct, frozen=True):
    """A page of hits.

    `total` is exact. `facets` has every facet asked for: its most frequent values, equals by name (at most
    100; which of equals are left out there is open), price ranges in ascending order; empty ones are left
    out. `next` is None at the end. `corrected` tells that nothing matched as typed and near spellings were
    taken.
    """

    hits: Sequence[SearchHit]
    total: int
    facets: Mapping[str, FacetCounts]
    next: str | None
    corrected: bool = False


class IndexFile(msgspec.Struct, frozen=True):
    """A file of a copy: so many bytes from its beginning. `lasting` if no other file will ever have its name."""

    path: Path
    size_bytes: int
    lasting: bool


class IndexCopy(msgspec.Struct, frozen=True):
    """A published state as files by their names: only an index of the same format can take them."""

    format: str
    position: int
    files: Mapping[str, IndexFile]


class SearchIndex(Protocol):
    """A full-text index of all products. Reads never wait for writes nor fail in a rebuild. Thread-safe.

    One process at a time may apply; it holds a lock while it does, and others wait for it, up to 30 seconds.
    `position` is the place in the change stream up to which changes are in: it is stored atomically with
    them. An index that was damaged, or made by an incompatible version, is as if nothing had ever been
    published, except that it takes no changes before it is rebuilt.

    Any text and any value is a sound question: InvalidError is raised only for what is too long or too many
    (MAX_TEXT_LENGTH, MAX_LIMIT, MAX_FACETS; 250 values of up to 1,000 characters in a filter), for broken
    Unicode (lone surrogates), an unknown facet or sort, and a bad `after`.
    """

    def search(self, query: SearchQuery) -> SearchResult:
        """Answer from the newest published state.

        Words are compared without case, accents, apostrophes and punctuation. Word order is free, all words
        must match, the last word may be a prefix. Titles count most, brands and attributes more than
        descriptions. The beginning of a SKU, without regard to case and punctuation, finds its product.

        When nothing matches as typed, words of 4 to 32 letters tolerate one typo (from 8 letters: two); a
        swap of neighbours is one. Words with digits, and those after the first eight, tolerate none. CJK text is
        matched by overlapping pairs of characters. Text without any letter or digit matches nothing.
        """
        ...

    def suggest(self, text: str, *, limit: int = 8) -> Sequence[str]:
        """Return completions of what is being typed, without duplicates; `limit` is 1 to 20.

        Brands that begin so come first, then titles that contain the words, best sellers first, all of active
        products; when there are none, near spellings, as in `search`.
        """
        ...

    def position(self) -> int:
        """Return the place in the change stream that published state reaches; -1 if nothing was published."""
        ...

    def state(self) -> str:
        """Return what names the published state: while it is the same, so is every answer. "" before the first."""
        ...

    def apply(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], *, position: int) -> None:
        """Publish changes: visible to this process at return, to the others within a second.

        All or nothing. Idempotent: a batch whose position lies behind the published one is in already and
        changes nothing; one at the same position is applied again. An id in both lists is upserted; of two
        documents with one id the last counts. Every call is a commit: about 10 ms, then 50 microseconds a
        document.

        InvalidError for a document outside its bounds; UnavailableError while another process writes, or if
        the index must be rebuilt: then nothing has changed, and the call may be repeated.
        """
        ...

    def rebuild(self, documents: Iterable[SearchDocument], *, position: int) -> int:
        """Replace the whole index in one step when all documents are in; return how many there are.

        Reads and `apply` go on meanwhile: what is applied is also added to the new index, whose position is
        then the last one applied, even if that is lower: who applied may have read a product before the
        documents were. `documents` is read once, in constant memory; of two with one id the last counts. If it
        raises, or the process dies, the old index stays. UnavailableError while another process rebuilds.
        """
        ...

    def is_overgrown(self) -> bool:
        """Tell whether what changes left behind is more than what is in use, and not little: a rebuild would pay."""
        ...

    @property
    def format(self) -> str:
        """Return what names the form of this index's files."""
        ...

    def copied(self) -> AbstractContextManager[IndexCopy | None]:
        """Give out the newest published state as files, which stay as they are until the block ends.

        None if nothing was published. Reads and writes go on meanwhile; no bytes are copied where the disk has links.
        """
        ...

    def adopt(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:
        """Replace the whole index in one step by the files of a copy of the same format; return its position.

        They are read once, in order. What is applied meanwhile is gone with the old index: apply again what is behind
        the position. InvalidError for what is no whole and sound copy; then, or if reading raises, the old index stays.
        UnavailableError while another process rebuilds or adopts.
        """
        ...

    def counts(self, facet: str) -> Mapping[str, int]:
        """Return how many active products each value of a facet has; up to 10,000 values."""
        ...

    def close(self) -> None:
        """Release files and locks; calling it twice is harmless."""
        ...
