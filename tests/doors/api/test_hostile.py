"""Whatever is sent, the answer is a clear refusal: never a 500, never half a change."""

import asyncio
import json
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from asking import problem, product

from bodega.domain.shop import Shop

PRODUCTS = "/v1/admin/products"
JSON = {"content-type": "application/json"}


def body(**changes: Any) -> dict[str, Any]:
    return product() | changes


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"nul",
        b'{"title": "a",}',
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b"\xff\xfe{}",
        b'{"title": "\xc3\x28"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"title":"a","title":"b"}',
        b'{"title":"a","variants":[{"sku":"A","sku":"B"}]}',
        b'{"title":"\x00"}',
        b'{"n":' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_unambiguous_json_is_a_400(staff: Any, sent: bytes) -> None:
    problem(staff.post(PRODUCTS, content=sent, headers=JSON), 400)
    problem(staff.patch(f"{PRODUCTS}/x", content=sent, headers=JSON | {"if-match": "*"}), 400)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({}, ""),
        (body(titel="x"), ""),
        (body(title=3), "/title"),
        (body(title=""), "/title"),
        (body(title=" "), "/title"),
        (body(title="x" * 201), "/title"),
        (body(title="a\u0007b"), "/title"),
        (body(status="live"), "/status"),
        (body(variants=[]), "/variants"),
        (body(variants=[{"sku": "A"}] * 51), "/variants"),
        (body(variants=[{"sku": "A"}, {"sku": "A"}]), "/variants/1/sku"),
        (body(variants=[{"sku": "Å"}, {"sku": "A\u030a"}]), "/variants/1/sku"),
        (body(variants=[{"sku": ""}]), "/variants/0/sku"),
        (body(variants=[{"sku": "A\u0000"}]), "/variants/0/sku"),
        (body(variants=[{"sku": "x" * 65}]), "/variants/0/sku"),
        (body(variants=[{"sku": "A", "price": {"amount": 1}}]), "/variants/0/price"),
        (body(variants=[{"sku": "A", "price": {"amount": 1.5, "currency": "GBP"}}]), "/variants/0/price/amount"),
        (body(variants=[{"sku": "A", "price": {"amount": -1, "currency": "GBP"}}]), "/variants/0/price"),
        (body(variants=[{"sku": "A", "price": {"amount": 1, "currency": "EUR"}}]), "/variants/0/price"),
        (body(variants=[{"sku": "A", "price": 5}]), "/variants/0/price"),
        (body(categories=["cat_none"]), "/categories/0"),
        (body(collections=["col_none"]), "/collections/0"),
        (body(attributes={"a=b": 1}), "/attributes/a=b"),
        (body(attributes={"n": 2**60}), "/attributes/n"),
        (body(attributes={"x": "y" * 501}), "/attributes/x"),
        (body(slug="Not A Slug!"), "/slug"),
        (body(media=[{"key": "../../etc/passwd"}]), "/media/0"),
    ],
)
def test_what_is_json_but_no_product_is_a_422_that_points_at_the_fault(
    staff: Any, shop: Shop, given: Any, pointer: str
) -> None:
    document = problem(staff.post(PRODUCTS, content=json.dumps(given).encode(), headers=JSON), 422)

    assert document["errors"][0]["pointer"] == pointer
    assert shop.catalog.products.find_id_by_sku("A") is None


@pytest.mark.parametrize(
    "price",
    [{"amount": 10**400, "currency": "GBP"}, {"amount": 2**63, "currency": "GBP"}, {"amount": 1, "currency": "gbp"}],
)
def test_absurd_money_is_refused(staff: Any, price: Any) -> None:
    given = body(variants=[{"sku": "A", "price": price}])
    assert problem(staff.post(PRODUCTS, json=given), 422)["errors"]


def test_a_lone_surrogate_is_refused_wherever_it_stands(staff: Any) -> None:
    for sent in (b'{"title":"\\ud800"}', b'{"\\udfff":1}', b'{"title":"a","variants":[{"sku":"\\ud800"}]}'):
        response = staff.post(PRODUCTS, content=sent, headers=JSON)
        assert response.status_code in {400, 422}, response.text
        problem(response, response.status_code)


def test_skus_that_differ_only_in_unicode_form_are_one_sku(staff: Any) -> None:
    staff.post(PRODUCTS, json=product("\u00c5-1"))

    document = problem(staff.post(PRODUCTS, json=product("A\u030a-1", title="Other")), 409, "sku_taken")
    assert "\u00c5-1" in document["detail"]


def test_a_body_over_the_limit_is_refused_before_it_is_read_and_while_it_arrives(staff: Any) -> None:
    large = b'{"title":"' + b"x" * 1_100_000 + b'"}'
    problem(staff.post(PRODUCTS, content=large, headers=JSON), 413, "too_large")

    async def drip() -> Any:
        for _ in range(1200):
            yield b"x" * 1024

    problem(staff.post(PRODUCTS, content=drip(), headers=JSON), 413, "too_large")


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/xml", "multipart/form-data; boundary=x", "image/png"]
)
def test_only_json_is_taken_as_json(staff: Any, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    problem(staff.post(PRODUCTS, content=b"{}", headers=headers), 415, "unsupported_media_type")
    assert (
        staff.post(
            PRODUCTS, content=json.dumps(product()), headers={"content-type": "Application/JSON; charset=utf-8"}
        ).status_code
        == 201
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/store/products/%zz",
        "/v1/store/products/%ff%fe",
        "/v1/store/products/%",
        "/v1/store/products?q=%zz",
        "/v1/store/products?%ff=1",
        "/v1/store/products?q=%c3%28",
        "/v1/store/products?" + "q=a&" * 257,
        "/v1/store/products?q=" + "a" * 10_000,
    ],
)
def test_broken_urls_are_a_400(app: Any, path: str) -> None:
    raw_path, _, query = path.partition("?")
    problem(ask_raw(app, raw_path.encode(), query.encode()), 400)


@pytest.mark.parametrize(
    "raw_path",
    [
        b"/v1/store/products/%00",
        b"/v1/store/products/sku:%00",
        b"/v1/store/products/sku:",
        b"/v1/store/products/slug:",
        b"/v1/store/products/prod_%F0%9F%90%88",
        b"/v1/store/products/sku:%F0%9F%90%88" + b"%F0%9F%90%88" * 70,
        b"/v1/store/products/prod_" + b"x" * 10_000,
        b"/v1/store/products/slug:" + b"x" * 3500,
        b"/v1/store/products/..%2f..%2fetc%2fpasswd",
        b"/v1/store/products//",
        b"/v1/store/products/a/b/c",
        b"/v1/store//products",
        b"/v1/",
        b"/docs/",
        b"/health/dead",
    ],
)
def test_names_that_nothing_can_have_are_a_404(app: Any, raw_path: bytes) -> None:
    problem(ask_raw(app, raw_path, b""), 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": "Bearer bdg_\xe4_\xff".encode("latin-1")},
        {"authorization": "Basic YTpi"},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer bdg_"},
        {"authorization": "Bearer bdg__"},
        {"authorization": "Bearer bdg_01M838MNR7ANF2J0J1T05P522S_wrong"},
    ],
)
def test_credentials_of_any_form_are_refused_alike(client: Any, headers: dict[str, Any]) -> None:
    response = client.get(PRODUCTS, headers=headers)

    problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("sent", [b"\xff\xfe", b"x" * 300, b"a b", b"<script>", b"short"])
def test_a_request_id_that_is_not_sane_is_replaced(client: Any, sent: bytes) -> None:
    assert client.get("/health/ready", headers={"x-request-id": sent}).headers["x-request-id"].encode() != sent


def test_a_sane_request_id_comes_back(client: Any, mugs: str) -> None:
    for path in ("/health/ready", "/v1/store/products", "/v1/store/nothing"):
        assert client.get(path, headers={"x-request-id": "trace-12345"}).headers["x-request-id"] == "trace-12345"


def test_unknown_methods_are_a_405_with_what_is_allowed(client: Any) -> None:
    for method in ("DELETE", "OPTIONS", "PROPFIND", "TRACE"):
        response = client.request(method, "/v1/store/products")
        problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == "GET, HEAD"


def test_a_bug_is_a_500_that_tells_nothing_but_its_request_id(
    client: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("swordfish")

    monkeypatch.setattr(shop.catalog.shelves, "suggest", broken)
    response = client.get("/v1/store/search/suggest?q=a")

    document = problem(response, 500, "internal")
    assert "swordfish" not in response.text
    record = next(r for r in caplog.records if r.levelname == "ERROR")
    assert record.request_id == document["request_id"]  # type: ignore[attr-defined]


def ask_raw(app: Any, raw_path: bytes, query: bytes) -> Any:
    """Ask as a server does that passes on whatever bytes it was sent: client libraries would mend them."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(b"host", b"shop.test")],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    asyncio.run(app(scope, receive, send))
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=b"".join(m["body"] for m in sent[1:]))
