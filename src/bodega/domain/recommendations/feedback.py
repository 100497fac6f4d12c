"""Count what shoppers do with lists: exactly once each, without reading anything back, and for a limited time.

A fact is counted in the transaction that writes down that it was. Counters are spread over shards, because everybody
looks at the same few kinds of lists; what a fact is remembered by outlives the time in which it may be reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from bodega import schema
from bodega.domain.recommendations.facts import (
    KEPT_SECONDS,
    Credit,
    Event,
    Fact,
    cart_key,
    counted,
    duel_state_key,
    duel_tally_key,
    fact_at,
    fact_of,
    list_key,
    list_put,
    shard_of,
    visitor_key,
    wins,
    written_down,
)
from bodega.domain.recommendations.receipts import LIFETIME_SECONDS, Receipt
from bodega.ports.clock import Clock
from bodega.ports.table import All, ConditionFailedError, Equals, Item, Key, NotExists, Put, TableStore, Update, Write
from bodega.values.money import Money

__all__ = ["Event", "Feedback", "Outcome"]

_CLOCK_SKEW_SECONDS = 60
_AT_ONCE = 20
_TRIES = 8


class Outcome(NamedTuple):
    """What became of reported events: counted now, counted before, and not of this list or out of time."""

    counted: int
    repeated: int
    ignored: int


class Feedback:
    """Takes reports about lists. Repeating any call changes nothing."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def report(
        self, receipt: Receipt, events: Sequence[Event], *, cart_id: str | None = None, visitor: str = ""
    ) -> Outcome:
        """Count events on a list. Clicks are remembered for the cart, or until there is one for the visitor."""
        now = self._clock.now()
        age_seconds = now.timestamp() - receipt.served_at
        if not -_CLOCK_SKEW_SECONDS <= age_seconds <= LIFETIME_SECONDS:
            return Outcome(0, 0, len(events))
        facts: dict[Key, Fact] = {}
        ignored = 0
        for event in events:
            fact = fact_of(receipt, event, now, remember_at=_remember_at(event, cart_id, visitor))
            if fact is None:
                ignored += 1
            else:
                facts.setdefault(fact.key, fact)
        new = self._count(receipt, list(facts.values()))
        return Outcome(new, len(events) - ignored - new, ignored)

    def keep(self, receipt: Receipt) -> None:
        """Keep a list until nothing is reported of it any more, to be found by its nonce."""
        self._table.transact([list_put(receipt, self._clock.now())])

    def find_kept(self, nonce: str) -> Receipt | None:
        """Return a list that was kept, or None."""
        item = self._table.get(schema.RECOMMENDATIONS, list_key(nonce))
        return _RECEIPT.decode(cast("bytes", item["doc"])) if item is not None else None

    def carted(self, cart_id: str, product_id: str, *, visitor: str = "") -> bool:
        """Count that a product was put into a cart, if it was clicked in a list before; tell whether it counted."""
        credit = self._credit(cart_id, visitor, product_id)
        if credit is None:
            return False
        return self._count_for(credit, Event(kind="cart", product_id=product_id, actor=cart_id), cart_id) > 0

    def ordered(self, cart_id: str, order_id: str, bought: Mapping[str, tuple[int, Money]]) -> int:
        """Count what of an order was clicked in lists before: units and money by product. Return how many products."""
        new = 0
        for product_id, (units, revenue) in bought.items():
            credit = self._credit(cart_id, "", product_id)
            if credit is not None:
                event = Event(kind="purchase", product_id=product_id, actor=order_id, units=units, revenue=revenue)
                new += self._count_for(credit, event, cart_id)
        return new

    # -- inside

    def _count_for(self, credit: Credit, event: Event, cart_id: str) -> int:
        where = cart_key(cart_id, event.product_id or "")
        return self._count(
            credit.receipt, [fact_at(credit.receipt, credit.place, event, self._clock.now(), remember_at=where)]
        )

    def _credit(self, cart_id: str, visitor: str, product_id: str) -> Credit | None:
        keys = [cart_key(cart_id, product_id)] + ([visitor_key(visitor, product_id)] if visitor else [])
        found = self._table.batch_get(schema.RECOMMENDATIONS, keys)
        item = next((found[key] for key in keys if key in found), None)
        return _CREDIT.decode(cast("bytes", item["doc"])) if item is not None else None

    def _count(self, receipt: Receipt, facts: Sequence[Fact]) -> int:
        return sum(
            self._count_together(receipt, facts[start : start + _AT_ONCE]) for start in range(0, len(facts), _AT_ONCE)
        )

    def _count_together(self, receipt: Receipt, facts: Sequence[Fact]) -> int:
        """Count facts in one transaction, leaving out those that were counted before; return how many were not."""
        left = list(facts)
        for _ in range(_TRIES):
            if not left:
                break
            now = self._clock.now()
            first = [Put(schema.RECOMMENDATIONS, written_down(fact.key, now), NotExists()) for fact in left]
            try:
                self._table.transact([*first, *counted(left, now), *self._duel_writes(receipt, left)])
            except ConditionFailedError as exc:
                # What is written down already was counted. If nothing is, another click moved the duel on: once more.
                left = [fact for number, fact in enumerate(left) if number not in exc.failed]
                continue
            return len(left)
        return 0

    def _duel_writes(self, receipt: Receipt, facts: Iterable[Fact]) -> list[Write]:
        """Return what clicks change in a duel: the list's own clicks, and whose win it is by now."""
        teams = [fact.duel_team for fact in facts]
        clicks = [teams.count(1), teams.count(2)]
        adds = {"lists": 1} if receipt.duel and any(fact.adds.get("lists") for fact in facts) else {}
        writes: list[Write] = []
        if any(clicks):
            key, now = duel_state_key(receipt), self._clock.now()
            item = self._table.get(schema.RECOMMENDATIONS, key)
            before = [cast("int", item["first"]), cast("int", item["second"])] if item is not None else [0, 0]
            after = [had + more for had, more in zip(before, clicks, strict=True)]
            state: Item = written_down(key, now) | {"first": after[0], "second": after[1]}
            unchanged = All((Equals("first", before[0]), Equals("second", before[1]))) if item else NotExists()
            writes.append(Put(schema.RECOMMENDATIONS, state, unchanged))
            adds |= {"first_clicks": clicks[0], "second_clicks": clicks[1]} | wins(before, after)
        adds = {name: number for name, number in adds.items() if number}
        if adds:
            expires = {"expires_at": int(self._clock.now().timestamp()) + KEPT_SECONDS}
            tally = duel_tally_key(receipt.duel, shard_of(receipt.nonce))
            writes.append(Update(schema.RECOMMENDATIONS, tally, add=adds, set=expires))
        return writes


def _remember_at(event: Event, cart_id: str | None, visitor: str) -> Key | None:
    """Return where a click is remembered until the product is bought; None if nobody could tell who bought it."""
    if event.product_id is None:
        return None
    if cart_id:
        return cart_key(cart_id, event.product_id)
    return visitor_key(visitor, event.product_id) if visitor else None


_CREDIT = msgspec.msgpack.Decoder(Credit)
_RECEIPT = msgspec.msgpack.Decoder(Receipt)
