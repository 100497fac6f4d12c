"""Let shoppers check out, ask how far a checkout got, and let the payment provider report."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route, Signed
from bodega.api.idempotency import key_of, key_required
from bodega.api.order_views import OrderView, order_view
from bodega.api.reply import Reply, etag_of_version, replied
from bodega.api.store.carts import PATH as CARTS
from bodega.domain.flows.checkout_attempts import Attempt
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact, Receipt, scope_of
from bodega.errors import NotFoundError
from bodega.ports.payments import MAX_METHOD_LENGTH

PATH = "/v1/store/checkouts"
ORDERS = "/v1/store/orders"


class PaymentChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to pay: the payment provider's own word for the card, never a card number."""

    method: Annotated[str, Meta(max_length=MAX_METHOD_LENGTH, examples=["card_approve"])] = ""


class CheckoutBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish to buy the cart. `price_version` is the cart's, of the prices that the shopper saw; no price is said here.

    A payment is needed unless nothing is to pay.
    """

    price_version: Annotated[str, Meta(min_length=1, max_length=64)]
    contact: Contact
    payment: PaymentChoice = PaymentChoice()


class CheckoutProblem(msgspec.Struct, frozen=True):
    """Why a checkout came to nothing."""

    code: str
    detail: str


class CheckoutView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a checkout got.

    processing: ask again in a moment. action_required: the shopper has to approve the payment at `action_url`.
    done: `order` is what came of it. failed: `problem` says why; nothing was charged, or it was given back.
    """

    id: str
    state: Literal["processing", "action_required", "done", "failed"]
    action_url: str | None = None
    order: OrderView | None = None
    problem: CheckoutProblem | None = None


def checkout(call: Call) -> Reply:
    """Check a cart out: 201 with the order, or 202 while its payment waits for the shopper or their bank."""
    key = key_of(call)
    if key is None:
        raise key_required()
    given: CheckoutBody = call.body
    customer_id, cart_id = asker(call), call.params["cart"]
    receipt = call.shop.buying.buy(
        CheckoutRequest(
            scope=scope_of(cart_id=cart_id, customer_id=customer_id),
            key=key,
            cart_id=cart_id,
            price_version=given.price_version,
            contact=given.contact,
            method=given.payment.method,
            customer_id=customer_id,
        ),
        address=call.address,
    )
    return _answer(call, receipt)


def read(call: Call) -> Reply:
    """Answer how far a checkout got. Its id cannot be guessed: for guests it is the permission."""
    checkout_id = call.params["checkout"]
    attempt = call.shop.checkout.status(checkout_id)
    if attempt is None or attempt.customer_id not in {None, asker(call)}:
        raise NotFoundError("checkout", checkout_id[:80])
    return replied(_view(call, attempt))


def receive_webhook(call: Call) -> Reply:
    """Take in what the payment provider reports, if it is genuine and recent; otherwise nothing happens."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in call.headers.items()}
    event = call.shop.world.payments.parse_webhook(call.body_bytes, headers)
    call.shop.checkout_recovery.heard(event)
    return Reply(204)


def _answer(call: Call, receipt: Receipt) -> Reply:
    order = receipt.order
    if order is None:
        attempt = call.shop.checkout.status(receipt.checkout_id)
        if attempt is None:
            raise NotFoundError("checkout", receipt.checkout_id)
        return replied(_view(call, attempt), status=202, location=f"{PATH}/{attempt.id}")
    reply = replied(
        # Only what was just sealed is known to be the order's still: a customer may have been erased since.
        order_view(order, call.shop, contact=None if receipt.replayed else call.body.contact),
        status=201,
        etag=etag_of_version(order.version),
        location=f"{ORDERS}/{order.id}",
    )
    if not receipt.replayed:
        return reply
    return msgspec.structs.replace(reply, headers=(*reply.headers, (b"idempotent-replayed", b"true")))


def _view(call: Call, attempt: Attempt) -> CheckoutView:
    match attempt.state:
        case "done":
            return CheckoutView(id=attempt.id, state="done", order=order_view(attempt.answer(), call.shop))
        case "failed" if attempt.failure is not None:
            problem = CheckoutProblem(attempt.failure.code, attempt.failure.message)
            return CheckoutView(id=attempt.id, state="failed", problem=problem)
        case "authorising" if attempt.action_url:
            # The sandbox's bank is a page of this shop, which need not know its own address.
            url = attempt.action_url if "://" in attempt.action_url else call.base_url + attempt.action_url
            return CheckoutView(id=attempt.id, state="action_required", action_url=url)
        case _:
            return CheckoutView(id=attempt.id, state="processing")


ROUTES = (
    Route(
        method="POST",
        path=CARTS + "/{cart}:checkout",
        name="store.carts.checkout",
        summary="Buy a cart",
        policy=Public(),
        handler=checkout,
        body=CheckoutBody,
        replies={201: OrderView, 202: CheckoutView},
        statuses=(402, 404, 429),
        idempotency="own",
        lane=True,
        pays=True,
    ),
    Route(
        method="GET",
        path=PATH + "/{checkout}",
        name="store.checkouts.read",
        summary="How far a checkout got",
        policy=Public(),
        handler=read,
        replies={200: CheckoutView},
    ),
    Route(
        method="POST",
        path="/v1/store/payments/webhook",
        name="store.payments.webhook",
        summary="Receive what the payment provider reports, signed by it",
        policy=Signed("the payment provider's webhook"),
        handler=receive_webhook,
        body=dict[str, Any],
        replies={204: None},
        lane=True,
        pays=True,
    ),
)
