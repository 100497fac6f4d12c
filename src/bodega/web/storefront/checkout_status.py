"""Tell how far a checkout got while its payment waits, and lead on to the order as soon as there is one."""

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.flows.checkout_attempts import Attempt
from bodega.domain.orders.access import order_token
from bodega.errors import NotFoundError
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.words import sentence


class CheckoutStatusPage(msgspec.Struct, frozen=True):
    """How far it got: at the bank's page (`action_url`), under way (looked at again by itself), or at its end."""

    title: str
    text: str
    action_url: Href | None
    waiting: bool


def checkout_status_page(site: Site, request: Request) -> Response:
    """Answer how a checkout stands. Its id cannot be guessed: a guest's permission; a customer's is theirs alone."""
    checkout_id = request.path_params["checkout_id"]
    attempt = site.shop.checkout.status(checkout_id)
    if attempt is None or attempt.customer_id not in {None, site.visitors.customer_id(request)}:
        raise NotFoundError("checkout", checkout_id[:80])
    if attempt.state == "done":
        target = links.order(attempt.order_id, order_token(site.shop.world.keys, attempt.order_id), new=True)
        return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})
    view = _view(attempt)
    frame = site.frame(request, title=view.title, path=None, indexed=False)
    return site.page("checkout_status.html", frame, view, caching=headers.UNCACHED)


def _view(attempt: Attempt) -> CheckoutStatusPage:
    if attempt.state == "failed":
        text = sentence(attempt.failure.message) if attempt.failure is not None else ""
        return CheckoutStatusPage("That did not work", f"{text} Your cart is as it was.", None, waiting=False)
    if attempt.action_url and attempt.state == "authorising":
        text = "Your bank wants to hear from you. We hold your goods for a quarter of an hour meanwhile."
        return CheckoutStatusPage("One more step", text, Href(attempt.action_url), waiting=True)
    text = "We are waiting for your bank. This page looks again by itself, and you may close it: we go on without it."
    return CheckoutStatusPage("Just a moment", text, None, waiting=True)
