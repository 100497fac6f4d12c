"""Choose the adapters of a shop on AWS; search index and scratch stay in a folder of the machine."""

from random import SystemRandom

from bodega import schema
from bodega.adapters.aws.bus import EventBridgeBus
from bodega.adapters.aws.cache import RedisCache, connect
from bodega.adapters.aws.deployment_check import check_deployment
from bodega.adapters.aws.discovery import AwsDiscovery
from bodega.adapters.aws.keys import KmsKeys
from bodega.adapters.aws.lane import ThreadLane
from bodega.adapters.aws.mail import SesMail
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.aws.payments_ledger import TableLedger
from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import check_tables
from bodega.adapters.aws.world import Clients, Deployment
from bodega.adapters.local.cache import ProcessCache
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.adapters.system.passwords import Argon2Passwords
from bodega.domain.shop import World
from bodega.ports.cache import Cache
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.mail import Mail
from bodega.settings import Settings
from bodega.wiring.deployment import deployment_of
from bodega.wiring.folder import claim_folder
from bodega.wiring.providers import mail_of, payments_of

CACHE_BYTES = 16 * 1024 * 1024


def aws_world(settings: Settings, clock: Clock, ids: Ids) -> tuple[World, TantivySearchIndex]:
    """Return the ports of a deployed shop and this machine's index; UnavailableError that names what is missing."""
    folder = settings.data_dir
    claim_folder(folder, currency=settings.currency)
    deployment = deployment_of(settings)
    clients = Clients(deployment, clock=SystemClock())
    keys = KmsKeys(clients.boto("kms"), key_id=deployment.kms_key, master=clients.secret(deployment.master_secret))
    dynamo = clients.dynamo()
    check_tables(dynamo, schema.TABLES, prefix=deployment.prefix)
    table = DynamoTableStore(
        dynamo, schema.TABLES, prefix=deployment.prefix, clock=clock, random=SystemRandom(), retry=clients.retry
    )
    provider, sandbox = payments_of(settings, lambda: TableLedger(table, ids=ids), keys, clock, ids)
    queue = SqsQueue(clients.boto("sqs"), schema.QUEUES, prefix=deployment.prefix, clock=clock, ids=ids)
    world = World(
        table=table,
        objects=S3ObjectStore(clients.bucket(), folder=folder / "objects", clock=clock, forms=clients.forms()),
        cache=_cache(settings, deployment, clock),
        queue=queue,
        bus=EventBridgeBus(clients.boto("events"), bus=f"{deployment.prefix}events", retry=clients.retry),
        discovery=AwsDiscovery(
            clients.boto("servicediscovery"),
            clients.boto("apigatewayv2"),
            namespace=schema.namespace(settings.aws_stage),
            prefix=deployment.prefix,
        ),
        keys=keys,
        passwords=Argon2Passwords(),
        mail=_mail(settings, clients, keys, clock),
        payments=provider,
        payment_sandbox=sandbox,
        clock=clock,
        ids=ids,
        lane=ThreadLane(),
        release=dynamo.close,
    )
    return world, TantivySearchIndex(folder / "search")


def check_deployed(settings: Settings) -> None:
    """Raise UnavailableError in one line unless all that was deployed for the shop is there, and is its own."""
    deployment = deployment_of(settings)
    clients = Clients(deployment, clock=SystemClock())
    clock, ids = SystemClock(), UlidIds(SystemClock())
    check_deployment(
        clients,
        tables=schema.TABLES,
        queue=SqsQueue(clients.boto("sqs"), schema.QUEUES, prefix=deployment.prefix, clock=clock, ids=ids),
        bus=EventBridgeBus(clients.boto("events"), bus=f"{deployment.prefix}events", retry=clients.retry),
        subscriptions=schema.SUBSCRIPTIONS,
    )


def _mail(settings: Settings, clients: Clients, keys: KmsKeys, clock: Clock) -> Mail:
    if settings.mail_by_ses:
        return SesMail(clients.boto("sesv2"), sender=settings.mail_from, clock=clock)
    return mail_of(settings, keys, clock)


def _cache(settings: Settings, deployment: Deployment, clock: Clock) -> Cache:
    if not settings.redis_url:
        return ProcessCache(clock=clock, max_bytes=CACHE_BYTES)
    return RedisCache(connect(settings.redis_url), prefix=deployment.prefix)
