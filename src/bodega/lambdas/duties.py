"""Do the worker's duties by their names, each until nothing of it is left or a function has little time left."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from bodega.domain.shop import Shop
from bodega.errors import Fault, InvalidError, UnavailableError
from bodega.lambdas.starting import is_nearly_over
from bodega.values.decode import convert
from bodega.worker.couriers import Couriers
from bodega.worker.duties import letter_duties, long_duties, prompt_duties

_log = logging.getLogger(__name__)
_SPARE = timedelta(seconds=10)
SWEEP = ("relay", "events", "payments", "checkouts", "prices", "sweep-holds", "buckets", "expiry", "couriers")
"""What `sweep` does, one after the other: all that a worker does by the second and that no event brings about."""


class Due(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a schedule says."""

    duty: str


class Duties:
    """Answers what a schedule says."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        duties = (*prompt_duties(shop), *letter_duties(shop), *long_duties(shop))
        self._works: dict[str, Callable[[Any], bool]] = {duty.name: _without_context(duty.work) for duty in duties}
        self._works["couriers"] = self._bring_webhooks
        self._works["publish-search-snapshot"] = self._publish_index

    def __call__(self, event: Any, context: Any) -> dict[str, int]:
        """Do a duty until nothing of it is left, or little time, and return how often it was done.

        InvalidError for one that nobody has. UnavailableError that names what failed, when all the others are done.
        """
        name = convert(event, Due).duty
        if name not in self._works and name != "sweep":
            detail = f"there is no duty {name[:40]!r}; there are sweep, {', '.join(sorted(self._works))}"
            raise InvalidError(detail, [Fault("/duty", "unknown_duty", detail)])
        done: dict[str, int] = {}
        failed: list[str] = []
        for one in SWEEP if name == "sweep" else (name,):
            try:
                done[one] = self._rounds(one, context)
            except Exception:  # noqa: BLE001  # the edge of the process: whatever went wrong, the others are done
                _log.exception("duty failed", extra={"duty": one})
                failed.append(one)
        if failed:
            raise UnavailableError(f"these duties failed: {', '.join(failed)}; the log says why")
        return done

    def _rounds(self, name: str, context: Any) -> int:
        rounds = 1
        while self._works[name](context) and not is_nearly_over(context, _SPARE):
            rounds += 1
        return rounds

    def _publish_index(self, _context: Any) -> bool:
        """Let functions and machines begin with the index as it is now; never True: once is enough."""
        self._shop.indexer.publish()
        return False

    def _bring_webhooks(self, context: Any) -> bool:
        """Send couriers out and see them home; never True: they look for more by themselves."""
        couriers = Couriers(self._shop)
        couriers.dispatch()
        couriers.finish(context.get_remaining_time_in_millis() / 1000 - _SPARE.total_seconds())
        return False


def _without_context(work: Callable[[], bool]) -> Callable[[Any], bool]:
    return lambda _context: work()
