"""Open the recommender of a shop and nothing else of it, so that a function that only recommends starts soon."""

from collections.abc import Mapping
from random import SystemRandom
from typing import NamedTuple

from bodega import schema
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.aws.search import AbsentSearchIndex
from bodega.adapters.aws.secrets import master_key
from bodega.adapters.aws.signing import Given
from bodega.adapters.aws.table import DynamoTableStore
from bodega.adapters.aws.world import Clients
from bodega.adapters.rules.sealing import Signatures
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.domain.flows.recommending import Recommender
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.receipts import Receipts
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.reviews.service import Reviews
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.objects import ObjectStore
from bodega.ports.table import TableStore
from bodega.settings import Settings
from bodega.wiring.deployment import deployment_of
from bodega.wiring.goods import goods_of
from bodega.wiring.recommending import recommender_of


class _Ground(NamedTuple):
    table: TableStore
    objects: ObjectStore
    clock: Clock
    ids: Ids


def open_recommender(settings: Settings, environment: Mapping[str, str]) -> Recommender:
    """Return the recommender of a deployed shop, with the credentials that Lambda puts into a function's environment.

    UnavailableError in one line if there are none, or if the shop's secret cannot be read.
    """
    deployment = deployment_of(settings)
    clock = SystemClock()
    clients = Clients(deployment, clock=clock, given=Given.in_environment(environment))
    table = DynamoTableStore(
        clients.dynamo(),
        schema.TABLES,
        prefix=deployment.prefix,
        clock=clock,
        random=SystemRandom(),
        retry=clients.retry,
    )
    objects = S3ObjectStore(clients.bucket(), folder=settings.data_dir / "objects", clock=clock)
    ground = _Ground(table, objects, clock, UlidIds(clock))
    goods = goods_of(ground, AbsentSearchIndex(), currency=settings.currency)
    return recommender_of(
        ground,
        goods,
        Orders(table=table),
        Reviews(table=table),
        rules=RuleBook(table=table, clock=clock),
        duels=Duels(table=table, models=goods.models, clock=clock, ids=ground.ids),
        receipts=Receipts(Signatures(master_key(clients.secret(deployment.master_secret)))),
    )
