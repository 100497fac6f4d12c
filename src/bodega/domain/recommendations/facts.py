"""Say what is written down of each thing that shoppers do with a list, and which counters it moves."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from bodega import schema
from bodega.domain.recommendations.receipts import LIFETIME_SECONDS, Place, Receipt
from bodega.ports.table import Item, Key, Put, Update, Write
from bodega.values.money import Money

Kind: TypeAlias = Literal["impression", "click", "cart", "purchase"]

SHARDS = 8
"""A partition takes 1,000 writes a second; so many share a day."""
REMEMBERED_SECONDS = LIFETIME_SECONDS + 24 * 3600
"""What was counted is remembered longer than it may be reported, so that nothing counts twice."""
CREDIT_SECONDS = 30 * 24 * 3600
"""So long after a click, a purchase of that product is put down to the list."""
KEPT_SECONDS = 400 * 24 * 3600
"""So long are the counts of a day kept."""
_COUNTED: Mapping[Kind, str] = {"impression": "shown", "click": "clicks", "cart": "carts", "purchase": "orders"}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody did with a list, or with a product in it; None is the list as a whole.

    `actor` tells apart those who share a list. `units` and `revenue` are of a purchase.
    """

    kind: Kind
    product_id: str | None = None
    actor: str = ""
    units: int = 0
    revenue: Money | None = None


class Credit(msgspec.Struct, frozen=True, array_like=True):
    """A click that a purchase may be put down to: the list without its other places, and the place clicked."""

    receipt: Receipt
    place: Place


class Fact(NamedTuple):
    """Where an event is written down, the counter it moves and by what, and what it remembers for a purchase."""

    key: Key
    counter: Key
    adds: Mapping[str, int]
    credit: Put | None = None
    duel_team: int = 0


def fact_of(receipt: Receipt, event: Event, now: datetime, *, remember_at: Key | None = None) -> Fact | None:
    """Return what an event adds up to; None for what is not in the list, or cannot be said of a whole list."""
    if event.product_id is not None:
        place = receipt.place_of(event.product_id)
        return fact_at(receipt, place, event, now, remember_at=remember_at) if place is not None else None
    if event.kind != "impression":
        return None
    adds = {"lists": 1, "shown": len(receipt.places)}
    for place in receipt.places:
        _add_tried(adds, "tried", place)
    return Fact(_event_key(receipt, f"impression#{event.actor}"), _counter(receipt, now), adds)


def fact_at(receipt: Receipt, place: Place, event: Event, now: datetime, *, remember_at: Key | None) -> Fact:
    """Return what an event at a place of a list adds up to; a click or a cart is remembered at a key, if given one."""
    adds: dict[str, int] = {_COUNTED[event.kind]: 1}
    if event.kind in {"impression", "click"}:
        _add_tried(adds, "tried" if event.kind == "impression" else "tried_clicks", place)
    if event.kind == "purchase":
        adds["units"] = event.units
        if event.revenue is not None:
            adds[f"revenue_{event.revenue.currency}"] = event.revenue.amount
    credit = None
    if remember_at is not None and event.kind in {"click", "cart"}:
        credit = _credit_put(remember_at, Credit(msgspec.structs.replace(receipt, places=()), place), now)
    return Fact(
        key=_event_key(receipt, f"{event.kind}#{place.mark.hex()}#{event.actor}"),
        counter=_counter(receipt, now),
        adds=adds,
        credit=credit,
        duel_team=place.team if event.kind == "click" and receipt.duel else 0,
    )


def counted(facts: Iterable[Fact], now: datetime) -> list[Write]:
    """Return what counts facts: one update a counter however many move it, and what is remembered for purchases."""
    moved: dict[Key, dict[str, int]] = defaultdict(dict)
    remembered: dict[Key, Write] = {}
    for fact in facts:
        for name, number in fact.adds.items():
            moved[fact.counter][name] = moved[fact.counter].get(name, 0) + number
        if fact.credit is not None:  # of several for one product the last: a transaction takes a key once
            remembered[Key(str(fact.credit.item["subject"]), str(fact.credit.item["part"]))] = fact.credit
    expires = {"expires_at": int(now.timestamp()) + KEPT_SECONDS}
    counters = [Update(schema.RECOMMENDATIONS, key, add=adds, set=expires) for key, adds in moved.items()]
    return [*counters, *remembered.values()]


def written_down(key: Key, now: datetime) -> Item:
    """Return the item that says that something was counted."""
    return {"subject": key.partition, "part": key.sort, "expires_at": int(now.timestamp()) + REMEMBERED_SECONDS}


def duel_state_key(receipt: Receipt) -> Key:
    """Return where the clicks on one list of a duel are kept."""
    return Key(f"event#{receipt.nonce}", "duel")


def duel_tally_key(duel: str, shard: int) -> Key:
    """Return a shard of what a duel adds up to."""
    return Key(f"duel#{duel}#{shard}", "tally")


def wins(before: Sequence[int], after: Sequence[int]) -> dict[str, int]:
    """Return how the number of lists won by each team, and of ties, changes with a list's clicks.

    >>> wins([0, 0], [0, 1]), wins([0, 1], [1, 1]), wins([1, 1], [3, 1])
    ({'second_wins': 1}, {'second_wins': -1, 'ties': 1}, {'ties': -1, 'first_wins': 1})
    """
    was, now = _result(before), _result(after)
    return {} if was == now else ({was: -1} if was else {}) | {now: 1}


def list_put(receipt: Receipt, now: datetime) -> Put:
    """Return what keeps a list that was seen, so that a click needs no more than its nonce."""
    item = written_down(list_key(receipt.nonce), now) | {"doc": msgspec.msgpack.encode(receipt)}
    return Put(schema.RECOMMENDATIONS, item)


def list_key(nonce: str) -> Key:
    """Return where a list that was seen is kept."""
    return Key(f"event#{nonce}", "list")


def cart_key(cart_id: str, product_id: str) -> Key:
    """Return where it is remembered that a product was clicked by whoever fills a cart."""
    return Key(f"cart#{cart_id}", product_id)


def visitor_key(visitor: str, product_id: str) -> Key:
    """Return where it is remembered that a product was clicked in a browser."""
    return Key(f"visitor#{visitor}", product_id)


def shard_of(nonce: str) -> int:
    """Return the shard in which a list is counted."""
    return zlib.crc32(nonce.encode()) % SHARDS


def _result(clicks: Sequence[int]) -> str:
    if not any(clicks):
        return ""
    return "ties" if clicks[0] == clicks[1] else "first_wins" if clicks[0] > clicks[1] else "second_wins"


def _add_tried(adds: dict[str, int], what: str, place: Place) -> None:
    """Add what off-policy estimates are made of: for a pool of a size, all, the usual item's, the rival's choice's."""
    if not place.pool:
        return
    said = {"": True, "_usual": place.usual, "_rival": place.rival}
    for name in (f"{what}_{place.pool}{end}" for end, so in said.items() if so):
        adds[name] = adds.get(name, 0) + 1


def _event_key(receipt: Receipt, part: str) -> Key:
    return Key(f"event#{receipt.nonce}", part)


def _counter(receipt: Receipt, now: datetime) -> Key:
    """Return the counter of a kind of list and a version on this day, in the shard of the list."""
    return Key(f"day#{now:%Y-%m-%d}#{shard_of(receipt.nonce)}", f"{receipt.strip}#{receipt.version}")


def _credit_put(key: Key, credit: Credit, now: datetime) -> Put:
    item: Item = {
        "subject": key.partition,
        "part": key.sort,
        "doc": msgspec.msgpack.encode(credit),
        "expires_at": int(now.timestamp()) + CREDIT_SECONDS,
    }
    return Put(schema.RECOMMENDATIONS, item)
