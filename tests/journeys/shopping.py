"""What people do in every story: put goods up for sale, sign up, fill a cart, pay; by HTTP only."""

PASSWORD = "correct horse battery staple"
HOME = {"name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "country": "GB"}
EMAIL = "ada@example.com"


def puts_up_for_sale(api, staff, sku, *, title=None, on_hand=5, **more):
    """Add a product of one variant at 5.00, count its stock, and return the answer."""
    variant = {"sku": sku, "price": {"amount": 500, "currency": "GBP"}}
    product = {"title": title or f"The {sku}", "status": "active", "variants": [variant]} | more
    made = api.post("/v1/admin/products", json=product, headers=staff)
    assert made.status_code == 201, made.text
    counted = {"sku": sku, "on_hand": on_hand, "expected": None, "reason": "first count"}
    assert api.post("/v1/admin/stock:set", json=counted, headers=staff).status_code == 200
    return made


def signs_up(api, email, *, cart_id=None):
    """Make an account, sign in, and return the headers that say so."""
    person = {"email": email, "password": PASSWORD}
    made = api.post("/v1/store/customers", json=person | {"name": "Ada"})
    assert made.status_code == 201, made.text
    return signs_in(api, **person, cart_id=cart_id)


def signs_in(api, **credentials):
    signed_in = api.post("/v1/store/sessions", json=credentials)
    assert signed_in.status_code == 201, signed_in.text
    return {"authorization": f"Bearer {signed_in.json()['token']}"}


def fills_a_cart(api, who, **lines):
    """Put so many of these SKUs into a new cart, and return its address."""
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    cart = api.post("/v1/store/carts", json={"lines": wanted}, headers=who)
    assert cart.status_code == 201, cart.text
    return f"/v1/store/carts/{cart.json()['id']}"


def agrees_to(cart, *, card="card_approve", email=EMAIL):
    """Return what is sent to check out a cart as it was answered last."""
    assert cart.status_code == 200, cart.text
    contact = {"email": email, "shipping": HOME}
    return {"price_version": cart.json()["price_version"], "contact": contact, "payment": {"method": card}}


def buys(api, who, *, key, email=EMAIL, **lines):
    """Fill a cart, check out, and return the order."""
    url = fills_a_cart(api, who, **lines)
    body = agrees_to(api.get(url, headers=who), email=email)
    order = api.post(f"{url}:checkout", json=body, headers=who | {"idempotency-key": key})
    assert order.status_code == 201, order.text
    return order.json()


def stock_of(api, staff, sku):
    """Return how many lie on the shelf, and how many of these are promised to somebody."""
    (level,) = api.get("/v1/admin/stock", params={"sku": sku}, headers=staff).json()["data"]
    return level["on_hand"], level["held"]


def finds(api, words):
    """Return the titles of what a search finds, best first."""
    found = api.get("/v1/store/products", params={"q": words})
    assert found.status_code == 200, found.text
    return [product["title"] for product in found.json()["data"]]
