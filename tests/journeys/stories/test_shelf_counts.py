"""What a scanner counts on a shelf becomes stock, once, by way of MQTT or of IoT Core."""

import json
from datetime import UTC, datetime

from processes import wait_until
from shopping import puts_up_for_sale, stock_of


def test_what_a_scanner_counts_becomes_stock_whatever_comes_twice_or_late(shop, api, staff):
    puts_up_for_sale(api, staff, "SCAN-MUG")
    registered = api.post("/v1/admin/devices", json={"id": "story-scanner", "location": "main"}, headers=staff)
    assert registered.status_code == 201, registered.text

    early, late = (reading("SCAN-MUG", count, sequence=count) for count in (3, 7))
    shop.publishes("story-scanner", "main", late)
    wait_until(lambda: stock_of(api, staff, "SCAN-MUG") == (7, 0), what="what was counted", every=0.5)
    for published in (late, early, reading("SCAN-MUG", 9, sequence=9)):
        shop.publishes("story-scanner", "main", published)
    wait_until(lambda: stock_of(api, staff, "SCAN-MUG") == (9, 0), what="what was counted next", every=0.5)

    adjustments = api.get("/v1/admin/stock/adjustments", params={"sku": "SCAN-MUG"}, headers=staff).json()["data"]
    counted = [one for one in adjustments if "story-scanner" in json.dumps(one)]
    assert len(counted) == 2


def reading(sku, count, *, sequence):
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"sku": sku, "count": count, "counted_at": at, "sequence": sequence}).encode()
