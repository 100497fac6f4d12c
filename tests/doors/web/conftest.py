"""Give the pages' tests a small shop with everything a page can show: taken to pieces only after the last test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import NOW, Browser, fill
from starlette.applications import Starlette

from bodega.adapters.system.clock import SettableClock
from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.web.routes import error_handler, routes
from bodega.wiring import open_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("shop")
    opened = open_shop(Settings.for_directory(folder / "data"), clock=SettableClock(NOW))
    fill(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def browser(shop: Shop) -> Browser:
    handler = error_handler(shop)
    app = Starlette(
        routes=routes(shop, public_url="https://shop.example"), exception_handlers={404: handler, 405: handler}
    )
    return Browser(app)
