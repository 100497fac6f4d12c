"""The whole shop behind an HTTP API: what the gateway hands over arrives, and what the shop says leaves unchanged."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import bearer, product
from events import Context, ask, http_event
from selling import body_of, for_sale

from bodega import schema
from bodega.asgi import create_app
from bodega.domain.shop import Shop
from bodega.lambdas.gateway import MAX_ANSWER_BYTES, Gateway
from bodega.settings import Settings


@pytest.fixture
def gateway_to() -> Iterator[Callable[[Any], Gateway]]:
    """Make gateways to applications that are closed after the test."""
    made: list[Gateway] = []

    def make(application: Any) -> Gateway:
        made.append(Gateway(application))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def handler(shop: Shop, settings: Settings, gateway_to: Any) -> Gateway:
    gateway: Gateway = gateway_to(create_app(shop, settings, inline_reads=True))
    return gateway


@pytest.fixture
def heard(gateway_to: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what an application hears of an event."""
    told: dict[str, Any] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        told.update(scope, body=(await receive())["body"])
        await _say(send, [], b"")

    gateway = gateway_to(application)

    def hear(event: Any) -> dict[str, Any]:
        assert gateway(event)["statusCode"] == 200
        return told

    return hear


def test_a_product_is_added_changed_and_read_through_the_gateway(handler: Gateway, shop: Shop) -> None:
    staff = bearer(shop, "admin")
    made = ask(handler, "POST", "/v1/admin/products", json_body=product("MUG-1", title="Blue Mug é"), headers=staff)
    assert made.status_code == 201, made.text
    url = f"/v1/store/products/{made.json()['id']}"
    read = ask(handler, "GET", url)
    again = ask(handler, "GET", url, headers={"if-none-match": read.headers["etag"]})
    changed = ask(
        handler,
        "PATCH",
        f"/v1/admin/products/{made.json()['id']}",
        json_body={"title": "Red Mug"},
        headers=staff | {"if-match": read.headers["etag"]},
    )

    assert (read.status_code, read.json()["title"]) == (200, "Blue Mug é")
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200, changed.text
    assert ask(handler, "GET", url).json()["title"] == "Red Mug"


def test_a_cart_becomes_an_order_once_however_often_it_is_asked_for(handler: Gateway, shop: Shop) -> None:
    for_sale(shop, MUG=3)
    cart = ask(handler, "POST", "/v1/store/carts", json_body={"lines": [{"sku": "MUG", "quantity": 2}]}).json()
    url = f"/v1/store/carts/{cart['id']}:checkout"

    first, second = (
        ask(handler, "POST", url, json_body=body_of(cart), headers={"idempotency-key": "k"}) for _ in range(2)
    )

    assert first.status_code == 201, first.text
    assert second.json()["id"] == first.json()["id"]
    assert shop.stock.get(sku="MUG").on_hand == 1


def test_pages_cookies_and_pictures_pass_as_they_are(handler: Gateway, shop: Shop) -> None:
    picture = b"\x89PNG\r\n\x1a\n\x00\xff"
    shop.world.objects.put("media/p/1.png", picture)

    page = ask(handler, "GET", "/sign-in")
    media = ask(handler, "GET", "/media/p/1.png")
    head = ask(handler, "HEAD", "/media/p/1.png")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert media.content == picture
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(picture)))


@pytest.mark.parametrize(
    ("path", "stage", "arrives"),
    [
        ("/a/b", "$default", "/a/b"),
        ("/a/b", "prod", "/a/b"),
        ("", "prod", "/"),
        ("/prodigy", "$default", "/prodigy"),
        ("/caf\u00e9 au lait", "$default", "/caf\u00e9 au lait"),
        ("/a%2Fb%20c", "$default", "/a/b c"),
    ],
)
def test_a_path_arrives_without_its_stage_whether_the_gateway_decoded_it_or_not(
    heard: Any, path: str, stage: str, arrives: str
) -> None:
    told = heard(http_event("GET", path, stage=stage))

    assert told["path"] == arrives
    assert told["raw_path"].isascii()


def test_query_headers_cookies_address_and_body_arrive_as_they_were_sent(heard: Any) -> None:
    told = heard(
        http_event(
            "POST",
            "/x",
            query="a=1&a=2&filter[name]=%C3%A9",
            headers={"Accept": "text/html, text/plain", "x-forwarded-for": "203.0.113.7"},
            cookies=["session=1", "cart=2"],
            body=b"\x00\xff\xfe",
        )
    )

    assert told["query_string"] == b"a=1&a=2&filter[name]=%C3%A9"
    headers = dict(told["headers"])
    assert headers[b"accept"] == b"text/html, text/plain"
    assert headers[b"cookie"] == b"session=1; cart=2"
    assert told["client"] == ("203.0.113.7", 0)
    assert (told["scheme"], told["method"], told["body"]) == ("https", "POST", b"\x00\xff\xfe")


@pytest.mark.parametrize(
    ("forwarded", "let_in", "known_as"),
    [
        ("198.51.100.9, 203.0.113.7", True, "198.51.100.9"),
        ("8.8.8.8, 198.51.100.9, 203.0.113.7", True, "198.51.100.9"),
        ("8.8.8.8, 198.51.100.9", True, "198.51.100.9"),
        ("203.0.113.7", True, "203.0.113.7"),
        ("", True, "203.0.113.7"),
        ("8.8.8.8, 203.0.113.7", False, "203.0.113.7"),
    ],
)
def test_shoppers_are_known_by_the_address_that_a_network_saw_if_it_was_let_in_and_by_nothing_they_claim(
    heard: Any, forwarded: str, let_in: Any, known_as: str
) -> None:
    event = http_event("GET", "/", headers={"x-forwarded-for": forwarded, schema.ORIGIN_HEADER: "secret"})
    if let_in:
        event["requestContext"]["authorizer"] = {"lambda": {}}

    told = heard(event)

    assert told["client"][0] == known_as
    assert schema.ORIGIN_HEADER.encode() not in dict(told["headers"])


def test_several_cookies_and_headers_of_one_name_leave_as_the_gateway_takes_them(gateway_to: Any) -> None:
    answer = ask(
        gateway_to(
            _saying([(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2"), (b"vary", b"A"), (b"vary", b"B")], b"hi")
        ),
        "GET",
        "/",
    )

    assert answer.cookies == ["a=1; Path=/", "b=2"]
    assert answer.headers["vary"] == "A, B"
    assert answer.content == b"hi"


def test_an_answer_that_is_too_large_for_a_function_is_a_clear_error(gateway_to: Any) -> None:
    large = ask(gateway_to(_saying([(b"content-type", b"text/plain")], b"x" * (MAX_ANSWER_BYTES + 1))), "GET", "/")

    assert (large.status_code, large.json()["code"]) == (501, "answer_too_large")


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"version": "1.0", "httpMethod": "GET", "path": "/"},
        http_event("GET", "/") | {"version": "3.0"},
        http_event("GET", "/") | {"rawPath": None},
        http_event("GET", "/") | {"requestContext": {}},
        http_event("GET", "/") | {"headers": {"a": 1}},
        http_event("POST", "/") | {"body": "*no base64*", "isBase64Encoded": True},
        {"Records": []},
    ],
)
def test_what_is_no_request_of_the_gateway_is_refused_and_the_next_one_answered(event: Any, gateway_to: Any) -> None:
    gateway = gateway_to(_saying([], b"well"))

    refused = gateway(event, Context())

    assert (refused["statusCode"], refused["headers"]["content-type"]) == (400, "application/problem+json")
    assert ask(gateway, "GET", "/").content == b"well"


@pytest.mark.parametrize("trouble", [RuntimeError("no"), asyncio.CancelledError()], ids=["error", "cancelled"])
def test_an_application_that_breaks_is_answered_for_and_the_next_request_served(
    gateway_to: Any, trouble: BaseException
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/broken":
            raise trouble
        await _say(send, [], b"well")

    gateway = gateway_to(application)
    broken = ask(gateway, "GET", "/broken")

    assert (broken.status_code, broken.json()["code"]) == (500, "internal")
    assert ask(gateway, "GET", "/").content == b"well"


def _saying(headers: list[tuple[bytes, bytes]], body: bytes) -> Any:
    return lambda _scope, _receive, send: _say(send, headers, body)


async def _say(send: Any, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
