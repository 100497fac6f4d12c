"""Hold lists to being narrowed, sorted and paged by links alone."""

import re

import pytest
from browsing import GIFTS, MUGS, Browser, Soup
from starlette.applications import Starlette

from bodega.domain.catalog.model import CategoryInput, CollectionInput
from bodega.domain.shop import Shop
from bodega.web.cursors import FIRST, Trail, read_cursor, sign_cursor
from bodega.web.routes import routes


def _follow(browser: Browser, path: str, rel: str) -> str | None:
    return next((a["href"] for a in browser.page(path).all("a", rel=rel)), None)


def test_a_category_shows_the_way_to_it_what_is_beneath_and_how_many(browser: Browser) -> None:
    soup = browser.page("/c/kitchen-table")

    assert soup.all("nav", aria_label="x") == []
    assert {a["href"] for a in soup.all("a", class_="pill")} == {"/c/drinking"}
    assert f"{MUGS + 2} products" in soup.text
    assert "For <b>cooks</b>." in soup.text
    assert browser.page("/c/mugs").all("a", href="/c/kitchen-table")


def test_a_collection_is_narrowed_as_a_category_is_and_its_departments_are_filters(browser: Browser) -> None:
    path = "/collections/gifts-under-10"
    soup = browser.page(path)

    assert f"{GIFTS} products" in soup.text
    assert "Small <b>things</b>." in soup.text
    assert browser.page("/").all("a", href=path)
    assert not browser.page("/").all("a", href="/collections/empty")
    assert soup.all("a", href=f"{path}?category=kitchen-table")
    assert soup.all("a", href="/collections/empty")
    assert soup.all("a", href=f"{path}?brand=Potter%27s")
    assert "Colour" in soup.text
    narrowed = browser.page(f"{path}?category=mugs&brand=Potter%27s")
    assert f"{GIFTS // 2} products" in narrowed.text
    assert narrowed.all("a", href=f"{path}?brand=Potter%27s", **{"aria-current": "true"})
    assert f"{GIFTS} products" in browser.page(f"{path}?q=teapot").text


def test_pages_of_a_collection_join_and_belong_to_it_alone(shop: Shop) -> None:
    browser = Browser(Starlette(routes=routes(shop)))
    taxonomy = shop.catalog.taxonomy
    held = taxonomy.create_collection(CollectionInput(name="Thirty mugs")).id
    # Not the first ten, which are in a collection that other tests look at: the shop is shared.
    chosen = [shop.catalog.products.find_id_by_slug(f"mug-{n}") for n in range(30, 60)]
    for found in chosen:
        assert found is not None
        shop.catalog.products.patch(found[0], {"collections": [held]}, expected_version=None)
    shop.indexer.catch_up()

    first = browser.page("/collections/thirty-mugs?sort=price")
    on = _follow(browser, "/collections/thirty-mugs?sort=price", "next")
    assert on is not None
    second = browser.page(on)

    shown = [a["href"] for page in (first, second) for a in page.all("a") if a["href"].startswith("/p/mug-")]
    assert len(set(shown)) == 30
    astray = on.replace("/collections/thirty-mugs", "/c/mugs")
    assert "page 2" not in browser.page(astray).text
    for found in chosen:
        assert found is not None
        shop.catalog.products.patch(found[0], {"collections": []}, expected_version=None)
    shop.indexer.catch_up()


def test_an_old_address_of_a_category_or_collection_leads_to_the_new_one(browser: Browser, shop: Shop) -> None:
    taxonomy = shop.catalog.taxonomy
    category = taxonomy.create_category(CategoryInput(name="Winter"))
    collection = taxonomy.create_collection(CollectionInput(name="Winter"))
    taxonomy.modify_category(category.id, CategoryInput(name="Snow"), expected_version=1)
    taxonomy.modify_collection(collection.id, CollectionInput(name="Snow"), expected_version=1)

    for door in ("c", "collections"):
        answer = browser.get(f"/{door}/winter?brand=A%26B&sort=price")
        assert (answer.status_code, answer.headers["location"]) == (301, f"/{door}/snow?brand=A%26B&sort=price")
        assert browser.get(f"/{door}/Snow").headers["location"] == f"/{door}/snow"
        assert browser.get(f"/{door}/snow").status_code == 200
        assert browser.get(f"/{door}/w%00inter").status_code == 404
    assert browser.page("/search?category=winter").all("a", class_="pill", **{"aria-current": "true"})

    # Somebody else may have the name: then it is theirs.
    other = taxonomy.create_category(CategoryInput(name="Winter"))
    assert browser.get("/c/winter").status_code == 200
    for made, version in ((category, 2), (other, 1)):
        taxonomy.remove_category(made.id, expected_version=version)
    taxonomy.remove_collection(collection.id, expected_version=2)
    for path in ("/c/winter", "/c/snow", "/collections/winter", "/collections/snow"):
        assert browser.get(path).status_code == 404


def test_facets_offer_brand_price_and_the_attributes_that_differ(browser: Browser) -> None:
    soup = browser.page("/c/mugs")

    assert all(word in soup.text for word in ("Price", "Brand", "Colour", "Dishwasher"))
    assert "Volume" not in soup.text
    assert "£10 to £20" in soup.text


def test_choosing_narrows_and_each_choice_can_be_taken_back_alone(browser: Browser) -> None:
    path = "/c/mugs?brand=Potter%27s&filter.colour=Red"
    soup = browser.page(path)

    chips = [a["href"] for a in soup.all("a", class_="chip")]

    assert "10 products" in soup.text
    assert chips == ["/c/mugs?filter.colour=Red", "/c/mugs?brand=Potter%27s"]
    assert "21 products" not in soup.text
    assert "20 products" in browser.page(chips[0]).text
    assert "30 products" in browser.page(chips[1]).text
    assert "Green" in soup.text


def test_a_choice_leaves_the_other_values_of_its_facet_to_be_added(browser: Browser) -> None:
    soup = browser.page("/c/mugs?brand=Potter%27s&max=10")

    offered = {a["href"] for a in soup.all("a", class_="option")}
    assert "/c/mugs?brand=Potter%27s&brand=Kiln+%26+Co&max=10" in offered
    assert "/c/mugs?brand=Potter%27s&min=20&max=49.99" in offered


def test_two_values_of_one_facet_are_alternatives(browser: Browser) -> None:
    soup = browser.page("/c/mugs?filter.colour=Red&filter.colour=Blue")

    assert "40 products" in soup.text
    assert len(soup.all("a", class_="option", aria_current="x")) == 0
    assert sum(a.get("aria-current") == "true" for a in soup.all("a", class_="option")) == 2


@pytest.mark.parametrize(
    ("query", "count"), [("min=10&max=19.99", 20), ("min=30", 10), ("max=5", 2), ("min=20&max=10", 21), ("min=NaN", 61)]
)
def test_a_price_range_of_ones_own(browser: Browser, query: str, count: int) -> None:
    assert f"{count} products" in browser.page(f"/c/mugs?{query}").text


def test_sorting_orders_by_price(browser: Browser) -> None:
    answer = browser.get("/c/mugs?sort=-price")

    soup = Soup(answer.text)
    assert "Mug number 59" in answer.text
    assert answer.text.index("Mug number 59") < answer.text.index("Mug number 58") < answer.text.index("Mug number 40")
    assert [a["value"] for a in soup.all("option") if "selected" in a] == ["-price"]


def test_pages_lead_through_the_whole_list_and_back(browser: Browser) -> None:
    path: str | None = "/c/mugs?sort=price"
    way, seen = [], []
    while path is not None:
        way.append(path)
        seen += re.findall(r"Mug number \d+(?=</a>)", browser.get(path).text)
        path = _follow(browser, path, "next")

    back = [way[-1]]
    while (path := _follow(browser, back[-1], "prev")) is not None:
        back.append(path)

    assert len(way) == 3
    assert seen == [f"Mug number {n}" for n in range(MUGS)]
    assert back == way[::-1]


def test_a_cursor_that_is_forged_or_of_another_list_shows_the_first_page(browser: Browser) -> None:
    onward = _follow(browser, "/c/mugs?sort=price", "next") or ""
    cursor = onward.rpartition("page=")[2]

    for bad in (cursor[:-3] + "AAA", "", "x", "é", "A" * 5000, "%00", cursor + "A"):
        assert "Page 1" in browser.page(f"/c/mugs?sort=price&page={bad}").text
    assert "Page 2" in browser.page(onward).text
    assert "Page 1" in browser.page(f"/c/mugs?sort=-price&page={cursor}").text
    assert "Page 1" in browser.page(f"/search?sort=price&page={cursor}").text


def test_a_cursor_remembers_some_pages_back_and_then_the_start(shop: Shop) -> None:
    trail = FIRST
    for number in range(12):
        trail = trail.onward(f"place-{number}")

    text = sign_cursor(shop.world.keys, "a list", trail)
    steps = [read_cursor(shop.world.keys, "a list", text)]
    while (before := steps[-1].back()) is not None:
        steps.append(before)

    assert steps[0] == trail
    assert [step.number for step in steps] == [13, 12, 11, 10, 9, 8, 7, 6, 5, 1]
    assert steps[-1] == Trail()
    assert len(text) < 1000


def test_a_cursor_holds_for_its_own_list_only(shop: Shop) -> None:
    text = sign_cursor(shop.world.keys, "one list", FIRST.onward("place"))

    assert read_cursor(shop.world.keys, "one list", text).after == "place"
    assert read_cursor(shop.world.keys, "another list", text) == FIRST


def test_search_finds_says_when_it_guessed_and_offers_something_when_it_found_nothing(browser: Browser) -> None:
    found = browser.page("/search?q=teapot")
    guessed = browser.page("/search?q=teepot")
    nothing = browser.page("/search?q=zzzzzz")

    assert "1 product" in found.text
    assert "Did you mean" not in found.text
    assert "Did you mean" in guessed.text
    assert "Teapot" in guessed.text
    assert "Nothing on this shelf" in nothing.text
    assert "What others are taking home" in nothing.text
    assert nothing.all("input", name="q", value="zzzzzz")


def test_search_stays_in_the_department_that_was_chosen(browser: Browser) -> None:
    soup = browser.page("/search?q=mug&category=mugs")

    assert "In Mugs" in soup.text
    assert "60 products" in soup.text
    assert soup.all("a", class_="pill", href="/search?q=mug")


def test_too_long_a_question_is_answered_on_the_page(browser: Browser) -> None:
    answer = browser.get("/search?q=" + "x" * 201)

    assert answer.status_code == 422
    assert "at most 200 letters" in answer.text
    assert browser.get("/search?q=" + "x" * 200).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "q=%00%01%ff%fe",
        "q=%ED%A0%80",
        "q=" + "%22" * 60,
        "q=AND+OR+NOT+%28%5B%7B%5C",
        "q=%F0%9F%90%88",
        "q=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7",
        "sort=nonsense&page=1&brand=&filter.=x&filter.a%00=b",
        "min=1e400&max=-5",
        "min=%C2%BD&max=99999999999999999999999",
        "brand=" + "x" * 5000,
        "&".join(f"filter.a{n}=b" for n in range(200)),
        "&".join(f"brand=b{n}" for n in range(500)),
        "filter.colour=" + "%27%22%3E%3Cscript%3E",
        "filter." + "x" * 118 + "=y",
        "category=../../etc",
        "utm_source=letter",
        "%",
        "=&=&;;",
    ],
)
@pytest.mark.parametrize("path", ["/", "/search", "/c/mugs", "/p/teapot"])
def test_no_query_breaks_a_page(browser: Browser, path: str, query: str) -> None:
    answer = browser.get(f"{path}?{query}")

    assert answer.status_code == 200
    assert Soup(answer.text).faults == []


@pytest.mark.parametrize(
    "path", ["/p/%00", "/p/" + "x" * 3000, "/c/%ff", "/p/..%20", "/p/%2e%2e%20", "/c/" + "é" * 900, "/p/A%20b"]
)
def test_no_address_breaks_the_shop(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    "host", ["<script>alert(1)</script>", "a b", "[::1", "x" * 3000, "shop.test:99999", '"onload="x']
)
def test_no_host_header_breaks_a_page(shop: Shop, host: str) -> None:
    browser = Browser(Starlette(routes=routes(shop)))

    answer = browser.get("/p/teapot", headers={"host": host})

    assert answer.status_code == 200
    assert Soup(answer.text).faults == []
    assert "<script>alert" not in answer.text
