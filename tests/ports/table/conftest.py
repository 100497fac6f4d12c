"""Give tests of the table port a store of every adapter, and a clock that stands still."""

import opinions
import pytest
from things import ADAPTERS, START

from bodega.adapters.system.clock import SettableClock


@pytest.fixture
def clock():
    return SettableClock(START)


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request):
    """Name the adapter that a test runs on."""
    opinions.skip_what_differs(request)
    return request.param


@pytest.fixture
def opener(adapter, tmp_path):
    """Open further stores on the same data; all are closed in the end."""
    closers = []

    def open_store(clock, **options):
        store, close = ADAPTERS[adapter](tmp_path, clock, **options)
        closers.append(close)
        return store

    yield open_store
    for close in closers:
        close()


@pytest.fixture
def table_store(opener, clock):
    return opener(clock)
