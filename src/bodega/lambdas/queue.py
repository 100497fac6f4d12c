"""Do what waits in queues: imports and exports, letters, reviews, lists, credits, and events that stepped aside."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bodega.domain.shop import Shop
from bodega.lambdas.handed import open_handed
from bodega.lambdas.messages import Messages, Work
from bodega.lambdas.starting import Handler, cold_start, is_nearly_over
from bodega.settings import Settings

_SPARE = timedelta(seconds=60)  # of a function's time, for an import to come to its next checkpoint


def opened(settings: Settings) -> Handler:
    """Return what works on messages of any queue but those of devices."""
    shop, handed = open_handed(settings)
    return Messages(handed, workers(shop))


def workers(shop: Shop) -> Mapping[str, Work]:
    """Return who works on which queue. A job that takes longer than a function may goes on in another event."""

    def work_on_a_job(context: Any) -> int:
        return shop.jobs.work_once(limit=1, pause=lambda: is_nearly_over(context, _SPARE))

    return {
        "jobs": work_on_a_job,
        "relist": lambda _: shop.relister.work_once(),
        "reviews": lambda _: shop.reviewing.work_once(),
        "webhooks": lambda _: shop.webhooks.fan_out.work_once(),
        "mail": lambda _: shop.mailer.work_once(),
        "credits": lambda _: shop.crediting.work_once(),
    }


handler = cold_start(opened, trusted=True)
