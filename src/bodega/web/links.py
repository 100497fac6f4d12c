"""Build every address that a page links to, so that each is quoted in one place."""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote, urlencode

from bodega import schema
from bodega.domain.flows.picturing import sized


class Href(str):
    """An address built here: its parts are quoted, and a template escapes it for HTML without touching its slashes."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the address as it may stand in an attribute."""
        return escape(self)


HOME = Href("/")
SEARCH = Href("/search")
SIGN_IN = Href("/sign-in")
SIGN_UP = Href("/sign-up")
FORGOTTEN = Href("/forgotten")
RESET = Href("/reset")
ACCOUNT = Href("/account")
ACCOUNT_ORDERS = Href("/account/orders")
ACCOUNT_DETAILS = Href("/account/details")
ACCOUNT_ADDRESSES = Href("/account/addresses")
ACCOUNT_DATA = Href("/account/data")
STAFF_SIGN_IN = Href("/staff/sign-in")
ADMIN = Href("/admin")
ORDERS = Href("/admin/orders")
STAFF_REVIEWS = Href("/admin/reviews")
CART = Href("/cart")
CHECKOUT = Href("/checkout")


def product(slug: str, *, sku: str | None = None, via: str = "") -> Href:
    """Return a product's page, one of its variants chosen if a SKU is given; `via` names the list that leads there."""
    params = [("sku", sku)] if sku is not None else []
    return with_params(f"/p/{quote(slug, safe='')}", [*params, ("via", via)] if via else params)


def review(slug: str) -> Href:
    """Return where a customer's review of a product is written."""
    return Href(f"{product(slug)}/review")


def helpful(slug: str) -> Href:
    """Return where votes for a product's reviews are taken."""
    return Href(f"{product(slug)}/helpful")


def category(slug: str) -> Href:
    """Return a category's page."""
    return Href(f"/c/{quote(slug, safe='')}")


def collection(slug: str) -> Href:
    """Return a collection's page."""
    return Href(f"/collections/{quote(slug, safe='')}")


def media(key: str) -> Href:
    """Return the address of a picture; keys are relative to the media folder, whether or not they repeat its name."""
    return Href(f"/media/{quote(key.removeprefix(schema.MEDIA), safe='/')}")


def media_sources(key: str, width: int, widths: Sequence[int]) -> Href:
    """Return a picture's addresses with their widths, as HTML takes them; "" where there is one alone."""
    if not widths:
        return Href("")
    smaller = [f"{media(sized(key, one))} {one}w" for one in sorted(widths)]
    return Href(", ".join((*smaller, f"{media(key)} {width}w")))


def seen(product_id: str, *, via: str = "") -> Href:
    """Return the address whose answer remembers that a product was looked at, and which list led there."""
    return with_params(f"/seen/{quote(product_id, safe='')}", [("via", via)] if via else [])


def shown(request_id: str) -> Href:
    """Return the address whose answer remembers that a list of suggestions was seen."""
    return Href(f"/shown/{quote(request_id, safe='')}")


def checkout(checkout_id: str) -> Href:
    """Return the page that tells how far a checkout got."""
    return Href(f"{CHECKOUT}/{quote(checkout_id, safe='')}")


def order(order_id: str, token: str, *, new: bool = False) -> Href:
    """Return an order's page, for who holds its token; `new` greets who has just bought."""
    params = [("token", token), *([("new", "1")] if new else [])]
    return with_params(f"/orders/{quote(order_id, safe='')}", params)


def staff_order(order_id: str) -> Href:
    """Return an order's page for staff."""
    return Href(f"{ORDERS}/{quote(order_id, safe='')}")


def own_order(order_id: str) -> Href:
    """Return an order's page, for the customer whose it is."""
    return Href(f"/orders/{quote(order_id, safe='')}")


def account_address(address_id: str) -> Href:
    """Return the page of an address of a customer's book."""
    return Href(f"{ACCOUNT_ADDRESSES}/{quote(address_id, safe='')}")


def with_params(path: str, params: Iterable[tuple[str, str]]) -> Href:
    """Return a path with a query, without a question mark if that is empty."""
    query = urlencode(list(params))
    return Href(f"{path}?{query}" if query else path)
