"""Build what knows goods: catalog, stock, the search index and what is shown of them."""

from datetime import timedelta
from typing import NamedTuple, Protocol

from bodega.adapters.rules.search_following import FollowingSearchIndex
from bodega.domain.catalog.freshness import Freshness
from bodega.domain.catalog.products import Products
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.flows.following import Follower
from bodega.domain.flows.indexing import Indexer
from bodega.domain.flows.search_snapshots import SearchSnapshots
from bodega.domain.flows.showcase import Showcase
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.objects import ObjectStore
from bodega.ports.search import SearchIndex
from bodega.ports.table import TableStore


class Ground(Protocol):
    """The ports that whatever knows goods stands on."""

    @property
    def table(self) -> TableStore:
        """Return where products and stock are written."""
        ...

    @property
    def objects(self) -> ObjectStore:
        """Return where models lie."""
        ...

    @property
    def clock(self) -> Clock:
        """Return what time it is."""
        ...

    @property
    def ids(self) -> Ids:
        """Return who makes ids."""
        ...


class Goods(NamedTuple):
    """What the shop has to sell, how much of it, and how it is found."""

    catalog: Catalog
    inventory: Inventory
    stock: Stock
    indexer: Indexer
    showcase: Showcase
    models: ModelStore


def goods_of(ground: Ground, search: SearchIndex, *, currency: str, following: timedelta | None = None) -> Goods:
    """Build what knows products.

    With `following` the index looks for changes by itself, no oftener than that, and begins with snapshots only.
    """
    table, clock, ids = ground.table, ground.clock, ground.ids
    models = ModelStore(table=table, objects=ground.objects, clock=clock)
    taxonomy = Taxonomy(table=table, clock=clock, ids=ids)
    products = Products(table=table, taxonomy=taxonomy, clock=clock, ids=ids, currency=currency)
    # The shelves ask the indexer to catch up, and the indexer reads the shelves: the one knot, tied here.
    shown = search
    if following is not None:
        shown = FollowingSearchIndex(search, follow=lambda: follower.follow(), every=following)  # noqa: PLW0108
    shelves = Shelves(table=table, search=shown, taxonomy=taxonomy, clock=clock, catch_up=lambda: indexer.catch_up())  # noqa: PLW0108  # not yet built
    indexer = Indexer(
        table=table,
        search=search,
        shelves=shelves,
        snapshots=SearchSnapshots(table=table, objects=ground.objects, search=search, clock=clock, ids=ids),
        sold=models.sold,
        reproject=products.reproject,
        walks=following is None,
    )
    follower = Follower(indexer=indexer, sold=models.sold)
    freshness = Freshness(table=table, search=shown, taxonomy=taxonomy)
    inventory = Inventory(table=table, clock=clock)
    return Goods(
        catalog=Catalog(products=products, taxonomy=taxonomy, shelves=shelves, freshness=freshness),
        inventory=inventory,
        stock=Stock(table=table, clock=clock, ids=ids),
        indexer=indexer,
        showcase=Showcase(shelves=shelves, inventory=inventory, taxonomy=taxonomy, clock=clock),
        models=models,
    )
