"""The demo shop in its usual size, made once for all tests of it: they only look."""

from datetime import UTC, datetime

import pytest

from bodega.demo import generate


@pytest.fixture(scope="session")
def now():
    return datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shop(now):
    return generate(20_260, now=now)


@pytest.fixture(scope="session")
def owner(shop):
    """SKU -> product."""
    return {variant.sku: product for product in shop.products for variant in product.input.variants}
