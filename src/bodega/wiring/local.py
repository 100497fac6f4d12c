"""Choose the adapters of a shop on one machine: everything is in its data folder."""

from bodega import schema
from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.cache import ProcessCache
from bodega.adapters.local.discovery import StaticDiscovery
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.lane import GreenletLane
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.local.payments_ledger import SqliteLedger
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.passwords import Argon2Passwords
from bodega.domain.shop import World
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.settings import Settings
from bodega.wiring.folder import claim_folder
from bodega.wiring.providers import mail_of, payments_of, places_of

CACHE_BYTES = 16 * 1024 * 1024


def local_world(settings: Settings, clock: Clock, ids: Ids) -> tuple[World, TantivySearchIndex]:
    """Return the ports of a shop that is one folder, and its search index; UnavailableError if it cannot be used."""
    folder = settings.data_dir
    claim_folder(folder, currency=settings.currency)
    database = Database.open(folder / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    queue = SqliteQueue(database, schema.QUEUES, clock=clock, ids=ids)
    keys = LocalKeys(folder / "keys")
    payments, webhooks = payments_of(settings, lambda: SqliteLedger(database), keys, clock, ids)
    world = World(
        table=table,
        objects=FileObjectStore(folder / "objects", clock=clock),
        cache=ProcessCache(clock=clock, max_bytes=CACHE_BYTES),
        queue=queue,
        bus=LocalBus(queue, schema.SUBSCRIPTIONS),
        discovery=StaticDiscovery(places_of(settings)),
        keys=keys,
        passwords=Argon2Passwords(),
        mail=mail_of(settings, keys, clock),
        payments=payments,
        payment_sandbox=webhooks,
        clock=clock,
        ids=ids,
        lane=GreenletLane(),
        release=database.close,
    )
    return world, TantivySearchIndex(folder / "search")
