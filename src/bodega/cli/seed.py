"""Fill an empty shop with the demo: the only writer of demo records."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar, cast

import msgspec

from bodega import schema
from bodega.demo import generate
from bodega.demo.records import DemoOrder, DemoProduct, DemoShop
from bodega.domain.catalog.model import CategoryInput, CollectionInput, ProductInput, ScheduledPrice, VariantInput
from bodega.domain.catalog.products import Restored
from bodega.domain.flows.reviewing import show_ratings
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.reviews.model import Review
from bodega.domain.shop import Shop
from bodega.errors import ShopError
from bodega.ports.table import Delete, Item, Key, Put
from bodega.values.money import Money

SEED = 20_260
_SOURCE = "demo"
_BATCH = 500
_SYNCS = 32
Progress = Callable[[str], None]
Priced = TypeVar("Priced", VariantInput, ScheduledPrice)


def fill(shop: Shop, *, now: datetime, progress: Progress, seed: int = SEED) -> None:
    """Write the demo shop: catalog, pictures, stock, customers' past orders and reviews.

    Filling again goes on with a filling that was interrupted and doubles nothing.
    """
    progress("inventing a shop")
    started = _begin(shop, _Started(now=now, seed=seed))
    demo = generate(started.seed, now=started.now)
    places = {**_categories(shop, demo), **_collections(shop, demo)}
    _attributes(shop, demo)
    progress(f"stocking {len(demo.products):,} products")
    ids = _products(shop, demo, places)
    progress("drawing pictures")
    _pictures(shop, demo)
    shop.inventory.set_on_hand({sku: units for product in demo.products for sku, units in product.stock.items()})
    progress(f"remembering {len(demo.orders):,} orders")
    _orders(shop, demo, ids)
    progress(f"collecting {len(demo.reviews):,} reviews")
    _reviews(shop, demo, ids)
    progress("indexing")
    shop.indexer.rebuild()
    shop.world.table.transact([Delete(schema.SYSTEM, _STARTED)])


def is_unfinished(shop: Shop) -> bool:
    """Tell whether filling was begun and never came to its end."""
    return shop.world.table.get(schema.SYSTEM, _STARTED) is not None


class _Started(msgspec.Struct, frozen=True):
    """From what a shop is being filled: who goes on with an interrupted filling has to invent the same shop again."""

    now: datetime
    seed: int


_STARTED = Key("demo", "started")


def _begin(shop: Shop, started: _Started) -> _Started:
    """Remember what the shop is filled from; if filling was interrupted, return what it was begun with."""
    found = shop.world.table.get(schema.SYSTEM, _STARTED)
    if found is not None:
        return msgspec.json.decode(cast("bytes", found["doc"]), type=_Started)
    item: Item = {"name": _STARTED.partition, "part": _STARTED.sort, "doc": msgspec.json.encode(started)}
    shop.world.table.transact([Put(schema.SYSTEM, item)])
    return started


def customer_id(key: str) -> str:
    """Return the customer id that a demo customer always gets."""
    return natural_id("cus", _SOURCE, key)


def _categories(shop: Shop, demo: DemoShop) -> dict[str, str]:
    """Make the category tree and return ids by demo key; what an interrupted filling made stays as it is."""
    ids = {category.key: natural_id("cat", _SOURCE, category.key) for category in demo.categories}
    known = shop.catalog.taxonomy.tree(current=True).by_id
    for category in demo.categories:
        if ids[category.key] in known:
            continue
        given = CategoryInput(
            name=category.name,
            slug=category.key,
            parent=ids[category.parent_key] if category.parent_key else None,
            description=category.description,
            position=category.position,
        )
        shop.catalog.taxonomy.create_category(given, category_id=ids[category.key])
    return ids


def _collections(shop: Shop, demo: DemoShop) -> dict[str, str]:
    ids = {collection.key: natural_id("col", _SOURCE, collection.key) for collection in demo.collections}
    known = shop.catalog.taxonomy.collections(current=True)
    for collection in demo.collections:
        if ids[collection.key] not in known:
            given = CollectionInput(name=collection.name, slug=collection.key, description=collection.description)
            shop.catalog.taxonomy.create_collection(given, collection_id=ids[collection.key])
    return ids


def _attributes(shop: Shop, demo: DemoShop) -> None:
    known = shop.catalog.taxonomy.attributes(current=True)
    for name, declaration in demo.attributes:
        if name not in known:
            shop.catalog.taxonomy.declare_attribute(name, declaration)


def _products(shop: Shop, demo: DemoShop, places: Mapping[str, str]) -> dict[str, str]:
    """Write all products and return their ids by demo key."""
    ids: dict[str, str] = {}
    for start in range(0, len(demo.products), _BATCH):
        batch = demo.products[start : start + _BATCH]
        rows = [(_input(product, places, shop.currency), Restored(created_at=product.launched_at)) for product in batch]
        for product, outcome in zip(batch, shop.catalog.products.upsert_many(rows), strict=True):
            if isinstance(outcome, ShopError):
                raise outcome
            ids[product.key] = outcome[0]
    return ids


def _input(product: DemoProduct, places: Mapping[str, str], currency: str) -> ProductInput:
    """Return a product as the shop takes it: prices keep their figures, whatever currency it sells in."""
    variants = [
        msgspec.structs.replace(
            _priced(variant, currency), schedule=[_priced(change, currency) for change in variant.schedule]
        )
        for variant in product.input.variants
    ]
    media = [msgspec.structs.replace(m, key=f"{schema.MEDIA}{m.key}") for m in product.input.media]
    return msgspec.structs.replace(
        product.input,
        variants=variants,
        categories=[places[key] for key in product.input.categories],
        collections=[places[key] for key in product.input.collections],
        media=media,
    )


def _priced(thing: Priced, currency: str) -> Priced:
    usual = thing.compare_at
    return msgspec.structs.replace(
        thing,
        price=Money(thing.price.amount, currency) if thing.price is not None else None,
        compare_at=Money(usual.amount, currency) if usual is not None else None,
    )


def _pictures(shop: Shop, demo: DemoShop) -> None:
    """Store the pictures. Each is synced to disk by itself, so many at once: the disk syncs them together."""

    def store(product: DemoProduct) -> None:
        for name, svg in product.pictures:
            shop.world.objects.put(f"{schema.MEDIA}{name}", svg.encode())

    with ThreadPoolExecutor(_SYNCS) as pool:
        for _ in pool.map(store, demo.products):
            pass


def _orders(shop: Shop, demo: DemoShop, ids: Mapping[str, str]) -> None:
    owner = {v.sku: (ids[p.key], p.input.title) for p in demo.products for v in p.input.variants}
    for start in range(0, len(demo.orders), _BATCH):
        shop.orders.record_many([_order(o, owner, shop.currency) for o in demo.orders[start : start + _BATCH]])


def _order(order: DemoOrder, owner: Mapping[str, tuple[str, str]], currency: str) -> Order:
    return Order(
        id=natural_id("ord", _SOURCE, order.number),
        number=order.number,
        source=_SOURCE,
        placed_at=order.placed_at,
        customer_id=customer_id(order.customer_key) if order.customer_key else None,
        lines=[
            Line(
                sku=sku,
                product_id=owner[sku][0],
                name=owner[sku][1],
                quantity=quantity,
                unit_price=Money(price, currency),
            )
            for sku, quantity, price in order.lines
        ],
    )


def _reviews(shop: Shop, demo: DemoShop, ids: Mapping[str, str]) -> None:
    reviews = [
        Review(
            id=natural_id("rev", _SOURCE, review.product_key, review.customer_key),
            product_id=ids[review.product_key],
            reviewer=customer_id(review.customer_key),
            customer_id=customer_id(review.customer_key),
            author=review.author,
            rating=review.rating,
            title=review.title,
            text=review.text,
            created_at=review.created_at,
            verified=review.verified,
        )
        for review in demo.reviews
    ]
    shop.reviews.record_many(reviews)
    show_ratings(shop.catalog.products, shop.reviews, sorted({review.product_id for review in reviews}))
