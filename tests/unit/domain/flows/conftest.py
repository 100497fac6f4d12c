"""Give the tests of lists a shop to ask: with nothing sold yet, or with two tastes and a model of them."""

import pytest
from counter import Counter


@pytest.fixture(scope="session")
def new_counter(tmp_path_factory):
    """A shop that was closed again before its first order; each test that wants one gets a copy."""
    counter = Counter(tmp_path_factory.mktemp("counter") / "shop")
    counter.close()
    return counter


@pytest.fixture(scope="session")
def trained_counter(tmp_path_factory, new_counter):
    counter = Counter(tmp_path_factory.mktemp("counter") / "shop", like=new_counter)
    counter.tastes()
    counter.trains()
    counter.close()
    return counter


@pytest.fixture
def empty_counter(tmp_path, new_counter):
    counter = Counter(tmp_path / "shop", like=new_counter)
    yield counter
    counter.close()


@pytest.fixture
def counter(tmp_path, trained_counter):
    counter = Counter(tmp_path / "shop", like=trained_counter)
    yield counter
    counter.close()
