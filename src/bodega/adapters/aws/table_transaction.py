"""Turn writes into DynamoDB's requests, and its refusals into the port's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bodega.adapters.aws.dynamo import DynamoError
from bodega.adapters.aws.table_expressions import Expressions
from bodega.adapters.aws.table_layout import TableLayout
from bodega.adapters.aws.table_values import plain_item, typed_item
from bodega.adapters.rules.table_changes import check_update, updated
from bodega.adapters.rules.table_conditions import check_condition, holds
from bodega.adapters.rules.table_limits import check_key, measure_item
from bodega.errors import InvalidError
from bodega.ports.table import (
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_WRITES,
    Check,
    Item,
    Key,
    LimitExceededError,
    Put,
    Update,
    Write,
)

_LOST = "ConditionalCheckFailed"
# An update in a transaction must change something; removing what no item has changes nothing, and still makes the item.
_NO_ATTRIBUTE = "~"


class PreparedWrite:
    """A write that passed every check which needs no look at the table."""

    def __init__(self, layout: TableLayout, write: Write) -> None:
        self.layout = layout
        self.write = write
        self.size = 0
        if write.condition is not None:
            check_condition(write.condition)
        if isinstance(write, Put):
            self.size = measure_item(write.item)
            self.key = layout.key(write.item)
            layout.check_index_keys(write.item)
            return
        check_key(write.key)
        self.key = write.key
        if isinstance(write, Update):
            self.size = check_update(write, (layout.partition_key, layout.sort_key))
            layout.check_index_keys({**dict.fromkeys(write.add, 0), **write.set})

    @property
    def place(self) -> tuple[str, Key]:
        """Return what tells the item from all others."""
        return self.layout.table.name, self.key

    @property
    def repeatable(self) -> bool:
        """Tell whether doing it twice has the effect of doing it once, whatever others do in between."""
        return self.write.condition is None and not (isinstance(self.write, Update) and self.write.add)

    def request(self, *, now: int) -> tuple[str, dict[str, Any]]:
        """Return the kind of request and its members, good as a request of its own and as part of a transaction."""
        write, words = self.write, Expressions(self.layout.table, now=now)
        members: dict[str, Any] = {"TableName": self.layout.physical}
        conditions = [] if write.condition is None else [words.condition(write.condition)]
        if isinstance(write, Put):
            kind, members["Item"] = "Put", typed_item(write.item)
        else:
            kind, members["Key"] = type(write).__name__, self.layout.typed_key(self.key)
        if isinstance(write, _Revival):
            conditions.append(words.absent())
        if isinstance(write, Update):
            members["UpdateExpression"] = words.changes(write) or f"REMOVE {words.name(_NO_ATTRIBUTE)}"
            conditions += self._guards(words, write)
        if conditions:
            members["ConditionExpression"] = " AND ".join(conditions)
            members["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        members.update(words.request())
        return ("ConditionCheck" if isinstance(write, Check) else kind), members

    def _guards(self, words: Expressions, update: Update) -> list[str]:
        """Return what must hold beyond the caller's condition for DynamoDB to do what the port promises."""
        guards = [words.addable(name, number) for name, number in update.add.items()]
        return guards if self.layout.ttl is None else [*guards, words.alive()]

    def lost(self, found: Item | None, *, now: int) -> bool:
        """Tell whether the caller's condition failed on what was found, and not a guard of ours."""
        return self.write.condition is not None and not holds(self.write.condition, self.layout.living(found, now))

    def revived(self, found: Item | None, *, now: int) -> "PreparedWrite":
        """Return the write to make instead of an update whose guard failed on what was found.

        An update of an expired item starts from nothing, which takes a put. InvalidError if the sum was impossible.
        """
        assert isinstance(self.write, Update)  # noqa: S101  # nothing else has guards
        layout = self.layout
        keys = layout.partition_key, layout.sort_key
        item = updated(self.write, keys, layout.living(found, now))
        return PreparedWrite(layout, _Revival(self.write.table, item))


class _Revival(Put, frozen=True):
    """A put where an item has expired; that none is alive there is made a condition when it is written."""


class PreparedTransaction:
    """Writes and events that passed every check which needs no look at the table."""

    def __init__(
        self, layout_of: Callable[[str], TableLayout], writes: Sequence[Write], announcements: Sequence[PreparedWrite]
    ) -> None:
        count = len(writes) + len(announcements)
        if not 1 <= count <= MAX_TRANSACTION_WRITES:
            raise LimitExceededError(f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes and events, not {count}")
        self.writes = [PreparedWrite(layout_of(write.table), write) for write in writes]
        if len({one.place for one in self.writes}) < len(writes):
            raise InvalidError("a transaction must not write the same item twice")
        self.parts: list[PreparedWrite] = [*self.writes, *announcements]
        size = sum(one.size for one in self.parts)
        if size > MAX_TRANSACTION_BYTES:
            raise LimitExceededError(f"a transaction has at most {MAX_TRANSACTION_BYTES} bytes, not {size}")

    def give_way(self, index: int, found: Item | None, *, now: int) -> None:
        """Change how an update is written, after what was found broke a guard of ours and not its own condition.

        An expired item is replaced; if it was replaced by others meanwhile, the update is one again.
        """
        original = self.writes[index]
        unchanged = self.parts[index] is original
        self.parts[index] = original.revived(found, now=now) if unchanged else original

    def found_at_failures(self, error: DynamoError) -> dict[int, Item | None] | None:
        """Return what was found where conditions failed, by index; None if the call failed for another reason."""
        if error.code == "ConditionalCheckFailedException":
            return {0: plain_item(error.found) if error.found else None}
        reasons = [reason.get("Code") for reason in error.reasons]
        if _LOST not in reasons:
            return None
        return {
            index: plain_item(reason["Item"]) if reason.get("Item") else None
            for index, reason in enumerate(error.reasons)
            if reason.get("Code") == _LOST
        }

    def lost(self, found: Mapping[int, Item | None], *, now: int) -> dict[int, Item | None]:
        """Return those of the failures that are of the caller's own conditions, with the living item there."""
        return {
            index: self.writes[index].layout.living(item, now)
            for index, item in found.items()
            if self.writes[index].lost(item, now=now)
        }


def refusal(error: DynamoError) -> Exception:
    """Return the port's error for a request that DynamoDB calls invalid; the error itself where it is a bug."""
    messages = [error.message, *(str(reason.get("Message") or "") for reason in error.reasons)]
    text = "; ".join(message for message in messages if message)
    lowered = text.lower()
    if "size" in lowered and ("exceed" in lowered or "maximum" in lowered):
        return LimitExceededError(f"DynamoDB refused the size: {text}")
    return error
