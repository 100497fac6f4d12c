"""An import that is killed without warning goes on where it was, and nothing is there twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bodega.domain.catalog.shelves import ShelfQuery
from bodega.settings import Settings
from bodega.wiring import open_shop

ROWS = 4000
DEADLINE_SECONDS = 120


def command(*words, data):
    return [sys.executable, "-m", "bodega.cli.main", "import", *map(str, words), "--data", str(data), "--json"]


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_")}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def write(path, rows):
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def kill_when(process, shop, is_time):
    """Kill the process with no chance to tidy up, as soon as its job looks as wanted."""
    for _ in range(DEADLINE_SECONDS * 100):
        jobs = shop.jobs.list(kind="import").rows
        if jobs and is_time(jobs[0]):
            break
        try:
            process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the import ended before it could be killed: {process.stderr.read()}")
    process.send_signal(signal.SIGKILL)
    process.wait()


def interrupted_and_finished(words, shop, data, is_time):
    """Start an import, kill it, run it again to its end, and return the second run's report."""
    with subprocess.Popen(
        command(*words, data=data), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        kill_when(process, shop, is_time)
    again = subprocess.run(command(*words, data=data), env=environment(), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    return msgspec.json.decode(again.stdout)


def by_price(shop):
    """Return the price of everything in the order of the list by price."""
    query, position, prices = ShelfQuery(sort="price", limit=250), None, []
    while True:
        page = shop.catalog.shelves.find(query, position)
        prices += [msgspec.json.decode(card)["price"]["amount"] for card in page.cards]
        position = page.next
        if position is None:
            return prices


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def shop(data):
    shop = open_shop(Settings.for_directory(data))
    yield shop
    shop.close()


@pytest.mark.parametrize("rows_read", [0, 1000, 3000])
def test_products_after_kill_9(shop, data, tmp_path, rows_read):
    rows = [{"sku": f"S-{i}", "title": f"Thing {i}", "price": 1 + i % 90, "stock": i} for i in range(ROWS)]
    rows[1500] = {"sku": "S-1500"}
    report = tmp_path / "rejected.jsonl"
    words = ("products", write(tmp_path / "products.jsonl", rows), "--report", report)

    job = interrupted_and_finished(words, shop, data, lambda job: job.read >= rows_read)

    assert (job["state"], job["read"], job["rejected_by_reason"]) == ("done", ROWS, {"required": 1})
    assert job["created"] + job["unchanged"] == ROWS - 1
    products = list(shop.catalog.products.all())
    assert len(products) == ROWS - 1
    assert {product.version for product in products} == {1}
    assert len({product.variants[0].sku for product in products}) == ROWS - 1
    assert shop.catalog.shelves.find(ShelfQuery(text="thing", limit=1)).total == ROWS - 1
    assert by_price(shop) == sorted(product.variants[0].price.amount for product in products)
    assert [msgspec.json.decode(line)["line"] for line in report.read_bytes().splitlines()] == [1501]


@pytest.mark.parametrize("phase", ["read", "orders"])
def test_sales_after_kill_9(shop, data, tmp_path, phase):
    rows = [
        {
            "order": f"{(i * 7) % ROWS:05d}",
            "sku": f"S-{i % 50}",
            "name": f"THING {i % 50}",
            "quantity": 1 + i % 3,
            "unit_price": 2.5,
            "time": "2025-06-01T10:00:00Z",
            "customer": i % 300,
        }
        for i in range(2 * ROWS)
    ]
    words = ("sales", write(tmp_path / "sales.jsonl", rows))

    job = interrupted_and_finished(words, shop, data, lambda job: job.checkpoint.phase == phase)

    assert (job["state"], job["read"]) == ("done", 2 * ROWS)
    assert job["created"] + job["unchanged"] == ROWS
    orders = list(shop.orders.all())
    assert len(orders) == ROWS
    assert sum(line.quantity for order in orders for line in order.lines) == sum(row["quantity"] for row in rows)
    assert len(list(shop.catalog.products.all())) == 50
