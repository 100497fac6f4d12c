"""What those who run the shop and those who explore its API may rely on."""

import html
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from asking import bearer, problem, product
from engines import free_port

from bodega.api.routes import ROUTES
from bodega.asgi import create_app
from bodega.domain.shop import Shop
from bodega.settings import Settings, to_env
from bodega.wiring import open_shop


def test_the_shop_tells_that_it_lives_and_that_it_can_serve(client: Any, shop: Shop) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").json() == {"status": "ready"}

    shop.world.table.close()

    assert client.get("/health/live").status_code == 200
    refused = client.get("/health/ready")
    problem(refused, 503)
    assert int(refused.headers["retry-after"]) >= 1


def test_metrics_count_by_the_names_of_routes_and_not_by_paths(client: Any) -> None:
    for path in ("/v1/store/products", "/v1/store/products/prod_a", "/v1/store/products/prod_b", "/v1/nothing"):
        client.get(path)

    text = client.get("/metrics").text

    lines = [line for line in text.splitlines() if line.startswith("bodega_http_requests_total")]
    counted = {line.rsplit(" ", 1)[0].replace(f',worker="{os.getpid()}"', ""): line.rsplit(" ", 1)[1] for line in lines}
    assert counted == {
        'bodega_http_requests_total{route="store.products.list",status="200"}': "1.0",
        'bodega_http_requests_total{route="store.products.read",status="404"}': "2.0",
        'bodega_http_requests_total{route="unknown",status="404"}': "1.0",
    }
    assert 'bodega_http_request_seconds_bucket{le="+Inf",route="store.products.read"' in text
    assert "process_resident_memory_bytes" in text


def test_the_description_has_every_route_with_its_policy_and_its_types(client: Any) -> None:
    described = client.get("/openapi.json").json()

    assert described["openapi"].startswith("3.1")
    for route in ROUTES:
        operation = described["paths"][route.path][route.method.lower()]
        assert operation["operationId"] == route.name
        scopes = [scope for entry in operation["security"] for needed in entry.values() for scope in needed]
        assert scopes == ([route.policy.name] if route.path.startswith("/v1/admin/") else [])  # type: ignore[union-attr]
        assert {str(s) for s in route.replies} <= operation["responses"].keys()
        assert ("requestBody" in operation) == (route.body is not None or route.stream is not None)
    text = json.dumps(described)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= described["components"]["schemas"].keys()


def test_the_page_for_people_needs_no_network_and_no_script(client: Any) -> None:
    response = client.get("/docs")
    ids, links, void = set(), set(), {"meta", "br", "link", "img"}
    stack: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found = dict(attrs)
            assert tag not in {"script", "img", "link", "iframe"}
            if "id" in found:
                assert found["id"] not in ids
                ids.add(found["id"])
            if "href" in found:
                links.add(found["href"])
            if tag not in void:
                stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag

    Reader().feed(response.text)

    assert stack == []
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert {link[1:] for link in links if str(link).startswith("#")} <= ids
    assert {link for link in links if not str(link).startswith("#")} == {"/openapi.json"}
    assert all(route.path in html.unescape(response.text) for route in ROUTES)


def test_pages_are_the_pages_and_the_api_is_the_apis(client: Any) -> None:
    assert client.get("/").headers["content-type"].startswith("text/html")
    assert client.get("/nowhere").headers["content-type"].startswith("text/html")
    problem(client.get("/v1/nowhere"), 404)


def test_requests_are_logged_with_fields_where_that_is_asked_for(
    shop: Shop, settings: Settings, make_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bodega.access")
    client = make_client(create_app(shop, msgspec.structs.replace(settings, access_log=True)))
    quiet = make_client(create_app(shop, settings))

    quiet.get("/v1/store/products")
    for path in ("/v1/store/products", "/v1/store/products?q=secret+wish", "/v1/nothing"):
        client.get(path, headers={"x-request-id": "trace-1234"})

    lines = [r for r in caplog.records if r.name == "bodega.access"]
    assert [(r.route, r.status, r.request_id) for r in lines] == [  # type: ignore[attr-defined]
        ("store.products.list", 200, "trace-1234"),
        ("store.products.list", 200, "trace-1234"),
        ("unknown", 404, "trace-1234"),
    ]
    assert not [line for line in lines if "secret" in repr(vars(line))]


def test_a_busy_shop_says_when_to_come_back(client: Any, shop: Shop) -> None:
    shop.world.table.close()

    refused = client.get("/v1/store/products")

    problem(refused, 503)
    assert "retry-after" in refused.headers


def test_a_shop_across_a_network_answers_the_same_from_threads(shop: Shop, make_client: Any, mugs: str) -> None:
    from bodega.api.call import Options  # noqa: PLC0415
    from bodega.api.routes import create_api  # noqa: PLC0415

    made = shop.catalog.products
    inline, threaded = (
        make_client(create_api(shop, Options(inline_reads=inline)), headers=bearer(shop, "admin"))
        for inline in (True, False)
    )
    inline.post("/v1/admin/products", json=product(categories=[mugs]))
    product_id = made.find_id_by_sku("MUG-1")

    for path in (f"/v1/store/products/{product_id}", "/v1/store/products?filter[category]=mugs", "/v1/admin/products"):
        assert threaded.get(path).content == inline.get(path).content


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_a_real_server_serves_and_stops_cleanly(tmp_path: Path, server: str) -> None:
    settings = Settings.for_directory(tmp_path / "shop", log_level="warning")
    shop = open_shop(settings)
    headers = bearer(shop, "admin")
    shop.close()
    port = free_port()
    command = [str(Path(sys.executable).with_name(server)), "--host", "127.0.0.1", "--port", str(port), "--factory"]
    command += ["--interface", "asgi", "--no-ws"] if server == "granian" else ["--log-level", "warning"]
    target = "bodega.asgi:app_from_environment"
    with subprocess.Popen([*command, target], env=os.environ | to_env(settings), stderr=subprocess.PIPE) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            await_port(port, process)
            with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
                made = client.post("/v1/admin/products", json=product("A/1"))
                assert made.status_code == 201
                read = client.get(f"/v1/store/products/{made.json()['id']}")
                assert (read.content, read.headers["etag"]) == (made.content, '"1"')
                assert client.get("/v1/store/products/sku:A%2F1").content == made.content
                problem(client.get("/v1/store/products?x=%zz"), 400)
                assert client.request("HEAD", "/v1/store/products").content == b""
                large = client.post(
                    "/v1/admin/products", content=b"x" * 1_100_000, headers={"content-type": "application/json"}
                )
                problem(large, 413)
            for hostile in HOSTILE:
                assert speak(port, hostile).split(b" ")[1][:1] == b"4", hostile[:60]
            assert httpx.get(f"{base}/health/live", timeout=60).status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
    assert b"Traceback" not in said, said.decode()


HOSTILE = (
    b"GET /v1/store/products/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/store/products/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/store/products?q=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/store/products/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/store/products HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\nConnection: close\r\n\r\n",
    b"BREW /v1/store/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
)


def speak(port: int, request: bytes) -> bytes:
    """Send bytes as they are and return the status line."""
    with socket.create_connection(("127.0.0.1", port), 60) as line:
        line.settimeout(60)
        line.sendall(request)
        answer = b""
        while b"\r\n" not in answer:
            part = line.recv(4096)
            if not part:
                return answer or b"HTTP/1.1 400 closed"
            answer += part
        return answer.split(b"\r\n")[0]


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not come up")
