"""Undo a checkout that came to nothing: give its money and its units back."""

from bodega.domain.flows.checkout_attempts import Attempt, Attempts, changed
from bodega.domain.flows.checkout_request import ABANDONED, Failure
from bodega.domain.inventory.holds import Holds
from bodega.ports.clock import Clock
from bodega.ports.payments import PaymentProvider, PaymentRefusedError


class Undoing:
    """Undoes checkouts, step by step like everything else; LostRaceError if somebody else took a step meanwhile."""

    def __init__(self, *, attempts: Attempts, holds: Holds, payments: PaymentProvider, clock: Clock) -> None:
        self._attempts = attempts
        self._holds = holds
        self._payments = payments
        self._clock = clock

    def decide(self, attempt: Attempt, failure: Failure) -> Attempt:
        """Decide that it came to nothing, before anything is given back: from here on nobody places the order."""
        due_at = self._clock.now() + attempt.patience
        return self._attempts.save(changed(attempt, state="undoing", failure=failure, due_at=due_at))

    def give_up(self, attempt: Attempt) -> Attempt:
        """Give the reserved money and the units back. A payment that has not arrived yet never will be made."""
        if attempt.payment_id:
            try:
                self._payments.void(attempt.charge, operation_id=f"{attempt.payment_id}_void")
            except PaymentRefusedError:
                self._pay_back(attempt)
        return self.fail(attempt, attempt.failure or ABANDONED)

    def fail(self, attempt: Attempt, failure: Failure) -> Attempt:
        """Give the units back and finish: of this checkout nothing is left but its answer."""
        if attempt.hold_id:
            self._holds.release(hold_id=attempt.hold_id)
        now = self._clock.now()
        return self._attempts.save(changed(attempt, state="failed", failure=failure, finished_at=now))

    def _pay_back(self, attempt: Attempt) -> None:
        """Refund what the provider captured without being asked."""
        payment = self._payments.find(attempt.charge)
        if payment is not None and payment.captured > payment.refunded:
            self._payments.refund(attempt.charge, amount=attempt.quote.total, operation_id=f"{attempt.payment_id}_undo")
