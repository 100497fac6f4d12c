"""Open the shop that a command is about."""

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.wiring.logs import begin_log


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add --data, which every command that opens a shop has."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the shop's folder (default: BODEGA_DATA_DIR or ./data)"
    )


def settings_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Return the settings of the environment with what the command line says instead."""
    settings = Settings.from_env(environment)
    said: dict[str, Any] = {
        field: value
        for field, value in (
            ("data_dir", getattr(arguments, "data", None)),
            ("port", getattr(arguments, "port", None)),
            ("host", getattr(arguments, "host", None)),
            ("workers", getattr(arguments, "workers", None)),
        )
        if value is not None
    }
    begin_log(settings)
    return msgspec.structs.replace(settings, **said)


@contextlib.contextmanager
def opened_shop(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[Shop]:
    """Open the shop for one command and close it afterwards."""
    shop = open_shop(settings_of(arguments, environment))
    try:
        yield shop
    finally:
        shop.close()
