"""Give journeys processes that are ended whatever a test did."""

import pytest
from processes import Up


@pytest.fixture
def start(tmp_path):
    """Start a shop: `start("--empty", BODEGA_SERVER="uvicorn")`; on the test's own data folder and any free port."""
    started = []

    def begin(*words, port=0, data=None, **environment):
        data = data or tmp_path / "data"
        output = tmp_path / f"output-{len(started)}.txt"
        started.append(Up(output, "--data", data, "--port", port, *words, **environment))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@pytest.fixture
def product():
    """Return a product as staff send it."""

    def make(sku, title=None):
        variant = {"sku": sku, "price": {"amount": 500, "currency": "GBP"}}
        return {"title": title or f"Mug {sku}", "status": "active", "variants": [variant]}

    return make
