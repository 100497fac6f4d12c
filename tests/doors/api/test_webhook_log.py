"""Staff see what became of every delivery, and have it made again."""

from collections.abc import Iterator
from typing import Any

import pytest
from asking import problem
from receivers import Receiver, saying

from bodega.domain.shop import Shop
from bodega.ports.table import Event
from bodega.settings import Settings

PATH = "/v1/admin/webhooks"


def made(staff: Any, url: str) -> dict[str, Any]:
    response = staff.post(PATH, json={"url": url, "events": ["*"]})
    assert response.status_code == 201, response.text
    return response.json()


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings.from_env({"BODEGA_DATA_DIR": str(tmp_path / "shop"), "BODEGA_OUTGOING_ALLOW": "127.0.0.0/8"})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(saying("500 Broken", b"<script>alert(1)</script>"))
    yield receiver
    receiver.close()


def happened(shop: Shop, *versions: int) -> None:
    for version in versions:
        event = Event(f"evt_{version}", "order.placed", "ord_1", version, "2026-11-23T09:00:00.000Z", b'{"total":1}')
        shop.world.table.transact([], [event])
    shop.webhooks.fan_out.work_once()
    for endpoint in shop.webhooks.endpoints.list():
        for lane in shop.webhooks.courier.due(endpoint.id, limit=10):
            shop.webhooks.courier.work(lane)


def test_the_log_tells_every_attempt(staff: Any, shop: Shop, receiver: Receiver) -> None:
    webhook = made(staff, f"http://127.0.0.1:{receiver.port}/hook")
    happened(shop, 1, 2)
    log = f"{PATH}/{webhook['id']}/deliveries"

    newest, oldest = staff.get(log).json()["data"]
    shown = staff.get(f"{log}/{oldest['id']}").json()

    assert shown == oldest
    assert (newest["event"]["version"], newest["state"], newest["attempt_count"]) == (2, "pending", 0)
    assert oldest["event"] == {
        "id": "evt_1",
        "name": "order.placed",
        "resource": "ord_1",
        "version": 1,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "data": {"total": 1},
    }
    (attempt,) = oldest["attempts"]
    assert (attempt["status"], attempt["excerpt"]) == (500, "<script>alert(1)</script>")
    assert attempt["duration_ms"] >= 0
    assert oldest["next_attempt_at"] is not None
    assert staff.get(f"{PATH}/{webhook['id']}").json()["failing_since"] is not None


def test_the_log_is_paged_and_filtered(staff: Any, shop: Shop, receiver: Receiver) -> None:
    webhook = made(staff, f"http://127.0.0.1:{receiver.port}/hook")
    happened(shop, *range(1, 6))
    log = f"{PATH}/{webhook['id']}/deliveries"

    first = staff.get(f"{log}?limit=3&filter[state]=pending").json()
    cursor = first["page"]["next"]
    second = staff.get(f"{log}?limit=3&filter[state]=pending&cursor={cursor}").json()

    assert [one["event"]["version"] for one in first["data"] + second["data"]] == [5, 4, 3, 2, 1]
    assert second["page"]["next"] is None
    problem(staff.get(f"{log}?filter[state]=delivered&cursor={cursor}"), 400, "bad_cursor")
    problem(staff.get(f"{log}?filter[state]=lost"), 422)
    assert staff.get(f"{log}?filter[state]=given_up").json()["data"] == []


def test_deliveries_are_asked_for_again(staff: Any, shop: Shop, receiver: Receiver) -> None:
    webhook = made(staff, f"http://127.0.0.1:{receiver.port}/hook")
    happened(shop, 1)
    log = f"{PATH}/{webhook['id']}/deliveries"
    (delivery,) = staff.get(log).json()["data"]

    again = staff.post(f"{log}/{delivery['id']}:redeliver")
    happened(shop)

    assert again.status_code == 202
    assert staff.get(f"{log}/{delivery['id']}").json()["attempt_count"] == 2
    assert staff.post(f"{log}:redrive").json() == {"redriven": 0}
    other = made(staff, "https://hooks.example/")
    problem(staff.post(f"{PATH}/{other['id']}/deliveries/{delivery['id']}:redeliver"), 404)
    problem(staff.post(f"{log}/dlv_{'x' * 3000}:redeliver"), 404)
    problem(staff.get(f"{log}/nothing"), 404)
    problem(staff.get(f"{PATH}/hook_{'x' * 3000}/deliveries"), 404)
