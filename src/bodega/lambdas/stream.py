"""Carry on what tables announced: events to the bus and to webhooks, in the order of their commits."""

from bodega.lambdas.announcements import Announcements
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def opened(settings: Settings) -> Handler:
    """Return what carries on whatever the records announce."""
    return Announcements(open_shop(settings))


handler = cold_start(opened)
