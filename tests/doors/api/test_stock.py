"""What staff and machines may rely on when they count stock over the API."""

from typing import Any

import pytest
from asking import bearer, problem, product

from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import Line
from bodega.domain.shop import Shop

STOCK = "/v1/admin/stock"


@pytest.fixture
def mug(staff: Any) -> str:
    staff.post("/v1/admin/products", json=product("MUG-1"))
    return "MUG-1"


def adjust(staff: Any, sku: str, change: int, **more: Any) -> Any:
    return staff.post(f"{STOCK}:adjust", json={"sku": sku, "change": change, "reason": "count"} | more)


def test_an_adjustment_answers_with_the_level_and_is_remembered_with_the_key_that_made_it(staff: Any, mug: str) -> None:
    assert adjust(staff, mug, 10).json()["on_hand"] == 10

    level = adjust(staff, f" {mug} ", -4).json()

    assert level == {
        "sku": mug,
        "location": "main",
        "on_hand": 6,
        "held": 0,
        "available": 6,
        "sold": 0,
        "state": "in_stock",
        "backorder": False,
        "low_at": 5,
        "buckets": 1,
    }
    history = staff.get(f"{STOCK}/adjustments?sku={mug}").json()["data"]
    assert [one["change"] for one in history] == [-4, 10]
    assert history[0]["actor"].startswith("key_")
    assert history[0]["at"] == "2026-11-23T09:00:00.000Z"


def test_the_list_comes_in_pages_and_by_sku(staff: Any, shop: Shop) -> None:
    shop.inventory.set_on_hand({f"S-{number}": number for number in range(5)})

    first = staff.get(f"{STOCK}?limit=3")
    rest = staff.get(f"{STOCK}?limit=3&cursor={first.json()['page']['next']}").json()

    assert [level["sku"] for level in first.json()["data"] + rest["data"]] == [f"S-{n}" for n in range(5)]
    assert 'rel="next"' in first.headers["link"]
    assert rest["page"]["next"] is None
    named = staff.get(f"{STOCK}?sku=S-4&sku=S-1&sku=NONE&sku=S-4").json()["data"]
    assert [(level["sku"], level["on_hand"]) for level in named] == [("S-4", 4), ("S-1", 1)]
    problem(staff.get(f"{STOCK}/adjustments?sku=S-1&cursor={first.json()['page']['next']}"), 400, "bad_cursor")


def test_setting_compares_with_what_the_counter_believed(staff: Any, mug: str) -> None:
    count = {"sku": mug, "on_hand": 7, "expected": None, "reason": "counted"}

    assert staff.post(f"{STOCK}:set", json=count).json()["on_hand"] == 7
    problem(staff.post(f"{STOCK}:set", json=count), 409, "stock_changed")
    assert staff.post(f"{STOCK}:set", json=count | {"expected": 7, "on_hand": 3}).json()["state"] == "low_stock"
    del count["expected"]
    problem(staff.post(f"{STOCK}:set", json=count), 422)


def test_what_is_held_stays_held(staff: Any, shop: Shop, mug: str) -> None:
    adjust(staff, mug, 5)
    Holds(table=shop.world.table, clock=shop.world.clock, ids=shop.world.ids).place(owner="c", lines=[Line(mug, 4)])

    assert "1 available" in problem(adjust(staff, mug, -2), 409, "insufficient_stock")["detail"]
    assert staff.get(f"{STOCK}?sku={mug}").json()["data"][0]["held"] == 4


def test_settings_change_one_by_one(staff: Any, mug: str) -> None:
    adjust(staff, mug, 1000)

    for change in ({"backorder": True}, {"low_at": 3}, {"buckets": 4}, {}):
        level = staff.post(f"{STOCK}:configure", json={"sku": mug} | change).json()

    assert (level["backorder"], level["low_at"], level["buckets"], level["on_hand"]) == (True, 3, 4, 1000)
    problem(staff.post(f"{STOCK}:configure", json={"sku": "NONE", "low_at": 1}), 404, "not_found")


def test_an_adjustment_is_replayed_and_not_repeated(staff: Any, mug: str) -> None:
    for _ in range(2):
        response = staff.post(
            f"{STOCK}:adjust",
            json={"sku": mug, "change": 5, "reason": "delivery"},
            headers={"idempotency-key": "delivery-1"},
        )
        assert response.json()["on_hand"] == 5

    assert staff.get(f"{STOCK}?sku={mug}").json()["data"][0]["on_hand"] == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"change": 0},
        {"change": 1.5},
        {"change": "5"},
        {"change": 10**9 + 1},
        {"change": 10**30},
        {"change": None},
        {"reason": ""},
        {"reason": " "},
        {"reason": "x" * 201},
        {"reason": "a\u0000b"},
        {"sku": ""},
        {"sku": "A\u001fB"},
        {"sku": "A" * 65},
        {"location": "Über"},
        {"location": ""},
        {"on_hand": 5},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(staff: Any, mug: str, wrong: dict[str, Any]) -> None:
    body = {"sku": mug, "change": 5, "reason": "count"} | wrong

    document = problem(staff.post(f"{STOCK}:adjust", json=body), 422)

    assert document["errors"]
    assert staff.get(STOCK).json()["data"] == []


def test_a_sku_that_nobody_sells_is_not_found(staff: Any) -> None:
    problem(adjust(staff, "TYPO-1", 5), 404, "not_found")
    problem(staff.post(f"{STOCK}:set", json={"sku": "T", "on_hand": 1, "expected": None, "reason": "x"}), 404)
    problem(staff.get(f"{STOCK}?skus=T"), 422)
    problem(staff.get(f"{STOCK}?sku=A%1FB"), 422)
    problem(staff.get(f"{STOCK}/adjustments"), 422)


def test_reading_and_writing_are_permitted_apart(client: Any, shop: Shop, staff: Any, mug: str) -> None:
    reader, writer = bearer(shop, "stock:read"), bearer(shop, "stock:write")
    body = {"sku": mug, "change": 5, "reason": "count"}

    problem(client.post(f"{STOCK}:adjust", json=body, headers=reader), 403, "missing_scope")
    problem(client.get(STOCK, headers=writer), 403, "missing_scope")
    assert client.post(f"{STOCK}:adjust", json=body, headers=writer).status_code == 200
    assert client.get(STOCK, headers=reader).json()["data"][0]["on_hand"] == 5
