"""Strips of suggestions: what shoppers do with them is counted, from people only, and without a word of script."""

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from browsing import Browser, Soup

from bodega.domain.recommendations.reports import Row
from bodega.domain.shop import Shop

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Person:
    """A browser that keeps all its cookies and says what it is."""

    def __init__(self, browser: Browser, **headers: str) -> None:
        self.browser = browser
        self.headers = {"user-agent": FIREFOX} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> httpx.Response:
        return self._kept(self.browser.ask("GET", path, headers=self._sent()))

    def send(self, path: str, **fields: str) -> httpx.Response:
        form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        return self._kept(self.browser.ask("POST", path, content=urlencode(fields), headers=self._sent() | form))

    def page(self, path: str) -> Soup:
        return Soup(self.get(path).text)

    def _sent(self) -> dict[str, str]:
        return self.headers | {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer


@pytest.fixture
def counted(shop: Shop) -> Iterator[dict[str, Row]]:
    """What was counted since the test began, by placement; filled in when asked for."""

    class Since(dict[str, Row]):
        def __missing__(self, placement: str) -> Row:
            now, then = _of(shop, placement), before.get(placement)
            if then is None:
                return now
            numbers = {n: getattr(now, n) - getattr(then, n) for n in ("lists", "shown", "clicks", "carts", "orders")}
            return Row(placement=placement, model_version="", **numbers)

    before = {row.placement: _of(shop, row.placement) for row in shop.recommendation_reports.report(days=2).rows}
    return Since()


def _of(shop: Shop, placement: str) -> Row:
    rows = [row for row in shop.recommendation_reports.report(days=2).rows if row.placement == placement]
    numbers = {n: sum(getattr(row, n) for row in rows) for n in ("lists", "shown", "clicks", "carts", "orders")}
    return Row(placement=placement, model_version="", **numbers)


def pixels(soup: Soup) -> list[str]:
    return [image["src"] for image in soup.all("img") if image["src"].startswith("/shown/")]


def first_link(soup: Soup) -> str:
    """Return the first way from a strip to a mug of which there are enough."""
    return next(
        link for link in soup.links() if "via=" in link and link.startswith("/p/mug-2") and "mug-2?" not in link
    )


@pytest.mark.parametrize("path", ["/", "/p/mug-1", "/search?q=qqqqqq"])
def test_every_strip_says_when_it_is_seen_and_its_links_say_where_they_stood(browser: Browser, path: str) -> None:
    soup = Person(browser).page(path)

    assert pixels(soup)
    assert all(image["loading"] == "lazy" for image in soup.all("img") if image["src"].startswith("/shown/"))
    assert first_link(soup)
    assert soup.faults == []


def test_from_a_strip_to_the_cart_everything_is_counted_once(browser: Browser, counted: dict[str, Row]) -> None:
    person = Person(browser)
    strip = pixels(person.page("/"))[0]
    for _ in range(3):
        assert person.get(strip).headers["content-type"] == "image/gif"

    link = first_link(person.page("/"))
    product = person.page(link)
    seen = next(image["src"] for image in product.all("img") if image["src"].startswith("/seen/"))
    for _ in range(3):
        person.get(seen)
    sku = product.all("input", name="sku")[0]["value"]
    for _ in range(2):
        assert person.send("/cart/add", sku=sku, quantity="1").status_code == 303

    row = counted["for_you"]
    assert (row.lists, row.shown, row.clicks, row.carts) == (1, 8, 1, 1)


def test_two_browsers_that_are_shown_the_same_page_count_each(browser: Browser, counted: dict[str, Row]) -> None:
    people = [Person(browser), Person(browser)]
    strips = [pixels(person.page("/"))[0] for person in people]
    for person, strip in zip(people, strips, strict=True):
        person.get(strip)

    assert strips[0] == strips[1]
    assert people[0].cookies["visitor"] != people[1].cookies["visitor"]
    assert counted["for_you"].lists == 2


def test_the_page_for_strangers_stays_the_same_so_that_it_can_be_kept(browser: Browser) -> None:
    first = browser.get("/")

    again = browser.get("/", headers={"if-none-match": first.headers["etag"]})

    assert again.status_code == 304


@pytest.mark.parametrize(
    "headers",
    [
        {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user_agent": "curl/8.5.0"},
        {"user_agent": ""},
        {"user_agent": "Mozilla/5.0 HeadlessChrome/130.0"},
        {"sec_gpc": "1"},
        {"dnt": "1"},
        {"sec_purpose": "prefetch;prerender"},
    ],
    ids=lambda headers: next(iter(headers.values()))[:12] or "none",
)
def test_robots_and_those_who_object_are_neither_counted_nor_numbered(
    browser: Browser, counted: dict[str, Row], headers: dict[str, str]
) -> None:
    person = Person(browser, **headers)
    soup = person.page("/")
    answer = person.get(pixels(soup)[0])
    product = person.page(first_link(soup))
    person.get(next(image["src"] for image in product.all("img") if image["src"].startswith("/seen/")))

    assert answer.status_code == 200
    assert "visitor" not in person.cookies
    assert (counted["for_you"].lists, counted["for_you"].clicks) == (0, 0)


@pytest.mark.parametrize("text", ["x", "rec_x", "rec_" + "A" * 900, "%00", "%ed%a0%80", "é" * 50, "rec_" + "A" * 3000])
def test_what_is_no_list_is_answered_and_not_counted(browser: Browser, counted: dict[str, Row], text: str) -> None:
    person = Person(browser)

    assert person.get(f"/shown/{text}").status_code == 200
    for via in (text[:200], "01M83T4CM0GN8GW6R6NSNG9N6E", "x' OR 1=1", ""):
        assert person.get("/p/mug-1?" + urlencode({"via": via})).status_code == 200

    assert counted["for_you"].lists == 0


def test_a_cookie_that_is_no_number_is_replaced(browser: Browser) -> None:
    person = Person(browser)
    strip = pixels(person.page("/"))[0]
    person.cookies["visitor"] = "x" * 500

    person.get(strip)

    assert len(person.cookies["visitor"]) == 22
