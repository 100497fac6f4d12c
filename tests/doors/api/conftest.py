"""Give the API's tests a whole shop on a temporary folder, a clock that stands still, and keys of every kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import NOW, bearer

from bodega.adapters.system.clock import SettableClock
from bodega.asgi import App, create_app
from bodega.domain.catalog.model import CategoryInput
from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.wiring import open_shop


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.for_directory(tmp_path / "shop")


@pytest.fixture
def shop(settings: Settings, clock: SettableClock) -> Iterator[Shop]:
    shop = open_shop(settings, clock=clock)
    yield shop
    shop.close()


@pytest.fixture
def app(shop: Shop, settings: Settings) -> App:
    return create_app(shop, settings)


@pytest.fixture
def client(app: App, make_client: Any) -> Any:
    """A client without a key."""
    return make_client(app)


@pytest.fixture
def staff(app: App, shop: Shop, make_client: Any) -> Any:
    """A client with a key for everything."""
    return make_client(app, headers=bearer(shop, "admin"))


@pytest.fixture
def mugs(shop: Shop) -> str:
    """The id of a category."""
    return shop.catalog.taxonomy.create_category(CategoryInput(name="Mugs")).id
