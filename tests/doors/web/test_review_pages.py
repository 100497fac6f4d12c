"""Customers say what they think on the product's page, find others helpful, and staff take reviews down."""

import itertools

import pytest
from browsing import NASTY, Browser, Soup
from signing import FORM, Customer, staff_of

from bodega.domain.shop import Shop

_mugs = itertools.count(30)
_people = itertools.count()


@pytest.fixture
def path(shop: Shop) -> str:
    """The page of a product that nobody has judged yet."""
    return f"/p/mug-{next(_mugs)}"


def customer(browser: Browser) -> Customer:
    made = Customer(browser)
    made.sign_up(f"reviewer{next(_people)}@shop.example")
    return made


@pytest.fixture
def ann(browser: Browser) -> Customer:
    return customer(browser)


def write(who: Customer, path: str, **fields: str) -> Soup:
    answer = who.act(f"{path}/review", shown=path, **({"do": "save", "rating": "4"} | fields))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{path}?news=")
    return who.page(answer.headers["location"].partition("#")[0])


def test_a_review_is_written_seen_edited_and_removed(browser: Browser, ann: Customer, path: str) -> None:
    assert "Nobody has said anything yet" in browser.page(path).text
    assert "Write a review" in ann.page(path).text

    thanked = write(ann, path, title="Nice", text="Line one.\r\n\r\nLine two.", author="Ann")
    assert "your review is shown" in thanked.text
    assert thanked.faults == []
    seen = browser.page(path).text
    assert all(words in seen for words in ("Nice", "Line one.", "Line two.", "Ann", "1 review"))

    write(ann, path, rating="1", text="It broke.")
    assert "It broke." in browser.page(path).text
    assert "Line one." not in browser.page(path).text
    form = ann.page(path)
    assert form.all("input", name="rating", value="1", checked="")

    ann.act(f"{path}/review", shown=path, do="remove")
    again = ann.act(f"{path}/review", shown=path, do="remove")
    assert again.status_code == 303
    assert "Nobody has said anything yet" in browser.page(path).text


def test_strangers_are_led_to_the_form_by_way_of_signing_in(browser: Browser, path: str) -> None:
    (link,) = [a["href"] for a in browser.page(path).all("a", rel="nofollow") if "sign-in" in a["href"]]

    page = browser.page(link)

    assert page.all("input", name="next", value=f"{path}/review")
    assert browser.ask("POST", f"{path}/review", content="rating=5", headers=FORM).headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rating": ""}, "Choose one to five stars"),
        ({"rating": "6"}, "marked below"),
        ({"rating": "٣"}, "Choose one to five stars"),
        ({"text": "x" * 5001}, "marked below"),
        ({"author": "a\u202eb"}, "marked below"),
    ],
    ids=["none", "six", "other digits", "long", "override"],
)
def test_a_mistake_is_shown_where_it_is_with_what_was_typed(
    browser: Browser, ann: Customer, path: str, fields: dict[str, str], words: str
) -> None:
    sent = {"do": "save", "rating": "5", "title": "What I typed"} | fields
    answer = ann.act(f"{path}/review", shown=path, **sent)

    soup = Soup(answer.text)
    assert answer.status_code == 422
    assert soup.faults == []
    assert words in soup.text
    assert "What I typed" in answer.text
    assert "Nobody has said anything yet" in browser.page(path).text


def test_the_longest_review_of_the_widest_letters_fits_into_the_form(
    browser: Browser, ann: Customer, path: str
) -> None:
    write(ann, path, text="\u8336" * 5000)

    assert "\u8336" * 100 in browser.page(path).text


def test_a_form_of_another_site_or_another_session_is_not_taken(browser: Browser, ann: Customer, path: str) -> None:
    token = ann.page(path).all("input", name="token")[0]["value"]
    stranger = customer(browser)

    assert stranger.send(f"{path}/review", token=token, rating="1", do="save").status_code == 403
    foreign = FORM | {"sec-fetch-site": "cross-site"}
    assert ann.ask("POST", f"{path}/review", content="rating=1", headers=foreign).status_code == 403
    assert "Nobody has said anything yet" in browser.page(path).text


def test_markup_is_shown_as_it_was_typed(browser: Browser, ann: Customer, path: str) -> None:
    write(ann, path, title=NASTY[:200], text=NASTY, author=NASTY[:80])

    answer = browser.get(path)
    assert NASTY[:20] in Soup(answer.text).text
    assert "<script>alert" not in answer.text


def test_others_say_that_it_helped_and_the_writer_does_not(browser: Browser, ann: Customer, path: str) -> None:
    write(ann, path, text="Holds tea.")
    ben = customer(browser)
    review = ben.page(path).all("button", name="review")[0]["value"]

    assert ann.page(path).all("button", name="review") == []
    ben.act(f"{path}/helpful", shown=path, review=review)
    ben.act(f"{path}/helpful", shown=path, review=review)

    assert "1 customer found this helpful" in browser.page(path).text
    assert ann.act(f"{path}/helpful", shown=path, review=review).status_code == 422
    assert ben.act(f"{path}/helpful", shown=path, review="rev_x").status_code == 404


def test_reviews_are_shown_in_the_order_that_is_asked_for(browser: Browser, path: str) -> None:
    for rating in ("2", "5", "1"):
        write(customer(browser), path, rating=rating)

    def stars(sort: str) -> list[str]:
        soup = browser.page(f"{path}?reviews_sort={sort}")
        return [a["aria-label"][0] for a in soup.all("span", role="img") if "out of 5" in a.get("aria-label", "")]

    assert [one for one in stars("-rating") if one in "125"][-3:] == ["5", "2", "1"]
    assert [one for one in stars("rating") if one in "125"][-3:] == ["1", "2", "5"]
    assert browser.get(f"{path}?reviews_sort=nonsense").status_code == 200


# -- staff


def test_staff_take_a_review_down_and_show_it_again(browser: Browser, shop: Shop, ann: Customer, path: str) -> None:
    write(ann, path, text="Rubbish shop", rating="1")
    staff = staff_of(browser, shop, "manager")

    staff.go("/admin/reviews?list=published").check()
    assert "Rubbish shop" in staff.page.text
    form = next(form for form in staff.page.forms if form.action == "/admin/reviews/act")
    button = next(f"reject {review.id}" for review in shop.reviews.list_all().rows if review.text == "Rubbish shop")
    staff.send(form.action, form.fields | {"do": button})
    assert "Nobody has said anything yet" in browser.page(path).text
    assert "We took your review down" in ann.page(path).text

    staff.go("/admin/reviews?list=rejected").check()
    staff.send(form.action, form.fields | {"do": button.replace("reject", "approve")})
    assert "Rubbish shop" in browser.page(path).text
    for nonsense in ("", "approve", "remove x"):
        assert staff.send(form.action, form.fields | {"do": nonsense}).status in {404, 422}


def test_who_may_only_read_sees_no_buttons(browser: Browser, shop: Shop, ann: Customer, path: str) -> None:
    write(ann, path)
    analyst = staff_of(browser, shop, "analyst")

    analyst.go("/admin/reviews?list=all").check()

    assert [form for form in analyst.page.forms if form.action == "/admin/reviews/act"] == []
