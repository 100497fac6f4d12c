"""Take what devices on the shelves count: IoT Core's rule puts what they publish into a queue."""

from bodega.lambdas.handed import open_handed
from bodega.lambdas.messages import Messages
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings


def opened(settings: Settings) -> Handler:
    """Return what turns counts into stock, as the worker does in a shop with a broker of its own."""
    shop, handed = open_handed(settings)
    return Messages(handed, {"counts": lambda _: shop.counting.work_once()})


handler = cold_start(opened)
