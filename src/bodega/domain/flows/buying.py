"""Buy a cart: check it out at the prices that it has at this moment."""

from bodega.domain.flows.carting import Carting
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_request import CheckoutRequest, Receipt
from bodega.ports.keys import Keys
from bodega.values.quote import Quote

_PURPOSE = "coupon-user"


class Buying:
    """Joins carts and checkout for the doors."""

    def __init__(self, *, carting: Carting, checkout: Checkout, keys: Keys) -> None:
        self._carting = carting
        self._checkout = checkout
        self._keys = keys

    def buy(self, request: CheckoutRequest) -> Receipt:
        """Check a cart out, as `Checkout.place` does; raises also why the cart cannot be sold as it is."""
        return self._checkout.place(request=request, quote=lambda: self._quote(request))

    def _quote(self, request: CheckoutRequest) -> Quote:
        return self._carting.quote(request.cart_id, customer_id=request.customer_id, who=lambda: self._who(request))

    def _who(self, request: CheckoutRequest) -> str:
        """Return who counts as one customer of a coupon: a guest is known by nothing but their address."""
        if request.customer_id is not None:
            return request.customer_id
        return self._keys.sign(_PURPOSE, request.contact.email.strip().casefold().encode()).hex()[:32]
