"""Make uploaded pictures ready to be shown, as S3 tells of them: by way of EventBridge and a queue, or itself."""

from bodega.lambdas.starting import Handler, cold_start
from bodega.lambdas.uploads import Uploads
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def opened(settings: Settings) -> Handler:
    """Return what makes pictures ready."""
    return Uploads(open_shop(settings))


handler = cold_start(opened)
