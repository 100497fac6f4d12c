"""Write each record of a log as one line of JSON, under the names that Lambda's own logs have.

What functions and machines of a shop log is then asked by the same queries: level, logger, message, errorType.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from bodega.values.times import format_time

# What every record has, and nobody wrote beside the message.
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """A formatter: timestamp (UTC, ISO 8601, milliseconds), level, logger and message, then whatever `extra` gave.

    An exception adds errorType, errorMessage, stackTrace (outermost call first) and location. A value that JSON does
    not know is written as its text, and no text breaks the line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, without its end."""
        given = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        said = {
            "timestamp": format_time(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        # ASCII alone: half a surrogate pair, as a hostile path may hold, has no other way into a line.
        return json.dumps(said | _broken(record) | {n: v for n, v in given.items() if n not in said}, default=str)


def _broken(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_tb(error.__traceback__),
        "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
    }
