"""Buy a cart: check it out at the prices that it has at this moment, no more often than a shopper would."""

from bodega.domain.carts.model import Basket
from bodega.domain.flows.carting import Carting
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_request import CheckoutRequest, Receipt
from bodega.domain.flows.pacing import Pacing
from bodega.ports.keys import Keys
from bodega.values.quote import Quote

_PURPOSE = "coupon-user"


class Buying:
    """Joins carts and checkout for the doors, which say from what `address` somebody asks, if from any.

    TooManyAttemptsError from whoever begins too much.
    """

    def __init__(self, *, carting: Carting, checkout: Checkout, pacing: Pacing, keys: Keys) -> None:
        self._carting = carting
        self._checkout = checkout
        self._pacing = pacing
        self._keys = keys

    def hold(self, cart_id: str, *, customer_id: str | None = None, address: str = "") -> Basket:
        """Promise a cart's units to it for a while, as `Carting.hold` does."""
        self._pacing.begin(cart_id=cart_id, address=address)
        return self._carting.hold(cart_id, customer_id=customer_id)

    def buy(self, request: CheckoutRequest, *, address: str = "") -> Receipt:
        """Check a cart out, as `Checkout.place` does; raises also why the cart cannot be sold as it is.

        Asking again with the same key begins nothing, and is not counted.
        """
        return self._checkout.place(request=request, quote=lambda: self._quote(request, address))

    def _quote(self, request: CheckoutRequest, address: str) -> Quote:
        self._pacing.begin(cart_id=request.cart_id, address=address, once=request.checkout_id)
        return self._carting.quote(request.cart_id, customer_id=request.customer_id, who=lambda: self._who(request))

    def _who(self, request: CheckoutRequest) -> str:
        """Return who counts as one customer of a coupon: a guest is known by nothing but their address."""
        if request.customer_id is not None:
            return request.customer_id
        return self._keys.sign(_PURPOSE, request.contact.email.strip().casefold().encode()).hex()[:32]
