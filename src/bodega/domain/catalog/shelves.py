"""Find products: lists from the read model where one answers, from the search index where only it can."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, cast

import msgspec

from bodega import schema
from bodega.domain.catalog.model import Card, Category
from bodega.domain.catalog.records import PRODUCT, is_id, product_keys, read_product
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.views import (
    EVERYTHING,
    PRICE_CHANGES,
    card_of,
    list_name,
    lists_of,
    public_view,
    search_document,
)
from bodega.errors import Fault, InvalidError
from bodega.ports.clock import Clock
from bodega.ports.search import FacetCounts, SearchDocument, SearchIndex, SearchQuery, Sort
from bodega.ports.table import Item, Key, SortRange, TableStore, scan_all
from bodega.values.money import MAX_AMOUNT
from bodega.values.page import DEFAULT_LIMIT, Position
from bodega.values.times import format_time

Audience: TypeAlias = Literal["shoppers", "staff"]
_BY_PRICE = "by_price"
_LISTED_SORTS: Mapping[str, tuple[str | None, bool]] = {
    "price": (_BY_PRICE, False),
    "-price": (_BY_PRICE, True),
    "created_at": (None, False),
    "-created_at": (None, True),
}
_SEPARATOR = "\x1f"
ALL_STATUSES = ("draft", "active", "archived")


class ShelfQuery(msgspec.Struct, frozen=True):
    """What to list. Categories and collections are ids; `price_from` and `price_to` inclusive, in minor units.

    `sort` None means relevance with text and newest first without. Values of one filter are alternatives.
    """

    text: str = ""
    categories: Sequence[str] = ()
    collections: Sequence[str] = ()
    brands: Sequence[str] = ()
    attributes: Mapping[str, Sequence[str]] = {}
    price_from: int | None = None
    price_to: int | None = None
    statuses: Sequence[str] = ()
    facets: Sequence[str] = ()
    sort: Sort | None = None
    limit: int = DEFAULT_LIMIT
    audience: Audience = "shoppers"


class ShelfPage(msgspec.Struct, frozen=True):
    """Cards as bytes, ready to be sent, and the way on. `total` and `facets` only where the search index answered."""

    cards: Sequence[bytes]
    next: Position | None
    prev: Position | None = None
    total: int | None = None
    facets: Mapping[str, FacetCounts] = {}
    corrected: bool = False


class _Listed(msgspec.Struct, frozen=True):
    """A list of the read model, the index that has the order asked for (None: its own), and the direction."""

    name: str
    index: str | None
    descending: bool

    def key(self, position: Position | None) -> Key | None:
        """Return the entry at a position."""
        if position is None:
            return None
        price, found, place = position.after.rpartition(_SEPARATOR)
        if bool(found) != (self.index is not None):
            raise InvalidError("the cursor belongs to another order", [Fault("/cursor", "bad_cursor", "other order")])
        return Key(self.name, place, price or None)

    def position(self, item: Item, *, backwards: bool = False) -> Position:
        """Return the position of an entry."""
        place = cast("str", item["position"])
        if self.index is not None:
            place = cast("str", item["price"]) + _SEPARATOR + place
        return Position(place, backwards=backwards)


class CategoryCount(msgspec.Struct, frozen=True):
    """A category, how many active products stand in or beneath it, and its children."""

    category: Category
    products: int
    children: "list[CategoryCount]"


class Documents(NamedTuple):
    """What the search index should know of some products, and the ids of those whose lists are of another tree."""

    documents: Sequence[SearchDocument]
    misplaced: Sequence[str]


class Shelves:
    """Lists and searches of products. Cost does not grow with how far one pages."""

    def __init__(
        self,
        *,
        table: TableStore,
        search: SearchIndex,
        taxonomy: Taxonomy,
        clock: Clock,
        catch_up: Callable[[], object],
    ) -> None:
        """Take `catch_up`, which brings the search index up to the newest change: staff see their own writes."""
        self._catch_up = catch_up
        self._table = table
        self._search = search
        self._taxonomy = taxonomy
        self._clock = clock

    def find(self, query: ShelfQuery, position: Position | None = None) -> ShelfPage:
        """Return a page of cards.

        `position` must come from a page of the same query; going back needs a listed sort.
        """
        listed = _listed(query)
        if listed is not None:
            return self._from_list(query, listed, position)
        return self._from_search(query, position)

    def suggest(self, text: str, *, limit: int = 8) -> Sequence[str]:
        """Return completions of what a shopper is typing."""
        return self._search.suggest(text, limit=limit)

    def counts(self, facet: str) -> Mapping[str, int]:
        """Return how many active products each value of a facet has."""
        return self._search.counts(facet)

    def category_counts(self) -> list[CategoryCount]:
        """Return the category tree with the number of active products beneath each category."""
        tree = self._taxonomy.tree()
        counts = self.counts("category")

        def counted(category: Category) -> CategoryCount:
            children = [counted(child) for child in tree.children(category.id)]
            return CategoryCount(category, counts.get(category.id, 0), children)

        return [counted(root) for root in tree.children(None)]

    def cards(self, product_ids: Sequence[str]) -> dict[str, Card]:
        """Return the cards of those of any number of products that shoppers may see, by id."""
        found: dict[str, Card] = {}
        now = self._clock.now()
        for start in range(0, len(product_ids), 100):
            keys = product_keys(product_ids[start : start + 100])
            for item in self._table.batch_get(schema.CATALOG, list(keys)).values():
                if item["status"] == "active":
                    card = _card_in(item, now)
                    found[card.id] = card
        return found

    def on_sale(self, product_ids: Sequence[str]) -> dict[str, tuple[Card, tuple[str, ...]]]:
        """Return the cards and the SKUs of those of any number of products that shoppers may see, by id."""
        found: dict[str, tuple[Card, tuple[str, ...]]] = {}
        now = self._clock.now()
        for start in range(0, len(product_ids), 100):
            keys = product_keys(product_ids[start : start + 100])
            for item in self._table.batch_get(schema.CATALOG, list(keys)).values():
                if item["status"] == "active":
                    card = _card_in(item, now)
                    found[card.id] = card, tuple(v.sku for v in _variants(cast("bytes", item["doc"])).variants)
        return found

    def documents(self, product_ids: Sequence[str], sold: Mapping[str, int], *, current: bool = False) -> Documents:
        """Return what the search index should know of those products that exist, and which of them lists misplace.

        By the category tree as it is now if `current`, which otherwise may be a second old.
        """
        tree = self._taxonomy.tree(current=current)
        keys = list(product_keys(product_ids))
        documents, misplaced = [], []
        for start in range(0, len(keys), 100):
            for item in self._table.batch_get(schema.CATALOG, keys[start : start + 100]).values():
                product = read_product(item)
                if not current and not tree.by_id.keys() >= set(product.categories):
                    # Its category may be younger than our tree: left out here, nothing would ever put it in.
                    tree, current = self._taxonomy.tree(current=True), True
                documents.append(search_document(product, item, tree, sold=sold.get(product.id, 0)))
                if item["lists"] != lists_of(product, tree):
                    misplaced.append(product.id)
        return Documents(documents, misplaced)

    def all_documents(self, sold: Mapping[str, int]) -> Iterator[SearchDocument]:
        """Walk through what the search index should know of every product there is."""
        tree = self._taxonomy.tree(current=True)
        for item in scan_all(self._table, schema.CATALOG, sort=PRODUCT):
            product = read_product(item)
            yield search_document(product, item, tree, sold=sold.get(product.id, 0))

    def due_price_changes(self, now: datetime, *, limit: int = 100) -> list[str]:
        """Return ids of products whose price should have changed by itself by now."""
        page = self._table.query(
            schema.LISTINGS, PRICE_CHANGES, sort=SortRange(high=f"{format_time(now)}~"), limit=limit
        )
        return [cast("str", item["position"]).split("#", 1)[1] for item in page.items]

    # -- inside

    def _from_list(self, query: ShelfQuery, listed: _Listed, position: Position | None) -> ShelfPage:
        backwards = position is not None and position.backwards
        page = self._table.query(
            schema.LISTINGS,
            listed.name,
            index=listed.index,
            sort=_price_range(query),
            after=listed.key(position),
            descending=listed.descending != backwards,
            limit=query.limit + 1,
        )
        items = list(page.items[: query.limit])
        more = len(page.items) > query.limit or (
            page.last is not None and len(page.items) <= query.limit and bool(items)
        )
        if backwards:
            items.reverse()
        on = more if not backwards else position is not None
        back = more if backwards else position is not None
        return ShelfPage(
            cards=[cast("bytes", item["card"]) for item in items],
            next=listed.position(items[-1]) if items and on else None,
            prev=listed.position(items[0], backwards=True) if items and back else None,
        )

    def _from_search(self, query: ShelfQuery, position: Position | None) -> ShelfPage:
        if position is not None and position.backwards:
            raise InvalidError("this list cannot be read backwards", [Fault("/cursor", "bad_cursor", "no way back")])
        if query.audience == "staff":
            self._catch_up()
        result = self._search.search(
            SearchQuery(
                text=query.text,
                statuses=_statuses(query),
                categories=query.categories,
                collections=query.collections,
                brands=query.brands,
                attributes=query.attributes,
                price_from=query.price_from,
                price_to=query.price_to,
                facets=query.facets,
                sort=query.sort or ("relevance" if query.text else "-created_at"),
                limit=query.limit,
                after=position.after if position else None,
            )
        )
        return ShelfPage(
            cards=[hit.card for hit in result.hits],
            next=Position(result.next) if result.next else None,
            total=result.total,
            facets=result.facets,
            corrected=result.corrected,
        )


def _listed(query: ShelfQuery) -> _Listed | None:
    """Return the list of the read model that answers the query, None if only the search index can."""
    sort = query.sort or "-created_at"
    if query.text or query.facets or query.brands or query.attributes or sort not in _LISTED_SORTS:
        return None
    places = [*query.categories, *query.collections]
    if len(places) > 1 or not all(map(is_id, places)):
        return None
    index, descending = _LISTED_SORTS[sort]
    if (query.price_from is not None or query.price_to is not None) and index != _BY_PRICE:
        return None
    statuses = _statuses(query)
    if statuses == ("active",):
        name = list_name(category=next(iter(query.categories), None), collection=next(iter(query.collections), None))
        return _Listed(name, index, descending)
    if set(statuses) == set(ALL_STATUSES) and not query.categories and not query.collections and index is None:
        return _Listed(EVERYTHING, index, descending)
    return None


def _statuses(query: ShelfQuery) -> tuple[str, ...]:
    if query.audience == "shoppers":
        return ("active",)
    return tuple(query.statuses) or ALL_STATUSES


def _price_range(query: ShelfQuery) -> SortRange | None:
    if query.price_from is None and query.price_to is None:
        return None
    low = max(0, query.price_from or 0)
    high = MAX_AMOUNT if query.price_to is None else min(MAX_AMOUNT, query.price_to)
    if high < low:
        return _NOTHING
    return SortRange(low=f"{low:016d}", high=f"{high:016d}")


class _Sku(msgspec.Struct):
    sku: str


class _Variants(msgspec.Struct):
    """What is asked of a product's document where only its SKUs count; the rest of it is not decoded."""

    variants: list[_Sku] = []


def _card_in(item: Item, now: datetime) -> Card:
    if "card" in item:
        return _card(cast("bytes", item["card"]))
    return card_of(public_view(read_product(item), now))


_NOTHING = SortRange(low="1", high="0")
_card = msgspec.json.Decoder(Card).decode
_variants = msgspec.json.Decoder(_Variants).decode
