"""What belongs to a person follows them: their cart, their password, everything that is known of them."""

import re

from processes import wait_until
from shopping import HOME, PASSWORD, buys, fills_a_cart, puts_up_for_sale, signs_in, signs_up

ME = "/v1/store/customers/me"


def test_a_guest_s_cart_becomes_the_customer_s_and_is_there_wherever_they_sign_in(api, staff):
    for sku in ("CART-CUP", "CART-JAM"):
        puts_up_for_sale(api, staff, sku)
    guest = fills_a_cart(api, {}, **{"CART-CUP": 2})
    ann = signs_up(api, "ann@cart.example", cart_id=guest.rpartition("/")[2])
    theirs = api.get(f"{ME}/cart", headers=ann).json()
    another = fills_a_cart(api, {}, **{"CART-JAM": 1, "CART-CUP": 1})

    elsewhere = signs_in(api, email="ann@cart.example", password=PASSWORD, cart_id=another.rpartition("/")[2])

    assert lines_of(theirs) == {"CART-CUP": 2}
    merged = api.get(f"{ME}/cart", headers=elsewhere).json()
    assert lines_of(merged) == {"CART-CUP": 3, "CART-JAM": 1}
    assert api.get(f"/v1/store/carts/{merged['id']}").status_code == 404  # nobody's but theirs
    assert api.get(another).status_code == 404


def lines_of(cart):
    return {line["sku"]: line["quantity"] for line in cart["lines"]}


def test_whoever_forgot_their_password_sets_another_by_letter(shop, api):
    email = "forgetful@people.example"
    old = signs_up(api, email)
    for asked in (email, "nobody@people.example"):
        assert api.post("/v1/store/password-resets", json={"email": asked}).status_code == 202

    letter = wait_until(lambda: letter_with_a_link(shop, email), what="the letter", every=0.5)
    token = re.search(r"token=([\w.-]+)", letter.text)[1]
    redeemed = [
        api.post("/v1/store/password-resets:redeem", json={"token": token, "password": f"{PASSWORD} {n}"})
        for n in range(2)
    ]

    assert [answer.status_code for answer in redeemed] == [204, 422]
    assert shop.address in letter.text
    assert api.get(ME, headers=old).status_code == 401
    assert api.post("/v1/store/sessions", json={"email": email, "password": PASSWORD}).status_code == 401
    assert api.get(ME, headers=signs_in(api, email=email, password=f"{PASSWORD} 0")).json()["email"] == email
    assert shop.letters("nobody@people.example") == []


def letter_with_a_link(shop, email):
    return next((letter for letter in shop.letters(email) if "token=" in letter.text), None)


def test_a_customer_takes_everything_along_and_is_erased(api, staff):
    puts_up_for_sale(api, staff, "LIFE-MUG")
    email = "cordelia@people.example"
    cordelia = signs_up(api, email)
    assert api.post(f"{ME}/addresses", json=HOME, headers=cordelia).status_code == 201
    order = buys(api, cordelia, key="life", email=email, **{"LIFE-MUG": 1})
    reviews = "/v1/store/products/sku:LIFE-MUG/reviews"
    assert api.put(f"{reviews}/mine", json={"rating": 5, "text": "Holds tea"}, headers=cordelia).status_code == 201

    document = api.get(f"{ME}/export", headers=cordelia).json()
    assert document["customer"]["email"] == email
    assert document["customer"]["addresses"][0]["address"]["line1"] == HOME["line1"]
    assert [one["id"] for one in document["orders"]] == [order["id"]]
    assert [one["text"] for one in document["reviews"]] == ["Holds tea"]

    assert api.delete(ME, headers=cordelia).status_code == 204
    assert api.get(ME, headers=cordelia).status_code == 401
    assert api.post("/v1/store/sessions", json={"email": email, "password": PASSWORD}).status_code == 401
    kept = api.get(f"/v1/admin/orders/{order['id']}", headers=staff)
    assert kept.json()["total"] == order["total"]
    assert not [word for word in (email, "Byron", "Mill Lane") if word in kept.text]
    wait_until(lambda: api.get(reviews).json()["data"] == [], what="no reviews", every=0.5)
    assert api.get(ME, headers=signs_up(api, email)).json()["addresses"] == []


def test_somebody_signs_up_by_pages_keeps_their_cart_and_is_gone_when_they_sign_out(shop, api, staff):
    product = puts_up_for_sale(api, staff, "PAGE-CUP", title="Cup of pages").json()
    walker = shop.walker(api)
    walker.go(f"/p/{product['slug']}")
    add = next(form for form in walker.page.forms if form.action == "/cart/add")
    walker.send(add.action, add.fields | {"quantity": "1"})

    walker.go("/sign-up")
    form = walker.page.forms[-1]
    walker.send(form.action, form.fields | {"email": "pages@people.example", "password": PASSWORD, "name": "Ada"})
    assert walker.page.alert == ""
    assert "Cup of pages" in walker.go("/cart").text
    account = walker.go("/account")
    assert "Your account" in account.text
    assert "pages@people.example" in str(walker.go("/account/details").elements)
    walker.go("/account")
    leave = next(form for form in account.forms if "sign-out" in form.action)
    walker.send(leave.action, leave.fields)

    assert "Your account" not in walker.go("/account").text
    assert "Cup of pages" not in walker.go("/cart").text
