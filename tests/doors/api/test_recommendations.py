"""Recommendations over the API: lists, what is reported of them, and what staff may do."""

from typing import Any

import pytest
from asking import bearer, problem
from selling import cart_of, check_out, deliver_webhooks, for_sale

from bodega.domain.recommendations.model import STRIP_OF
from bodega.domain.shop import Shop
from bodega.worker.relay import Relay

LISTS = "/v1/store/recommendations"
FEEDBACK = LISTS + "/feedback"
ADMIN = "/v1/admin/recommendations"
SKUS = ("tea", "cup", "pot", "jam", "jar", "tin")


@pytest.fixture
def goods(shop: Shop) -> dict[str, str]:
    """Six things for sale, by SKU."""
    for_sale(shop, **dict.fromkeys(SKUS, 50))
    return shop.catalog.products.find_ids_by_sku(SKUS)


def listed(client: Any, **query: Any) -> dict[str, Any]:
    response = client.get(LISTS, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def told(
    client: Any, request_id: str, *events: dict[str, Any], headers: dict[str, str] | None = None, **more: Any
) -> Any:
    return client.post(FEEDBACK, json={"request_id": request_id, "events": list(events)} | more, headers=headers)


@pytest.mark.parametrize("placement", sorted(STRIP_OF))
def test_every_placement_answers_in_the_shape_of_the_contract(
    client: Any, goods: dict[str, str], placement: str
) -> None:
    query = {"product": goods["tea"]} if placement in {"product", "similar", "bought_together"} else {}

    found = listed(client, placement=placement, limit=3, **query)

    assert found.keys() == {"data", "model_version", "fallback", "request_id"}
    assert all(row.keys() == {"product", "score", "reason"} for row in found["data"])
    assert all({"code", "because"} <= row["reason"].keys() for row in found["data"])
    if placement in {"home", "product", "cart", "account", "trending", "similar"}:
        assert len(found["data"]) == 3


def test_lists_are_filtered_by_category_and_price(client: Any, goods: dict[str, str], mugs: str) -> None:
    assert listed(client, limit=5, **{"filter[price][lte]": 499})["data"] == []
    assert len(listed(client, limit=5, **{"filter[price][gte]": 500})["data"]) == 5
    assert listed(client, **{"filter[category]": mugs})["data"] == []
    problem(client.get(f"{LISTS}?filter[category]=nowhere"), 422)


@pytest.mark.parametrize(
    "query",
    [
        "placement=nowhere",
        "placement=product",
        "placement=similar&product=a&product=b",
        "limit=0",
        "limit=101",
        "limit=many",
        "filter[price][lte]=-1",
        "filter[prise][lte]=1",
        "product=" + "x" * 81,
        "product=%00",
        "sort=price",
    ],
)
def test_what_makes_no_sense_is_refused(client: Any, goods: dict[str, str], query: str) -> None:
    problem(client.get(f"{LISTS}?{query}"), 422)


def test_from_the_look_at_a_list_to_the_order_everything_is_put_down_to_it(
    client: Any, staff: Any, shop: Shop, goods: dict[str, str]
) -> None:
    found = listed(client, limit=4)
    chosen = found["data"][1]["product"]
    cart = cart_of(client, **{chosen["sku"]: 2, "tea": 1})
    events = [{"type": "impression"}, {"type": "click", "product": chosen["id"]}]

    first = told(client, found["request_id"], *events, cart=cart["id"])
    again = told(client, found["request_id"], *events, cart=cart["id"])
    assert first.json() == {"counted": 2, "repeated": 0, "ignored": 0, "reason": None}
    assert again.json() == {"counted": 0, "repeated": 2, "ignored": 0, "reason": None}
    assert check_out(client, cart).status_code == 201
    deliver_webhooks(client, shop)
    while Relay(shop).work() or shop.crediting.work_once():
        pass

    report = staff.get(f"{ADMIN}/report?days=1").json()
    (row,) = report["rows"]
    units = 2 + (chosen["sku"] == "tea")
    assert (row["placement"], row["lists"], row["shown"], row["clicks"]) == ("for_you", 1, 4, 1)
    assert (row["orders"], row["units"]) == (1, units)
    assert row["revenue"] == [{"amount": 500 * units, "currency": "GBP"}]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"}, "robot"),
        ({"sec-gpc": "1"}, "opted_out"),
        ({"dnt": "1"}, "opted_out"),
    ],
)
def test_robots_and_those_who_do_not_want_it_are_not_counted(
    client: Any, staff: Any, goods: dict[str, str], headers: dict[str, str], reason: str
) -> None:
    found = listed(client)

    answer = told(client, found["request_id"], {"type": "impression"}, headers=headers)

    assert answer.json() == {"counted": 0, "repeated": 0, "ignored": 1, "reason": reason}
    assert staff.get(f"{ADMIN}/report").json()["rows"] == []


def test_staff_are_not_counted(staff: Any, goods: dict[str, str]) -> None:
    found = listed(staff)

    assert told(staff, found["request_id"], {"type": "impression"}).json()["reason"] == "staff"
    assert staff.get(f"{ADMIN}/report").json()["rows"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": [{"type": "impression"}]},
        {"request_id": "rec_x", "events": [{"type": "impression"}]},
        {"request_id": "", "events": [{"type": "impression"}]},
        {"request_id": "R", "events": []},
        {"request_id": "R", "events": [{"type": "impression"}] * 101},
        {"request_id": "R", "events": [{"type": "look"}]},
        {"request_id": "R", "events": [{"type": "click"}]},
        {"request_id": "R", "events": [{"type": "purchase", "product": "p"}]},
        {"request_id": "R", "events": [{"type": "impression", "at": "now"}]},
        {"request_id": "R", "events": [{"type": "impression", "id": "x" * 65}]},
        {"request_id": "R", "events": [{"type": "impression"}], "visitor": "a\u0000b"},
        {"request_id": "R", "events": [{"type": "impression"}], "cart": ""},
    ],
    ids=lambda body: str(sorted(body))[:60],
)
def test_reports_that_make_no_sense_are_refused(
    client: Any, staff: Any, goods: dict[str, str], body: dict[str, Any]
) -> None:
    if body.get("request_id") == "R":
        body = body | {"request_id": listed(client)["request_id"]}

    problem(client.post(FEEDBACK, json=body), 422)

    assert staff.get(f"{ADMIN}/report").json()["rows"] == []


def test_staff_block_what_is_never_shown(client: Any, staff: Any, goods: dict[str, str], clock: Any) -> None:
    rules = staff.get(f"{ADMIN}/rules")
    body = {"blocked": [goods["tea"]], "pins": [{"strip": "for_you", "product": goods["jam"], "place": 1}]}
    problem(staff.put(f"{ADMIN}/rules", json=body), 428)

    saved = staff.put(f"{ADMIN}/rules", json=body, headers={"if-match": rules.headers["etag"]})
    clock.advance(2)

    assert saved.status_code == 200
    assert saved.json()["explore_share"] == 0.1
    skus = [row["product"]["sku"] for row in listed(client, limit=6)["data"]]
    assert skus[0] == "jam"
    assert "tea" not in skus
    problem(staff.put(f"{ADMIN}/rules", json=body, headers={"if-match": rules.headers["etag"]}), 412)
    for wrong in ({"blocked": "tea"}, {"explore_share": 0.9}, {"pin": []}, {"pins": [{"strip": "x", "product": "p"}]}):
        problem(staff.put(f"{ADMIN}/rules", json=wrong, headers={"if-match": "*"}), 422)


def test_staff_roll_back_and_let_versions_compete(staff: Any, shop: Shop, goods: dict[str, str], clock: Any) -> None:
    problem(staff.post(f"{ADMIN}/models:rollback"), 404)
    problem(staff.get(f"{ADMIN}/duel"), 404)
    for _ in range(2):
        shop.trainer.train()
        clock.advance(5)

    models = staff.post(f"{ADMIN}/models:rollback").json()["data"]
    assert [model["in_service"] for model in models] == [True, False]
    begun = staff.post(f"{ADMIN}/duel", json={"rival": models[1]["version"], "share": 0.5})
    assert begun.status_code == 201
    assert begun.json()["score"]["verdict"]["winner"] == 0
    assert staff.get(f"{ADMIN}/duel").json()["duel"]["rival"] == models[1]["version"]
    problem(staff.post(f"{ADMIN}/duel", json={"rival": models[1]["version"]}), 409, "duel_running")
    assert staff.delete(f"{ADMIN}/duel").status_code == 200
    problem(staff.post(f"{ADMIN}/duel", json={"rival": "none"}), 404)
    problem(staff.post(f"{ADMIN}/duel", json={"rival": models[1]["version"], "share": 0}), 422)


def test_keys_need_the_scope_of_recommendations(app: Any, shop: Shop, make_client: Any) -> None:
    reader = make_client(app, headers=bearer(shop, "recommendations:read"))
    other = make_client(app, headers=bearer(shop, "catalog:write"))

    assert reader.get(f"{ADMIN}/rules").status_code == 200
    problem(reader.put(f"{ADMIN}/rules", json={}, headers={"if-match": "*"}), 403)
    problem(other.get(f"{ADMIN}/report"), 403)
    problem(other.post(f"{ADMIN}/models:rollback"), 403)
