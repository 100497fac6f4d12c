"""Begin a checkout, or find the one that an earlier request with the same key began."""

from hashlib import blake2b

from msgspec.structs import replace

from bodega.domain.flows.checkout_attempts import STEPS_TIME, Attempt, Attempts, LostRaceError, changed
from bodega.domain.flows.checkout_request import (
    CheckoutRequest,
    CheckoutRunningError,
    KeyReusedError,
    PriceChangedError,
)
from bodega.domain.flows.checkout_reserving import Reserving
from bodega.domain.flows.contacts import Contacts
from bodega.domain.inventory.model import InsufficientStockError
from bodega.errors import Fault, InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.payments import PaymentProvider
from bodega.values.quote import Quote

_NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: read aloud, nothing sounds or looks like another


class Opening:
    """Validates requests, draws all ids, and lets nobody run the same checkout twice at once."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        reserving: Reserving,
        contacts: Contacts,
        keys: Keys,
        clock: Clock,
        ids: Ids,
        payments: PaymentProvider,
        capture_later: bool,
    ) -> None:
        self._attempts = attempts
        self._reserving = reserving
        self._contacts = contacts
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._provider = payments.name
        self._patience = STEPS_TIME + payments.longest_call
        self._capture_later = capture_later

    def begin(self, request: CheckoutRequest, quote: Quote) -> Attempt:
        """Store a new checkout together with its hold, or without one if its lines are too many for that.

        Raises as `Holds.place` does if there are not enough units; then nothing has happened, and the key is free.
        """
        _check(request, quote)
        attempt = self._drawn(request, quote)
        try:
            if self._reserving.fits(attempt):
                return self._reserving.reserve(replace(attempt, state="authorising"))
            return self._attempts.save(attempt)
        except LostRaceError:
            return self.rejoin(self._attempts.get(attempt.id), request)
        except InsufficientStockError:
            # The last units may be held by another call with this very key: then they are this shopper's.
            known = self._attempts.find(attempt.id)
            if known is None:
                raise
            return self.rejoin(known, request)

    def rejoin(self, attempt: Attempt, request: CheckoutRequest) -> Attempt:
        """Go on with a checkout that was left behind, or is over; refuse if it is another one or still running."""
        if attempt.fingerprint != self._fingerprint(request):
            raise KeyReusedError
        if attempt.over:
            return attempt
        now = self._clock.now()
        if now < attempt.lease_until:
            raise CheckoutRunningError
        try:
            return self._attempts.save(
                changed(attempt, lease_until=now + attempt.patience, due_at=now + attempt.patience)
            )
        except LostRaceError:
            raise CheckoutRunningError from None

    def _drawn(self, request: CheckoutRequest, quote: Quote) -> Attempt:
        """Return a checkout of which nothing has happened yet, with all its ids."""
        now = self._clock.now()
        order_id = self._ids.new("ord")
        payment_id = self._ids.new("pay") if quote.total.amount else ""
        return Attempt(
            id=request.checkout_id,
            fingerprint=self._fingerprint(request),
            state="starting",
            version=1,
            quote=quote,
            order_id=order_id,
            number=self.draw_number(),
            payment_id=payment_id,
            capture_id=f"{payment_id}_capture",
            provider=self._provider,
            private=self._contacts.seal(request.contact, order_id=order_id, customer_id=request.customer_id),
            started_at=now,
            lease_until=now + self._patience,
            due_at=now + self._patience,
            patience_seconds=int(self._patience.total_seconds()),
            customer_id=request.customer_id,
            capture_later=self._capture_later,
        )

    def draw_number(self) -> str:
        """Return eight characters that nobody can guess; that nobody else has them is the order's to find out."""
        chance = int.from_bytes(blake2b(self._ids.secret(size_bytes=16).encode(), digest_size=5).digest())
        plain = "".join(_NUMBER_ALPHABET[chance >> shift & 31] for shift in range(35, -1, -5))
        return f"{plain[:4]}-{plain[4:]}"

    def _fingerprint(self, request: CheckoutRequest) -> bytes:
        return self._keys.sign("checkout-fingerprint", request.fingerprint())


def _check(request: CheckoutRequest, quote: Quote) -> None:
    quote.check()
    if quote.cart_id != request.cart_id:
        raise InvalidError("this quote is of another cart")
    country = request.contact.shipping.country
    if quote.country is not None and country != quote.country:
        detail = f"shipping and tax were computed for {quote.country}, and the address is in {country}"
        raise InvalidError(detail, [Fault("/contact/shipping/country", "country_mismatch", detail)])
    if quote.price_version != request.price_version:
        raise PriceChangedError(quote.price_version)
    if quote.total.amount and not request.method:
        detail = "a payment method is needed"
        raise InvalidError(detail, [Fault("/payment/method", "required", detail)])
