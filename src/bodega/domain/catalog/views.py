"""Show a product to others.

What shoppers see, cards, list entries and search documents, all derived and never edited.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.catalog.model import MAX_LISTS, Card, Product, Variant
from bodega.domain.catalog.tree import CategoryTree
from bodega.ports.search import SearchDocument
from bodega.ports.table import Item
from bodega.values.money import MAX_AMOUNT
from bodega.values.times import format_time

_NO_PRICE = MAX_AMOUNT + 1  # sorts after every price
EVERYTHING = "everything"  # the staff's list, whatever the status
ACTIVE = "active"
PRICE_CHANGES = "price_changes"  # products by the moment their price changes of itself


def in_force(variant: Variant, now: datetime) -> Variant:
    """Return the variant with the price that holds now and without its schedule."""
    if not variant.schedule:
        return variant
    holding = [
        entry
        for entry in variant.schedule
        if (entry.valid_from is None or entry.valid_from <= now)
        and (entry.valid_until is None or now < entry.valid_until)
    ]
    bare = msgspec.structs.replace(variant, schedule=[])
    if not holding:
        return bare
    # Of several, the one that began last; an open beginning is older than any other.
    latest = max(holding, key=lambda entry: (entry.valid_from is not None, entry.valid_from or now))
    return msgspec.structs.replace(bare, price=latest.price, compare_at=latest.compare_at)


def _is_scheduled(product: Product) -> bool:
    for variant in product.variants:  # noqa: SIM110  # a generator costs as much as all else here
        if variant.schedule:
            return True
    return False


def next_price_change(product: Product, now: datetime) -> datetime | None:
    """Return the next moment after now at which a scheduled price begins or ends, None if there is none."""
    if not _is_scheduled(product):
        return None
    edges = [
        edge
        for variant in product.variants
        for entry in variant.schedule
        for edge in (entry.valid_from, entry.valid_until)
        if edge is not None and edge > now
    ]
    return min(edges) if edges else None


def public_view(product: Product, now: datetime) -> Product:
    """Return the product as shoppers see it: prices in force, no schedule."""
    if not _is_scheduled(product):
        return product
    return msgspec.structs.replace(product, variants=[in_force(v, now) for v in product.variants])


def card_of(public: Product) -> Card:
    """Return the card of a product's public view; its price is the lowest of the variants'."""
    priced = [v for v in public.variants if v.price is not None]
    cheapest = (
        min(priced, key=lambda v: v.price.amount if v.price else 0) if len(priced) > 1 else next(iter(priced), None)
    )
    return Card(
        id=public.id,
        slug=public.slug,
        title=public.title,
        status=public.status,
        sku=public.variants[0].sku if public.variants else "",
        brand=public.brand,
        price=cheapest.price if cheapest else None,
        compare_at=cheapest.compare_at if cheapest else None,
        price_varies=len(priced) > 1 and len({v.price.amount for v in priced if v.price}) > 1,
        image=public.media[0] if public.media else None,
        rating=public.rating,
        categories=public.categories,
    )


def list_name(*, category: str | None = None, collection: str | None = None, status: str = ACTIVE) -> str:
    """Return the name of the list that holds a category's or collection's active products, or all of them."""
    if status == EVERYTHING:
        return EVERYTHING
    if category is not None:
        return f"category#{category}"
    if collection is not None:
        return f"collection#{collection}"
    return ACTIVE


def lists_of(product: Product, tree: CategoryTree) -> list[str]:
    """Return the lists a product stands in, the staff's left out: none unless it is active.

    At most MAX_LISTS, its own categories first: moves of categories can put it beneath more than one transaction holds.
    """
    if product.status != "active":
        return []
    places = [ACTIVE, *[f"collection#{c}" for c in product.collections]]
    categories = tree.with_ancestors(product.categories)
    if len(places) + len(categories) > MAX_LISTS:
        own = [c for c in product.categories if c in tree.by_id]
        categories = list(dict.fromkeys([*own, *categories]))[: MAX_LISTS - len(places)]
    return places + [f"category#{c}" for c in categories]


class Projection(msgspec.Struct, frozen=True):
    """Where a product stands in the lists: enough to find every entry again, kept with the product's item.

    `amount` is the price it is sorted by, `changes_at` the next moment a scheduled price begins or ends.
    """

    lists: list[str]
    amount: int
    changes_at: str | None


def project(product: Product, card: Card, tree: CategoryTree, now: datetime) -> Projection:
    """Decide where a product stands in the lists at a moment."""
    change = next_price_change(product, now)
    return Projection(
        lists=lists_of(product, tree),
        amount=card.price.amount if card.price else _NO_PRICE,
        changes_at=format_time(change) if change else None,
    )


def read_projection(item: Item) -> Projection:
    """Return where the lists have a product, from its item."""
    return Projection(
        lists=cast("list[str]", item["lists"]),
        amount=cast("int", item["amount"]),
        changes_at=cast("str | None", item["changes_at"]),
    )


def entry_items(product: Product, projection: Projection, card: bytes) -> list[Item]:
    """Return all list entries of a product.

    One in the staff's list, one in each list that it stands in, which can be walked by price as well, and the price
    alarm.
    """
    position = f"{created_ms(product.created_at):013d}#{product.id}"
    price = f"{projection.amount:016d}"
    entries: list[Item] = [{"list": EVERYTHING, "position": position, "card": card}]
    entries += [{"list": name, "position": position, "price": price, "card": card} for name in projection.lists]
    if projection.changes_at is not None:
        alarm = f"{projection.changes_at}#{product.id}"
        entries.append({"list": PRICE_CHANGES, "position": alarm, "card": card})
    return entries


def created_ms(moment: datetime) -> int:
    """Return a moment as Unix milliseconds, not below zero."""
    return max(0, round(moment.timestamp() * 1000))


def search_document(product: Product, item: Item, tree: CategoryTree, *, sold: int) -> SearchDocument:
    """Return what the search index is told of a product: with the card and the price that lists have, from its item."""
    amount = cast("int", item["amount"])
    return SearchDocument(
        id=product.id,
        status=product.status,
        title=product.title,
        description=product.description,
        brand=product.brand,
        skus=[v.sku for v in product.variants],
        categories=tree.with_ancestors(product.categories),
        collections=product.collections,
        attributes=list(_attribute_pairs(product)),
        price=amount if amount != _NO_PRICE else None,
        created_at=created_ms(product.created_at),
        sold=sold,
        rating=round(product.rating.standing * 1000),
        card=cast("bytes", item["card"]),
    )


def text_of(product: Product, tree: CategoryTree) -> str:
    """Return the words by which a product is compared with others: its name, its maker, where it stands, what it is."""
    places = [tree.by_id[category].name for category in tree.with_ancestors(product.categories)]
    values = [" ".join(value) if isinstance(value, list) else _plain(value) for value in product.attributes.values()]
    return " ".join([product.title, product.brand, *places, *values])


def _attribute_pairs(product: Product) -> Iterator[str]:
    """Yield `name=value` for attributes and variants' options, each once."""
    pairs: dict[str, None] = {}
    for name, value in product.attributes.items():
        for one in value if isinstance(value, list) else [value]:
            pairs[f"{name}={_plain(one)}"] = None
    for variant in product.variants:
        for name, option in variant.options.items():
            pairs[f"{name}={option}"] = None
    yield from pairs


def _plain(value: str | float | bool) -> str:  # noqa: FBT001
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


TABLE = schema.LISTINGS
