"""Choose the adapters of a shop on AWS; search index and scratch stay in a folder of the machine."""

from collections.abc import Callable
from random import SystemRandom

from bodega import schema
from bodega.adapters.aws.cache import RedisCache, connect
from bodega.adapters.aws.keys import KmsKeys
from bodega.adapters.aws.lane import ThreadLane
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.table_setup import check_tables
from bodega.adapters.aws.world import Clients, Deployment
from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.cache import ProcessCache
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.passwords import Argon2Passwords
from bodega.domain.shop import World
from bodega.ports.cache import Cache
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.mail import Mail
from bodega.ports.payments import PaymentProvider, PaymentSandbox
from bodega.settings import Settings

CACHE_BYTES = 16 * 1024 * 1024
QUEUE_PREFIX = "bodega-{stage}-"
MASTER = "bodega/{stage}/master"


def aws_clients(settings: Settings) -> Clients:
    """Return the clients of where the settings say that the shop is deployed; names follow from its stage."""
    deployment = Deployment(
        region=settings.aws_region,
        prefix=QUEUE_PREFIX.format(stage=settings.aws_stage),
        bucket=settings.aws_bucket,
        kms_key=settings.aws_kms_key,
        master_secret=MASTER.format(stage=settings.aws_stage),
        endpoint=settings.aws_endpoint,
    )
    return Clients(deployment, clock=SystemClock())


def aws_world(
    settings: Settings,
    clients: Clients,
    clock: Clock,
    ids: Ids,
    payments: tuple[PaymentProvider, PaymentSandbox | None],
    mail: Mail,
    keys: KmsKeys,
    *,
    release: Callable[[], None],
) -> World:
    """Return the ports of a deployed shop; UnavailableError that names what is missing there."""
    deployment = clients.deployment
    dynamo = clients.dynamo()
    check_tables(dynamo, schema.TABLES, prefix=deployment.prefix)
    table = DynamoTableStore(
        dynamo, schema.TABLES, prefix=deployment.prefix, clock=clock, random=SystemRandom(), retry=clients.retry
    )
    queue = SqsQueue(clients.boto("sqs"), schema.QUEUES, prefix=deployment.prefix, clock=clock, ids=ids)
    provider, sandbox = payments
    return World(
        table=table,
        objects=S3ObjectStore(clients.bucket(), folder=settings.data_dir / "objects", clock=clock),
        cache=_cache(settings, deployment, clock),
        queue=queue,
        bus=LocalBus(queue, schema.SUBSCRIPTIONS),
        keys=keys,
        passwords=Argon2Passwords(),
        mail=mail,
        payments=provider,
        payment_sandbox=sandbox,
        clock=clock,
        ids=ids,
        lane=ThreadLane(),
        release=release,
    )


def aws_keys(clients: Clients) -> KmsKeys:
    """Return the keys of a deployed shop; its master is a secret that was made with the stage."""
    deployment = clients.deployment
    return KmsKeys(clients.boto("kms"), key_id=deployment.kms_key, master=clients.secret(deployment.master_secret))


def _cache(settings: Settings, deployment: Deployment, clock: Clock) -> Cache:
    if not settings.redis_url:
        return ProcessCache(clock=clock, max_bytes=CACHE_BYTES)
    return RedisCache(connect(settings.redis_url), prefix=deployment.prefix)
