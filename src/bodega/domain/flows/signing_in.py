"""Let customers in: who they are, a session, and the cart that they filled before anybody knew them."""

import msgspec

from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.credentials import Credentials
from bodega.domain.accounts.profile import Account
from bodega.domain.accounts.sessions import Session, Sessions, Started
from bodega.domain.flows.carting import Carting
from bodega.domain.writes import WritePlan
from bodega.errors import NotFoundError


class SignedIn(msgspec.Struct, frozen=True):
    """A customer who is in: their account, their session with its token, and the cart that they fill at present."""

    account: Account
    started: Started
    cart_id: str | None


class SigningIn:
    """Signing in joins accounts and carts. Signing up is an account that is then signed in to."""

    def __init__(self, *, accounts: Accounts, credentials: Credentials, sessions: Sessions, carting: Carting) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._sessions = sessions
        self._carting = carting

    def sign_in(
        self, *, email: str, password: str, caller: str, cart_id: str | None = None, leaving: Session | None = None
    ) -> SignedIn:
        """Begin a session for a customer, in place of the one that this browser leaves.

        A guest's cart becomes theirs, or goes into the one they have (see `Carting.merge`). NotFoundError for a cart
        that is not there or another customer's, CartOrderedError for one that was sold: then nobody was signed in.
        """
        verified = self._credentials.authenticate(email=email, password=password, caller=caller)
        account = self._accounts.find(verified.owner)
        if account is None:
            raise NotFoundError("customer", verified.owner)
        own: str | None
        if cart_id is not None:
            own = self._carting.merge(cart_id, customer_id=account.id).cart.id
        else:
            found = self._carting.find_of_customer(account.id)
            own = found.id if found is not None else None

        def also(plan: WritePlan) -> None:
            verified.add_to(plan)
            if leaving is not None:
                self._sessions.add_end(plan=plan, session=leaving)

        return SignedIn(account, self._sessions.start(account.id, also=also), own)

    def find_cart(self, cart_id: str | None) -> str | None:
        """Return the id of a cart that can be brought along, None for one that is gone, as an old cookie's may be."""
        if cart_id is None:
            return None
        try:
            cart = self._carting.get(cart_id).cart
        except NotFoundError:
            return None
        return cart.id if cart.order_id is None else None
