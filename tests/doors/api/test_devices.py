"""Staff say by API which devices count stock, and where."""

from typing import Any

from asking import bearer, problem

from bodega.domain.shop import Shop

PATH = "/v1/admin/devices"
SCANNER = {"id": "scanner-1", "location": "main"}


def test_a_device_is_registered_read_moved_and_removed(staff: Any) -> None:
    made = staff.post(PATH, json=SCANNER)
    address = made.headers["location"]

    assert made.status_code == 201, made.text
    assert (made.json()["location"], made.json()["seen_at"]) == ("main", None)
    assert staff.get(address).json() == made.json()
    assert staff.get(PATH).json()["data"] == [made.json()]
    problem(staff.post(PATH, json=SCANNER), 409, "device_exists")

    moved = staff.patch(address, json={"location": "cellar"}, headers={"if-match": made.headers["etag"]})
    assert (moved.json()["location"], moved.json()["version"]) == ("cellar", 2)
    problem(staff.patch(address, json={"location": "main"}, headers={"if-match": made.headers["etag"]}), 412)
    problem(staff.patch(address, json={"id": "x"}, headers={"if-match": "*"}), 422)
    problem(staff.patch(address, json={"location": "main"}), 428)
    assert staff.delete(address, headers={"if-match": moved.headers["etag"]}).status_code == 204
    problem(staff.get(address), 404)
    problem(staff.delete(address, headers={"if-match": "*"}), 404)


def test_names_that_no_certificate_or_topic_could_carry_are_refused(staff: Any) -> None:
    for bad in ("", "A", "a/b", "+", "#", "é", "a" * 65, "a\u0000"):
        problem(staff.post(PATH, json=SCANNER | {"id": bad}), 422)
    for bad in ("", "Main", "a/b", "#", "x" * 41, None, 7):
        problem(staff.post(PATH, json=SCANNER | {"location": bad}), 422)
    problem(staff.post(PATH, json=SCANNER | {"secret": "x"}), 422)
    problem(staff.get(f"{PATH}/%00"), 404)

    assert staff.get(PATH).json()["data"] == []


def test_who_may_not_change_stock_registers_nothing(shop: Shop, client: Any) -> None:
    problem(client.get(PATH), 401)
    problem(client.post(PATH, json=SCANNER, headers=bearer(shop, "stock:read")), 403)
    assert client.post(PATH, json=SCANNER, headers=bearer(shop, "stock:write")).status_code == 201
    assert len(client.get(PATH, headers=bearer(shop, "stock:read")).json()["data"]) == 1
