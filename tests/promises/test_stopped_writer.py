"""A process that was stopped while it held the database: the others say so after a while, and go on once it is gone."""

import contextlib

import msgspec
import pytest
from audit import for_sale, shop_in
from shoppers import CARTS
from wire import Wire

from bodega.adapters.local.sqlite_lock import FairLock


@pytest.mark.slow
def test_sales_wait_for_a_stopped_process_some_seconds_and_then_get_a_clear_answer(start, tmp_path):
    data = tmp_path / "data"
    with shop_in(data) as shop:
        for_sale(shop, {"MUG": 5})
    up = start("--empty", "--workers", "2", data=data).opened()
    wanted = {"lines": [{"sku": "MUG"}]}
    with (
        contextlib.closing(Wire(up.port, timeout=180)) as wire,
        contextlib.closing(FairLock(data / "shop.sqlite")) as stopped,
    ):
        with stopped:
            refused = wire.post(CARTS, wanted, {})
            seen = wire.ask("GET", "/v1/store/products/sku:MUG")

        accepted = wire.post(CARTS, wanted, {})

    assert (refused.status, msgspec.json.decode(refused.body)["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"]
    assert (seen.status, accepted.status) == (200, 201)
