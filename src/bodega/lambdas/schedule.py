"""Do what falls due, when EventBridge Scheduler says so: `{"duty": "train"}` runs the worker's duty of that name."""

from bodega.lambdas.duties import Duties
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def opened(settings: Settings) -> Handler:
    """Return what does duties."""
    return Duties(open_shop(settings))


handler = cold_start(opened, trusted=True)
