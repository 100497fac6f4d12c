"""What a shopper sends to check out, the answers that they can get, and the refusals."""

import hashlib
from functools import cached_property

import msgspec

from bodega.domain.inventory.model import InsufficientStockError, Shortage
from bodega.domain.orders.model import Order, natural_id
from bodega.errors import ConflictError, Fault, InvalidError, ShopError, UnavailableError
from bodega.ports.payments import MAX_METHOD_LENGTH, PaymentDeclinedError
from bodega.values.address import Address, address_faults
from bodega.values.text import is_clean

MAX_KEY_LENGTH = 255
_MAX_EMAIL_LENGTH = 254


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom to write to about an order, and where it goes; sealed wherever it is stored."""

    email: str
    shipping: Address
    billing: Address | None = None

    def check(self) -> None:
        """Refuse what cannot be written to: InvalidError with every fault."""
        faults = []
        local, at, host = self.email.partition("@")
        if len(self.email) > _MAX_EMAIL_LENGTH or not (local and at and "." in host) or not is_clean(self.email):
            faults.append(Fault("/contact/email", "bad_email", "this is no e-mail address"))
        for where, address in (("shipping", self.shipping), ("billing", self.billing)):
            if address is not None:
                faults += address_faults(address, f"/contact/{where}")
        if faults:
            raise InvalidError(faults[0].detail, faults)


class CheckoutRequest(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A wish to buy a cart. `scope` is who asks: `key` has to be new only among their requests.

    `price_version` is that of the prices which the shopper saw, `method` the payment provider's word for their card.
    """

    scope: str
    key: str
    cart_id: str
    price_version: str
    contact: Contact
    method: str = ""
    customer_id: str | None = None

    @cached_property
    def checkout_id(self) -> str:
        """Return the id that every repetition of this request has in common."""
        return natural_id("chk", self.scope, self.key)

    def fingerprint(self) -> bytes:
        """Return a digest of everything that makes this request another one than the last with its key."""
        return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(self, scope="", key=""))).digest()

    def check(self) -> None:
        """Refuse what no checkout can be made of."""
        if not 1 <= len(self.key) <= MAX_KEY_LENGTH:
            raise InvalidError(f"a checkout needs an idempotency key of 1 to {MAX_KEY_LENGTH} characters")
        if len(self.method) > MAX_METHOD_LENGTH or not is_clean(self.method):
            detail = "this is no payment method"
            raise InvalidError(detail, [Fault("/payment/method", "bad_method", detail)])
        self.contact.check()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a checkout: an order, or a payment that waits for the shopper at `action_url` or for its bank.

    `replayed` tells that an earlier request with this key had this answer already.
    """

    checkout_id: str
    order: Order | None = None
    action_url: str = ""
    replayed: bool = False


class PriceChangedError(ConflictError):
    """The cart costs something else than what the shopper saw; `current` is the version to look at."""

    code = "price_changed"

    def __init__(self, current: str) -> None:
        super().__init__("prices have changed since they were shown: look at the cart again")
        self.current = current


class KeyReusedError(InvalidError):
    """The idempotency key was used for another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this idempotency key was used for a different request")


class CheckoutRunningError(ConflictError):
    """A request with this key is being worked on right now."""

    code = "idempotency_key_running"
    retry_after_seconds = 1.0

    def __init__(self) -> None:
        super().__init__("a checkout with this idempotency key is still running")


class CheckoutBusyError(UnavailableError):
    """Somebody else kept changing the same things; nothing is lost, and the same call may be repeated."""

    code = "checkout_busy"


class CheckoutFailedError(ConflictError):
    """The checkout came to nothing, and whatever was taken for it was given back."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # a replayed refusal keeps the code that it had the first time


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal in a form that can be kept, so that a repeated request meets the same one."""

    code: str
    message: str
    decline_code: str = ""
    shortages: tuple[Shortage, ...] = ()

    @classmethod
    def of(cls, error: ShopError) -> "Failure":
        """Return what has to be kept of a refusal."""
        decline_code = error.decline_code if isinstance(error, PaymentDeclinedError) else ""
        shortages = error.shortages if isinstance(error, InsufficientStockError) else ()
        return cls(error.code, error.message, decline_code, shortages)

    def error(self) -> ShopError:
        """Return the refusal."""
        if self.shortages:
            return InsufficientStockError(self.shortages)
        if self.decline_code:
            return PaymentDeclinedError(self.decline_code)
        return CheckoutFailedError(self.code, self.message)


ABANDONED = Failure("payment_abandoned", "the payment was not completed in time, and nothing was charged")


def scope_of(*, cart_id: str, customer_id: str | None) -> str:
    """Return among whose requests an idempotency key is new: a customer's, or those for a guest's cart."""
    return f"customer:{customer_id}" if customer_id is not None else f"cart:{cart_id}"
