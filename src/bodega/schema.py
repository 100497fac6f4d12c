"""Declare tables, indexes, buckets, queues and event names once: the laptop creates from this, AWS deploys from it."""

from collections.abc import Sequence

import msgspec


class Index(msgspec.Struct, frozen=True):
    """A second order of a table's items; sparse: items without both key attributes are not in it."""

    name: str
    partition_key: str
    sort_key: str
    projection: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    """A table, its two key attributes (strings), its indexes, and the attribute with the expiry in epoch seconds."""

    name: str
    partition_key: str
    sort_key: str
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None
    personal_data: bool = False


class QueueSpec(msgspec.Struct, frozen=True):
    """A queue and after how many attempts a message becomes a dead letter."""

    name: str
    max_attempts: int = 5


class Subscription(msgspec.Struct, frozen=True):
    """Events whose name starts with `prefix` go to `queue`."""

    prefix: str
    queue: str


CATALOG = "catalog"
LISTINGS = "listings"
INVENTORY = "inventory"
CARTS = "carts"
SELLING = "selling"
CHECKOUTS = "checkouts"
ORDERS = "orders"
ORDER_HISTORY = "order_history"
CUSTOMERS = "customers"
REVIEWS = "reviews"
REVIEW_VOTES = "review_votes"
RATINGS = "ratings"
CREDENTIALS = "credentials"
KEYRING = "keyring"
SESSIONS = "sessions"
THROTTLES = "throttles"
IDEMPOTENCY = "idempotency"
ACCESS = "access"
JOBS = "jobs"
WEBHOOKS = "webhooks"
DELIVERIES = "deliveries"
LANES = "lanes"
RECOMMENDATIONS = "recommendations"
DEVICES = "devices"
SYSTEM = "system"

TABLES = (
    # Products, their slug and SKU sentinels, categories, collections, attribute definitions.
    Table(CATALOG, "entity", "part"),
    # Read model of lists: one entry per list (all, category, collection) and product, in order of creation. What has a
    # price can be walked in that order as well.
    Table(LISTINGS, "list", "position", indexes=(Index("by_price", "list", "price", ("card",)),)),
    Table(INVENTORY, "sku", "location"),
    Table(CARTS, "cart_id", "part", ttl="expires_at"),
    # Coupons with their counters, the shipping and the tax table.
    Table(SELLING, "entity", "part"),
    # One item per idempotency key of a checkout: how far it got. by_due is the work list of those that are not over.
    Table(
        CHECKOUTS,
        "checkout_id",
        "part",
        indexes=(Index("by_due", "due_shard", "due_at"),),
        ttl="expires_at",
        personal_data=True,
    ),
    # An order and its lines together in one item; external orders carry their natural key in the id. Lists for staff
    # are spread over shards, because everybody's newest order goes into the same one. All but by_customer are sparse.
    Table(
        ORDERS,
        "order_id",
        "part",
        indexes=(
            Index("by_customer", "customer_id", "placed_at", ("doc",)),
            Index("by_time", "time_shard", "placed_at", ("card",)),
            Index("by_state", "state_shard", "placed_at", ("card",)),
            Index("by_refund", "refund_shard", "placed_at", ("card",)),
            Index("by_request", "request_shard", "placed_at", ("card",)),
            # Money that has yet to be captured, voided or refunded.
            Index("by_due", "due_shard", "due_at"),
        ),
        personal_data=True,
    ),
    # What happened to each order, by its version; and the numbers that people know orders by.
    Table(ORDER_HISTORY, "order_id", "entry", personal_data=True),
    Table(CUSTOMERS, "customer_id", "part", personal_data=True),
    Table(
        REVIEWS,
        "product_id",
        "review_key",
        indexes=(
            # Those that are published, in each order that shoppers may ask for.
            Index("by_product_time", "shown_product_id", "created_at", ("doc", "helpful")),
            Index("by_product_helpful", "shown_product_id", "helpful_key", ("doc", "helpful")),
            Index("by_product_rating", "shown_product_id", "rating_key", ("doc", "helpful")),
            Index("by_customer", "customer_id", "created_at", ("doc", "helpful")),
            # For staff; `listed` is the same for all of them.
            Index("by_status", "status", "created_at", ("doc", "helpful")),
            Index("by_time", "listed", "created_at", ("doc", "helpful")),
        ),
        personal_data=True,
    ),
    # Where a review is found by its id, and who found it helpful.
    Table(
        REVIEW_VOTES,
        "review_id",
        "voter",
        indexes=(Index("by_customer", "customer_id", "review_id"),),
        personal_data=True,
    ),
    # How many published reviews gave a product each number of stars: counted up and down with the reviews.
    Table(RATINGS, "product_id", "part"),
    # Who signs in with which address and password, both hashed: customers and staff. Nothing but signing in reads it.
    Table(CREDENTIALS, "owner", "part"),
    # Wrapped data keys of customers: apart from everything else, because a key that was deleted must be gone. No
    # point-in-time recovery, no export, and no backup that outlives what the law allows for erasing somebody.
    Table(KEYRING, "owner", "part"),
    # Sessions by id, and under each owner's id the list of those that are open.
    Table(SESSIONS, "session_id", "part", ttl="expires_at", personal_data=True),
    # How often somebody tried something in a window of time; subjects are keyed hashes.
    Table(THROTTLES, "subject", "window", ttl="expires_at"),
    Table(IDEMPOTENCY, "scope", "key", ttl="expires_at"),
    # API keys and staff, hashed; by_owner is a constant partition: there are few keys.
    Table(ACCESS, "entity", "part"),
    # Imports, exports, trainings, and what they found wrong.
    Table(JOBS, "job_id", "part", indexes=(Index("by_kind", "kind", "created_at", ("doc",)),)),
    # Endpoints of other programs; there are few, in one partition.
    Table(WEBHOOKS, "entity", "part"),
    # What became of each event at each endpoint; ids sort by commit.
    Table(
        DELIVERIES,
        "endpoint_id",
        "delivery_id",
        indexes=(Index("by_state", "endpoint_state", "delivery_id", ("doc",)),),
        ttl="expires_at",
        personal_data=True,
    ),
    # The order of deliveries of one resource to one endpoint: a lane and what waits in it. by_due has only lanes in
    # which something waits, a partition for each endpoint, so that none holds up another.
    Table(LANES, "lane", "entry", indexes=(Index("by_due", "endpoint_id", "due_at"),), ttl="expires_at"),
    # What shoppers do with lists: counts by day, what was counted, and what purchases may be put down to. Browsers are
    # known by a number of their own choosing, customers not at all.
    Table(RECOMMENDATIONS, "subject", "part", ttl="expires_at"),
    # What counts stock, and the newest reading of each SKU at each location.
    Table(DEVICES, "entity", "part"),
    # Pointers and settings of the shop itself: model version, consumer positions, shop currency.
    Table(SYSTEM, "name", "part"),
)

ANNOUNCEMENTS = "announcements"
# What tables announced, for engines that keep it in a table of its own: an event waits in the transaction that
# announces it and has its place in one order afterwards.
OUTBOX = Table("outbox", "stream", "place", ttl="expires_at")

# What ends the name of the queue that holds the dead letters of another, where they are queues.
DEAD = "-dead"
QUEUES = (
    QueueSpec("jobs", max_attempts=3),
    QueueSpec("relist"),
    QueueSpec("reviews"),
    QueueSpec("webhooks"),
    QueueSpec("mail", max_attempts=12),
    QueueSpec("credits"),
    # What devices say: nothing subscribes it to events, brokers send to it.
    QueueSpec("counts"),
    # What functions were brought, of announced events and of uploads, that nobody could read: dead letters alone.
    QueueSpec(ANNOUNCEMENTS),
)
SUBSCRIPTIONS = (
    Subscription("category.changed", "relist"),
    Subscription("review.changed", "reviews"),
    Subscription("customer.erased", "reviews"),
    Subscription("customer.", "mail"),
    Subscription("order.placed", "mail"),
    Subscription("order.changed", "mail"),
    Subscription("order.placed", "credits"),
)
EVENT_SOURCE = "bodega"
"""Who the event bus on AWS is told that events are from."""
# How long the event bus goes on trying to bring an event to a queue; then it is one of the queue's dead letters.
DELIVERY_ATTEMPTS = 30
DELIVERY_AGE_SECONDS = 3600

# What other programs may ask to be told by webhook.
EVENTS = (
    "category.changed",
    "customer.changed",
    "customer.email_changed",
    "customer.erased",
    "customer.password_changed",
    "customer.registered",
    "customer.reset_requested",
    "order.changed",
    "order.placed",
    "order.recorded",
    "product.changed",
    "review.changed",
    "stock.back",
    "stock.low",
    "stock.out",
    "webhook.disabled",
)

# A device publishes its readings to <topic>/<location>/<device>, which its certificate alone may. On AWS an IoT rule
# hands them to the queue; in the shop the worker listens to a broker and writes the same message.
COUNTS_TOPIC = "bodega/counts"
"""The topic of a shop that has a broker of its own."""

# What a content delivery network sends along to the shop's own address, so that nobody else is let in there.
ORIGIN_HEADER = "x-bodega-origin"

ADDRESS = "address"
"""What a service's instance in Cloud Map calls its URL, where it is one name for many machines."""

MEDIA = "media/"
UPLOADS = "uploads/"
IMPORTS = "imports/"
EXPORTS = "exports/"
MODELS = "models/"
SEARCH = "search/"
TRAINING = "training/"
"""What a training elsewhere reads and hands over: events by day, and what was learnt of them."""


def table(name: str) -> Table:
    """Return a table's declaration; KeyError for a name nobody declared."""
    return _BY_NAME[name]


def subscribed(subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> dict[str, tuple[str, ...]]:
    """Return the prefixes each queue wants: one rule a queue, so that an event that fits twice comes once."""
    wanted: dict[str, tuple[str, ...]] = {}
    for one in subscriptions:
        wanted[one.queue] = (*wanted.get(one.queue, ()), one.prefix)
    return wanted


def counts_topic(stage: str) -> str:
    """Return what devices of a deployed shop publish below, of two levels as `COUNTS_TOPIC` is."""
    return f"bodega-{stage}/counts"


def counts_rule(topic: str) -> str:
    """Return the rule by which IoT Core hands on what devices publish below a topic, as `domain.devices.model.Heard`.

    >>> counts_rule("bodega/counts")
    "SELECT topic(3) AS location, topic(4) AS device, encode(*, 'base64') AS payload FROM 'bodega/counts/+/+'"
    """
    return f"SELECT topic(3) AS location, topic(4) AS device, encode(*, 'base64') AS payload FROM '{topic}/+/+'"  # noqa: S608  # a topic is no table


SECRET_SETTINGS = "SECRET_SETTINGS"  # noqa: S105 - a name
"""The variable that names to a deployed shop, with commas in between, the settings that it reads from its secret."""


def settings_secret(stage: str) -> str:
    """Return the secret in which a stage's secret settings are, a JSON object of texts."""
    return f"bodega/{stage}/settings"


def namespace(stage: str) -> str:
    """Return the namespace in Cloud Map in which a stage's services are found."""
    return f"bodega-{stage}"


def rule_name(bus: str, queue: str) -> str:
    """Return the name of the rule that hands events of a bus to a queue."""
    return f"{bus}-{queue}"


def event_pattern(prefixes: Sequence[str]) -> str:
    """Return the event pattern of a rule: events of the shop whose name begins with one of these.

    >>> event_pattern(("order.",))
    '{"source":["bodega"],"detail-type":[{"prefix":"order."}]}'
    """
    wanted = {"source": [EVENT_SOURCE], "detail-type": [{"prefix": prefix} for prefix in prefixes]}
    return msgspec.json.encode(wanted).decode()


_BY_NAME = {t.name: t for t in TABLES}
