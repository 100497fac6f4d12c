"""Take what customers say of a product, and show the form by itself to who was asked to sign in or made a mistake."""

from collections.abc import Mapping
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.catalog.model import Product
from bodega.domain.reviews.model import ReviewInput
from bodega.domain.reviews.votes import OwnReviewError
from bodega.errors import Fault, InvalidError, NotFoundError, ShopError
from bodega.values.decode import convert
from bodega.web import headers, links
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.product import find_on_sale
from bodega.web.storefront.review_form import ReviewForm, review_form


class ReviewPage(msgspec.Struct, frozen=True):
    """The form by itself."""

    product: str
    href: Href
    form: ReviewForm


def review_page(site: Site, request: Request) -> Response:
    """Answer with the form."""
    return _page(site, request, _product(site, request))


def take_review(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Write, edit or remove a review, as the button says."""
    visitor = site.visitors.signed_in(request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    product = _product(site, request)
    if fields.get("do") == "remove":
        with suppress(NotFoundError):  # the button was pressed twice
            site.shop.reviewing.remove(product.id, visitor.account.id)
        return _back(product, "removed")
    try:
        review, _ = site.shop.reviewing.write(product.id, visitor.account.id, _given(fields))
    except InvalidError as exc:
        return _page(site, request, product, sent=fields, refusal=exc)
    return _back(product, "review" if review.counts else "waiting")


def take_vote(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Count a vote for the review that the form names."""
    visitor = site.visitors.signed_in(request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    product = _product(site, request)
    try:
        site.shop.votes.add(fields.get("review", ""), visitor.account.id)
    except OwnReviewError as exc:
        raise InvalidError(exc.message) from exc
    return _back(product, "helpful")


def _given(fields: Mapping[str, str]) -> ReviewInput:
    rating = fields.get("rating", "")
    if not (rating.isascii() and rating.isdigit() and len(rating) == 1):
        raise InvalidError("choose one to five stars", [Fault("/rating", "required", "choose one to five stars")])
    words = {name: fields.get(name, "").replace("\r\n", "\n").strip() for name in ("title", "text", "author")}
    return convert({"rating": int(rating)} | words, ReviewInput)


def _product(site: Site, request: Request) -> Product:
    return find_on_sale(site.shop, request.path_params["slug"])[0]


def _back(product: Product, news: str) -> Response:
    target = f"{links.with_params(links.product(product.slug), [('news', news)])}#reviews"
    return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})


def _page(
    site: Site,
    request: Request,
    product: Product,
    *,
    sent: Mapping[str, str] | None = None,
    refusal: ShopError | None = None,
) -> Response:
    form = review_form(site.shop, site.visitors.signed_in(request), product, sent=sent, refusal=refusal)
    frame = site.frame(request, title=f"Your review of {product.title}", path=None, indexed=False)
    view = ReviewPage(product.title, links.product(product.slug), form)
    status = 200 if refusal is None else 422
    return site.page("review.html", frame, view, status=status, caching=headers.UNCACHED)
