"""The real sales file, if `BODEGA_SALES_FILE` names it: every line is a sale or is rejected for a reason."""

import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from bodega.cli.imports import fingerprint_of
from bodega.domain.flows.imports.rules import NON_GOODS
from bodega.settings import Settings
from bodega.wiring import open_shop

FILE = os.environ.get("BODEGA_SALES_FILE")
COLUMNS = {
    "order": "invoice",
    "sku": "stock_code",
    "name": "description",
    "quantity": "quantity",
    "time": "timestamp",
    "unit_price": "unit_price",
    "customer": "customer_id",
}

pytestmark = pytest.mark.skipif(not FILE, reason="BODEGA_SALES_FILE does not name the Online Retail file")


def counted(path):
    """Count with columns what the import decides line by line, in the order of its rules."""
    table = parquet.read_table(path)
    code = pc.utf8_upper(table["stock_code"])
    listed = pc.is_in(code, value_set=pa.array(sorted(NON_GOODS), code.type))
    rules = {
        "cancellation": pc.match_substring_regex(table["invoice"], r"^[Cc]\d+$"),
        "adjustment": pc.match_substring_regex(table["invoice"], r"^[Aa]\d+$"),
        "not_goods": pc.or_(listed, pc.match_substring_regex(code, r"^(GIFT_|BANK )")),
        "return_or_correction": pc.less_equal(table["quantity"], 0),
        "price_not_positive": pc.less_equal(table["unit_price"], 0),
        "price_too_fine": pc.less(table["unit_price"], 0.005),
    }
    left = pc.is_valid(code)
    reasons = {}
    for reason, broken in rules.items():
        reasons[reason] = pc.sum(pc.and_(left, broken)).as_py()
        left = pc.and_not(left, broken)
    return table.filter(left), {reason: number for reason, number in reasons.items() if number}


def test_the_online_retail_file(tmp_path):
    path = Path(FILE)
    kept, reasons = counted(path)
    shop = open_shop(Settings.for_directory(tmp_path / "data"))
    try:
        job = shop.jobs.import_file(
            "sales", path, fingerprint=fingerprint_of(path), columns=COLUMNS, options={"timezone": "Europe/London"}
        )
        orders = list(shop.orders.all())
    finally:
        shop.close()

    assert job.state == "done", job.message
    assert job.read == parquet.ParquetFile(path).metadata.num_rows
    assert job.rejected_by_reason == reasons
    assert job.created == len(orders) == pc.count_distinct(kept["invoice"]).as_py()
    assert job.counts["customers"] == pc.count_distinct(kept["customer_id"]).as_py()
    assert job.counts["products"] == pc.count_distinct(kept["stock_code"]).as_py()
    lines = Counter((order.number, line.sku, line.quantity) for order in orders for line in order.lines)
    assert lines == Counter(
        zip(*(kept[name].to_pylist() for name in ("invoice", "stock_code", "quantity")), strict=True)
    )
