"""Several processes on one data folder are one shop, and what was acknowledged outlives any of them."""

import threading
import time

import httpx
from processes import wait_until

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00\x12"
    b"\x16\xf1M\x00\x00\x00\x10IDATx\x9cc\xfc\xcf\x00\x05L0\x06\x03\x00\x13)\x01\x03\xf0\xd8\x07"
    b"\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


def found(shop, words):
    """Return the ids that a shopper's search finds."""
    page = shop.client.get("/v1/store/products", params={"q": words, "limit": 250}, headers={"authorization": ""})
    assert page.status_code == 200, page.text
    return {card["id"] for card in page.json()["data"]}


def test_two_shops_on_one_folder_share_products_cursors_and_uploads_and_one_worker(start, product):
    one = start("--empty").opened()
    token = one.printed_key
    one.sign_in(token).wait_for_text("worker started")
    other = start("--empty", "--workers", "2").opened().sign_in(token)

    made = one.client.post("/v1/admin/products", json=product("A-1", "Walnut tray"))
    assert made.status_code == 201, made.text
    seen = other.client.get(f"/v1/store/products/{made.json()['id']}")
    assert seen.status_code == 200
    assert seen.json()["title"] == "Walnut tray"
    wait_until(lambda: found(other, "walnut") == {made.json()["id"]}, what="the new product in search")

    for n in range(2, 6):
        assert other.client.post("/v1/admin/products", json=product(f"A-{n}")).status_code == 201
    first_page = one.client.get("/v1/admin/products?limit=2").json()
    second_page = other.client.get("/v1/admin/products", params={"limit": 2, "cursor": first_page["page"]["next"]})
    assert second_page.status_code == 200
    ids = [card["id"] for card in first_page["data"] + second_page.json()["data"]]
    assert len(set(ids)) == 4

    where = f"/v1/admin/products/{made.json()['id']}/media"
    ticket = one.client.post(where, json={"content_type": "image/png"}).json()
    address = httpx.URL(ticket["upload"]["url"]).path
    assert other.client.put(address, content=PNG, headers={"content-type": "image/png"}).status_code == 204
    completed = one.client.post(f"{where}/{ticket['id']}:complete", json={})
    assert completed.status_code == 200, completed.text
    assert other.client.get(f"/v1/store/products/{made.json()['id']}").json()["media"]

    assert "worker started" not in other.text
    one.kill()
    other.wait_for_text("worker started")
    later = other.client.post("/v1/admin/products", json=product("B-1", "Cedar box")).json()
    wait_until(lambda: found(other, "cedar") == {later["id"]}, what="the later product in search")


def test_products_acknowledged_before_a_server_process_was_killed_are_there_and_found_afterwards(start, product):
    shop = start("--empty").opened()
    shop.sign_in(shop.printed_key).wait_for_text("worker started")
    acknowledged, stop = [], threading.Event()

    def write():
        with httpx.Client(base_url=shop.client.base_url, headers=shop.client.headers, timeout=10) as client:
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    answer = client.post("/v1/admin/products", json=product(f"K-{n}", f"Kettle {n}"))
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: len(acknowledged) >= 30, what="the first products")
        (server,) = shop.servers()
        server.kill()
        wait_until(lambda: len(acknowledged) >= 60, what="writes after the kill")
    finally:
        stop.set()
        writer.join()

    for product_id in acknowledged:
        assert shop.client.get(f"/v1/store/products/{product_id}").status_code == 200
    wait_until(lambda: found(shop, "kettle") >= set(acknowledged), what="every product in search")
    assert shop.interrupt() in (0, 130)
