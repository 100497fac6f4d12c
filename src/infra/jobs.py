"""Declare each function: what it is for, how much it gets, what starts it, and what it may do.

Handlers are `bodega.lambdas.<name>.handler`, packages `lambdas/<name>.zip` in the folder of packages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bodega import schema
from infra.permissions import EVERY_QUEUE, EVERY_TABLE, Needs

_DEAD = frozenset(f"{name}{schema.DEAD}" for name in EVERY_QUEUE)
# Devices' messages have a function that may do less; nobody works on what could not be read.
_QUEUES_OF_THE_SHOP = tuple(sorted(EVERY_QUEUE - {"counts", schema.ANNOUNCEMENTS}))
_STOCK = frozenset({schema.INVENTORY, schema.SYSTEM, schema.DEVICES, schema.OUTBOX.name})
_SHOWN = frozenset({schema.CATALOG, schema.LISTINGS, schema.INVENTORY, schema.RATINGS, schema.SYSTEM})
# A whole index, an import's file of 4 GB, or an export while it is written; Lambda gives no more.
_ROOMY = 10_240


@dataclass(frozen=True, kw_only=True)
class Job:
    """One function. memory_mb also buys CPU: 1,769 MB is one core. concurrency: at most so many for its queues.

    disk_mb: what it may keep in files, such as the search index, or an import's file.
    """

    purpose: str
    needs: Needs
    memory_mb: int = 512
    disk_mb: int = 512
    timeout_seconds: int = 30
    concurrency: int = 10
    queues: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    serves_pages: bool = False


JOBS: Mapping[str, Job] = {
    "http": Job(
        purpose="The whole shop, API and pages, behind the HTTP API",
        disk_mb=_ROOMY,
        memory_mb=1769,
        timeout_seconds=29,  # the HTTP API gives up after 30
        serves_pages=True,
        needs=Needs(
            writes=EVERY_TABLE,
            looks_up=(schema.MEDIA, schema.UPLOADS, schema.IMPORTS, schema.EXPORTS, schema.MODELS, schema.SEARCH),
            puts=(schema.MEDIA, schema.UPLOADS, schema.IMPORTS, schema.EXPORTS, schema.MODELS),
            deletes=(schema.MEDIA, schema.UPLOADS, schema.IMPORTS, schema.EXPORTS),
            sends=EVERY_QUEUE,
            receives=_DEAD,  # staff look at dead letters and drive them again
            seals=True,
            confides=True,
        ),
    ),
    "recommend": Job(
        purpose="What a shopper's past orders suggest",
        disk_mb=2048,
        memory_mb=1024,
        timeout_seconds=10,
        needs=Needs(
            reads=frozenset({schema.ORDERS, schema.REVIEWS, schema.RECOMMENDATIONS, *_SHOWN}),
            looks_up=(schema.MODELS,),
            signs=True,
        ),
    ),
    "stream": Job(
        purpose="Announced events: their place in the log, the bus, read models",
        memory_mb=512,
        timeout_seconds=60,
        needs=Needs(
            reads=frozenset({schema.CATALOG, schema.WEBHOOKS, schema.INVENTORY, schema.RATINGS}),
            writes=frozenset({schema.OUTBOX.name, schema.SYSTEM, schema.LISTINGS, schema.DELIVERIES, schema.LANES}),
            sends=EVERY_QUEUE | _DEAD,
            receives=frozenset({"webhooks"}),  # what stepped aside for an endpoint goes before what is new
            signs=True,
            publishes=True,
        ),
    ),
    "queue": Job(
        purpose="Webhooks, letters, reviews, lists, imports in chunks",
        disk_mb=_ROOMY,
        memory_mb=1769,
        timeout_seconds=300,
        queues=_QUEUES_OF_THE_SHOP,
        needs=Needs(
            writes=EVERY_TABLE - {schema.SESSIONS, schema.THROTTLES, schema.IDEMPOTENCY, schema.ACCESS},
            walks=frozenset({schema.CATALOG, schema.ORDERS, schema.CUSTOMERS, schema.REVIEWS}),  # exports, a new index
            looks_up=(schema.SEARCH, schema.IMPORTS, schema.EXPORTS, schema.MODELS, schema.MEDIA),
            puts=(schema.IMPORTS, schema.EXPORTS, schema.MODELS, schema.MEDIA),
            deletes=(schema.IMPORTS, schema.EXPORTS),
            sends=EVERY_QUEUE | _DEAD,
            receives=frozenset(_QUEUES_OF_THE_SHOP),
            seals=True,
            confides=True,
            writes_letters=True,
        ),
    ),
    "objects": Job(
        purpose="Uploaded pictures: checked, re-encoded, made into sizes",
        memory_mb=1769,
        timeout_seconds=60,
        queues=("uploads",),
        uploads=(schema.UPLOADS,),
        needs=Needs(
            writes=frozenset({schema.CATALOG, schema.LISTINGS, schema.OUTBOX.name, schema.SYSTEM}),
            reads=frozenset({schema.INVENTORY, schema.RATINGS}),
            looks_up=(schema.UPLOADS, schema.MEDIA),
            puts=(schema.MEDIA,),
            deletes=(schema.UPLOADS,),
            sends=frozenset({f"{schema.ANNOUNCEMENTS}{schema.DEAD}"}),
            receives=frozenset({"uploads"}),
            signs=True,
        ),
    ),
    "schedule": Job(
        purpose="What falls due: holds, prices, checkouts that stopped, search snapshots, training",
        disk_mb=_ROOMY,
        memory_mb=3008,
        timeout_seconds=900,
        needs=Needs(
            writes=EVERY_TABLE - {schema.ACCESS, schema.CREDENTIALS, schema.KEYRING, schema.SESSIONS, schema.THROTTLES},
            walks=frozenset({schema.CATALOG, schema.ORDERS}),  # a new index, and training
            looks_up=(schema.MODELS, schema.TRAINING, schema.UPLOADS, schema.IMPORTS, schema.SEARCH),
            puts=(schema.MODELS, schema.TRAINING, schema.SEARCH),
            deletes=(schema.MODELS, schema.TRAINING, schema.UPLOADS, schema.IMPORTS, schema.SEARCH),
            sends=EVERY_QUEUE,
            receives=frozenset({"webhooks"}),  # a sweep looks after what waits there
            seals=True,
            confides=True,
            publishes=True,
        ),
    ),
    "device": Job(
        purpose="Counts of stock that devices on the shelves publish",
        memory_mb=512,
        timeout_seconds=30,
        queues=("counts",),
        needs=Needs(
            writes=_STOCK,
            reads=frozenset({schema.CATALOG}),
            receives=frozenset({"counts"}),
            sends=frozenset({f"counts{schema.DEAD}"}),
            signs=True,
        ),
    ),
}

# Duty -> how often. What is due is found by the function itself, so that a turn that was left out is no loss.
SCHEDULES: Mapping[str, str] = {
    "sweep": "rate(1 minute)",
    "lists": "rate(10 minutes)",
    "publish-search-snapshot": "rate(5 minutes)",
    "train": "rate(1 hour)",  # it is due once a day, and in a shop that has just begun to sell sooner
    "leftovers": "rate(1 day)",
}
