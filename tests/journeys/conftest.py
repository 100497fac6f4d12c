"""Give journeys processes that are ended whatever a test did."""

import pytest
from processes import starting


@pytest.fixture
def start(tmp_path):
    """Start a shop: `start("--empty", BODEGA_SERVER="uvicorn")`; on the test's own data folder and any free port."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture
def product():
    """Return a product as staff send it."""

    def make(sku, title=None):
        variant = {"sku": sku, "price": {"amount": 500, "currency": "GBP"}}
        return {"title": title or f"Mug {sku}", "status": "active", "variants": [variant]}

    return make
