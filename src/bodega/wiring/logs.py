"""Begin a process's log as the settings say: lines for people, or for programs."""

import logging
from collections.abc import Mapping
from typing import Any

from bodega.adapters.system.log_lines import JsonLines
from bodega.settings import Settings


def begin_log(settings: Settings) -> None:
    """Log from the settings' level on, to standard error where nothing else was said before."""
    logging.basicConfig()
    root = logging.getLogger()
    root.setLevel(settings.log_level.upper())
    if settings.log_format == "json":
        for handler in root.handlers:
            handler.setFormatter(JsonLines())


def server_log(settings: Settings, usual: Mapping[str, Any], *formatters: str) -> dict[str, Any]:
    """Return how an HTTP server logs, as logging.config has it: as usual, but through the shop's own format.

    `formatters` are the server's names of those that write its lines.
    """
    if settings.log_format == "text":
        return {**usual}
    return {**usual, "formatters": {name: {"()": JsonLines} for name in formatters}}
