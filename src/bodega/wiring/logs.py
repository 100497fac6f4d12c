"""Begin a process's log as the settings say: lines for people, or for programs."""

import logging

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
