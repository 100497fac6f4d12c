"""Hold a checkout's units, and note it in the checkout's record in the same transaction."""

from datetime import timedelta

from msgspec.structs import replace

from bodega.domain.flows.checkout_attempts import Attempt, Attempts
from bodega.domain.inventory.holds import FIT_TOGETHER, Holds
from bodega.domain.inventory.model import Hold, HoldExpiredError, Line
from bodega.domain.inventory.placing import Also
from bodega.domain.writes import WritePlan

PAYMENT_TIME = timedelta(minutes=15)
"""So long are units held, and so long may a shopper take at their bank's page."""
_SECONDS = int(PAYMENT_TIME.total_seconds())


class Reserving:
    """Holds units for checkouts. Whose record was changed by somebody else gets LostRaceError, and holds nothing."""

    def __init__(self, *, attempts: Attempts, holds: Holds) -> None:
        self._attempts = attempts
        self._holds = holds

    def fits(self, attempt: Attempt) -> bool:
        """Tell whether units and record surely go into one transaction, whatever there is to announce."""
        return len(attempt.quote.lines) <= FIT_TOGETHER

    def reserve(self, attempt: Attempt) -> Attempt:
        """Hold what the cart holds already, for longer, or new units, and store the checkout with its hold.

        Raises as `Holds.place` does; then nothing has happened.
        """
        if attempt.quote.hold_id is not None:
            try:
                hold = self._holds.extend(hold_id=attempt.quote.hold_id, seconds=_SECONDS, also=self._noted(attempt))
            except HoldExpiredError:
                return self.reserve_anew(attempt)
            return replace(attempt, hold_id=hold.id)
        return self.reserve_anew(attempt)

    def reserve_anew(self, attempt: Attempt) -> Attempt:
        """Do that with new units only."""
        lines = [Line(line.sku, line.quantity) for line in attempt.quote.lines]
        hold = self._holds.place(owner=attempt.id, lines=lines, seconds=_SECONDS, also=self._noted(attempt))
        return replace(attempt, hold_id=hold.id)

    def _noted(self, attempt: Attempt) -> Also:
        def note(plan: WritePlan, hold: Hold) -> None:
            self._attempts.add_change(plan=plan, attempt=replace(attempt, hold_id=hold.id))

        return note
