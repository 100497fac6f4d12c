"""Decide again as long as somebody else is faster."""

from collections.abc import Callable
from typing import TypeVar

from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError
from bodega.ports.table import TableStore

T = TypeVar("T")
_TRIES = 8


class OvertakenError(ConflictError):
    """Somebody else changed the account or its sessions meanwhile: read again and decide again."""

    code = "account_changed"

    def __init__(self) -> None:
        super().__init__("this account changes too fast; try again")


def repeated(table: TableStore, decide: Callable[[], tuple[WritePlan, T]]) -> T:
    """Commit what `decide` plans, if that is anything, and return what it returns.

    It is asked anew, and reads anew, whenever a write that stands on what it had read raises OvertakenError.
    """
    for _ in range(_TRIES):
        plan, result = decide()
        if not plan.writes:
            return result
        try:
            plan.commit(table)
        except OvertakenError:
            continue
        return result
    raise OvertakenError
