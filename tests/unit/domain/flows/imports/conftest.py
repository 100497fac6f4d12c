"""Whole shops on temporary folders, and files to feed them."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.settings import Settings
from bodega.wiring import open_shop

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def open_at(tmp_path):
    """Return a function that opens a shop in a folder of that name; all are closed at the end."""
    opened = []

    def open_it(name="shop"):
        clock = SettableClock(NOW)
        shop = open_shop(Settings.for_directory(tmp_path / name), clock=clock, ids=SeededIds(len(opened) + 1, clock))
        opened.append(shop)
        return shop

    yield open_it
    for shop in opened:
        shop.close()


@pytest.fixture
def shop(open_at):
    return open_at()


@pytest.fixture
def write(tmp_path):
    """Return a function that writes rows as a JSONL file; text is written as it is."""

    def write_rows(*rows, name="rows.jsonl") -> Path:
        path = tmp_path / name
        lines = [row if isinstance(row, str) else msgspec.json.encode(row).decode() for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_rows


@pytest.fixture
def take():
    """Return a function that imports a file into a shop; each call is a new job unless `fingerprint` says otherwise."""
    calls = []

    def import_file(shop, subject, path, *, fingerprint=None, **more):
        calls.append(path)
        return shop.jobs.import_file(subject, path, fingerprint=fingerprint or f"call{len(calls)}:", **more)

    return import_file
