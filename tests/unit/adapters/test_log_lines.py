"""A log that programs read: whatever is logged is one line of JSON, under the names that Lambda gives its own."""

import json
import logging
import subprocess
import sys
from datetime import datetime

import pytest

from bodega.adapters.system.log_lines import JsonLines


def line_of(message, *arguments, level=logging.INFO, error=None, **extra):
    record = logging.getLogger("bodega.tests").makeRecord(
        "bodega.tests", level, __file__, 7, message, arguments, error and (type(error), error, error.__traceback__),
        func="line_of", extra=extra,
    )  # fmt: skip
    return JsonLines().format(record)


def test_a_line_says_when_how_serious_who_and_what():
    said = json.loads(line_of("job %s broke", "imp_1", level=logging.ERROR, attempt=3))

    when = datetime.fromisoformat(said.pop("timestamp"))
    assert when.utcoffset().total_seconds() == 0
    assert said == {"level": "ERROR", "logger": "bodega.tests", "message": "job imp_1 broke", "attempt": 3}


def test_an_exception_is_told_with_where_it_came_from():
    def fail():
        raise ValueError("no such mug")

    with pytest.raises(ValueError, match="mug") as caught:
        fail()
    said = json.loads(line_of("page failed", error=caught.value))

    assert (said["errorType"], said["errorMessage"]) == ("ValueError", "no such mug")
    assert "in fail" in said["stackTrace"][-1]
    assert said["location"].endswith(":line_of:7")


@pytest.mark.parametrize(
    "hostile",
    ["two\nlines", '{"level": "ERROR"}', '"}', "\x00\x1b[31m", "\ud800", "\u2028", "%s %d", "ü" * 10_000],
    ids=["newline", "object", "quote", "control", "surrogate", "separator", "format", "long"],
)
def test_nothing_that_is_logged_breaks_the_line_or_pretends_to_be_another_field(hostile):
    line = line_of("asked for", path=hostile, level=logging.INFO)
    said = json.loads(line)

    assert said["path"] == hostile
    assert said["level"] == "INFO"
    assert line.isascii()
    assert line.isprintable()


def test_what_is_written_beside_the_message_takes_none_of_its_names():
    said = json.loads(line_of("asked", level=logging.WARNING, timestamp=0, logger="forged", errors={1, 2}))

    assert said["timestamp"] != 0
    assert said["logger"] == "bodega.tests"
    assert said["errors"] in {"{1, 2}", "{2, 1}"}  # what JSON does not know is written as its text


LOGGING = """
import logging
from pathlib import Path
from bodega.settings import Settings
from bodega.wiring.logs import begin_log
begin_log(Settings.for_directory(Path("shop"), log_format="{format}", log_level="warning"))
logging.getLogger("bodega.tests").info("hidden")
logging.getLogger("bodega.tests").error("shown", extra=dict(sku="MUG"))
"""


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_process_logs_as_its_settings_say(format):  # noqa: A002
    code = LOGGING.format(format=format)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    [line] = run.stderr.splitlines()
    if format == "text":
        assert line == "ERROR:bodega.tests:shown"
    else:
        assert json.loads(line)["sku"] == "MUG"
