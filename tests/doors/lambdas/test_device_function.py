"""What devices count becomes stock by way of a function, as it does by way of the worker."""

import msgspec
import pytest
from events import Context, queue_event
from selling import for_sale

from bodega.domain.devices import records, service
from bodega.domain.devices.model import DeviceInput, Heard
from bodega.lambdas.handed import open_handed
from bodega.lambdas.messages import Messages
from bodega.ports.queue import Message
from bodega.settings import Settings
from bodega.values.times import format_time


def test_counts_become_stock_once_and_a_device_speaks_for_its_own_place_only(settings: Settings) -> None:
    shop, handed = open_handed(settings)
    function = Messages(handed, {"counts": lambda _: shop.counting.work_once()})
    for_sale(shop, MUG=3)
    shop.devices.register("scanner", DeviceInput(location="main"))
    reading = {"sku": "MUG", "count": 7, "counted_at": format_time(shop.world.clock.now()), "sequence": 1}
    told = msgspec.json.encode(reading)
    fine = msgspec.json.encode(Heard(device="scanner", location="main", payload=told))
    foreign = msgspec.json.encode(Heard(device="scanner", location="elsewhere", payload=told))
    messages = [
        Message("msg_1", fine, "r_1", 1),
        Message("msg_2", fine, "r_2", 1),
        Message("msg_3", foreign, "r_3", 5),
        Message("msg_4", b"no reading", "r_4", 5),
    ]

    answer = function(queue_event("counts", messages), Context())

    assert answer == {"batchItemFailures": []}
    assert shop.stock.get(sku="MUG").on_hand == 7
    assert {letter.id for letter in shop.world.queue.dead_letters("counts")} == {"msg_3", "msg_4"}
    assert all(letter.reason for letter in shop.world.queue.dead_letters("counts"))
    shop.close()


def test_a_flood_comes_no_more_and_its_beginning_is_shown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (records, service):
        monkeypatch.setattr(module, "MOST_A_MINUTE", 3)
        monkeypatch.setattr(module, "SHOWN_OF_A_FLOOD", 2)
    shop, handed = open_handed(settings)
    function = Messages(handed, {"counts": lambda _: shop.counting.work_once()})
    for_sale(shop, MUG=3)
    shop.devices.register("scanner", DeviceInput(location="main"))
    now = format_time(shop.world.clock.now())
    readings = [{"sku": "MUG", "count": n, "counted_at": now, "sequence": n} for n in range(10)]
    told = [Heard(device="scanner", location="main", payload=msgspec.json.encode(one)) for one in readings]
    messages = [Message(f"msg_{n}", msgspec.json.encode(one), f"r_{n}", 1) for n, one in enumerate(told)]

    answer = function(queue_event("counts", messages), Context())

    assert answer == {"batchItemFailures": []}
    letters = shop.world.queue.dead_letters("counts")
    assert 2 <= len(letters) <= 4  # at the turn of a minute the count begins anew
    assert shop.devices.get("scanner").flooded_at is not None
    assert all("sent more than" in letter.reason for letter in letters)
    shop.close()
