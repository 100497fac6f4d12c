"""Staff manage webhooks, see what became of every delivery, and nobody makes the shop call where it must not."""

import base64
from typing import Any

import pytest
from asking import bearer, problem

from bodega.domain.shop import Shop

PATH = "/v1/admin/webhooks"
URL = "https://hooks.example/in"
ANY = {"if-match": "*"}


def made(staff: Any, **changes: Any) -> dict[str, Any]:
    response = staff.post(PATH, json={"url": URL, "events": ["order.*"]} | changes)
    assert response.status_code == 201, response.text
    return response.json()


def test_a_webhook_is_made_read_changed_and_removed(staff: Any) -> None:
    response = staff.post(PATH, json={"url": "https://Hooks.Example:443/in", "events": ["order.*", "order.*"]})
    webhook = response.json()
    address = response.headers["location"]

    assert response.status_code == 201
    assert (webhook["url"], webhook["events"], webhook["status"]) == (URL, ["order.*"], "enabled")
    assert len(base64.b64decode(webhook.pop("secret").removeprefix("whsec_"))) >= 24
    assert staff.get(address).json() == webhook
    assert staff.get(PATH).json()["data"] == [webhook]

    changed = staff.patch(address, json={"status": "disabled"}, headers={"if-match": response.headers["etag"]})
    assert (changed.json()["status"], changed.json()["disabled_reason"]) == ("disabled", "staff")
    problem(staff.patch(address, json={"status": "enabled"}, headers={"if-match": response.headers["etag"]}), 412)
    problem(staff.patch(address, json={"status": "enabled"}), 428)
    problem(staff.delete(address, headers={"if-match": response.headers["etag"]}), 412)
    assert staff.delete(address, headers={"if-match": changed.headers["etag"]}).status_code == 204
    problem(staff.get(address), 404)
    assert staff.get(PATH).json()["data"] == []


def test_a_secret_is_shown_once_and_can_be_rotated(staff: Any) -> None:
    webhook = made(staff)
    address = f"{PATH}/{webhook['id']}"

    rotated = staff.post(f"{address}:rotateSecret", json={"overlap_seconds": 60})

    assert rotated.status_code == 200
    assert rotated.json()["secret"] != webhook["secret"]
    for response in (staff.get(address), staff.get(PATH)):
        assert "whsec_" not in response.text
        assert "secret" not in response.text
    problem(staff.post(f"{address}:rotateSecret", json={"overlap_seconds": -1}), 422)
    problem(staff.post(f"{address}:rotateSecret", json={"overlap_seconds": 10**9}), 422)
    problem(staff.post(f"{PATH}/hook_x:rotateSecret", json={}), 404)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "ftp://hooks.example/",
        "http://hooks.example/",
        "https://user:pw@hooks.example/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://localhost/",
        "https://localhost.:8443/",
        "https://127.0.0.1/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://2130706433/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://hooks.example:22/",
        "https://hooks.example:0/",
        "https://hooks.example/\r\nX-Evil: 1",
        "https://hooks.example/#fragment",
        "https://" + "a" * 3000,
    ],
)
def test_an_address_that_must_not_be_called_is_refused(staff: Any, url: str) -> None:
    document = problem(staff.post(PATH, json={"url": url, "events": ["*"]}), 422)
    assert document["errors"][0]["pointer"] == "/url"

    webhook = made(staff)
    problem(staff.patch(f"{PATH}/{webhook['id']}", json={"url": url}, headers=ANY), 422)
    assert staff.get(f"{PATH}/{webhook['id']}").json()["url"] == URL


@pytest.mark.parametrize(
    "body",
    [
        {"events": ["*"]},
        {"url": URL},
        {"url": URL, "events": []},
        {"url": URL, "events": ["order.plaecd"]},
        {"url": URL, "events": ["nothing.*"]},
        {"url": URL, "events": ["*.*"]},
        {"url": URL, "events": ["*"], "description": "a\x00b"},
        {"url": URL, "events": ["*"], "status": "failing"},
        {"url": URL, "events": ["*"], "secret": "whsec_mine"},
        {"url": URL, "events": ["*"], "version": 3},
        {"url": 7, "events": ["*"]},
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(staff: Any, body: dict[str, Any]) -> None:
    problem(staff.post(PATH, json=body), 422)
    assert staff.get(PATH).json()["data"] == []


def test_what_staff_cannot_set_cannot_be_patched(staff: Any) -> None:
    webhook = made(staff)
    for patch in ({"id": "hook_2"}, {"version": 9}, {"disabled_reason": "gone"}, {"secrets": []}, {"since": 0}):
        problem(staff.patch(f"{PATH}/{webhook['id']}", json=patch, headers=ANY), 422)
    assert staff.patch(f"{PATH}/{webhook['id']}", json={"id": webhook["id"]}, headers=ANY).status_code == 200


def test_there_are_only_so_many(staff: Any) -> None:
    for _ in range(32):
        made(staff)
    problem(staff.post(PATH, json={"url": URL, "events": ["*"]}), 422)


def test_making_one_again_with_its_key_shows_the_same_secret(staff: Any) -> None:
    once = {"idempotency-key": "webhook-1"}
    first = staff.post(PATH, json={"url": URL, "events": ["*"]}, headers=once)
    again = staff.post(PATH, json={"url": URL, "events": ["*"]}, headers=once)

    assert again.json() == first.json()
    assert len(staff.get(PATH).json()["data"]) == 1


def test_reading_is_not_writing(client: Any, shop: Shop, staff: Any) -> None:
    webhook = made(staff)
    reader = bearer(shop, "webhooks:read")

    assert client.get(PATH, headers=reader).status_code == 200
    problem(client.post(f"{PATH}/{webhook['id']}:rotateSecret", json={}, headers=reader), 403, "missing_scope")


# -- dead letters


def test_work_that_failed_too_often_is_seen_and_tried_again(staff: Any, shop: Shop) -> None:
    queue = shop.world.queue
    queue.send("jobs", [b'{"x": "\xff"}'])
    for _ in range(3):
        (message,) = queue.receive("jobs")
        queue.failed("jobs", message.receipt, reason="no such job")

    (letter,) = staff.get("/v1/admin/dead-letters").json()["data"]

    assert (letter["queue"], letter["attempts"], letter["reason"]) == ("jobs", 3, "no such job")
    assert staff.get("/v1/admin/dead-letters?filter[queue]=relist").json()["data"] == []
    problem(staff.get("/v1/admin/dead-letters?filter[queue]=x"), 422, "invalid")
    problem(staff.post(f"/v1/admin/dead-letters/relist/{letter['id']}:redrive"), 404)
    problem(staff.post(f"/v1/admin/dead-letters/x/{letter['id']}:redrive"), 404)
    assert staff.post(f"/v1/admin/dead-letters/jobs/{letter['id']}:redrive").status_code == 204
    assert staff.get("/v1/admin/dead-letters").json()["data"] == []
    assert queue.depth("jobs") == 1
