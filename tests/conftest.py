"""What holds for all tests: a machine that is busy with other things makes none of them fail."""

import logging
import signal
from collections.abc import Generator

import pytest
from engines import stop_all
from hypothesis import HealthCheck, settings

# One deployed shop for tests of it in two folders, and who leaves files open.
pytest_plugins = ["deployment", "descriptors"]

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What a shell starts in the background ignores Ctrl-C, and so would every process that a test starts to interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Undo what a command that a test ran did to the log of this process: other tests look at theirs."""
    level = logging.getLogger().level
    result = yield
    logging.getLogger().setLevel(level)
    return result


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: whoever came to it last would be at work alone, while the other cores are idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop servers now: xdist gives a test process ten seconds for what it does at its exit, and then kills it."""
    stop_all()
