"""Files that are too large to come through to the shop: sent by a form, past it where there is such a way."""

from typing import Any

import pytest
from asking import PNG, bearer, problem, product

from bodega.api.call import Options
from bodega.api.forms import MOST_AROUND_BYTES
from bodega.api.routes import create_api
from bodega.domain.shop import Shop

IMPORTS = "/v1/admin/imports"
CSV = b"name,sku,price\nMug,F-1,5.00\nCup,F-2,4.00\n"


def offered(staff: Any, **asked: Any) -> dict[str, Any]:
    response = staff.post(IMPORTS, json={"kind": "products", "format": "csv", **asked})
    assert response.status_code == 202, response.text
    return response.json()


def send(client: Any, form: dict[str, Any], content: bytes, **fields: str) -> Any:
    """Send a form as the ticket describes it, with whatever its fields are."""
    return client.post(form["url"], data=form["fields"] | fields, files={"file": ("a.csv", content, "text/csv")})


def complete(staff: Any, ticket: dict[str, Any]) -> Any:
    return staff.post(f"{IMPORTS}/{ticket['id']}:complete")


def test_a_file_is_sent_by_its_form_and_imported_once_however_often_it_is_completed(
    staff: Any, client: Any, shop: Shop
) -> None:
    ticket = offered(staff)
    problem(complete(staff, ticket), 409, "not_uploaded")

    sent = send(client, ticket["form"], CSV)
    begun, again = complete(staff, ticket), complete(staff, ticket)

    assert (sent.status_code, ticket["form"]["method"]) == (204, "POST")
    assert (begun.status_code, again.status_code) == (202, 202)
    assert begun.headers["location"] == again.headers["location"] == f"{IMPORTS}/{begun.json()['id']}"
    assert len(staff.get(IMPORTS).json()["data"]) == 1
    while shop.jobs.work_once():
        pass
    job = complete(staff, ticket).json()
    assert (job["state"], job["created"], job["format"]) == ("done", 2, "csv")


def test_a_file_that_was_put_is_completed_already(staff: Any, client: Any) -> None:
    ticket = offered(staff)

    begun = client.put(ticket["upload"]["url"], content=CSV, headers={"content-type": "text/csv"})

    assert complete(staff, ticket).json()["id"] == begun.json()["id"]
    problem(send(client, ticket["form"], CSV), 409)


def test_nobody_completes_the_upload_of_another_key(staff: Any, client: Any, shop: Shop, make_client: Any) -> None:
    other = make_client(staff.app, headers=bearer(shop, "imports:write"))
    ticket = offered(staff)
    send(client, ticket["form"], CSV)

    problem(complete(other, ticket), 404)
    for name in ("file_01", "..%2Fx", "x" * 200, "%00"):
        problem(staff.post(f"{IMPORTS}/{name}:complete"), 404)
    assert complete(staff, ticket).status_code == 202


def test_a_form_asks_for_the_scopes_of_what_its_file_does(
    staff: Any, shop: Shop, app: Any, client: Any, make_client: Any
) -> None:
    analyst = make_client(app, headers=bearer(shop, "imports:write"))
    both = make_client(app, headers=bearer(shop, "imports:write", "stock:write"))
    ticket = offered(both, kind="stock")
    send(client, ticket["form"], b"sku,on_hand\n")

    assert problem(complete(analyst, ticket), 403, "missing_scope")["missing_scope"] == "stock:write"
    assert complete(both, ticket).status_code == 202


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("csv", b"PK\x03\x04spreadsheet", "not the text"),
        ("csv", "sku,name\n".encode("utf-16"), "not the text"),
        ("csv", b"\x1f\x8b\x08rest", "csv.gz"),
        ("jsonl", b"\0" * 100, "not the text"),
        ("csv.gz", CSV, "gzip"),
        ("parquet", CSV, "Parquet"),
    ],
)
def test_what_is_not_of_its_format_is_refused_when_it_is_completed_and_another_may_be_sent(
    staff: Any, client: Any, shop: Shop, kind: str, content: bytes, said: str
) -> None:
    ticket = offered(staff, format=kind)
    assert send(client, ticket["form"], content).status_code == 204

    refused = problem(complete(staff, ticket), 422, "unfit_file")

    assert said in refused["detail"]
    assert list(shop.world.objects.list("imports/")) == []
    problem(complete(staff, ticket), 409, "not_uploaded")
    assert staff.get(IMPORTS).json()["data"] == []


def test_one_broken_row_is_no_broken_file(staff: Any, client: Any, shop: Shop) -> None:
    ticket = offered(staff)
    send(client, ticket["form"], CSV + b"B\0d,x\0,\0\n")

    assert complete(staff, ticket).status_code == 202
    while shop.jobs.work_once():
        pass
    job = complete(staff, ticket).json()
    assert (job["state"], job["created"], job["rejected"]) == ("done", 2, 1)


def test_a_form_takes_its_file_within_its_bounds_and_not_for_long(
    shop: Shop, make_client: Any, client: Any, clock: Any
) -> None:
    api = create_api(shop, Options(max_import_bytes=100_000))
    staff = make_client(api, headers=bearer(shop, "admin"))
    ticket = offered(staff)

    problem(send(staff, ticket["form"], b""), 422)
    problem(send(staff, ticket["form"], b"x" * 100_001), 413, "too_large")
    problem(send(staff, ticket["form"], b"x" * 1_000_000), 413, "too_large")
    assert list(shop.world.objects.list("imports/")) == []
    clock.advance(seconds=3601)
    problem(send(staff, ticket["form"], CSV), 401)
    assert "in time" in problem(complete(staff, ticket), 409, "not_uploaded")["detail"]


BOUNDARY = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=" + "x" * 300, b""),
        (BOUNDARY, b""),
        (BOUNDARY, b"no form"),
        (BOUNDARY, b"--b--\r\n"),
        (BOUNDARY, PART % (b"other", CSV) + b"--b--\r\n"),
        (BOUNDARY, PART % (b"file", CSV)),
        (BOUNDARY, PART % (b"file", CSV) * 2 + b"--b--\r\n"),
        (BOUNDARY, b"--b\r\nContent-Disposition: " + b"x" * 100_000),
        (BOUNDARY, PART % (b"other", b"x" * MOST_AROUND_BYTES) + PART % (b"file", CSV) + b"--b--\r\n"),
        (BOUNDARY, b"--b\r\n\r\n" + CSV + b"\r\n--b--\r\n"),
    ],
    ids=["bare", "long", "empty", "none", "no-part", "other", "cut", "two", "header", "around", "nameless"],
)
def test_what_is_no_form_with_one_file_is_refused(staff: Any, client: Any, shop: Shop, kind: str, body: bytes) -> None:
    url = offered(staff)["form"]["url"]

    problem(client.post(url, content=body, headers={"content-type": kind}), 400, "bad_form")

    problem(client.post(url, content=body, headers={"content-type": "text/csv"}), 415)
    assert list(shop.world.objects.list("imports/")) == []


def test_a_file_is_what_it_was_however_it_is_cut_on_its_way(staff: Any, client: Any, shop: Shop) -> None:
    content = bytes(range(256)) * 40 + b"\r\n--b\r--b-\r\n" + bytes(range(256))
    form = PART % (b"note", b"hello") + PART % (b"file", content) + PART % (b"after", b"x") + b"--b--\r\n"
    for size in (1, 7, 4096):

        async def drip(size: int = size) -> Any:
            for start in range(0, len(form), size):
                yield form[start : start + size]

        ticket = offered(staff)
        sent = client.post(ticket["form"]["url"], content=drip(), headers={"content-type": BOUNDARY})

        assert sent.status_code == 204, sent.text
        assert shop.world.objects.get(f"imports/{ticket['id']}.csv") == content


def test_the_description_tells_that_it_is_a_form_with_a_file(client: Any) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    content = paths["/v1/uploads/{token}"]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]


def test_a_picture_comes_by_a_form_too(staff: Any, client: Any) -> None:
    made = staff.post("/v1/admin/products", json=product()).json()
    media = f"/v1/admin/products/{made['id']}/media"
    ticket = staff.post(media, json={"content_type": "image/png"}).json()

    problem(send(client, ticket["form"], b"<svg onload=alert(1)>"), 415, "not_this_picture")
    assert send(client, ticket["form"], PNG).status_code == 204

    attached = staff.post(f"{media}/{ticket['id']}:complete", json={})
    assert [one["width"] for one in attached.json()["media"]] == [3]


def test_what_is_too_large_is_told_where_it_may_go(shop: Shop, make_client: Any) -> None:
    api = create_api(shop, Options(max_import_bytes=1000, max_passed_bytes=500))
    staff = make_client(api, headers=bearer(shop, "admin"))

    file = staff.post(f"{IMPORTS}?kind=products", content=b"x" * 1001, headers={"content-type": "text/csv"})
    batch = staff.post("/v1/admin/products:batch", content=b"x" * 2**21, headers={"content-type": "application/json"})

    assert "form" in problem(file, 413, "too_large")["detail"]
    assert IMPORTS in problem(batch, 413, "too_large")["detail"]
    ticket = offered(staff)
    assert (ticket["upload"]["max_bytes"], ticket["form"]["max_bytes"]) == (500, 1000)
