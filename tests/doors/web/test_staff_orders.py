"""Staff work through orders by pages: what is shown can be done, what cannot be done is told, and nothing twice."""

from urllib.parse import urlencode

import pytest
from browsing import Browser
from signing import staff_of
from walking import FORM, Walker

from bodega.adapters.system.clock import SettableClock
from bodega.domain.flows.checkout_request import Address, CheckoutRequest, Contact
from bodega.domain.orders.model import Order
from bodega.domain.shop import Shop
from bodega.values.money import Money

CONTACT = Contact(
    email="ada@example.com", shipping=Address(name="Ada <b>", line1="1 Mill Lane", city="Bath", country="GB")
)


@pytest.fixture
def staff(browser: Browser, shop: Shop) -> Walker:
    return staff_of(browser, shop, "manager")


def bought(shop: Shop, *, method: str = "card_approve", **units: int) -> Order:
    from bodega.domain.flows.carting import Wanted  # noqa: PLC0415

    lines = [Wanted(sku.replace("_", "-"), count) for sku, count in (units or {"MUG_20": 2, "MUG_21": 1}).items()]
    basket = shop.carting.create(lines=lines)
    request = CheckoutRequest(
        scope="test",
        key=basket.cart.id,
        cart_id=basket.cart.id,
        price_version=basket.quote.price_version,
        contact=CONTACT,
        method=method,
    )
    receipt = shop.buying.buy(request)
    assert receipt.order is not None
    return receipt.order


def test_an_order_goes_all_the_way_by_pages(staff: Walker, shop: Shop) -> None:
    order = bought(shop)
    staff.go("/admin/orders?list=paid").check()
    assert order.number in staff.page.text
    staff.go(f"/admin/orders?number={order.number.lower()}").check()
    assert staff.page.url.endswith(order.id)

    sent = staff.press("fulfil", **{"units-0": "1", "units-1": "1", "carrier": "Post", "tracking": "AB1"})
    sent.check()
    assert "Parcel of 2" in sent.text
    assert "goods: to be sent" in sent.text
    staff.press("fulfil")
    arrived = staff.press("deliver")
    assert "goods: delivered" in arrived.text
    partly = staff.press("refund", amount="1.50", reason="a <i>scratch</i>")
    assert "money: refunded in part" in partly.text
    back = staff.press("return", **{"units-0": "2", "units-1": "0", "amount": "3", "reason": "too red"})
    back.check()
    assert "2 of MUG-20; too red" in back.text.replace("£3.00; ", "")
    final = shop.orders.get(order.id)
    assert (final.refunded, final.returned) == (Money(450, "GBP"), {"MUG-20": 2})
    assert final.parcels[0].tracking == "AB1"


def test_a_placed_order_is_captured_and_one_is_called_off(staff: Walker, shop: Shop) -> None:
    waiting = bought(shop, method="card_capture_timeout_before")
    assert waiting.state == "placed"
    page = staff.go(f"/admin/orders/{waiting.id}")
    page.check()
    assert not any(("do", "capture") in form.buttons for form in page.forms)  # it is being captured already
    order = bought(shop)
    staff.go(f"/admin/orders/{order.id}")

    off = staff.press("cancel", reason="nobody home")

    assert "goods: called off" in off.text
    assert "money: refunded" in off.text
    assert not any(("do", do) in form.buttons for form in off.forms for do in ("fulfil", "cancel", "refund", "return"))


def test_a_button_pressed_twice_is_one_act(staff: Walker, shop: Shop) -> None:
    order = bought(shop)
    page = staff.go(f"/admin/orders/{order.id}")
    form = page.form("refund")
    fields = form.fields | {"do": "refund", "amount": "2"}

    for _ in range(3):
        assert staff.send(form.action, fields).status == 200

    assert shop.orders.get(order.id).refunded == Money(200, "GBP")


def test_who_decided_on_an_old_page_is_shown_the_order_anew(staff: Walker, browser: Browser, shop: Shop) -> None:
    order = bought(shop)
    other = staff_of(browser, shop, "owner")
    staff.go(f"/admin/orders/{order.id}")
    other.go(f"/admin/orders/{order.id}")
    other.press("fulfil")

    late = staff.press("cancel")

    late.check()
    assert (late.status, late.alert) == (
        409,
        "Somebody changed this order since you opened it. This is how it is now.",
    )
    assert "goods: sent" in late.text


@pytest.mark.parametrize(
    ("do", "fields", "status"),
    [
        ("refund", {"amount": "999"}, 409),
        ("refund", {"amount": "-1"}, 422),
        ("refund", {"amount": "0"}, 422),
        ("refund", {"amount": "1.234"}, 422),
        ("refund", {"amount": "one"}, 422),
        ("refund", {"amount": "9" * 20}, 422),
        ("refund", {"amount": ""}, 422),
        ("fulfil", {"units-0": "3"}, 422),
        ("fulfil", {"units-0": "x"}, 422),
        ("fulfil", {"units-0": "0", "units-1": "0"}, 422),
        ("fulfil", {"tracking": "x" * 300}, 422),
        ("cancel", {"reason": "a\u0007b"}, 422),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    staff: Walker, shop: Shop, do: str, fields: dict[str, str], status: int
) -> None:
    order = bought(shop)
    staff.go(f"/admin/orders/{order.id}")

    page = staff.press(do, **fields)

    page.check()
    assert (page.status, bool(page.alert)) == (status, True)
    assert shop.orders.get(order.id) == order


def test_only_forms_of_the_page_itself_are_taken(staff: Walker, browser: Browser, shop: Shop) -> None:
    order = bought(shop)
    form = staff.go(f"/admin/orders/{order.id}").form("cancel")
    cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in staff.cookies.items())}

    for fields, headers in (
        (form.fields | {"do": "cancel", "token": "x"}, {}),
        (form.fields | {"do": "cancel"}, {"sec-fetch-site": "cross-site"}),
    ):
        answer = browser.ask("POST", form.action, content=urlencode(fields), headers=FORM | cookies | headers)
        assert answer.status_code == 403
    assert staff.send(form.action, form.fields | {"do": "explode"}).status == 422
    assert shop.orders.get(order.id).state == "paid"


def test_who_may_only_look_is_offered_nothing_to_do(browser: Browser, shop: Shop) -> None:
    order = bought(shop)
    analyst, merchandiser = staff_of(browser, shop, "analyst"), staff_of(browser, shop, "merchandiser")

    page = analyst.go(f"/admin/orders/{order.id}")
    token = page.forms[0].fields["token"]
    refused = analyst.send(f"/admin/orders/{order.id}/act", {"token": token, "do": "cancel", "version": "2"})

    page.check()
    assert all(("do", do) not in form.buttons for form in page.forms for do in ("cancel", "fulfil", "refund"))
    assert refused.status == 403
    assert shop.orders.get(order.id).state == "paid"
    assert "/admin/orders" in analyst.go("/admin").links()
    assert "/admin/orders" not in merchandiser.go("/admin").links()
    assert merchandiser.go("/admin/orders").status == 403


def test_lists_show_what_waits_and_page_back_and_forth(staff: Walker, shop: Shop) -> None:
    clock = shop.world.clock
    assert isinstance(clock, SettableClock)
    page = staff.go("/admin/orders")
    page.check()
    older = next(link for link in page.links() if "page=" in link)
    second = staff.go(older)
    second.check()
    assert second.text != page.text
    newer = next(link for link in second.links() if "page=" in link or link == "/admin/orders")
    assert newer
    assert staff.go("/admin/orders?list=nonsense&page=forged").status == 200
    missing = staff.go("/admin/orders?number=%3Cb%3E")
    assert (missing.status, missing.alert) == (404, "There is no order <b>.")
    assert staff.go("/admin/orders/ord_none").status == 404
    order = bought(shop)
    shop.returning.fulfil(order_id=order.id, key="k")
    shop.returning.request_return(order_id=order.id, units={"MUG-20": 2})
    assert order.number in staff.go("/admin/orders?list=return_requested").text
    assert staff.go(f"/admin/orders/{order.id}").form("return").fields["units-0"] == "2"


def test_an_imported_order_is_shown_and_left_alone(staff: Walker) -> None:
    page = staff.go("/admin/orders/ord_1")

    page.check()
    assert "from shop" in page.text or "from " in page.text
    assert not any(name == "do" for form in page.forms for name, _ in form.buttons)
