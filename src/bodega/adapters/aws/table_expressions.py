"""Write conditions and changes in DynamoDB's expression language, with every name and value as a placeholder.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html. A
comparison with an attribute that is missing or of another type is false there, which is what the port's conditions say.
"""

from collections.abc import Sequence
from typing import Any

from bodega.adapters.aws.table_values import typed
from bodega.ports.table import (
    MAX_INTEGER,
    All,
    AtLeast,
    AtMost,
    Condition,
    Equals,
    Exists,
    Missing,
    NotExists,
    Update,
    Value,
)
from bodega.ports.table import Any as AnyOf
from bodega.schema import Table


class Expressions:
    """The placeholders of one request, and the expressions that use them."""

    def __init__(self, table: Table, *, now: int) -> None:
        self._table = table
        self._now = now
        self._names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        """Return the placeholder of an attribute's name."""
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: Value) -> str:
        """Return the placeholder of a value."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = typed(value)
        return placeholder

    def request(self) -> dict[str, Any]:
        """Return the placeholders as members of a request; it takes none that are empty."""
        members: dict[str, Any] = {}
        if self._names:
            members["ExpressionAttributeNames"] = {short: name for name, short in self._names.items()}
        if self.values:
            members["ExpressionAttributeValues"] = self.values
        return members

    # -- conditions ----------------------------------------------------------------------------------------

    def condition(self, condition: Condition) -> str:  # noqa: PLR0911 - one return a kind reads best
        """Return a condition that is true when the port's is, an expired item counting as absent."""
        match condition:
            case Exists():
                return self._of_living(f"attribute_exists({self.name(self._table.partition_key)})")
            case NotExists():
                return self.absent()
            case Missing(attribute):
                return self._or_expired(f"attribute_not_exists({self.name(attribute)})")
            case Equals(attribute, value):
                return self._of_living(f"{self.name(attribute)} = {self.value(value)}")
            case AtLeast(attribute, value):
                return self._of_living(f"{self.name(attribute)} >= {self.value(value)}")
            case AtMost(attribute, value):
                return self._of_living(f"{self.name(attribute)} <= {self.value(value)}")
            case All(parts):
                return self._joined(" AND ", parts)
            case AnyOf(parts):
                return self._joined(" OR ", parts)

    def _joined(self, word: str, parts: Sequence[Condition]) -> str:
        """Join parts; a single one stays as it is, because DynamoDB refuses parentheses that change nothing."""
        expressions = [self.condition(part) for part in parts]
        return expressions[0] if len(expressions) == 1 else f"({word.join(expressions)})"

    def absent(self) -> str:
        """Return a condition that is true where no item is, or an expired one."""
        return self._or_expired(f"attribute_not_exists({self.name(self._table.partition_key)})")

    def alive(self) -> str:
        """Return a condition that is false of an expired item only; of tables whose items expire."""
        return f"(NOT {self._expired()})"

    def _expired(self) -> str:
        return f"({self.name(str(self._table.ttl))} <= {self._moment()})"

    def _moment(self) -> str:
        self.values.setdefault(":now", typed(self._now))
        return ":now"

    def _of_living(self, expression: str) -> str:
        return expression if self._table.ttl is None else f"({expression} AND {self.alive()})"

    def _or_expired(self, expression: str) -> str:
        return expression if self._table.ttl is None else f"({expression} OR {self._expired()})"

    # -- changes -------------------------------------------------------------------------------------------

    def changes(self, update: Update) -> str:
        """Return the update expression; empty if the update changes nothing."""
        clauses = []
        if update.set:
            clauses.append("SET " + ", ".join(f"{self.name(n)} = {self.value(v)}" for n, v in update.set.items()))
        if update.add:
            clauses.append("ADD " + ", ".join(f"{self.name(n)} {self.value(v)}" for n, v in update.add.items()))
        if update.remove:
            clauses.append("REMOVE " + ", ".join(self.name(n) for n in update.remove))
        return " ".join(clauses)

    def addable(self, attribute: str, number: int) -> str:
        """Return a condition that is false where a sum would not be an integer of 64 bits, or is none at all."""
        low, high = max(-MAX_INTEGER - 1, -MAX_INTEGER - 1 - number), min(MAX_INTEGER, MAX_INTEGER - number)
        name = self.name(attribute)
        return f"(attribute_not_exists({name}) OR {name} BETWEEN {self.value(low)} AND {self.value(high)})"
