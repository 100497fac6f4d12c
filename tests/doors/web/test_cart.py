"""The cart's page: forms without script, a cookie that cannot be made elsewhere, and prices that only the shop says."""

from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import httpx
import pytest
from browsing import Browser, Soup

from bodega.domain.shop import Shop

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Shopper:
    """A browser that keeps its cookie and sends forms from this shop's pages."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.cookie = ""
        self.set_cookie = ""

    def send(self, path: str, fields: dict | str, headers: dict | None = None) -> httpx.Response:
        body = fields if isinstance(fields, str) else urlencode(fields)
        sent = FORM | {"cookie": f"cart={self.cookie}", "sec-fetch-site": "same-origin"} | (headers or {})
        answer = self.browser.ask("POST", path, content=body, headers=sent)
        self.set_cookie = answer.headers.get("set-cookie", "")
        if self.set_cookie.startswith("cart="):
            self.cookie = self.set_cookie.removeprefix("cart=").partition(";")[0]
        return answer

    def cart(self) -> Soup:
        return self.browser.page("/cart", headers={"cookie": f"cart={self.cookie}"})

    def act(self, do: str, **fields: str) -> httpx.Response:
        token = self.cart().all("input", name="token")[0]["value"]
        return self.send("/cart", {"token": token, "do": do} | fields)


@pytest.fixture
def shopper(browser: Browser) -> Shopper:
    return Shopper(browser)


def test_a_product_goes_into_the_cart_from_its_own_page(browser: Browser, shopper: Shopper) -> None:
    form = browser.page("/p/teapot?sku=POT-Black-S")
    assert form.all("form", action="/cart/add", method="post")
    hidden = {a["name"]: a["value"] for a in form.all("input", type="hidden")}

    answer = shopper.send("/cart/add", hidden | {"quantity": "2"})
    soup = shopper.cart()

    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")
    assert "Teapot, Black, S" in soup.text
    assert "£40.00" in soup.text
    assert soup.all("input", name="quantity")[0]["value"] == "2"


def test_a_product_that_is_sold_out_or_has_no_price_has_no_form(browser: Browser) -> None:
    assert not browser.page("/p/mug-0").all("form", action="/cart/add")
    assert not browser.page("/p/nasty?sku=N2").all("form", action="/cart/add")
    assert browser.page("/p/mug-7").all("form", action="/cart/add")


def test_the_cookie_is_kept_from_scripts_and_other_sites(shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})

    attributes = {part.strip().lower() for part in shopper.set_cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes


def test_lines_are_changed_and_taken_out(shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})
    shopper.send("/cart/add", {"sku": "MUG-8"})

    updated = shopper.act("update", sku="MUG-9", quantity="3")
    removed = shopper.act("remove", sku="MUG-8")
    again = shopper.act("remove", sku="MUG-8")
    soup = shopper.cart()

    assert updated.status_code == removed.status_code == again.status_code == 303
    assert [a["value"] for a in soup.all("input", name="quantity")] == ["3"]
    assert not soup.all("input", name="sku", value="MUG-8")


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "10001", "9" * 30, "", "two", "٢"])
def test_a_quantity_that_is_none_is_told_on_the_cart_itself(shopper: Shopper, quantity: str) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})

    answer = shopper.act("update", sku="MUG-9", quantity=quantity)

    assert answer.status_code == 422
    assert Soup(answer.text).all("p", role="alert")
    assert shopper.cart().all("input", name="quantity")[0]["value"] == "1"


def test_more_than_there_are_is_told_with_what_is_left(shopper: Shopper) -> None:
    answer = shopper.send("/cart/add", {"sku": "MUG-3", "quantity": "4"})

    assert answer.status_code == 409
    assert "4 of 'MUG-3' wanted, 3 available" in Soup(answer.text).text
    assert "Nothing in it yet" in shopper.cart().text


@pytest.mark.parametrize("sku", ["", "NOPE", "hidden", "x" * 5000, "<script>"])
def test_what_is_not_for_sale_does_not_go_in(shopper: Shopper, sku: str) -> None:
    answer = shopper.send("/cart/add", {"sku": sku})

    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert not shopper.cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://shop.test"},
    ],
)
def test_a_form_of_another_site_is_not_taken(shopper: Shopper, headers: dict[str, str]) -> None:
    answer = shopper.send("/cart/add", {"sku": "MUG-9"}, headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://shop.test", 303), ("https://shop.example", 303), ("https://evil.example", 403), ("null", 403)],
)
def test_browsers_that_only_say_an_origin_are_understood(browser: Browser, origin: str, status: int) -> None:
    answer = browser.ask("POST", "/cart/add", content="sku=MUG-9", headers=FORM | {"origin": origin})

    assert answer.status_code == status


def test_a_cart_changes_only_with_its_own_token(browser: Browser, shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})
    other = Shopper(browser)
    other.send("/cart/add", {"sku": "MUG-9"})
    foreign = other.cart().all("input", name="token")[0]["value"]

    for token in ("", "x", foreign, "é"):
        answer = shopper.send("/cart", {"token": token, "do": "remove", "sku": "MUG-9"})
        assert answer.status_code == 403
        assert "We did not take this form" in Soup(answer.text).text
    assert shopper.cart().all("input", name="quantity")


def test_a_cookie_made_elsewhere_opens_nothing(browser: Browser, shop: Shop) -> None:
    cart_id = shop.carting.create().cart.id
    shop.carting.add(cart_id, sku="MUG-9", quantity=1)

    forged = urlsafe_b64encode(bytes(32) + cart_id.encode()).decode().rstrip("=")

    for cookie in (forged, cart_id, "x", "A" * 399, "é", "AAAA" * 20):
        soup = browser.page("/cart", headers={"cookie": f"cart={cookie}".encode()})
        assert "Nothing in it yet" in soup.text


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("sku=A&sku=B", {}),
        ("sku=%ff", {}),
        ("&".join(f"f{n}=1" for n in range(200)), {}),
        ("sku=" + "x" * 20_000, {}),
        ("{}", {"content-type": "application/json"}),
    ],
)
def test_what_is_no_form_is_refused_with_a_page(shopper: Shopper, body: str, headers: dict[str, str]) -> None:
    answer = shopper.send("/cart/add", body, headers)

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_coupons_and_countries_are_taken_and_refused_in_words(shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})

    unknown = shopper.act("redeem", code="<b>NOPE</b>")
    odd = shopper.act("send", country="Narnia")
    fine = shopper.act("send", country="gb")

    assert unknown.status_code == odd.status_code == 422
    assert "<b>NOPE" not in unknown.text
    assert fine.status_code == 303
    assert shopper.cart().all("input", name="country")[0]["value"] == "GB"


def test_a_full_cart_is_well_formed_kept_by_nobody_and_suggests_what_goes_with_it(shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "NASTY<1>", "quantity": "2"})
    shopper.send("/cart/add", {"sku": "MUG-20"})

    answer = shopper.browser.get("/cart", headers={"cookie": f"cart={shopper.cookie}"})
    soup = Soup(answer.text)

    ids = [attributes["id"] for _, attributes in soup.elements if "id" in attributes]
    labelled = {a["for"] for a in soup.all("label")}
    inputs = [a for t, a in soup.elements if t in {"input", "select"} and a.get("type") != "hidden"]
    assert soup.faults == []
    assert len(set(ids)) == len(ids)
    assert all(field["id"] in labelled for field in inputs if field["name"] != "q" or "id" in field)
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>alert" not in answer.text
    assert "Goes well with it" in soup.text


def test_the_cart_answers_only_what_it_knows(browser: Browser, shopper: Shopper) -> None:
    shopper.send("/cart/add", {"sku": "MUG-9"})

    assert shopper.act("explode").status_code == 422
    assert browser.ask("PUT", "/cart").status_code == 405
    assert browser.ask("GET", "/cart/add").status_code == 405
    assert browser.ask("HEAD", "/cart").status_code == 200
    assert browser.ask("POST", "/cart", content="do=update", headers=FORM).headers["location"] == "/cart"
