"""Hold every page to what makes a page sound: markup, links, headers, and nothing that needs script."""

from collections import Counter
from importlib.resources import files
from urllib.parse import quote

import pytest
from browsing import NASTY, Browser, Soup

PAGES = (
    "/",
    "/c/kitchen-table",
    "/c/mugs",
    "/c/plates",
    "/c/mugs?brand=Potter%27s&filter.colour=Red&min=10&max=20",
    "/c/mugs?brand=nobody",
    "/collections/gifts-under-10",
    "/collections/gifts-under-10?category=drinking&brand=Potter%27s",
    "/collections/empty",
    "/search",
    "/search?q=mug",
    "/search?q=mgu&sort=price",
    "/search?q=zzzzzz",
    "/search?q=script",
    "/search?category=drinking&sort=-created_at",
    "/p/mug-1",
    "/p/mug-5",
    "/p/teapot",
    "/p/teapot?sku=POT-Black-L",
    "/p/nasty",
    "/cart",
    "/sign-in",
    "/sign-in?news=out&next=/cart",
    "/sign-up",
    "/forgotten",
    "/reset?token=x",
    "/reset",
    "/staff/sign-in",
)
BROKEN = ("/nowhere", "/collections/none", "/p/hidden", "/c/none", "/search?q=" + "x" * 201)


@pytest.mark.parametrize("path", PAGES + BROKEN)
def test_a_page_is_well_formed_and_can_be_used_by_everybody(browser: Browser, path: str) -> None:
    soup = Soup(browser.get(path).text)

    ids = Counter(attributes["id"] for _, attributes in soup.elements if "id" in attributes)
    named = [a[name] for _, a in soup.elements for name in ("for", "aria-labelledby") if name in a]
    inputs = [a for t, a in soup.elements if t in {"input", "select"} and a.get("type") != "hidden"]
    labelled = {a["for"] for a in soup.all("label") if "for" in a}
    assert soup.faults == []
    assert [name for name, count in ids.items() if count > 1] == []
    assert [name for name in named if name not in ids] == []
    assert len(soup.all("h1")) == 1
    assert len(soup.all("main")) == len(soup.all("header")) == len(soup.all("footer")) == 1
    assert all({"alt", "width", "height"} <= image.keys() for image in soup.all("img"))
    assert all(i.get("id") in labelled or "aria-label" in i or i["name"] in {"min", "max"} for i in inputs)


@pytest.mark.parametrize("path", PAGES + BROKEN)
def test_a_page_works_without_script_and_asks_nobody_else(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    soup = Soup(answer.text)
    scripts = [a.get("type") for t, a in soup.elements if t == "script"]
    attributes = {name for _, a in soup.elements for name in a}
    assert set(scripts) <= {"application/ld+json"}
    assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert all(link.startswith("/") and not link.startswith("//") for link in soup.links())
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_link_within_reach_of_the_door_answers(browser: Browser) -> None:
    waiting, known = ["/", "/p/nasty", "/p/teapot"], set()
    broken = []

    while waiting and len(known) < 250:
        path = waiting.pop(0)
        if path in known:
            continue
        known.add(path)
        answer = browser.get(path)
        while answer.status_code == 303:  # to who has to sign in first
            answer = browser.get(answer.headers["location"])
        if answer.status_code != 200:
            broken.append((path, answer.status_code))
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [link.partition("#")[0] for link in Soup(answer.text).links()]

    assert broken == []
    assert len(known) > 100


def test_every_template_is_used_by_some_page_of_these_tests() -> None:
    templates = {file.name for file in (files("bodega.web") / "templates").iterdir() if file.is_file()}

    assert templates == {
        "layout.html",
        "parts.html",
        "listing.html",
        "home.html",
        "cart.html",
        "checkout.html",
        "checkout_status.html",
        "sandbox_bank.html",
        "order.html",
        "place.html",
        "search.html",
        "product.html",
        "review.html",
        "review_form.html",
        "error.html",
        "staff.html",
        "admin.html",
        "staff_sign_in.html",
        "staff_orders.html",
        "staff_order.html",
        "staff_reviews.html",
        "fields.html",
        "sign_in.html",
        "sign_up.html",
        "forgotten.html",
        "reset.html",
        "own.html",
        "order_list.html",
        "account.html",
        "account_orders.html",
        "account_details.html",
        "account_addresses.html",
        "account_address.html",
        "account_data.html",
    }


@pytest.mark.parametrize("path", ["/", "/c/drinking", "/search?q=script", "/p/nasty", "/c/mugs?brand=" + quote(NASTY)])
def test_titles_that_are_markup_are_shown_and_never_become_markup(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    soup = Soup(answer.text)
    assert NASTY[:20] in soup.text
    assert "<" not in "".join(soup.data)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert not soup.all("b")


def test_public_pages_may_be_cached_at_the_edge_and_are_revalidated_by_etag(browser: Browser) -> None:
    first = browser.get("/p/teapot")

    again = browser.get("/p/teapot", headers={"if-none-match": first.headers["etag"]})

    assert "s-maxage=" in first.headers["cache-control"]
    assert "stale-while-revalidate=" in first.headers["cache-control"]
    assert "set-cookie" not in first.headers
    assert again.status_code == 304
    assert again.content == b""


def test_errors_are_pages_that_lead_back_into_the_shop(browser: Browser) -> None:
    missing = browser.get("/p/none")
    wrong_method = browser.ask("POST", "/")

    assert missing.status_code == 404
    assert missing.headers["cache-control"] == "no-store"
    assert Soup(missing.text).all("a", href="/")
    assert wrong_method.status_code == 405
    assert wrong_method.headers["content-type"].startswith("text/html")
    assert browser.ask("HEAD", "/c/mugs").status_code == 200
