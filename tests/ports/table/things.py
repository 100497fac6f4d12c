"""Tables, stores and items for tests of the table port."""

from datetime import UTC, datetime
from functools import partial
from random import Random
from zlib import crc32

import opinions
from engines import dynamo_client, ministack, retry

from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import create_missing
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.ports.table import (
    Event,
    Put,
)
from bodega.schema import Index, Table

THINGS = Table(
    "things",
    "pk",
    "sk",
    indexes=(Index("by_colour", "colour", "made_at", ("doc",)), Index("by_kind", "kind", "sk")),
)
GUESTS = Table("guests", "pk", "sk", ttl="expires_at", indexes=(Index("by_room", "room", "since", ("doc",)),))
TABLES = (THINGS, GUESTS)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = int(START.timestamp())


def open_local(folder, clock, *, max_rates=False):
    database = Database.open(folder / "shop.db")
    return SqliteTableStore(database, TABLES, clock=clock, max_rates=max_rates), database.close


def open_dynamo(folder, clock, engine=ministack):
    client = dynamo_client(engine())
    prefix = f"t{crc32(str(folder).encode()):08x}_"
    # The engine's own clock is far ahead of these tests'.
    create_missing(client, TABLES, prefix=prefix, expire=False)
    store = DynamoTableStore(client, TABLES, prefix=prefix, clock=clock, random=Random(), retry=retry())
    return store, client.close


# An adapter joins by a line here: how to open an empty store, and how to close what was opened with it.
ADAPTERS = {
    "dynamo": open_dynamo,
    "dynalite": partial(open_dynamo, engine=opinions.dynalite),
    "local": open_local,
    "moto": partial(open_dynamo, engine=opinions.moto),
}


def thing(pk="a", sk="1", **attributes):
    return {"pk": pk, "sk": sk, **attributes}


def event(number, *, resource="thing/a", data=b"{}"):
    return Event(f"evt_{number}", "thing.changed", resource, number, "2026-03-01T12:00:00Z", data)


def put(store, *items, table="things"):
    store.write_batch([Put(table, item) for item in items])


def sorts(page):
    return [item["sk"] for item in page.items]


def walk(store, *args, **options):
    """Return the pages of a query until the last."""
    pages, after = [], None
    while True:
        page = store.query(*args, after=after, **options)
        pages.append(page.items)
        if page.last is None:
            return pages
        after = page.last
