"""Apply many transactions in one commit, each by itself."""

from collections.abc import Sequence
from typing import TypeAlias

from bodega.adapters.local.sqlite_batch import Batch
from bodega.adapters.local.table_transaction import Transaction
from bodega.ports.table import ConditionFailedError

Outcome: TypeAlias = ConditionFailedError | None


def apply_all(transactions: Sequence[Transaction], batch: Batch) -> list[Outcome]:
    """Decide each transaction by itself and write all that may be, as if one came after the other."""
    outcomes: list[Outcome] = []
    for transaction in transactions:
        try:
            transaction.run(batch)
        except ConditionFailedError as refusal:
            outcomes.append(refusal.with_traceback(None))
        else:
            outcomes.append(None)
    return outcomes
