"""Start a function: read the environment and open what its handler needs, once for all events that follow."""

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from bodega.settings import Settings
from bodega.wiring.confidential import revealed, withheld

Handler: TypeAlias = Callable[[Any, Any], Any]
"""Takes an event, decoded from JSON, and Lambda's context; returns what is encoded as JSON."""


def cold_start(opened: Callable[[Settings], Handler], *, trusted: bool = False) -> Handler:
    """Return a handler that opens what it needs before its first event; a `trusted` one is told secret settings.

    In Lambda that is at once, because the time before the first event has more CPU and costs nothing; elsewhere an
    import opens nothing. The data folder is in the one place where a function may write, unless it is set.
    """

    @cache
    def opening() -> Handler:
        told = {"BODEGA_DATA_DIR": _folder(), **environment()}
        settings = Settings.from_env(revealed(told) if trusted else told, withheld=withheld(told))
        logging.getLogger().setLevel(settings.log_level.upper())
        return opened(settings)

    def handler(event: Any, context: Any) -> Any:
        return opening()(event, context)

    if "AWS_LAMBDA_FUNCTION_NAME" in environment():
        opening()
    return handler


def environment() -> Mapping[str, str]:
    """Return all that a function is told when it starts: settings, credentials, and where it runs."""
    return os.environ  # noqa: TID251 - a function is started with nothing but this


def is_nearly_over(context: Any, spare: timedelta) -> bool:
    """Tell whether a function has no more time left than to finish what is under way."""
    left_ms: int = context.get_remaining_time_in_millis()
    return timedelta(milliseconds=left_ms) <= spare


def _folder() -> str:
    return str(Path(tempfile.gettempdir()) / "bodega")
