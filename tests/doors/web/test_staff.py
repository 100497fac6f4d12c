"""Behind the counter: who gets in, where to, and that nobody else does."""

import re
from urllib.parse import urlencode

import httpx
import pytest
from browsing import Browser, Soup

from bodega.domain.shop import Shop
from bodega.web.declare import Anybody, Page, Staff
from bodega.web.declare import Shopper as ShopperOnly
from bodega.web.routes import PAGES

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
PASSWORD = "a crate of oranges"


@pytest.fixture(scope="module")
def manager(shop: Shop) -> str:
    return shop.staff.create(email="mo@shop.example", role="manager", name="Mo <b>", password=PASSWORD).email


def sign_in(browser: Browser, email: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
    sent = urlencode({"email": email, "password": password} | fields)
    return browser.ask("POST", "/staff/sign-in", content=sent, headers=FORM)


def cookie_of(answer: httpx.Response) -> dict[str, str]:
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


@pytest.mark.parametrize("page", [page for page in PAGES if isinstance(page.policy, Staff)], ids=lambda page: page.path)
def test_strangers_are_asked_to_sign_in_wherever_staff_may_go(browser: Browser, page: Page) -> None:
    path = re.sub(r"\{[^}]*\}", "x", page.path)
    methods = [method for method, answers in (("GET", page.show), ("POST", page.take)) if answers is not None]

    for method in methods:
        answer = browser.ask(method, path, content="a=b", headers=FORM)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/staff/sign-in")
        assert answer.headers["cache-control"] == "no-store"


def test_a_page_cannot_be_declared_open_where_it_must_not_be() -> None:
    def show(_site: object, _request: object) -> None: ...

    for path, policy in (("/admin/x", Anybody()), ("/admin", ShopperOnly()), ("/account/x", Anybody()), ("/x", None)):
        with pytest.raises(TypeError):
            Page(path=path, policy=policy, show=show)
    with pytest.raises(TypeError):
        Page(path="/x", policy=Anybody())
    with pytest.raises(TypeError):
        Staff("catalog:typo")


def test_staff_sign_in_and_go_where_they_wanted(browser: Browser, manager: str) -> None:
    answer = sign_in(browser, manager.upper(), next="/admin?x=1")

    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin?x=1")
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    page = browser.get("/admin", headers=cookie_of(answer))
    soup = Soup(page.text)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert soup.faults == []
    assert "Mo <b>" in soup.text
    assert "orders:write" in soup.text


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
def test_nobody_is_sent_out_of_the_shop_after_signing_in(browser: Browser, manager: str, onward: str) -> None:
    assert sign_in(browser, manager, next=onward).headers["location"] == "/admin"


def test_wrong_passwords_and_unknown_people_get_the_same_answer(browser: Browser, manager: str) -> None:
    wrong, nobody = sign_in(browser, manager, "wrong wrong"), sign_in(browser, "no@shop.example", "wrong wrong")

    assert wrong.status_code == nobody.status_code == 403
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace(manager, "") == nobody.text.replace("no@shop.example", "")


def test_signing_out_needs_the_pages_own_token_and_ends_the_session(browser: Browser, manager: str) -> None:
    entered = cookie_of(sign_in(browser, manager))
    token = Soup(browser.get("/admin", headers=entered).text).all("input", name="token")[0]["value"]

    assert browser.ask("POST", "/admin/sign-out", content="token=x", headers=FORM | entered).status_code == 403
    left = browser.ask("POST", "/admin/sign-out", content=urlencode({"token": token}), headers=FORM | entered)

    assert left.headers["location"] == "/staff/sign-in"
    assert browser.get("/admin", headers=entered).status_code == 303


def test_a_session_that_was_there_before_is_not_taken_over(browser: Browser, shop: Shop, manager: str) -> None:
    planted = cookie_of(sign_in(browser, manager))
    sent = urlencode({"email": manager, "password": PASSWORD})

    answer = browser.ask("POST", "/staff/sign-in", content=sent, headers=FORM | planted)

    assert cookie_of(answer) != planted
    assert browser.get("/admin", headers=planted).status_code == 303
    assert browser.get("/admin", headers=cookie_of(answer)).status_code == 200


def test_a_change_of_role_ends_sessions(browser: Browser, shop: Shop) -> None:
    user = shop.staff.create(email="vi@shop.example", role="support", password=PASSWORD)
    entered = cookie_of(sign_in(browser, user.email))
    assert browser.get("/admin", headers=entered).status_code == 200

    shop.staff.set_role(user.id, "analyst")

    assert browser.get("/admin", headers=entered).status_code == 303
