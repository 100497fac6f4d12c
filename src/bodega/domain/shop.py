"""The Shop: the frozen bundle of services that every front door receives."""

from collections.abc import Callable
from dataclasses import dataclass

from bodega.domain.accounts.account_security import AccountSecurity
from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.service import ApiKeys
from bodega.domain.accounts.sessions import Sessions
from bodega.domain.accounts.staff import Staff
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.rates import Rates
from bodega.domain.carts.service import Carts
from bodega.domain.catalog.service import Catalog
from bodega.domain.devices.service import Devices
from bodega.domain.flows.buying import Buying
from bodega.domain.flows.carting import Carting
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_recovery import CheckoutRecovery
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.counting import Counting
from bodega.domain.flows.crediting import Crediting
from bodega.domain.flows.event_exporting import EventExporter
from bodega.domain.flows.export_files import ExportFiles
from bodega.domain.flows.exporting import Exporter
from bodega.domain.flows.importing import Importer
from bodega.domain.flows.indexing import Indexer
from bodega.domain.flows.jobs import Jobs
from bodega.domain.flows.leaving import Leaving
from bodega.domain.flows.leftovers import Leftovers
from bodega.domain.flows.mailing import Mailer
from bodega.domain.flows.offers import Offers
from bodega.domain.flows.picturing import Picturing
from bodega.domain.flows.recommending import Recommender
from bodega.domain.flows.relisting import Relister
from bodega.domain.flows.returning import Returning
from bodega.domain.flows.reviewing import Reviewing
from bodega.domain.flows.signing_in import SigningIn
from bodega.domain.flows.training import Trainer
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.reports import Reports
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.reviews.service import Reviews
from bodega.domain.reviews.votes import Votes
from bodega.domain.webhooks.service import Webhooks
from bodega.ports.bus import Bus
from bodega.ports.cache import Cache
from bodega.ports.clock import Clock
from bodega.ports.discovery import Discovery
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.lane import Lane
from bodega.ports.mail import Mail
from bodega.ports.objects import ObjectStore
from bodega.ports.passwords import Passwords
from bodega.ports.payments import PaymentProvider, PaymentSandbox
from bodega.ports.queue import Queue
from bodega.ports.table import TableStore


@dataclass(frozen=True)
class World:
    """The ports a shop stands on.

    Doors may use them for what is not the domain's business (cursors, idempotency, media). `payment_sandbox` is None
    where payments are real.
    """

    table: TableStore
    objects: ObjectStore
    cache: Cache
    queue: Queue
    bus: Bus
    discovery: Discovery
    keys: Keys
    payments: PaymentProvider
    payment_sandbox: PaymentSandbox | None
    passwords: Passwords
    mail: Mail
    clock: Clock
    ids: Ids
    lane: Lane
    release: Callable[[], None]
    """Lets go of what several ports share, such as a database's file; safe to call twice."""


@dataclass(frozen=True)
class Shop:
    """Everything that a front door may call."""

    world: World
    currency: str
    catalog: Catalog
    picturing: Picturing
    inventory: Inventory
    stock: Stock
    holds: Holds
    devices: Devices
    counting: Counting
    carts: Carts
    coupons: Coupons
    rates: Rates
    carting: Carting
    buying: Buying
    checkout: Checkout
    checkout_recovery: CheckoutRecovery
    contacts: Contacts
    orders: Orders
    returning: Returning
    reviews: Reviews
    votes: Votes
    reviewing: Reviewing
    api_keys: ApiKeys
    accounts: Accounts
    account_security: AccountSecurity
    sessions: Sessions
    signing_in: SigningIn
    leaving: Leaving
    mailer: Mailer
    staff: Staff
    recommender: Recommender
    recommendation_rules: RuleBook
    recommendation_duels: Duels
    recommendation_reports: Reports
    crediting: Crediting
    models: ModelStore
    trainer: Trainer
    indexer: Indexer
    relister: Relister
    importer: Importer
    exporter: Exporter
    jobs: Jobs
    event_exporter: EventExporter
    export_files: ExportFiles
    offers: Offers
    leftovers: Leftovers
    webhooks: Webhooks

    def close(self) -> None:
        """Finish what was accepted and let go of files and threads; safe to call twice."""
        self.indexer.close()
        self.world.table.close()
        self.world.release()
        # After the table, without which nobody can load a model again.
        self.recommender.close()
