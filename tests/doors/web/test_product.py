"""Hold the product page to telling the truth about price, stock and reviews, and to leading on from old addresses."""

import json

import pytest
from browsing import NASTY, Browser, Soup

from bodega.domain.catalog.model import Media
from bodega.domain.shop import Shop
from bodega.web.storefront.cards import picture


def _data(soup: Soup) -> dict:
    return json.loads("".join(soup.data))


def test_the_first_variant_that_is_there_is_shown_with_price_saving_and_stock(browser: Browser) -> None:
    soup = browser.page("/p/teapot")

    assert "£30.00 was £40.00 You save £10.00" in soup.text
    assert "Only 3 left · White, L" in soup.text


def test_every_value_of_every_option_leads_to_a_variant_with_its_price_and_stock(browser: Browser) -> None:
    soup = browser.page("/p/teapot?sku=POT-Black-S")

    links = [
        (a["href"], a.get("aria-current")) for t, a in soup.elements if t == "a" and "variant " in a.get("class", "")
    ]

    assert links == [
        ("/p/teapot?sku=POT-White-S", None),
        ("/p/teapot?sku=POT-Black-S", "true"),
        ("/p/teapot?sku=POT-Black-S", "true"),
        ("/p/teapot?sku=POT-Black-L", None),
    ]
    assert "In stock" in soup.text
    assert "Sold out" in soup.text


def test_variants_that_options_do_not_tell_apart_can_still_all_be_chosen(browser: Browser) -> None:
    soup = browser.page("/p/nasty")

    links = [a["href"] for t, a in soup.elements if t == "a" and "variant " in a.get("class", "")]

    assert links == ["/p/nasty?sku=NASTY%3C1%3E", "/p/nasty?sku=N2"]


def test_a_sku_that_is_not_of_this_product_shows_the_product_as_it_is(browser: Browser) -> None:
    assert browser.page("/p/teapot?sku=MUG-1").text == browser.page("/p/teapot").text


@pytest.mark.parametrize(("slug", "words"), [("mug-0", "Sold out"), ("mug-3", "Only 3 left"), ("mug-40", "In stock")])
def test_stock_is_said_in_words(browser: Browser, slug: str, words: str) -> None:
    assert words in browser.page(f"/p/{slug}").text


def test_reviews_are_counted_by_stars_and_paged(browser: Browser) -> None:
    soup = browser.page("/p/teapot")
    more = next(a["href"] for a in soup.all("a", rel="nofollow") if "reviews=" in a["href"])

    rest = browser.page(more.partition("#")[0])

    assert "7 reviews" in soup.text
    assert [a["width"] for a in soup.all("rect", class_="bar-front")] == ["28", "14", "14", "28", "14"]
    assert "Ann 0 Bought here 23 November 2026" in soup.text
    assert "Ann 6" not in soup.text
    assert "Ann 6" in rest.text
    assert "Back to the first" in rest.text


def test_what_is_bought_together_comes_with_the_sum(browser: Browser) -> None:
    soup = browser.page("/p/mug-1")

    assert "Often bought together" in soup.text
    assert "The price for" in soup.text
    assert "You may also like" in soup.text


def test_the_facts_are_a_table_in_words(browser: Browser) -> None:
    text = browser.page("/p/mug-0").text

    assert "Colour Red Dishwasher Yes Volume 0.3 Article number MUG-0" in text
    assert "1.2 kg" in browser.page("/p/teapot").text


def test_search_engines_get_offers_and_the_one_address(browser: Browser) -> None:
    soup = browser.page("/p/teapot?sku=POT-Black-L")

    data = _data(soup)
    offers = {offer["sku"]: (offer["price"], offer["availability"].rpartition("/")[2]) for offer in data["offers"]}
    assert soup.all("link", rel="canonical")[0]["href"] == "https://shop.example/p/teapot"
    assert offers["POT-Black-L"] == ("30.00", "OutOfStock")
    assert data["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": "4.0", "reviewCount": 7}
    assert data["image"][0] == "https://shop.example/media/mug.svg"
    assert soup.all("meta", property="og:title")[0]["content"] == "Teapot"
    assert soup.all("meta", name="description")[0]["content"] == "Pours."


def test_markup_in_a_product_survives_as_text_in_its_data(browser: Browser) -> None:
    data = _data(browser.page("/p/nasty"))

    assert data["name"] == NASTY
    assert data["description"].endswith("<img src=x onerror=alert(1)>")


def test_a_renamed_product_is_found_at_its_old_address(browser: Browser, shop: Shop) -> None:
    product_id, _ = shop.catalog.products.resolve("slug:mug-59")
    shop.catalog.products.patch(product_id, {"slug": "the-last-mug"}, expected_version=None)

    moved = browser.get("/p/mug-59?sku=MUG-59")
    shop.catalog.products.patch(product_id, {"slug": "mug-59"}, expected_version=None)

    assert moved.status_code == 301
    assert moved.headers["location"] == "/p/the-last-mug?sku=MUG-59"


def test_another_spelling_of_a_slug_leads_to_the_one_that_counts(browser: Browser) -> None:
    answer = browser.get("/p/TEAPOT")

    assert answer.status_code == 301
    assert answer.headers["location"] == "/p/teapot"


@pytest.mark.parametrize("slug", ["hidden", "gone", "never-was"])
def test_what_is_not_on_sale_is_not_there(browser: Browser, slug: str) -> None:
    answer = browser.get(f"/p/{slug}")

    assert answer.status_code == 404
    assert f">{slug}<" not in answer.text


def test_a_picture_that_is_there_in_several_widths_names_them_for_browsers_to_choose_from() -> None:
    media = Media(key="prod_1/a, b.png", width=800, height=400, widths=[640, 320])

    shown = picture(media, "A mug")

    assert shown.sources == (
        "/media/prod_1/a%2C%20b-320.webp 320w, /media/prod_1/a%2C%20b-640.webp 640w, /media/prod_1/a%2C%20b.png 800w"
    )
    assert picture(Media(key="prod_1/c.svg"), "A cup").sources == ""
