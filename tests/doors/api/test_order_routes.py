"""Orders by HTTP: a shopper sees their own, staff do what the table of moves allows, and money goes back once."""

from typing import Any

import pytest
from asking import bearer, problem
from selling import ORDERS, cart_of, check_out, for_sale

from bodega.domain.shop import Shop

KEY = {"idempotency-key": "r1"}


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    for_sale(shop, MUG=50, TEA=50)


def bought(client: Any, method: str = "card_approve", **lines: int) -> dict[str, Any]:
    made = check_out(client, cart_of(client, **(lines or {"MUG": 2, "TEA": 1})), method)
    assert made.status_code == 201, made.text
    return made.json()


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def test_an_order_is_sent_delivered_taken_back_and_paid_back(client: Any, staff: Any, shop: Shop) -> None:
    order = bought(client)
    url = f"{ORDERS}/{order['id']}"

    part = staff.post(f"{url}:fulfil", json={"units": {"MUG": 1}, "carrier": "Post", "tracking": "AB1"})
    rest = staff.post(f"{url}:fulfil", json={})
    arrived = staff.post(f"{url}:deliver")
    partly = staff.post(f"{url}:refund", json={"amount": gbp(100), "reason": "a scratch"}, headers=KEY)
    back = staff.post(f"{url}:return", json={"units": {"MUG": 2}, "restock": True, "refund": gbp(900)}, headers=KEY)
    rest_back = staff.post(f"{url}:return", json={"units": {"TEA": 1}, "restock": False})

    states = [answer.json()["state"] for answer in (part, rest, arrived, partly, back, rest_back)]
    assert states == ["paid", "fulfilled", "delivered", "delivered", "delivered", "returned"]
    assert part.json()["outstanding"] == {"MUG": 1, "TEA": 1}
    assert part.json()["parcels"][0]["tracking"] == "AB1"
    assert (rest_back.json()["refunded"], rest_back.json()["refundable"]) == (gbp(1000), gbp(500))
    assert rest_back.json()["payment_state"] == "refunded_partly"
    assert (shop.stock.get(sku="MUG").on_hand, shop.stock.get(sku="TEA").on_hand) == (50, 49)
    names = [entry["name"] for entry in staff.get(f"{url}/events").json()["data"]]
    assert names[:4] == ["placed", "captured", "fulfilled", "fulfilled"]
    assert names.count("refunded") == 2
    shopper = client.get(f"/v1/store/orders/{order['id']}", params={"token": order["token"]}).json()
    assert (shopper["state"], shopper["refunded"]) == ("returned", gbp(1000))


def test_a_shopper_reads_an_order_only_with_its_token(client: Any, staff: Any) -> None:
    first, second = bought(client), bought(client)
    url = f"/v1/store/orders/{first['id']}"

    for params in ({}, {"token": second["token"]}, {"token": "x"}, {"token": "\u00e9"}, {"token": first["token"][:-1]}):
        problem(client.get(url, params=params), 404, "not_found")
    problem(staff.get(url), 404, "not_found")
    problem(client.get("/v1/store/orders/" + "x" * 3000, params={"token": "x"}), 404)
    problem(client.get("/v1/store/orders"), 401)


def test_a_refund_needs_a_key_and_happens_once(client: Any, staff: Any) -> None:
    order = bought(client)
    url = f"{ORDERS}/{order['id']}:refund"
    body = {"amount": gbp(400)}

    problem(staff.post(url, json=body), 400, "idempotency_key_required")
    answers = [staff.post(url, json=body, headers=KEY) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert answers[-1].headers["idempotent-replayed"] == "true"
    assert answers[0].json()["refunded"] == gbp(400)
    problem(staff.post(url, json={"amount": gbp(1)}, headers=KEY), 422, "idempotency_key_reused")
    problem(
        staff.post(f"{ORDERS}/{order['id']}:return", json={"units": {"MUG": 1}, "restock": True, "refund": gbp(1)}),
        400,
        "idempotency_key_required",
    )


def test_the_same_key_of_another_asker_is_another_refund(client: Any, staff: Any, shop: Shop) -> None:
    order = bought(client)
    url = f"{ORDERS}/{order['id']}:refund"

    staff.post(url, json={"amount": gbp(400)}, headers=KEY)
    other = client.post(url, json={"amount": gbp(400)}, headers=KEY | bearer(shop, "orders:write"))

    assert other.json()["refunded"] == gbp(800)


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("refund", {"amount": gbp(1501)}, 409, "refund_too_large"),
        ("refund", {"amount": gbp(0)}, 422, "invalid"),
        ("refund", {"amount": gbp(-5)}, 422, None),
        ("refund", {"amount": {"amount": 5, "currency": "EUR"}}, 422, None),
        ("refund", {"amount": {"amount": 1.5, "currency": "GBP"}}, 422, None),
        ("refund", {"amount": gbp(10**30)}, 422, None),
        ("refund", {"amount": gbp(5), "drop": {"MUG": 3}}, 422, "invalid"),
        ("refund", {"amount": gbp(5), "total": gbp(5)}, 422, None),
        ("fulfil", {"units": {"MUG": 3}}, 422, "invalid"),
        ("fulfil", {"units": {"NOPE": 1}}, 422, "invalid"),
        ("fulfil", {"units": {}}, 422, "invalid"),
        ("fulfil", {"units": {"MUG": 0}}, 422, None),
        ("fulfil", {"tracking": "x" * 201}, 422, None),
        ("fulfil", {"tracking": "a\u0007"}, 422, "invalid"),
        ("deliver", None, 409, "illegal_move"),
        ("capture", None, 409, "illegal_move"),
        ("return", {"units": {"MUG": 1}, "restock": True}, 422, "invalid"),
        ("cancel", {"reason": "a\u0000"}, 422, "invalid"),
    ],
)
def test_what_the_order_does_not_allow_is_refused_and_changes_nothing(
    client: Any, staff: Any, verb: str, body: Any, status: int, code: str | None
) -> None:
    url = f"{ORDERS}/{bought(client)['id']}"
    before = staff.get(url)

    request = {"json": body} if body is not None else {}
    document = problem(staff.post(f"{url}:{verb}", headers=KEY, **request), status, code)

    assert staff.get(url).content == before.content
    if code == "illegal_move":
        assert {"fulfil", "cancel"} <= set(document["allowed"]) <= {"fulfil", "cancel", "return", "refund"}
    if code == "refund_too_large":
        assert document["refundable"] == gbp(1500)


def test_if_match_decides_between_two_who_act_on_one_order(client: Any, staff: Any) -> None:
    url = f"{ORDERS}/{bought(client)['id']}"
    tag = staff.get(url).headers["etag"]

    first = staff.post(f"{url}:fulfil", json={"units": {"MUG": 1}}, headers={"if-match": tag})
    stale = staff.post(f"{url}:cancel", json={}, headers={"if-match": tag})

    assert first.status_code == 200
    assert problem(stale, 412)["code"] == "stale_version"
    assert stale.headers["etag"] == first.headers["etag"]


def test_a_cancelled_order_is_paid_back_and_its_units_can_be_sold_again(client: Any, staff: Any, shop: Shop) -> None:
    url = f"{ORDERS}/{bought(client)['id']}"

    off = staff.post(f"{url}:cancel", json={"reason": "changed their mind"}).json()

    assert (off["state"], off["payment_state"], off["refunded"]) == ("cancelled", "refunded", gbp(1500))
    assert shop.stock.get(sku="MUG").on_hand == 50
    problem(staff.post(f"{url}:fulfil", json={}), 409, "illegal_move")


def test_lists_go_by_state_by_refund_and_by_customer(client: Any, staff: Any, clock: Any) -> None:
    made = []
    for _ in range(5):
        made.append(bought(client)["id"])
        clock.advance(1)
    staff.post(f"{ORDERS}/{made[0]}:fulfil", json={})
    staff.post(f"{ORDERS}/{made[1]}:refund", json={"amount": gbp(1)}, headers=KEY)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in staff.get(f"{ORDERS}?{query}").json()["data"]]

    assert ids("") == made[::-1]
    assert ids("sort=placed_at&limit=2") == made[:2]
    assert ids("filter[state]=fulfilled") == [made[0]]
    assert ids("filter[state]=paid") == made[:0:-1]
    assert ids("filter[refund]=refunded_partly") == [made[1]]
    assert ids("filter[customer]=cus_nobody") == []
    for query in ("filter[state]=sold", "filter[state]=paid&filter[refund]=refunded", "filter[colour]=x", "sort=total"):
        problem(staff.get(f"{ORDERS}?{query}"), 422)
    page = staff.get(f"{ORDERS}?limit=2").json()
    second = staff.get(f"{ORDERS}?limit=2&cursor={page['page']['next']}").json()
    assert [row["id"] for row in second["data"]] == made[2:0:-1]
    assert staff.get(f"{ORDERS}?limit=2&cursor={second['page']['prev']}").json()["data"] == page["data"]
    problem(staff.get(f"{ORDERS}?filter[state]=paid&cursor={page['page']['next']}"), 400, "bad_cursor")


def test_an_order_is_found_by_its_number(client: Any, staff: Any) -> None:
    order = bought(client)
    lower = order["number"].lower().replace("-", "")

    assert staff.get(f"{ORDERS}/number:{lower}").json()["id"] == order["id"]
    assert staff.post(f"{ORDERS}/number:{order['number']}:fulfil", json={}).json()["state"] == "fulfilled"
    for name in ("number:", "number:ZZZZ-ZZZZ", "ord_x", "x" * 3000):
        problem(staff.get(f"{ORDERS}/{name}"), 404)


def test_reading_does_not_permit_acting(client: Any, shop: Shop) -> None:
    order = bought(client)
    reader = bearer(shop, "orders:read")

    assert client.get(f"{ORDERS}/{order['id']}", headers=reader).status_code == 200
    document = problem(client.post(f"{ORDERS}/{order['id']}:cancel", json={}, headers=reader), 403)
    assert document["missing_scope"] == "orders:write"


def test_a_shopper_calls_an_order_off_until_it_is_sent(client: Any, staff: Any) -> None:
    first, second = bought(client), bought(client)
    staff.post(f"{ORDERS}/{second['id']}:fulfil", json={"units": {"MUG": 1}})

    off = [
        client.post(f"/v1/store/orders/{first['id']}:cancel", params={"token": first["token"]}, json={"reason": "oops"})
        for _ in range(2)
    ]
    late = client.post(f"/v1/store/orders/{second['id']}:cancel", params={"token": second["token"]}, json={})
    foreign = client.post(f"/v1/store/orders/{second['id']}:cancel", params={"token": first["token"]}, json={})

    assert [(answer.json()["state"], answer.json()["payment_state"]) for answer in off] == [
        ("cancelled", "refunded")
    ] * 2
    problem(late, 409, "illegal_move")
    problem(foreign, 404)
    history = staff.get(f"{ORDERS}/{first['id']}/events").json()["data"]
    assert [(e["name"], e["actor"], e["reason"]) for e in history if e["name"] == "cancelled"] == [
        ("cancelled", "shopper", "oops")
    ]


def test_a_shopper_says_what_comes_back_and_staff_find_it(client: Any, staff: Any) -> None:
    order = bought(client)
    url, token = f"/v1/store/orders/{order['id']}:requestReturn", {"token": order["token"]}

    early = client.post(url, params=token, json={"units": {"MUG": 1}})
    staff.post(f"{ORDERS}/{order['id']}:fulfil", json={})
    asked = [client.post(url, params=token, json={"units": {"MUG": 2}, "reason": "too red"}) for _ in range(2)]
    waiting = staff.get(f"{ORDERS}?filter[return]=requested").json()["data"]
    staff.post(f"{ORDERS}/{order['id']}:return", json={"units": {"MUG": 1}, "restock": True})
    part = client.get(f"/v1/store/orders/{order['id']}", params=token).json()
    staff.post(f"{ORDERS}/{order['id']}:return", json={"units": {"MUG": 1, "TEA": 1}, "restock": True})

    problem(early, 409, "illegal_move")
    assert [answer.json()["return_requested"] for answer in asked] == [{"MUG": 2}] * 2
    assert asked[0].content == asked[1].content
    assert [row["id"] for row in waiting] == [order["id"]]
    assert part["return_requested"] == {"MUG": 1}
    assert staff.get(f"{ORDERS}?filter[return]=requested").json()["data"] == []


@pytest.mark.parametrize("units", [{}, {"MUG": 3}, {"NOPE": 1}, {"MUG": 0}, {"MUG": 1.5}])
def test_nobody_sends_back_what_they_do_not_have(client: Any, staff: Any, units: dict[str, Any]) -> None:
    order = bought(client)
    staff.post(f"{ORDERS}/{order['id']}:fulfil", json={})
    url = f"/v1/store/orders/{order['id']}:requestReturn"

    problem(client.post(url, params={"token": order["token"]}, json={"units": units}), 422)
