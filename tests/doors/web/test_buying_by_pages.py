"""From a full cart to an order and back by pages: forms without script, from this shop only, and nobody pays twice."""

from urllib.parse import urlencode

import pytest
from browsing import Browser
from walking import FORM, Walker

from bodega.domain.carts.coupon import CouponInput
from bodega.domain.carts.shipping import Band, Method, ShippingTable, Zone
from bodega.domain.shop import Shop
from bodega.values.money import Money

ADDRESS = {
    "email": "ada@example.com",
    "name": "Ada <b>Byron</b>",
    "line1": "1 Mill Lane",
    "city": "Bath",
    "postal_code": "BA1 1AA",
    "country": "gb",
}


@pytest.fixture
def walker(browser: Browser) -> Walker:
    return Walker(browser.ask, "http://shop.test")


def fill_cart(walker: Walker, sku: str = "MUG-20", quantity: str = "2") -> None:
    walker.go("/p/teapot")
    walker.send("/cart/add", {"sku": sku, "quantity": quantity})


def buy(walker: Walker, card: str = "card_approve", sku: str = "MUG-20") -> str:
    """Buy two of something and return the order's address."""
    fill_cart(walker, sku)
    walker.press("checkout").check()
    walker.press("pay", **ADDRESS, card=card).check()
    assert walker.page.url.startswith("http://shop.test/orders/ord_"), walker.page.text
    return walker.page.url


def test_a_shopper_buys_and_finds_the_order_again(walker: Walker, browser: Browser, shop: Shop) -> None:
    url = buy(walker)

    assert "Thank you, Ada <b>Byron</b>" in walker.page.text
    assert "£30.00" in walker.page.text
    assert "1 Mill Lane" in walker.page.text
    assert "<b>Byron" not in walker.answer.text
    assert walker.answer.headers["cache-control"] == "no-store"
    later = Walker(browser.ask, "http://shop.test").go(url)
    assert "Order " in later.text
    assert walker.go("/cart").text.count("Nothing in it yet") == 1
    assert walker.go("/checkout").url.endswith("/cart")


def test_units_are_held_from_the_cart_to_the_payment(walker: Walker, browser: Browser, shop: Shop) -> None:
    shop.stock.set(sku="POT-Black-S", on_hand=2, expected=50, reason="counted")
    fill_cart(walker, "POT-Black-S")
    other = Walker(browser.ask, "http://shop.test")
    fill_cart(other, "POT-Black-S", "1")

    held = walker.press("checkout")
    late = other.press("checkout")

    assert "held for you until" in held.text
    assert (late.status, late.url) == (409, "http://shop.test/cart")
    assert "1 of 'POT-Black-S' wanted, 0 available" in late.alert
    assert walker.press("pay", **ADDRESS).status == 200
    shop.stock.set(sku="POT-Black-S", on_hand=50, expected=0, reason="came in")


def test_what_was_typed_stays_and_what_is_wrong_is_marked(walker: Walker) -> None:
    fill_cart(walker)
    walker.press("checkout")

    page = walker.press("pay", **(ADDRESS | {"email": "nobody", "line1": " ", "country": "Narnia"}))

    page.check()
    assert page.status == 422
    assert {a["name"] for _, a in page.elements if "aria-invalid" in a} == {"country"}
    page = walker.press("pay", **(ADDRESS | {"email": "nobody", "line1": " "}))
    page.check()
    assert page.alert == "Please look at what is marked below."
    assert {a["name"] for _, a in page.elements if "aria-invalid" in a} == {"email", "line1"}
    assert page.form("pay").fields["city"] == "Bath"
    assert walker.press("pay", **ADDRESS).url.startswith("http://shop.test/orders/")


@pytest.mark.parametrize(
    ("card", "status"),
    [("card_decline", 402), ("card_capture_decline", 402), ("card_timeout_before", 503), ("4242", 422)],
)
def test_a_card_that_does_not_pay_is_followed_by_one_that_does(walker: Walker, card: str, status: int) -> None:
    fill_cart(walker)
    walker.press("checkout")

    refused = walker.press("pay", **ADDRESS, card=card)

    assert refused.status == status
    assert refused.alert
    refused.check()
    again = card if status == 503 else "card_approve"
    assert "Thank you" in walker.press("pay", card=again).text


def test_pressing_the_button_twice_is_one_order(walker: Walker, shop: Shop) -> None:
    fill_cart(walker)
    form = walker.press("checkout").form("pay")
    fields = form.fields | ADDRESS | {"do": "pay"}
    before = len(shop.world.payments.all_payments())  # type: ignore[attr-defined]  # it is the sandbox

    first = walker.send("/checkout", fields).url
    second = walker.send("/checkout", fields).url

    assert len(shop.world.payments.all_payments()) == before + 1  # type: ignore[attr-defined]
    assert walker.send("/checkout", fields | {"card": "card_decline"}).url == second
    assert first.replace("&new=1", "") == second


def test_a_bank_that_asks_its_shopper(walker: Walker) -> None:
    for do, end in (("refuse", "That did not work"), ("approve", "Thank you")):
        fill_cart(walker)
        walker.press("checkout")
        walker.press("pay", **ADDRESS, card="card_action").check()
        assert "One more step" in walker.page.text
        bank = next(link for link in walker.page.links() if "/sandbox/bank/" in link)
        walker.go(bank).check()
        walker.press(do).check()
        assert end in walker.page.text
        assert walker.go(bank).url != f"http://shop.test{bank}"


def test_a_bank_that_takes_its_time(walker: Walker, shop: Shop) -> None:
    fill_cart(walker)
    walker.press("checkout")

    page = walker.press("pay", **ADDRESS, card="card_pending")

    page.check()
    assert "Just a moment" in page.text
    assert ("meta", {"http-equiv": "refresh", "content": "3"}) in page.elements


def test_what_costs_nothing_is_ordered_without_a_card(walker: Walker, shop: Shop) -> None:
    shop.coupons.create(CouponInput(code="GIFT", kind="percent", percent="100"))
    fill_cart(walker)
    walker.press("redeem", code="gift")

    walker.press("checkout").check()

    assert "Place the order" in walker.page.text
    assert "Test card" not in walker.page.text
    assert "Thank you" in walker.press("pay", **ADDRESS).text
    walker.press("cancel").check()
    assert "was called off" in walker.page.text


def test_the_price_is_the_one_that_was_shown(walker: Walker, shop: Shop) -> None:
    fill_cart(walker, "MUG-21")
    walker.press("checkout")
    product_id = shop.catalog.products.find_id_by_sku("MUG-21")
    assert product_id is not None
    dearer = {"variants": [{"sku": "MUG-21", "price": {"amount": 9900, "currency": "GBP"}}]}
    before = shop.catalog.products.get(product_id).variants[0].price
    assert before is not None
    shop.catalog.products.patch(product_id, dearer, expected_version=None)
    try:
        page = walker.press("pay", **ADDRESS)

        assert page.status == 409
        assert page.alert.startswith("The price has changed since you saw it")
        assert "Pay £198.00" in page.text
        assert "£198.00" in walker.press("pay").text
    finally:  # other tests look at the price lists of the same shop
        cheaper = {"variants": [{"sku": "MUG-21", "price": {"amount": before.amount, "currency": "GBP"}}]}
        shop.catalog.products.patch(product_id, cheaper, expected_version=None)
        shop.indexer.catch_up()


def test_a_country_that_changes_the_sum_is_shown_before_it_is_paid(walker: Walker, shop: Shop) -> None:
    before = shop.rates.shipping().table
    zones = [zone("Home", "GB", Method(code="post", name="Post", bands=[Band(Money(300, "GBP"))]))]
    zones += [zone("Far", "*", Method(code="air", name="Air", bands=[Band(Money(900, "GBP"))]))]
    shop.rates.set_shipping(ShippingTable(zones), expected_version=None)
    try:
        fill_cart(walker)
        walker.press("checkout")
        walker.press("send", **ADDRESS)
        far = walker.press("pay", **(ADDRESS | {"country": "FR"}))
        assert (far.status, "Air, £9.00" in far.text) == (409, True)
        home = walker.press("send", **ADDRESS)
        assert (home.status, "Post, £3.00" in home.text) == (200, True)
        assert walker.press("pay").url.startswith("http://shop.test/orders/")
    finally:
        shop.rates.set_shipping(before, expected_version=None)


def zone(name: str, country: str, method: Method) -> Zone:
    return Zone(name=name, countries=[country], methods=[method])


def test_an_order_is_called_off_by_its_page(walker: Walker, shop: Shop) -> None:
    buy(walker)

    page = walker.press("cancel")

    page.check()
    assert "was called off" in page.text
    assert "Given back £30.00" in page.text
    assert not page.forms[1:]  # the search is all that is left


def test_what_comes_back_is_asked_for_by_its_page(walker: Walker, shop: Shop) -> None:
    url = buy(walker)
    order_id = url.partition("/orders/")[2].partition("?")[0]
    shop.returning.fulfil(order_id=order_id, key="p", carrier="Post", tracking="AB<1>")

    page = walker.go(url)
    page.check()
    assert "AB<1>" in page.text
    none = walker.press("return")
    many = walker.press("return", **{"units-0": "3"})
    odd = walker.press("return", **{"units-0": "-1"})
    fine = walker.press("return", **{"units-0": "1", "reason": "too <i>red</i>"})

    assert [none.status, many.status, odd.status, fine.status] == [422, 422, 422, 200]
    assert all(page.alert for page in (none, many, odd))
    assert shop.orders.get(order_id).return_requested == {"MUG-20": 1}
    fine.check()


def test_an_order_is_shown_to_nobody_without_its_token(walker: Walker, browser: Browser) -> None:
    first, second = buy(walker), buy(walker)
    path, token = first.split("?token=")
    stranger = Walker(browser.ask, "http://shop.test")

    for url in (path, f"{path}?token=", f"{path}?token=x", f"{path}?token=%C3%A9", path + "?" + second.split("?")[1]):
        assert stranger.go(url).status == 404
        answer = browser.ask("POST", url, content=urlencode({"do": "cancel", "token": token}), headers=FORM)
        assert answer.status_code == 404
    for form_token in ("", "x", token.partition("&")[0]):
        refused = browser.ask("POST", first, content=urlencode({"do": "cancel", "token": form_token}), headers=FORM)
        assert refused.status_code == 403
    assert stranger.go("/checkout/chk_x").status == 404
    assert stranger.go("/sandbox/bank/chk_x").status == 404


def test_the_checkouts_forms_come_from_this_shop_only(walker: Walker, browser: Browser, shop: Shop) -> None:
    fill_cart(walker)
    fields = walker.press("checkout").form("pay").fields | ADDRESS | {"do": "pay"}
    cookie = {"cookie": f"cart={walker.cookies['cart']}"}

    for sent, headers in (
        (fields, {"sec-fetch-site": "cross-site"}),
        (fields, {"sec-fetch-site": "same-site"}),
        (fields | {"token": ""}, {}),
        (fields | {"token": "é"}, {}),
    ):
        answer = browser.ask("POST", "/checkout", content=urlencode(sent), headers=FORM | cookie | headers)
        assert answer.status_code == 403
    assert "MUG" in walker.go("/cart").text or "Mug" in walker.page.text


@pytest.mark.parametrize("path", ["/checkout", "/orders/ord_1", "/sandbox/bank/chk_1"])
def test_a_form_that_knows_no_page_gets_a_page(browser: Browser, path: str) -> None:
    for body in ("", "do=pay", "do=cancel", "do=approve", "%ff", "a=1&a=2"):
        answer = browser.ask("POST", path, content=body, headers=FORM)
        assert answer.status_code in {303, 403, 404, 422}, (path, body)
