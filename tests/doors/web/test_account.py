"""A customer's own pages: coming in, looking around, changing things, going, and being forgotten."""

import itertools
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import NASTY, Browser, Soup
from signing import PASSWORD, Customer

from bodega.domain.orders.model import Line, Order
from bodega.domain.shop import Shop
from bodega.values.money import Money
from bodega.web.declare import Page
from bodega.web.declare import Shopper as ShopperOnly
from bodega.web.routes import PAGES

SESSION = "__Host-session"  # the tests' shop is known under an address with TLS
_numbers = itertools.count()
HOME = {"name": "Ann", "line1": "1 Row", "line2": "", "city": "Leeds", "postal_code": "LS1", "region": "", "phone": ""}


@pytest.fixture
def email() -> str:
    return f"ann{next(_numbers)}@shop.example"


@pytest.fixture
def ann(browser: Browser, email: str) -> Customer:
    customer = Customer(browser)
    answer = customer.sign_up(email, name=NASTY)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    return customer


def id_of(shop: Shop, email: str) -> str:
    return shop.signing_in.sign_in(email=email, password=PASSWORD, caller="t").account.id


def bought(shop: Shop, email: str, *, times: int = 1) -> list[Order]:
    """Let somebody have ordered mugs."""
    customer_id = id_of(shop, email)
    product_id, _ = shop.catalog.products.resolve("slug:mug-9")
    lines = [Line("MUG-9", product_id, 2, Money(500, "GBP"), NASTY)]
    now = shop.world.clock.now()
    orders = [
        Order(id=f"ord_{customer_id}{n}", number=f"{n:04d}", placed_at=now, customer_id=customer_id, lines=lines)
        for n in range(times)
    ]
    shop.orders.record_many(orders)
    return orders


@pytest.mark.parametrize(
    "page", [page for page in PAGES if isinstance(page.policy, ShopperOnly)], ids=lambda page: page.path
)
def test_strangers_are_asked_to_sign_in_and_brought_back(browser: Browser, page: Page) -> None:
    path = re.sub(r"\{[^}]*\}", "x", page.path)

    if page.show is not None:
        answer = browser.ask("GET", path, headers={"cookie": f"{SESSION}=ses_x.y"})
        assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, "/sign-in")
        assert parse_qs(urlsplit(answer.headers["location"]).query) == {"next": [path]}
    if page.take is not None:
        assert Customer(browser).send(path, token="x").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "path",
    [
        "/account",
        "/account/orders",
        "/account/details",
        "/account/addresses",
        "/account/data",
        "/",
        "/cart",
        "/p/teapot",
    ],
)
def test_pages_of_who_is_signed_in_are_sound_and_kept_by_nobody_else(ann: Customer, path: str) -> None:
    soup = ann.page(path)

    ids = [attributes["id"] for _, attributes in soup.elements if "id" in attributes]
    labelled = {a["for"] for a in soup.all("label") if "for" in a}
    inputs = [a for t, a in soup.elements if t in {"input", "select"} and a.get("type") != "hidden"]
    assert soup.faults == []
    assert len(ids) == len(set(ids))
    assert len(soup.all("h1")) == 1
    assert all(field["id"] in labelled for field in inputs)
    assert NASTY[:20] in soup.text
    assert "<script>alert" not in ann.last.text
    assert "public" not in ann.last.headers["cache-control"]
    assert ann.last.headers["cache-control"] == "no-store" or not path.startswith("/account")


def test_a_stranger_sees_no_name_and_pages_stay_for_everybody(browser: Browser) -> None:
    answer = browser.get("/p/teapot")

    assert answer.headers["cache-control"].startswith("public")
    assert Soup(answer.text).all("a", href="/account")


def test_a_page_that_a_stranger_had_is_fetched_anew_once_signed_in(browser: Browser, ann: Customer) -> None:
    stranger = browser.get("/p/teapot").headers["etag"]

    assert ann.ask("GET", "/p/teapot", headers={"if-none-match": stranger}).status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Browser, email: str) -> None:
    answer = Customer(browser).sign_up(email)

    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{SESSION}="))
    assert {"httponly", "samesite=lax", "path=/", "secure"} <= {part.strip().lower() for part in cookie.split(";")[1:]}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_a_form_of_another_site_signs_nobody_in(browser: Browser, path: str) -> None:
    body = f"email=x%40shop.example&password={PASSWORD.replace(' ', '+')}"
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site"}

    answer = browser.ask("POST", path, content=body, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_session_planted_beforehand_is_not_the_one_that_is_signed_in(browser: Browser, ann: Customer) -> None:
    mallory = Customer(browser)
    mallory.sign_up(f"mallory{next(_numbers)}@shop.example")
    planted = mallory.cookies[SESSION]
    victim = Customer(browser)
    victim.cookies[SESSION] = planted
    email = f"victim{next(_numbers)}@shop.example"
    victim.sign_up(email)

    assert victim.cookies[SESSION] != planted
    assert email in victim.page("/account/details").all("input", id="mail-email")[0]["value"]
    assert mallory.ask("GET", "/account").status_code == 303


def test_wrong_passwords_and_unknown_people_get_the_same_page(browser: Browser, ann: Customer, email: str) -> None:
    wrong = Customer(browser).sign_in(email, "wrong wrong wrong")
    nobody = Customer(browser).sign_in("no" + email, "wrong wrong wrong")

    assert wrong.status_code == nobody.status_code == 403
    assert wrong.text.replace(email, "X") == nobody.text.replace("no" + email, "X")
    assert "wrong wrong wrong" not in wrong.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"email": "nobody", "password": PASSWORD}, 422),
        ({"email": "x@shop.example", "password": "short"}, 422),
        ({"email": "", "password": ""}, 422),
        ({}, 422),
        ({"email": "x@shop.example", "password": PASSWORD, "name": "x" * 201}, 422),
        ({"email": "x@shop.example", "password": "x" * 257}, 422),
        ({"email": "x@shop.example", "password": "x" * 20_000}, 422),
    ],
    ids=["no-address", "short", "empty", "nothing", "long-name", "long-password", "too-large"],
)
def test_what_no_account_can_be_made_of_is_told_where_it_stands(
    browser: Browser, fields: dict[str, str], status: int
) -> None:
    customer = Customer(browser)

    answer = customer.send("/sign-up", **fields)

    assert answer.status_code == status
    assert Soup(answer.text).faults == []
    assert not customer.cookies


def test_an_address_that_is_taken_is_told(browser: Browser, ann: Customer, email: str) -> None:
    assert Customer(browser).sign_up(email.upper()).status_code == 409


def test_nobody_is_sent_out_of_the_shop_after_signing_in(browser: Browser, ann: Customer, email: str) -> None:
    places = {"/account/orders?page=x": "/account/orders?page=x", "//evil.example": "/account", "https://e": "/account"}

    for asked, led in places.items():
        assert Customer(browser).sign_in(email, next=asked).headers["location"] == led


def test_a_cart_comes_along_and_is_there_on_another_device(browser: Browser, ann: Customer, email: str) -> None:
    ann.send("/cart/add", sku="MUG-9", quantity="2")
    phone = Customer(browser)
    phone.send("/cart/add", sku="MUG-8", quantity="1")
    assert "cart" in phone.cookies

    phone.sign_in(email)

    assert "cart" not in phone.cookies
    for device in (phone, ann):
        soup = device.page("/cart")
        assert "Mug number 9" in soup.text
        assert "Mug number 8" in soup.text
    ann.act("/account/sign-out", shown="/account")
    assert "Nothing in it yet" in ann.page("/cart").text


def test_signing_out_needs_the_pages_own_token(browser: Browser, ann: Customer) -> None:
    other = Customer(browser)
    other.sign_up(f"other{next(_numbers)}@shop.example")
    foreign = other.page("/account").all("input", name="token")[0]["value"]

    for token in ("", "x", foreign):
        assert ann.send("/account/sign-out", token=token).status_code == 403
    before = dict(ann.cookies)
    left = ann.act("/account/sign-out", shown="/account")

    assert left.headers["location"] == "/sign-in?news=out"
    assert SESSION not in ann.cookies
    ann.cookies = before
    assert ann.ask("GET", "/account").status_code == 303


def test_details_are_changed_and_what_is_wrong_is_told_at_its_form(ann: Customer, email: str) -> None:
    where = "/account/details"
    assert ann.act(where, do="person", name="Ann Oak", phone="1").headers["location"] == f"{where}?news=saved"
    wrong = ann.act(where, do="email", email="new" + email, current_password="no no no no")
    bad = ann.act(where, do="password", current_password=PASSWORD, new_password="short")
    odd = ann.act(where, do="explode")

    assert (wrong.status_code, bad.status_code, odd.status_code) == (403, 422, 422)
    assert Soup(bad.text).all("input", id="secret-new_password", **{"aria-invalid": "true"})
    assert ann.page(where).all("input", id="name")[0]["value"] == "Ann Oak"
    assert ann.act(where, do="email", email="new" + email, current_password=PASSWORD).status_code == 303
    assert ann.page(where).all("input", id="mail-email")[0]["value"] == "new" + email


def test_a_new_password_signs_out_everywhere_else(browser: Browser, ann: Customer, email: str) -> None:
    elsewhere = Customer(browser)
    elsewhere.sign_in(email)
    old = dict(ann.cookies)

    ann.act("/account/details", do="password", current_password=PASSWORD, new_password="three kettles and a cat")

    assert ann.page("/account")
    assert elsewhere.ask("GET", "/account").status_code == 303
    assert Customer(browser).sign_in(email).status_code == 403
    assert Customer(browser).sign_in(email, "three kettles and a cat").status_code == 303
    ann.cookies = old
    assert ann.ask("GET", "/account").status_code == 303


def test_an_address_book_is_kept(browser: Browser, ann: Customer) -> None:
    book = "/account/addresses"
    assert ann.act(book, do="add", country="gb", **HOME).status_code == 303
    ann.act(book, do="add", country="FR", **HOME | {"line1": "2 Rue"})
    wrong = ann.act(book, do="add", country="Narnia", **HOME)
    soup = ann.page(book)
    first, second = [a["value"] for a in soup.all("input", name="address")]

    assert wrong.status_code == 422
    assert "2 Rue" in soup.text
    ann.act(f"{book}/{second}", country="FR", **HOME | {"line1": "3 Rue"})
    ann.act(book, do="default", address=second)
    ann.act(book, do="remove", address=first)
    assert ann.act(book, do="remove", address=first).status_code == 303
    soup = ann.page(book)
    assert "3 Rue" in soup.text
    assert "1 Row" not in soup.text
    stranger = Customer(browser)
    stranger.sign_up(f"s{next(_numbers)}@shop.example")
    assert stranger.ask("GET", f"{book}/{second}").status_code == 404
    assert stranger.act(f"{book}/{second}", shown=book, country="FR", **HOME).status_code == 404
    ann.send("/cart/add", sku="MUG-9")
    assert ann.page("/checkout").all("input", name="line1")[0]["value"] == "3 Rue"


def test_orders_are_listed_by_pages_and_open_for_their_customer_only(
    shop: Shop, browser: Browser, ann: Customer, email: str
) -> None:
    orders = bought(shop, email, times=23)

    seen, path = [], "/account/orders"
    while path:
        soup = ann.page(path)
        seen += [a["href"] for a in soup.all("a") if a["href"].startswith("/orders/")]
        path = next((a["href"] for a in soup.all("a", rel="next")), None)
    assert sorted(seen) == sorted(f"/orders/{order.id}" for order in orders)
    assert ann.page(seen[0]).faults == []
    assert browser.get(seen[0]).status_code == 404
    stranger = Customer(browser)
    stranger.sign_up(f"s{next(_numbers)}@shop.example")
    assert stranger.ask("GET", seen[0]).status_code == 404
    assert ann.page("/account/orders?page=forged")


def test_what_somebody_bought_decides_what_they_are_shown(
    shop: Shop, browser: Browser, ann: Customer, email: str
) -> None:
    stranger = ann.page("/").text
    bought(shop, email)

    home, account = ann.page("/"), ann.page("/account")

    assert "From what you have bought" in home.text
    assert "From what you have bought" not in stranger
    assert "For you" in account.text
    assert "What others come back for" not in account.text
    assert ann.last.headers["cache-control"] == "no-store"
    assert browser.get("/").headers["cache-control"].startswith("public")


def test_everything_can_be_taken_along_and_forgotten(browser: Browser, ann: Customer, email: str) -> None:
    document = ann.ask("GET", "/account/data.json")
    refused = ann.act("/account/data", current_password="not my password")

    assert document.json()["customer"]["email"] == email
    assert document.headers["content-disposition"].startswith("attachment")
    assert refused.status_code == 403
    forgotten = ann.act("/account/data", current_password=PASSWORD)
    assert forgotten.headers["location"] == "/sign-in?news=erased"
    assert ann.ask("GET", "/account").status_code == 303
    assert Customer(browser).sign_in(email).status_code == 403
    assert Customer(browser).sign_up(email).status_code == 303


def test_forgetting_a_password_says_nothing_of_who_there_is(browser: Browser, ann: Customer, email: str) -> None:
    known, unknown = (Customer(browser).send("/forgotten", email=address) for address in (email, "no" + email))

    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text


def test_a_link_sets_a_password_once_and_lets_nobody_else_in(
    shop: Shop, browser: Browser, ann: Customer, email: str
) -> None:
    token = shop.account_security.issue_reset(id_of(shop, email))
    stranger = Customer(browser)

    soup = stranger.page(f"/reset?token={token}")
    assert stranger.last.headers["referrer-policy"] == "no-referrer"
    shown = soup.all("input", name="token")[0]["value"]
    short = stranger.send("/reset", token=shown, password="short")
    done = stranger.send("/reset", token=shown, password="a new one altogether")
    again = stranger.send("/reset", token=shown, password="another one altogether")

    assert (short.status_code, done.status_code, again.status_code) == (422, 303, 422)
    assert ann.ask("GET", "/account").status_code == 303
    assert stranger.sign_in(email, "a new one altogether").status_code == 303
    forged = token[:-3] + ("AAA" if not token.endswith("AAA") else "BBB")
    for bad in ("", "x", "é", forged, "A" * 500, token[::-1]):
        assert stranger.send("/reset", token=bad, password="another one altogether").status_code == 422
