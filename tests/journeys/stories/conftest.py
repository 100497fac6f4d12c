"""Stories that hold wherever the shop runs: each is told to the shop of a laptop and, word for word, to a deployed one.

A story talks HTTP, to an address that it is given. It brings goods, people and names of its own, because others are
told to the same shop before, after and meanwhile. What belongs to processes of one machine (killing them, several on
one folder, an import that goes on after a crash, Spark) is told beside this folder.

The place "account" is a real account of AWS, which costs money: `-m aws` asks for it, and never anything else.
"""

import pytest
from broker import open_broker
from engines import free_port
from places import LOOPBACK_ALLOWED, Laptop
from postbox import open_postbox
from processes import starting
from real_account import trial


@pytest.fixture(scope="session", params=["laptop", "deployed", pytest.param("account", marks=pytest.mark.aws)])
def shop(request):
    """A shop somewhere, as `places.Place` says; when all was told, its log has nothing that somebody must look into."""
    place = request.getfixturevalue(request.param)
    yield place
    assert place.complaints() == []


@pytest.fixture(scope="session")
def laptop(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("laptop"), free_port()
    address = f"http://127.0.0.1:{port}"
    with open_postbox() as postbox, open_broker(folder / "broker") as broker:
        settings = LOOPBACK_ALLOWED | postbox.settings | (broker.settings() if broker else {})
        with starting(folder, BODEGA_PUBLIC_URL=address, **settings) as start:
            up = start("--empty", port=port).opened()
            staff = {"authorization": f"Bearer {up.printed_key}"}
            yield Laptop(up, address=address, staff=staff, folder=folder, postbox=postbox, broker=broker)


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    with trial(tmp_path_factory.mktemp("account")) as shop:
        yield shop


@pytest.fixture
def api(shop):
    with shop.api() as client:
        yield client


@pytest.fixture
def staff(shop):
    """The headers of somebody who may do everything."""
    return shop.staff
