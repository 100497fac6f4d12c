"""Files go in and out: pictures, imports, exports."""

import struct
from typing import Any
from urllib.parse import urlsplit

import pytest
from asking import PNG, bearer, problem, product
from hypothesis import given
from hypothesis import strategies as st
from selling import cart_of, check_out, for_sale

from bodega.api import images
from bodega.api.call import Options
from bodega.api.routes import create_api
from bodega.domain.shop import Shop

PRODUCTS = "/v1/admin/products"
IMPORTS = "/v1/admin/imports"


@pytest.fixture
def made(staff: Any) -> dict[str, Any]:
    return staff.post(PRODUCTS, json=product()).json()


def ticket(staff: Any, made: dict[str, Any], kind: str = "image/png") -> dict[str, Any]:
    response = staff.post(f"{PRODUCTS}/{made['id']}/media", json={"content_type": kind})
    assert response.status_code == 201, response.text
    return response.json()


def test_a_picture_is_uploaded_completed_and_served_harmlessly(staff: Any, client: Any, made: dict[str, Any]) -> None:
    offered = ticket(staff, made)
    complete = f"{PRODUCTS}/{made['id']}/media/{offered['id']}:complete"
    problem(staff.post(complete, json={}), 409, "not_uploaded")

    sent = client.put(offered["upload"]["url"], content=PNG, headers={"content-type": "image/png"})
    attached = staff.post(complete, json={"alt": "A red mug"})
    again = staff.post(complete, json={"alt": "A red mug"})

    assert offered["upload"]["url"].startswith("http://shop.test/v1/uploads/")
    assert sent.status_code == 204
    assert attached.json()["media"] == [
        {"key": f"{made['id']}/{offered['id']}.png", "alt": "A red mug", "width": 3, "height": 2}
    ]
    assert again.json() == attached.json()
    served = client.get(f"/media/{attached.json()['media'][0]['key']}")
    assert images.dimensions(served.content) == (3, 2)
    assert served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"<svg onload=alert(1)>", b"\x89PNG", b"<html>" + PNG, b"\xff\xd8\xff\xe0" + b"x" * 40],
)
def test_what_is_not_the_picture_it_says_is_refused(
    staff: Any, client: Any, shop: Shop, made: dict[str, Any], content: bytes
) -> None:
    offered = ticket(staff, made)

    refused = client.put(offered["upload"]["url"], content=content, headers={"content-type": "image/png"})

    problem(refused, 415, "not_this_picture")
    assert list(shop.world.objects.list("uploads/")) == []


def test_what_begins_as_a_picture_and_is_none_cannot_be_attached_and_is_not_shown(
    staff: Any, client: Any, shop: Shop, made: dict[str, Any]
) -> None:
    offered = ticket(staff, made)
    client.put(offered["upload"]["url"], content=PNG[:40] + b"<script>", headers={"content-type": "image/png"})

    refused = staff.post(f"{PRODUCTS}/{made['id']}/media/{offered['id']}:complete", json={})

    problem(refused, 422, "unreadable_picture")
    assert list(shop.world.objects.list("media/")) == []


def test_svg_is_not_taken_and_other_types_than_agreed_neither(staff: Any, client: Any, made: dict[str, Any]) -> None:
    problem(staff.post(f"{PRODUCTS}/{made['id']}/media", json={"content_type": "image/svg+xml"}), 422)
    offered = ticket(staff, made)
    for kind in ("image/svg+xml", "image/jpeg", "text/html", ""):
        refused = client.put(offered["upload"]["url"], content=PNG, headers={"content-type": kind})
        problem(refused, 415, "unsupported_media_type")


def test_files_over_their_bound_are_refused_while_they_arrive(
    shop: Shop, make_client: Any, made: dict[str, Any]
) -> None:
    api = create_api(shop, Options(max_media_bytes=1000, max_import_bytes=1000))
    staff = make_client(api, headers=bearer(shop, "admin"))

    async def drip() -> Any:
        yield PNG
        for _ in range(100):
            yield b"x" * 100

    offered = ticket(staff, made)
    assert offered["upload"]["max_bytes"] == 1000
    problem(staff.put(offered["upload"]["url"], content=drip(), headers={"content-type": "image/png"}), 413)
    problem(staff.put(offered["upload"]["url"], content=b"x" * 1001, headers={"content-type": "image/png"}), 413)
    problem(staff.post(f"{IMPORTS}?kind=products", content=drip(), headers={"content-type": "text/csv"}), 413)
    assert list(shop.world.objects.list("uploads/")) == []
    assert list(shop.world.objects.list("imports/")) == []


def test_upload_addresses_cannot_be_made_changed_or_used_late(
    staff: Any, client: Any, clock: Any, made: dict[str, Any]
) -> None:
    url = ticket(staff, made)["upload"]["url"]
    headers = {"content-type": "image/png"}
    path, _, token = urlsplit(url).path.rpartition("/")
    other = "A" if token[50] != "A" else "B"
    for forged in (token[:-2], "x", token[:50] + other + token[51:], "A" * 3000):
        problem(client.put(f"{path}/{forged}", content=PNG, headers=headers), 401)

    assert client.put(url, content=PNG, headers=headers).status_code == 204
    problem(client.put(url, content=PNG, headers=headers), 409)
    clock.advance(seconds=3601)
    problem(client.put(url, content=PNG, headers=headers), 401)


def test_a_picture_belongs_to_the_product_it_was_offered_for(staff: Any, client: Any, made: dict[str, Any]) -> None:
    other = staff.post(PRODUCTS, json=product("MUG-2")).json()
    offered = ticket(staff, made)
    client.put(offered["upload"]["url"], content=PNG, headers={"content-type": "image/png"})

    problem(staff.post(f"{PRODUCTS}/{other['id']}/media/{offered['id']}:complete", json={}), 409)
    for name in ("..%2F..%2Fx", "%00", "x" * 200):
        problem(staff.post(f"{PRODUCTS}/{made['id']}/media/{name}:complete", json={}), 404)


LINES = (
    b'{"title":"One","status":"active","variants":[{"sku":"I-1","price":{"amount":5,"currency":"GBP"}}]}\n'
    b'{"title":"","variants":[]}\n'
    b'{"title":"Two","variants":[{"sku":"I-2"}]}\n'
)


def test_an_import_is_sent_in_the_request_and_tells_what_it_refused(staff: Any, shop: Shop) -> None:
    begun = staff.post(f"{IMPORTS}?kind=products", content=LINES, headers={"content-type": "application/x-ndjson"})
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "waiting"

    shop.jobs.work_once(limit=1)

    job = staff.get(begun.headers["location"]).json()
    assert (job["state"], job["kind"], job["read"], job["created"], job["rejected"]) == ("done", "products", 3, 2, 1)
    assert sum(job["rejected_by_reason"].values()) == 1
    refused = staff.get(f"{begun.headers['location']}/errors").json()["data"]
    assert [(row["line"], row.keys()) for row in refused] == [(2, {"line", "reason", "detail"})]
    assert staff.get(f"{PRODUCTS}/sku:I-2").status_code == 200
    assert [row["id"] for row in staff.get(IMPORTS).json()["data"]] == [job["id"]]
    problem(staff.post(f"{begun.headers['location']}:resume"), 409)
    problem(staff.get(f"/v1/admin/exports/{job['id']}"), 404)


def test_an_import_is_sent_to_an_address_made_for_it(staff: Any, client: Any, shop: Shop) -> None:
    asked = {"kind": "products", "format": "csv", "columns": {"title": "name"}}
    offered = staff.post(IMPORTS, json=asked)
    assert offered.status_code == 202
    upload = offered.json()["upload"]

    begun = client.put(upload["url"], content=b"name,sku\nMug,C-1\n", headers={"content-type": "text/csv"})

    assert begun.status_code == 202
    assert begun.json()["format"] == "csv"
    shop.jobs.work_once(limit=1)
    assert staff.get(begun.headers["location"]).json()["state"] == "done"


def test_any_columns_fit_an_address(staff: Any, client: Any, shop: Shop) -> None:
    columns = {"title": "näme"} | {f"{n}" + "ä" * 100: "ö" * 110 for n in range(39)}
    upload = staff.post(IMPORTS, json={"kind": "products", "format": "csv", "columns": columns}).json()["upload"]

    begun = client.put(upload["url"], content=b"x", headers={"content-type": "text/csv"})

    assert len(upload["url"]) < 1000
    assert shop.jobs.get(begun.json()["id"]).columns == columns


def test_a_retried_import_is_one_import(staff: Any, shop: Shop) -> None:
    headers = {"content-type": "application/jsonl", "idempotency-key": "k"}
    first = staff.post(f"{IMPORTS}?kind=products", content=LINES, headers=headers)
    again = staff.post(f"{IMPORTS}?kind=products", content=LINES, headers=headers)
    problem(staff.post(f"{IMPORTS}?kind=products", content=LINES * 2, headers=headers), 422)

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(list(shop.world.objects.list("imports/"))) == 1
    assert len(staff.get(IMPORTS).json()["data"]) == 1


@pytest.mark.parametrize(
    ("query", "kind", "status"),
    [
        ("", "text/csv", 422),
        ("?kind=secrets", "text/csv", 422),
        ("?kind=products", "application/octet-stream", 422),
        ("?kind=products&format=xls", "application/octet-stream", 422),
        ("?kind=products&columns=title", "text/csv", 422),
        ("?kind=products", "application/zip", 415),
        ("?kind=products", "", 415),
    ],
)
def test_imports_that_make_no_sense_are_refused_before_they_are_read(
    staff: Any, shop: Shop, query: str, kind: str, status: int
) -> None:
    problem(staff.post(IMPORTS + query, content=b"x", headers={"content-type": kind}), status)
    assert list(shop.world.objects.list("imports/")) == []


def test_an_export_is_downloaded_when_it_is_done(staff: Any, shop: Shop, made: dict[str, Any]) -> None:
    begun = staff.post("/v1/admin/exports", json={"kind": "products"})
    at = begun.headers["location"]
    assert begun.status_code == 202
    problem(staff.get(f"{at}/file"), 409, "not_finished")

    shop.jobs.work_once(limit=1)

    done = staff.get(at).json()
    assert done["state"] == "done"
    file = staff.get(done["download"])
    assert file.headers["content-disposition"] == 'attachment; filename="products.jsonl"'
    assert made["id"] in file.text
    assert len(file.content) == int(file.headers["content-length"])
    head = staff.request("HEAD", done["download"])
    assert (head.content, head.headers["content-length"]) == (b"", file.headers["content-length"])
    problem(staff.post("/v1/admin/exports", json={"kind": "secrets"}), 422)


def test_orders_leave_and_come_only_for_who_may_see_and_change_them(
    staff: Any, client: Any, app: Any, shop: Shop, make_client: Any
) -> None:
    for_sale(shop, MUG=5)
    check_out(client, cart_of(client, MUG=2))
    analyst = make_client(app, headers=bearer(shop, "exports:read", "imports:write"))
    begun = staff.post("/v1/admin/exports", json={"kind": "orders"})
    shop.jobs.work_once(limit=1)
    file = staff.get(f"{begun.headers['location']}/file")
    sent = {"content": file.content, "headers": {"content-type": "application/x-ndjson"}}

    refused = [
        analyst.post("/v1/admin/exports", json={"kind": "orders"}),
        analyst.get(f"{begun.headers['location']}/file"),
        analyst.post(f"{IMPORTS}?kind=orders", **sent),
        analyst.post(IMPORTS, json={"kind": "orders"}),
        analyst.post(f"{IMPORTS}?kind=stock", **sent),
    ]
    missing = [problem(answer, 403, "missing_scope")["missing_scope"] for answer in refused]
    assert missing == ["customers:read", "customers:read", "orders:write", "orders:write", "stock:write"]
    assert list(shop.world.objects.list("imports/")) == []
    assert b"ada@example.com" in file.content
    assert analyst.post("/v1/admin/exports", json={"kind": "sales"}).status_code == 202
    again = staff.post(f"{IMPORTS}?kind=orders", **sent)
    while shop.jobs.work_once(limit=1):
        pass
    assert staff.get(again.headers["location"]).json()["unchanged"] == 1


def test_stock_goes_out_and_comes_in(staff: Any, shop: Shop) -> None:
    for_sale(shop, MUG=5)
    begun = staff.post("/v1/admin/exports", json={"kind": "stock", "format": "csv"})
    shop.jobs.work_once(limit=1)
    file = staff.get(f"{begun.headers['location']}/file").content

    counted = file.replace(b"MUG,main,5,", b"MUG,main,9,")
    job = staff.post(f"{IMPORTS}?kind=stock", content=counted, headers={"content-type": "text/csv"})
    shop.jobs.work_once(limit=1)

    assert staff.get(job.headers["location"]).json()["changed"] == 1
    assert shop.stock.get(sku="MUG").on_hand == 9


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body


PICTURES = {
    "png": PNG,
    "gif": b"GIF89a" + struct.pack("<HH", 3, 2) + b"\x00" * 20,
    "jpg": b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 2, 3) + b"\x03" * 20,
    "webp": b"RIFF\x00\x00\x00\x00WEBP" + chunk(b"VP8X", b"\x00\x00\x00\x00\x02\x00\x00\x01\x00\x00"),
}


@pytest.mark.parametrize("suffix", PICTURES)
def test_pictures_are_recognised_and_measured(suffix: str) -> None:
    assert images.recognise(PICTURES[suffix][:12]) == suffix
    assert images.dimensions(PICTURES[suffix]) == (3, 2)
    for cut in range(len(PICTURES[suffix])):
        images.dimensions(PICTURES[suffix][:cut])


@given(st.sampled_from([p[:12] for p in PICTURES.values()]), st.binary(max_size=60))
def test_no_bytes_break_the_measuring(start: bytes, rest: bytes) -> None:
    size = images.dimensions(start + rest)
    assert size is None or min(size) >= 1
