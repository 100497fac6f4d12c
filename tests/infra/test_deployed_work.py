"""What a deployed shop does besides selling, each function under its own role: imports, exports, what falls due."""

import json

import httpx
import pytest
from processes import wait_until
from shopping import buys, puts_up_for_sale


@pytest.fixture(scope="session")
def shop(deployed, worker_id):
    """Return a shop in which somebody has bought something, known by words that nobody else's products have.

    Tests of this module may run in several processes, each of which brings its own to the same shop, and not at a
    stretch: it is brought once a process, and not once a module.
    """
    sku = f"WORKED-{worker_id}"
    with deployed.api() as api:
        puts_up_for_sale(api, deployed.staff, sku, title="Quillon sextant")
        buys(api, {}, key=f"worked on {worker_id}", **{sku: 1})
    return deployed


def ended(api, begun, staff):
    """Wait for a job, and return it."""

    def job():
        told = api.get(begun.headers["location"], headers=staff).json()
        return told if told["state"] in {"done", "failed"} else None

    return wait_until(job, what="the job", every=1)


@pytest.mark.long
def test_a_file_that_no_function_can_be_handed_is_imported_from_the_bucket(shop):
    """It is sent there by a form that one function signed, and read there by another."""
    too_long = b"LONG-1," + b"x" * 1_100_000 + b"\n"
    with shop.api() as api:
        asked = {"kind": "products", "format": "csv"}
        ticket = api.post("/v1/admin/imports", json=asked, headers=shop.staff).json()
        form, file = ticket["form"], b"sku,name\nLARGE-1,Large\n" + 7 * too_long
        sent = httpx.post(form["url"], data=form["fields"], files={"file": file}, timeout=60)
        assert sent.status_code in {200, 204}, sent.text
        assert ticket["upload"]["max_bytes"] < len(file) < form["max_bytes"]

        begun = api.post(f"/v1/admin/imports/{ticket['id']}:complete", headers=shop.staff)

        assert begun.status_code == 202, begun.text
        job = ended(api, begun, shop.staff)
        assert (job["state"], job["created"], job["rejected"]) == ("done", 1, 7), job


def test_every_scheduled_duty_is_done(shop, serverless):
    asked = [json.loads(row["Target"]["Input"]) for row in serverless.properties("AWS::Scheduler::Schedule")]
    # A training is due once only, and is told of in a story of the same shop (tests/journeys/stories/test_opinions.py).
    for event in (one for one in asked if one["duty"] != "train"):
        shop.invoke("schedule", event)


def test_what_is_sold_is_found_by_words_when_the_index_was_published(shop):
    shop.does("publish-search-snapshot")

    with shop.api() as api:
        found = wait_until(
            lambda: api.get("/v1/store/products", params={"q": "sextant"}).json()["data"], what="a sextant", every=0.5
        )
    assert {product["title"] for product in found} == {"Quillon sextant"}


@pytest.mark.parametrize("kind", ["products", "orders", "sales", "customers", "reviews", "stock"])
def test_everything_is_exported(shop, kind):
    with shop.api() as api:
        begun = api.post("/v1/admin/exports", json={"kind": kind}, headers=shop.staff)

        assert ended(api, begun, shop.staff)["state"] == "done"


def test_an_export_that_no_function_can_answer_with_is_read_from_the_bucket(shop):
    text = "A sextant for every ship. " * 750
    with shop.api() as api:
        rows = [
            {"title": f"Astrolabe {n}", "description": text, "status": "draft", "variants": [{"sku": f"ASTRO-{n}"}]}
            for n in range(250)
        ]
        file = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        ticket = api.post("/v1/admin/imports", json={"kind": "products"}, headers=shop.staff).json()
        httpx.post(ticket["form"]["url"], data=ticket["form"]["fields"], files={"file": file}, timeout=60)
        begun = api.post(f"/v1/admin/imports/{ticket['id']}:complete", headers=shop.staff)
        assert ended(api, begun, shop.staff)["created"] == len(rows)
        exported = api.post("/v1/admin/exports", json={"kind": "products"}, headers=shop.staff)
        assert ended(api, exported, shop.staff)["state"] == "done"

        told = api.get(f"{exported.headers['location']}/file", headers=shop.staff, follow_redirects=False)

    assert told.status_code == 302, told.text
    read = httpx.get(told.headers["location"], timeout=60)
    assert read.status_code == 200
    assert read.content.count(b"Astrolabe ") == len(rows)
