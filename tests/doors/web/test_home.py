"""Hold the home page to being everybody's until somebody looks at something, and theirs from then on."""

from base64 import urlsafe_b64encode

from browsing import Browser, Soup

from bodega.domain.shop import Shop
from bodega.web.seen import MAX_SEEN, read_seen, write_seen


def _look(browser: Browser, shop: Shop, slug: str, cookie: str | None = None) -> str:
    product_id, _ = shop.catalog.products.resolve(f"slug:{slug}")
    headers = {"cookie": f"seen={cookie}"} if cookie else {}
    answer = browser.get(f"/seen/{product_id}", headers=headers)
    return answer.headers["set-cookie"].split(";")[0].removeprefix("seen=")


def test_a_stranger_gets_a_page_that_everybody_may_share(browser: Browser) -> None:
    answer = browser.get("/")

    soup = Soup(answer.text)
    assert answer.headers["cache-control"].startswith("public")
    assert answer.headers["vary"] == "cookie"
    assert "Recommended for you" in soup.text
    assert "You were looking at" not in soup.text


def test_what_was_looked_at_is_remembered_and_explains_what_is_recommended(browser: Browser, shop: Shop) -> None:
    cookie = _look(browser, shop, "mug-0")
    cookie = _look(browser, shop, "mug-21", cookie)

    answer = browser.get("/", headers={"cookie": f"seen={cookie}"})

    text = Soup(answer.text).text
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "You were looking at" in text
    assert text.index("Mug number 21", text.index("You were looking at")) > 0
    assert "Because you looked at Mug number" in text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser, shop: Shop) -> None:
    product_id, _ = shop.catalog.products.resolve("slug:mug-0")

    answer = browser.get(f"/seen/{product_id}")

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "image/gif"


def test_only_products_on_sale_are_remembered(browser: Browser, shop: Shop) -> None:
    hidden, _ = shop.catalog.products.resolve("slug:hidden")

    answers = [browser.get(f"/seen/{name}") for name in (hidden, "prod_none", "x" * 500, "%00", "a%2Fb")]

    assert {answer.status_code for answer in answers} == {404}
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_a_cookie_that_is_not_ours_is_no_history(browser: Browser, shop: Shop) -> None:
    good = _look(browser, shop, "mug-0")
    bad = (good[:-2], good[::-1], "A" * 50, "A", "é", "=", "A" * 6000, good[:44] + "AAAA" + good[48:])

    for cookie in bad:
        answer = browser.get("/", headers={"cookie": f"seen={cookie}".encode()})

        assert answer.status_code == 200
        assert "You were looking at" not in answer.text


def test_a_history_that_somebody_else_wrote_is_none(shop: Shop) -> None:
    body = b'["prod_a"]'
    forged = shop.world.keys.sign("web.cursor", body) + body

    assert read_seen(shop.world.keys, urlsafe_b64encode(forged).rstrip(b"=").decode()) == []
    assert read_seen(shop.world.keys, write_seen(shop.world.keys, ["prod_a"])) == ["prod_a"]


def test_the_cookie_keeps_the_newest_and_stays_small_enough_for_browsers(shop: Shop) -> None:
    keys = shop.world.keys

    many = write_seen(keys, [f"prod_{n:026}" for n in range(50)])
    long = write_seen(keys, [f"{n:080}" + "é" * 60 for n in range(20)])

    assert read_seen(keys, many) == [f"prod_{n:026}" for n in range(MAX_SEEN)]
    assert len(many) < 1200
    assert len(long) <= 3800
    assert read_seen(keys, long)[0].startswith("0" * 80)
