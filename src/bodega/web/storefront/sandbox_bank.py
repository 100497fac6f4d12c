"""Stand for the page of a shopper's bank where payments are only played: approve a payment, or refuse to."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.flows.checkout_attempts import Attempt
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.payments import PaymentSandbox
from bodega.web import headers, links
from bodega.web.forms import check_token, form_token
from bodega.web.site import Site


class BankPage(msgspec.Struct, frozen=True):
    """What is to be approved."""

    token: str
    amount: str


def bank_page(site: Site, request: Request) -> Response:
    """Answer with the two buttons; a payment that waits for nobody leads back to its checkout."""
    _, attempt = _waiting(site, request)
    if not attempt.action_url or attempt.state != "authorising":
        return _back(attempt)
    frame = site.frame(request, title="The bank of make-believe", path=None, indexed=False)
    view = BankPage(form_token(site.shop.world.keys, attempt.id), attempt.quote.total.format())
    return site.page("sandbox_bank.html", frame, view, caching=headers.UNCACHED)


def decide_at_bank(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Approve or refuse, and take the checkout on from there, as the webhook would a moment later."""
    sandbox, attempt = _waiting(site, request)
    check_token(site.shop.world.keys, attempt.id, fields)
    try:
        sandbox.complete_action(attempt.payment_id, approve=fields.get("do") == "approve")
    except InvalidError:
        return _back(attempt)  # it was decided before
    site.shop.checkout.resume(attempt.id)
    return _back(attempt)


def _waiting(site: Site, request: Request) -> tuple[PaymentSandbox, Attempt]:
    checkout_id = request.path_params["checkout_id"]
    sandbox, attempt = site.shop.world.payment_sandbox, site.shop.checkout.status(checkout_id)
    if sandbox is None or attempt is None:
        raise NotFoundError("payment", checkout_id[:80])
    return sandbox, attempt


def _back(attempt: Attempt) -> Response:
    return RedirectResponse(links.checkout(attempt.id), 303, {"cache-control": headers.UNCACHED})
