"""Open what makes pictures ready, and nothing else of a shop, for the function that does."""

from collections.abc import Mapping
from typing import NamedTuple

from bodega import schema
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.aws.signing import Given
from bodega.adapters.aws.world import Clients
from bodega.adapters.pillow.pictures import PillowPictures
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.domain.flows.picturing import Picturing
from bodega.ports.queue import Queue
from bodega.settings import Settings
from bodega.wiring.deployment import deployment_of


class Darkroom(NamedTuple):
    """What makes pictures ready, and the queues in which what cannot be read is buried."""

    picturing: Picturing
    queue: Queue


def open_darkroom(settings: Settings, environment: Mapping[str, str]) -> Darkroom:
    """Return those of a deployed shop, with the credentials that Lambda puts into a function's environment.

    UnavailableError in one line if there are none.
    """
    deployment = deployment_of(settings)
    clock = SystemClock()
    clients = Clients(deployment, clock=clock, given=Given.in_environment(environment))
    objects = S3ObjectStore(clients.bucket(), folder=settings.data_dir / "objects", clock=clock)
    return Darkroom(
        picturing=Picturing(objects=objects, pictures=PillowPictures()),
        queue=SqsQueue(clients.boto("sqs"), schema.QUEUES, prefix=deployment.prefix, clock=clock, ids=UlidIds(clock)),
    )
