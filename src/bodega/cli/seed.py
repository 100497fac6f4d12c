"""Fill an empty shop with the demo: the only writer of demo records."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec

from bodega.demo import generate
from bodega.demo.records import DemoOrder, DemoProduct, DemoShop
from bodega.domain.catalog.model import CategoryInput, CollectionInput, ProductInput
from bodega.domain.catalog.products import Restored
from bodega.domain.flows.reviewing import recount_ratings
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.reviews.model import Review
from bodega.domain.shop import Shop
from bodega.errors import ShopError
from bodega.schema import MEDIA
from bodega.values.money import Money

SEED = 20_260
_SOURCE = "demo"
_BATCH = 500
_SYNCS = 32
Progress = Callable[[str], None]


def fill(shop: Shop, *, now: datetime, progress: Progress, seed: int = SEED) -> None:
    """Write the demo shop: catalog, pictures, stock, customers' past orders and reviews."""
    progress("inventing a shop")
    demo = generate(seed, now=now)
    categories = _categories(shop, demo)
    collections = {c.key: _collection(shop, c.name, c.description) for c in demo.collections}
    for name, declaration in demo.attributes:
        shop.catalog.taxonomy.declare_attribute(name, declaration)
    progress(f"stocking {len(demo.products):,} products")
    ids = _products(shop, demo, {**categories, **collections})
    progress("drawing pictures")
    _pictures(shop, demo)
    shop.inventory.set_on_hand({sku: units for product in demo.products for sku, units in product.stock.items()})
    progress(f"remembering {len(demo.orders):,} orders")
    _orders(shop, demo, ids)
    progress(f"collecting {len(demo.reviews):,} reviews")
    _reviews(shop, demo, ids)
    progress("indexing")
    shop.indexer.rebuild()


def customer_id(key: str) -> str:
    """Return the customer id that a demo customer always gets."""
    return natural_id("cus", _SOURCE, key)


def _categories(shop: Shop, demo: DemoShop) -> dict[str, str]:
    ids: dict[str, str] = {}
    for category in demo.categories:
        parent = ids[category.parent_key] if category.parent_key else None
        given = CategoryInput(
            name=category.name, parent=parent, description=category.description, position=category.position
        )
        ids[category.key] = shop.catalog.taxonomy.create_category(given).id
    return ids


def _collection(shop: Shop, name: str, description: str) -> str:
    return shop.catalog.taxonomy.create_collection(CollectionInput(name=name, description=description)).id


def _products(shop: Shop, demo: DemoShop, places: Mapping[str, str]) -> dict[str, str]:
    """Write all products and return their ids by demo key."""
    ids: dict[str, str] = {}
    for start in range(0, len(demo.products), _BATCH):
        batch = demo.products[start : start + _BATCH]
        rows = [(_input(product, places), Restored(created_at=product.launched_at)) for product in batch]
        for product, outcome in zip(batch, shop.catalog.products.upsert_many(rows), strict=True):
            if isinstance(outcome, ShopError):
                raise outcome
            ids[product.key] = outcome[0]
    return ids


def _input(product: DemoProduct, places: Mapping[str, str]) -> ProductInput:
    media = [msgspec.structs.replace(m, key=f"{MEDIA}{m.key}") for m in product.input.media]
    return msgspec.structs.replace(
        product.input,
        categories=[places[key] for key in product.input.categories],
        collections=[places[key] for key in product.input.collections],
        media=media,
    )


def _pictures(shop: Shop, demo: DemoShop) -> None:
    """Store the pictures. Each is synced to disk by itself, so many at once: the disk syncs them together."""

    def store(product: DemoProduct) -> None:
        for name, svg in product.pictures:
            shop.world.objects.put(f"{MEDIA}{name}", svg.encode())

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
    recount_ratings(shop.catalog.products, shop.reviews, sorted({review.product_id for review in reviews}))
