"""Every page that takes an id is asked as another customer and as nobody, and every staff page by every role.

What a path's parameter stands for is said here once: a page with a parameter that nobody explained fails a test.
"""

import itertools
import re
from collections.abc import Callable

import pytest
from browsing import Browser
from signing import PASSWORD, Customer

from bodega.domain.accounts.roles import ROLES, Role
from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact
from bodega.domain.shop import Shop
from bodega.values.address import Address
from bodega.web.declare import Anybody, Page, Staff
from bodega.web.routes import PAGES

TO = Address(name="Ann", line1="1 Row", city="Leeds", country="GB")
_numbers = itertools.count()


def bought(shop: Shop, customer_id: str) -> tuple[str, str]:
    """Buy a mug, and return the order's id and the checkout's."""
    basket = shop.carting.create(lines=[Wanted("MUG-20", 1)], country="GB", customer_id=customer_id)
    receipt = shop.buying.buy(
        CheckoutRequest(
            scope=customer_id,
            key=f"k{next(_numbers)}",
            cart_id=basket.cart.id,
            price_version=basket.quote.price_version,
            contact=Contact(email="ann@shop.example", shipping=TO),
            method="card_approve",
            customer_id=customer_id,
        )
    )
    assert receipt.order is not None
    return receipt.order.id, receipt.checkout_id


OWNED: dict[str, Callable[[Shop, str], str]] = {
    "order_id": lambda shop, who: bought(shop, who)[0],
    "checkout_id": lambda shop, who: bought(shop, who)[1],
    "address_id": lambda shop, who: shop.accounts.add_address(who, TO)[1].id,
}
"""What makes a thing of a customer's, by the parameter that names it, and returns its id."""
EVERYBODYS = frozenset({"slug", "product_id", "file", "key", "review_id", "request_id"})


def parameters_of(page: Page) -> list[str]:
    return re.findall(r"\{(\w+)(?::\w+)?\}", page.path)


SHOPPERS = [page for page in PAGES if not isinstance(page.policy, Staff)]
STAFF = [page for page in PAGES if isinstance(page.policy, Staff)]
# The bank of make-believe stands for a page of somebody else's: its address is all that a real one asks for.
OWN = [p for p in SHOPPERS if set(parameters_of(p)) & OWNED.keys() and not p.path.startswith("/sandbox/")]


def path_of(page: Page) -> str:
    return page.path


def test_every_page_that_takes_an_id_is_known_here() -> None:
    known = OWNED.keys() | EVERYBODYS

    strange = {name: page.path for page in SHOPPERS for name in parameters_of(page) if name not in known}

    assert strange == {}, "say in OWNED or EVERYBODYS whose these are"
    assert len(OWN) >= 3


@pytest.mark.parametrize("page", OWN, ids=path_of)
def test_a_page_of_somebodys_is_not_there_for_anybody_else(browser: Browser, shop: Shop, page: Page) -> None:
    owner, other = Customer(browser), Customer(browser)
    emails = [f"foreign{next(_numbers)}@shop.example" for _ in range(2)]
    for customer, email in zip((owner, other), emails, strict=True):
        customer.sign_up(email)
    owner_id = shop.signing_in.sign_in(email=emails[0], password=PASSWORD, caller="t").account.id
    path = page.path
    for name in parameters_of(page):
        path = path.replace(f"{{{name}}}", OWNED[name](shop, owner_id))
    stranger = 404 if isinstance(page.policy, Anybody) else 303

    if page.show is not None:
        assert other.ask("GET", path).status_code == 404
        assert browser.get(path).status_code == stranger
        assert owner.ask("GET", path).status_code in {200, 303}
    if page.take is not None:
        assert other.send(path, token="x", do="cancel").status_code in {403, 404}
        assert Customer(browser).send(path, token="x", do="cancel").status_code == stranger


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_staffs_pages_that_its_scopes_open(browser: Browser, shop: Shop, role: Role) -> None:
    user = shop.staff.create(email=f"{role}{next(_numbers)}@shop.example", role=role, password=PASSWORD)
    colleague = Customer(browser)
    assert colleague.send("/staff/sign-in", email=user.email, password=PASSWORD).status_code == 303
    wrong = []

    for page in STAFF:
        path = re.sub(r"\{[^}]*\}", "x", page.path)
        assert isinstance(page.policy, Staff)
        fits = page.policy.scope is None or user.allows(page.policy.scope)
        if page.show is not None:
            status = colleague.ask("GET", path).status_code
            # What is not there is looked for only by who may look.
            if (status == 403) == fits or status >= 500:
                wrong.append((page.path, status))
        elif not fits and colleague.send(path, token="x").status_code != 403:
            wrong.append((page.path, "form"))
    assert wrong == []


@pytest.mark.parametrize("page", STAFF, ids=path_of)
def test_a_customer_is_no_colleague(browser: Browser, page: Page) -> None:
    customer = Customer(browser)
    customer.sign_up(f"foreign{next(_numbers)}@shop.example")
    customer.cookies |= {name.replace("session", "staff"): value for name, value in customer.cookies.items()}

    path = re.sub(r"\{[^}]*\}", "x", page.path)
    method = "GET" if page.show is not None else "POST"
    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = customer.ask(method, path, content="token=x", headers=form)

    assert answer.headers["location"].startswith("/staff/sign-in")
