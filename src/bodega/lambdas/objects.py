"""Make uploaded pictures ready to be shown, as S3 tells of them: by way of EventBridge and a queue, or itself."""

from bodega.lambdas.starting import Handler, cold_start, environment
from bodega.lambdas.uploads import Uploads
from bodega.settings import Settings


def opened(settings: Settings) -> Handler:
    """Return what makes pictures ready."""
    if settings.cloud == "none":
        from bodega.wiring.opening import open_shop  # noqa: PLC0415 - on one machine the shop is there anyway

        shop = open_shop(settings)
        return Uploads(shop.picturing, shop.world.queue)
    from bodega.wiring.picturing import open_darkroom  # noqa: PLC0415 - on AWS, where a shop needs its libraries

    return Uploads(*open_darkroom(settings, environment()))


handler = cold_start(opened)
