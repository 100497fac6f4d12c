"""Give the tests of functions a shop in either world: on one machine, and on an engine with AWS's services."""

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from engines import deployed, ministack

from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.wiring import open_shop


@pytest.fixture(params=["local", "ministack"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What a function finds in its environment."""
    if request.param == "local":
        return Settings.for_directory(tmp_path / "shop")
    environment = deployed(ministack(), f"f{crc32(str(tmp_path).encode()):08x}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.pop(name))
    return Settings.from_env(environment | {"BODEGA_DATA_DIR": str(tmp_path / "shop")})


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """The shop that the functions belong to, for what a test has to prepare and to look at."""
    shop = open_shop(settings)
    yield shop
    shop.close()
