"""Build what brings files in and out: imports, exports and their jobs."""

from datetime import timedelta
from typing import Any, NamedTuple

from bodega.adapters.formats import FileTabular
from bodega.adapters.local.scratch import LocalScratch
from bodega.domain.accounts.customers import Customers
from bodega.domain.flows.event_exporting import EventExporter
from bodega.domain.flows.export_files import ExportFiles
from bodega.domain.flows.exporting import Exporter
from bodega.domain.flows.importing import Importer
from bodega.domain.flows.jobs import Jobs
from bodega.domain.flows.leftovers import Leftovers
from bodega.domain.flows.offers import Offers
from bodega.domain.flows.picturing import Picturing
from bodega.domain.reviews.service import Reviews
from bodega.domain.shop import World
from bodega.settings import Settings
from bodega.wiring.goods import Goods
from bodega.wiring.people import People
from bodega.wiring.selling import Selling


class Transfers(NamedTuple):
    """What brings files in and out."""

    importer: Importer
    exporter: Exporter
    jobs: Jobs
    export_files: ExportFiles
    events: EventExporter
    offers: Offers
    leftovers: Leftovers


def transfers_of(
    settings: Settings,
    world: World,
    goods: Goods,
    selling: Selling,
    people: People,
    reviews: Reviews,
    picturing: Picturing,
) -> Transfers:
    """Build what reads and writes files of products, sales, reviews, customers, orders and stock."""
    table, clock = world.table, world.clock
    scratch, tabular = LocalScratch(settings.data_dir / "scratch"), FileTabular()
    shared: dict[str, Any] = {
        "catalog": goods.catalog,
        "inventory": goods.inventory,
        "stock": goods.stock,
        "orders": selling.orders,
        "contacts": selling.contacts,
        "reviews": reviews,
        "customers": Customers(table=table),
        "accounts": people.transfer,
        "tabular": tabular,
    }
    importer = Importer(table=table, catch_up=goods.indexer.catch_up, scratch=scratch, clock=clock, **shared)
    exporter = Exporter(**shared)
    export_files = ExportFiles(objects=world.objects, keys=world.keys)
    jobs = Jobs(
        table=table,
        objects=world.objects,
        queue=world.queue,
        importer=importer,
        exporter=exporter,
        scratch=scratch,
        export_files=export_files,
        clock=clock,
        ids=world.ids,
    )
    offers = Offers(table=table, objects=world.objects, jobs=jobs, clock=clock, ids=world.ids)
    leftovers = Leftovers(
        objects=world.objects,
        products=goods.catalog.products,
        picturing=picturing,
        jobs=jobs,
        offers=offers,
        clock=clock,
        kept=timedelta(days=settings.uploads_kept_days),
    )
    return Transfers(
        importer=importer,
        exporter=exporter,
        jobs=jobs,
        export_files=export_files,
        events=EventExporter(orders=selling.orders, objects=world.objects, tabular=tabular, scratch=scratch),
        offers=offers,
        leftovers=leftovers,
    )
