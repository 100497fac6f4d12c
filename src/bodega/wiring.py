"""Open a shop: choose adapters by the settings and build the services on them. The only file that knows both sides."""

import contextlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bodega import schema
from bodega.adapters.formats import FileTabular
from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.cache import ProcessCache
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.lane import GreenletLane
from bodega.adapters.local.mail import FolderMail
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.local.payments import SandboxPayments
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.scratch import LocalScratch
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.smtp.mail import SmtpMail
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.file_lock import file_lock
from bodega.adapters.system.files import DurableFolders, sync_file, sync_folder
from bodega.adapters.system.ids import UlidIds
from bodega.adapters.system.outgoing import HttpcoreOutgoing
from bodega.adapters.system.passwords import Argon2Passwords
from bodega.domain.accounts.customers import Customers
from bodega.domain.accounts.service import ApiKeys
from bodega.domain.accounts.vault import Vault
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.rates import Rates
from bodega.domain.carts.service import Carts
from bodega.domain.catalog.freshness import Freshness
from bodega.domain.catalog.products import Products
from bodega.domain.catalog.service import Catalog
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.flows.arrivals import Arrivals
from bodega.domain.flows.buying import Buying
from bodega.domain.flows.carting import Carting
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_attempts import Attempts
from bodega.domain.flows.checkout_recovery import CheckoutRecovery
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.crediting import Crediting
from bodega.domain.flows.exporting import Exporter
from bodega.domain.flows.holding import CartHolds
from bodega.domain.flows.importing import Importer
from bodega.domain.flows.indexing import Indexer
from bodega.domain.flows.jobs import Jobs
from bodega.domain.flows.leaving import Leaving
from bodega.domain.flows.mailing import Mailer
from bodega.domain.flows.recommending import Recommender
from bodega.domain.flows.relisting import Relister
from bodega.domain.flows.returning import Returning
from bodega.domain.flows.reviewing import Reviewing
from bodega.domain.flows.settling import Settling
from bodega.domain.flows.shoppers import Shoppers
from bodega.domain.flows.showcase import Showcase
from bodega.domain.flows.training import Trainer
from bodega.domain.flows.unselling import Unselling
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.feedback import Feedback
from bodega.domain.recommendations.receipts import Receipts
from bodega.domain.recommendations.reports import Reports
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.reviews.service import Reviews
from bodega.domain.reviews.votes import Votes
from bodega.domain.shop import Shop, World
from bodega.domain.webhooks.courier import Courier
from bodega.domain.webhooks.deliveries import Deliveries
from bodega.domain.webhooks.endpoints import Endpoints
from bodega.domain.webhooks.fan_out import FanOut
from bodega.domain.webhooks.service import Webhooks
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.mail import Mail
from bodega.ports.outgoing import Outgoing
from bodega.ports.payments import PaymentProvider, PaymentSandbox
from bodega.ports.search import SearchIndex
from bodega.settings import Settings
from bodega.wiring_people import people_of

MARKER = "bodega.json"
CACHE_BYTES = 16 * 1024 * 1024


class ForeignFolderError(UnavailableError):
    """The data folder holds something that is not a shop; it was left alone."""

    code = "foreign_folder"


def open_shop(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, outgoing: Outgoing | None = None
) -> Shop:
    """Open the shop in the settings' data folder, making one if the folder is empty or absent.

    Raises UnavailableError with one line that says what to do if the folder cannot be used.
    """
    clock = clock or SystemClock()
    ids = ids or UlidIds(clock)
    world, search = (_local_world if settings.cloud == "none" else _cloud_world)(settings, clock, ids)
    return _build(settings, world, search, outgoing or HttpcoreOutgoing(opened=settings.outgoing_allow))


def _local_world(settings: Settings, clock: Clock, ids: Ids) -> tuple[World, TantivySearchIndex]:
    folder = settings.data_dir
    claim_folder(folder, currency=settings.currency)
    database = Database.open(folder / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    queue = SqliteQueue(database, schema.QUEUES, clock=clock, ids=ids)
    keys = LocalKeys(folder / "keys")
    payments, webhooks = _payments(settings, database, keys, clock, ids)
    world = World(
        table=table,
        objects=FileObjectStore(folder / "objects", clock=clock),
        cache=ProcessCache(clock=clock, max_bytes=CACHE_BYTES),
        queue=queue,
        bus=LocalBus(queue, schema.SUBSCRIPTIONS),
        keys=keys,
        passwords=Argon2Passwords(),
        mail=_mail(settings, keys, clock),
        payments=payments,
        payment_sandbox=webhooks,
        clock=clock,
        ids=ids,
        lane=GreenletLane(),
        release=database.close,
    )
    return world, TantivySearchIndex(folder / "search")


def _cloud_world(settings: Settings, clock: Clock, ids: Ids) -> tuple[World, TantivySearchIndex]:
    try:
        # Only who runs on AWS needs its libraries, which take half a second to import.
        from bodega.wiring_aws import aws_clients, aws_keys, aws_world  # noqa: PLC0415
    except ImportError as exc:
        raise UnavailableError("BODEGA_CLOUD=aws needs AWS's libraries: install bodega[aws]") from exc
    folder = settings.data_dir
    claim_folder(folder, currency=settings.currency)
    clients = aws_clients(settings)
    keys = aws_keys(clients)
    # The sandbox's bank is this machine's; real money needs nothing of it.
    bank = Database.open(folder / "sandbox.sqlite")
    payments, mail = _payments(settings, bank, keys, clock, ids), _mail(settings, keys, clock)
    world = aws_world(settings, clients, clock, ids, payments, mail, keys, release=bank.close)
    return world, TantivySearchIndex(folder / "search")


def _build(settings: Settings, world: World, search: SearchIndex, outgoing: Outgoing) -> Shop:
    table, clock, ids = world.table, world.clock, world.ids
    models = ModelStore(table=table, objects=world.objects, clock=clock)
    taxonomy = Taxonomy(table=table, clock=clock, ids=ids)
    products = Products(table=table, taxonomy=taxonomy, clock=clock, ids=ids, currency=settings.currency)
    # The shelves ask the indexer to catch up, and the indexer reads the shelves: the one knot, tied here.
    shelves = Shelves(table=table, search=search, taxonomy=taxonomy, clock=clock, catch_up=lambda: indexer.catch_up())  # noqa: PLW0108  # not yet built
    indexer = Indexer(table=table, search=search, shelves=shelves, sold=models.sold, reproject=products.reproject)
    freshness = Freshness(table=table, search=search, taxonomy=taxonomy)
    catalog = Catalog(products=products, taxonomy=taxonomy, shelves=shelves, freshness=freshness)
    inventory = Inventory(table=table, clock=clock)
    carts = Carts(table=table, clock=clock, ids=ids)
    coupons = Coupons(table=table, clock=clock, currency=settings.currency)
    rates = Rates(table=table, clock=clock, currency=settings.currency)
    holds = Holds(table=table, clock=clock, ids=ids)
    carting = Carting(
        carts=carts,
        coupons=coupons,
        rates=rates,
        products=products,
        inventory=inventory,
        holds=CartHolds(holds=holds),
        clock=clock,
        currency=settings.currency,
    )
    orders = Orders(table=table)
    vault = Vault(table=table, keys=world.keys)
    contacts = Contacts(keys=world.keys, vault=vault)
    unselling = Unselling(carts=carts, coupons=coupons)
    settling = Settling(table=table, orders=orders, payments=world.payments, unselling=unselling, clock=clock)
    checkout = Checkout(
        table=table,
        orders=orders,
        holds=holds,
        payments=world.payments,
        source=carting,
        settling=settling,
        contacts=contacts,
        keys=world.keys,
        clock=clock,
        ids=ids,
        capture_later=settings.capture == "by_staff",
    )
    reviews = Reviews(table=table)
    votes = Votes(table=table, reviews=reviews)
    reviewing = Reviewing(
        reviews=reviews,
        votes=votes,
        products=products,
        orders=orders,
        queue=world.queue,
        clock=clock,
        ids=ids,
        hold_back=settings.hold_reviews,
    )
    receipts = Receipts(world.keys)
    rules = RuleBook(table=table, clock=clock)
    duels = Duels(table=table, models=models, clock=clock, ids=ids)
    recommender = Recommender(
        models=models,
        rules=rules,
        duels=duels,
        arrivals=Arrivals(catalog=catalog, clock=clock),
        showcase=Showcase(shelves=shelves, inventory=inventory, taxonomy=taxonomy, clock=clock),
        shoppers=Shoppers(orders=orders, reviews=reviews),
        receipts=receipts,
        clock=clock,
        ids=ids,
    )
    crediting = Crediting(
        feedback=Feedback(table=table, clock=clock),
        receipts=receipts,
        orders=orders,
        attempts=Attempts(table=table),
        queue=world.queue,
    )
    customers = Customers(table=table)
    people = people_of(world, vault, carting)
    tabular = FileTabular()
    scratch = LocalScratch(settings.data_dir / "scratch")
    stock = Stock(table=table, clock=clock, ids=ids)
    importer = Importer(
        table=table,
        catalog=catalog,
        inventory=inventory,
        stock=stock,
        orders=orders,
        contacts=contacts,
        reviews=reviews,
        customers=customers,
        accounts=people.transfer,
        catch_up=indexer.catch_up,
        tabular=tabular,
        scratch=scratch,
        clock=clock,
    )
    exporter = Exporter(
        catalog=catalog,
        inventory=inventory,
        stock=stock,
        orders=orders,
        contacts=contacts,
        reviews=reviews,
        customers=customers,
        accounts=people.transfer,
        tabular=tabular,
    )
    return Shop(
        world=world,
        currency=settings.currency,
        catalog=catalog,
        inventory=inventory,
        stock=stock,
        holds=holds,
        carts=carts,
        coupons=coupons,
        rates=rates,
        carting=carting,
        buying=Buying(carting=carting, checkout=checkout, keys=world.keys),
        checkout=checkout,
        checkout_recovery=CheckoutRecovery(
            table=table, checkout=checkout, orders=orders, settling=settling, payments=world.payments, clock=clock
        ),
        contacts=contacts,
        orders=orders,
        returning=Returning(table=table, orders=orders, settling=settling, unselling=unselling, clock=clock),
        reviews=reviews,
        votes=votes,
        reviewing=reviewing,
        api_keys=ApiKeys(table=table, clock=clock, ids=ids),
        accounts=people.accounts,
        account_security=people.security,
        sessions=people.sessions,
        signing_in=people.signing_in,
        staff=people.staff,
        leaving=Leaving(
            accounts=people.accounts,
            carts=carts,
            orders=orders,
            contacts=contacts,
            reviews=reviews,
            reviewing=reviewing,
        ),
        mailer=Mailer(
            accounts=people.accounts,
            security=people.security,
            orders=orders,
            contacts=contacts,
            mail=world.mail,
            queue=world.queue,
            keys=world.keys,
            clock=clock,
            shop_url=_shop_url(settings),
        ),
        recommender=recommender,
        recommendation_rules=rules,
        recommendation_duels=duels,
        recommendation_reports=Reports(table=table, clock=clock),
        crediting=crediting,
        models=models,
        trainer=Trainer(
            orders=orders,
            catalog=catalog,
            inventory=inventory,
            models=models,
            duels=duels,
            indexer=indexer,
            clock=clock,
            ids=ids,
        ),
        indexer=indexer,
        relister=Relister(catalog=catalog, indexer=indexer, queue=world.queue),
        importer=importer,
        exporter=exporter,
        jobs=Jobs(
            table=table,
            objects=world.objects,
            queue=world.queue,
            importer=importer,
            exporter=exporter,
            scratch=scratch,
            keys=world.keys,
            clock=clock,
            ids=ids,
        ),
        webhooks=_webhooks(world, outgoing),
    )


def _webhooks(world: World, outgoing: Outgoing) -> Webhooks:
    table, clock, ids = world.table, world.clock, world.ids
    endpoints = Endpoints(table=table, keys=world.keys, clock=clock, ids=ids, check=outgoing.check)
    return Webhooks(
        endpoints=endpoints,
        fan_out=FanOut(table=table, endpoints=endpoints, queue=world.queue, clock=clock),
        courier=Courier(
            table=table,
            endpoints=endpoints,
            outgoing=outgoing,
            clock=clock,
            ids=ids,
            chance=random.random,
        ),
        deliveries=Deliveries(table=table, clock=clock),
    )


def _payments(
    settings: Settings, database: Database, keys: Keys, clock: Clock, ids: Ids
) -> tuple[PaymentProvider, PaymentSandbox | None]:
    """Return who moves money; the second is the same if it moves none."""
    public_url = settings.public_url.rstrip("/")
    if settings.payments == "sandbox":
        sandbox = SandboxPayments(database, keys=keys, clock=clock, ids=ids, bank_url=f"{public_url}/sandbox/bank")
        return sandbox, sandbox
    try:
        # Only who takes money through Stripe needs its library.
        from bodega.adapters.stripe.payments import StripePayments  # noqa: PLC0415
    except ImportError as exc:
        raise UnavailableError("BODEGA_PAYMENTS=stripe needs Stripe's library: install bodega[stripe]") from exc
    stripe = StripePayments.of_account(
        settings.stripe_secret_key,
        webhook_secrets=settings.stripe_webhook_secrets.split(","),
        return_url=f"{public_url}/checkout",
        clock=clock,
    )
    return stripe, None


def _mail(settings: Settings, keys: Keys, clock: Clock) -> Mail:
    """Return who brings letters: a mail server, or nobody, and then they are kept to be looked at."""
    if settings.smtp_url:
        return SmtpMail.of_url(settings.smtp_url, sender=settings.mail_from, clock=clock)
    return FolderMail(settings.data_dir / "mail", sender=settings.mail_from, keys=keys, clock=clock)


def kept_letters(settings: Settings) -> FolderMail:
    """Return the letters that a shop without a mail server keeps, to be looked at."""
    if settings.smtp_url:
        raise UnavailableError("letters go to the mail server that BODEGA_SMTP_URL names, and none is kept here")
    claim_folder(settings.data_dir, currency=settings.currency)
    return FolderMail(
        settings.data_dir / "mail",
        sender=settings.mail_from,
        keys=LocalKeys(settings.data_dir / "keys"),
        clock=SystemClock(),
    )


def _shop_url(settings: Settings) -> str:
    """Return the address that letters lead to: what is set, and never what somebody asked under."""
    scheme = "https" if settings.tls_certificate is not None else "http"
    return settings.public_url or f"{scheme}://{settings.host}:{settings.port}"


def claim_folder(folder: Path, *, currency: str) -> None:
    """Make the folder a shop's, or check that it is one of this format and currency.

    Raises ForeignFolderError or UnavailableError; nothing is written into a folder that is not ours.
    """
    try:
        DurableFolders(folder)
        marker = folder / MARKER
        if not marker.exists():
            strangers = any(not entry.name.startswith(_DRAFT) for entry in folder.iterdir())
            if strangers and not marker.exists():  # unless another process made it a shop meanwhile
                raise ForeignFolderError(
                    f"{folder} is not empty and not a shop: name an empty or new folder with --data"
                )
            _write_marker(marker, _Marker(format=_FORMAT, currency=currency))
        found = msgspec.json.decode(marker.read_bytes(), type=_Marker)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "its marker file is damaged"
        raise UnavailableError(
            f"{folder} cannot be used as data folder ({reason}): name a writable one with --data"
        ) from exc
    if found.format != _FORMAT:
        raise ForeignFolderError(
            f"{folder} was written by another version of Bodega (format {found.format}): use that, or another folder"
        )
    if found.currency != currency:
        raise ForeignFolderError(
            f"the shop in {folder} sells in {found.currency}, not {currency}: set BODEGA_CURRENCY={found.currency}"
        )


@contextlib.contextmanager
def worker_turn(settings: Settings, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other worker works on the data folder; False if told to stop while waiting.

    The lock dies with the process that holds it, so that a killed worker leaves the way free.
    """
    claim_folder(settings.data_dir, currency=settings.currency)
    with contextlib.ExitStack() as held:
        mine = False
        while not mine:
            try:
                held.enter_context(file_lock(settings.data_dir / "worker.lock", wait_seconds=0))
                mine = True
            except UnavailableError:
                if stop.wait(_TURN_SECONDS):
                    break
        yield mine


class _Marker(msgspec.Struct):
    format: int
    currency: str


_FORMAT = 2  # 1 had list entries for each order, where there is an index now
_DRAFT = f".{MARKER}."
_TURN_SECONDS = 1.0


def _write_marker(marker: Path, contents: _Marker) -> None:
    """Write the marker unless there is one, so that of two processes starting at once neither sees half of it.

    It is on the disk before anything else is: without it the folder would be taken for somebody else's.
    """
    draft = marker.with_name(f"{_DRAFT}{os.getpid()}.{threading.get_ident()}")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(contents))
        sync_file(file)
    try:
        os.link(draft, marker)
    except FileExistsError:
        pass  # the other process was first; its marker is what counts
    except OSError:
        draft.replace(marker)  # a file system without links
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(marker.parent)
