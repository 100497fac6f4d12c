"""Open a shop where the settings say that it is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.adapters.system.outgoing import HttpcoreOutgoing
from bodega.domain.shop import Shop, World
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.outgoing import Outgoing
from bodega.ports.queue import Queue
from bodega.ports.search import SearchIndex
from bodega.settings import Settings
from bodega.wiring.local import local_world
from bodega.wiring.services import build


def open_shop(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    outgoing: Outgoing | None = None,
    around_queue: Callable[[Queue], Queue] | None = None,
    following: timedelta | None = None,
) -> Shop:
    """Open the shop in the settings' data folder, making one if the folder is empty or absent.

    `around_queue` may put another queue before the shop's own. `following` lets searches look for changes by
    themselves, no oftener than that, where no worker brings them; they begin with a published snapshot. Raises
    UnavailableError with one line that says what to do if the folder cannot be used.
    """
    clock = clock or SystemClock()
    ids = ids or UlidIds(clock)
    world, search = (local_world if settings.cloud == "none" else _cloud_world)(settings, clock, ids)
    if around_queue is not None:
        world = replace(world, queue=around_queue(world.queue))
    return build(
        settings, world, search, outgoing or HttpcoreOutgoing(opened=settings.outgoing_allow), following=following
    )


def check_place(settings: Settings) -> None:
    """Raise UnavailableError in one line if what a shop on AWS needs is missing there, foreign or of another version.

    For programs that serve for long; it takes some fifty calls. A shop in a folder is looked at when it is opened.
    """
    if settings.cloud == "aws":
        _on_aws().check_deployed(settings)


def _cloud_world(settings: Settings, clock: Clock, ids: Ids) -> tuple[World, SearchIndex]:
    found: tuple[World, SearchIndex] = _on_aws().aws_world(settings, clock, ids)
    return found


def _on_aws() -> ModuleType:
    try:
        # Only who runs on AWS needs its libraries, which take half a second to import.
        from bodega.wiring import aws  # noqa: PLC0415
    except ImportError as exc:
        raise UnavailableError("BODEGA_CLOUD=aws needs AWS's libraries: install bodega[aws]") from exc
    return aws
