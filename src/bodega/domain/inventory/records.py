"""Lay stock out in items of the inventory table, and read it back.

    partition              sort                     what
    <sku>                  <location>               the head: settings, and the first (mostly the only) pile of units
    <sku> US <bucket>      <location>               further piles of a SKU that is spread over buckets
    <sku>                  <location> US adj US id  an adjustment
    US hold US <id>        hold                     a hold
    US expiry US <shard>   <expires_at> US <id>     work list of holds by expiry
    US skus US <shard>     <sku> US <location>      list of all places that are tracked
    US spread              <sku> US <location>      list of places that are spread over buckets

US is the unit separator, which no SKU and no location can contain. Units held lie in attributes of their pile named
after the second in which their holds expire (`h1795421340`), so that everybody can see by the clock which are over.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.inventory.model import LOW_STOCK, Hold, Level, Place
from bodega.ports.table import MAX_BATCH_GET, Item, Key, TableStore

US = "\x1f"
SHARDS = 16
SLOT_SECONDS = 60
_LOOKS = 5
SPREAD_PARTITION = f"{US}spread"
_HOLD = msgspec.json.Decoder(Hold)
_encode = msgspec.json.Encoder().encode


class Pile(msgspec.Struct, frozen=True):
    """Units in one item. `free` is what nobody holds; `slots` maps the second of expiry to the units held until then.

    `on_hand == free + sum(slots)` always holds. `old` tells that the item was written before there were holds.
    """

    key: Key
    version: int
    on_hand: int
    free: int
    sold: int
    epoch: int
    slots: Mapping[int, int]
    old: bool = False

    def over(self, now: int) -> dict[int, int]:
        """Return the slots whose time has come."""
        return {slot: units for slot, units in self.slots.items() if slot <= now}

    def free_at(self, now: int) -> int:
        """Return how many units nobody holds any more."""
        return self.free + sum(self.over(now).values())


class Head(msgspec.Struct, frozen=True):
    """What is known of a place: its settings and its first pile.

    `epoch` (of the pile) grows with every change of settings or layout. `buckets` is how many piles there are and
    `wanted` how many there should be while stock is plenty. `moving` tells that units are being moved between piles.
    """

    place: Place
    pile: Pile
    low_at: int
    backorder: bool
    buckets: int
    wanted: int
    moving: bool

    @property
    def guard(self) -> int:
        """Return what must stay free in each of several piles, so that all together stay above the low mark."""
        return -(-(self.low_at + 1) // self.buckets)


def slot_name(slot: int) -> str:
    """Return the attribute that counts units held until that second."""
    return f"h{slot}"


def slot_after(moment: int) -> int:
    """Return the first second at or after the moment at which holds may end."""
    return -(-moment // SLOT_SECONDS) * SLOT_SECONDS


def pile_key(place: Place, bucket: int = 0) -> Key:
    """Return where a pile lies: each in a partition of its own, because partitions are what gets hot."""
    return Key(f"{place.sku}{US}{bucket}" if bucket else place.sku, place.location)


def hold_key(hold_id: str) -> Key:
    """Return where a hold lies."""
    return Key(f"{US}hold{US}{hold_id}", "hold")


def expiry_key(hold: Hold) -> Key:
    """Return the place of a hold in the work list."""
    return Key(expiry_partition(digest(hold.id) % SHARDS), f"{hold.expires_at:012d}{US}{hold.id}")


def expiry_partition(shard: int) -> str:
    """Return a partition of the work list."""
    return f"{US}expiry{US}{shard}"


def list_partition(shard: int) -> str:
    """Return a partition of the list of places."""
    return f"{US}skus{US}{shard}"


def list_key(place: Place) -> Key:
    """Return the entry of a place in the list of all."""
    return Key(list_partition(digest(place.sku) % SHARDS), US.join(place))


def spread_key(place: Place) -> Key:
    """Return the entry of a place in the list of those that are spread."""
    return Key(SPREAD_PARTITION, US.join(place))


def listed_place(sort: str) -> Place:
    """Return the place that an entry of a list names."""
    sku, location = sort.split(US)
    return Place(sku, location)


def adjustment_prefix(place: Place) -> str:
    """Return what the sort keys of a place's adjustments begin with."""
    return f"{place.location}{US}adj{US}"


def digest(text: str) -> int:
    """Return a number that spreads evenly and is the same in every process."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def keyed(key: Key, item: Item) -> Item:
    """Return an item with its key attributes."""
    return {"sku": key.partition, "location": key.sort, **item}


def read_pile(key: Key, item: Item) -> Pile:
    """Read the units of an item."""
    on_hand = _count(item, "on_hand")
    old = "free" not in item
    return Pile(
        key=key,
        version=_count(item, "version"),
        on_hand=on_hand,
        free=on_hand if old else _count(item, "free"),
        sold=_count(item, "sold"),
        epoch=_count(item, "epoch"),
        slots={
            int(name[1:]): cast("int", units) for name, units in item.items() if name[0] == "h" and name[1:].isdigit()
        },
        old=old,
    )


def read_head(place: Place, item: Item) -> Head:
    """Read the head of a place."""
    return Head(
        place=place,
        pile=read_pile(pile_key(place), item),
        low_at=cast("int", item.get("low_at", LOW_STOCK)),
        backorder=bool(item.get("backorder", False)),
        buckets=cast("int", item.get("buckets", 1)),
        wanted=cast("int", item.get("wanted", 1)),
        moving=bool(item.get("moving", False)),
    )


def read_heads(table: TableStore, places: Iterable[Place]) -> dict[Place, Head]:
    """Return the heads of those places that are tracked."""
    asked = {pile_key(place): place for place in places}
    return {asked[key]: read_head(asked[key], item) for key, item in _get_all(table, list(asked))}


def read_piles(table: TableStore, head: Head, buckets: Iterable[int]) -> dict[int, Pile]:
    """Return piles of a place by bucket; those that are not there any more are missing."""
    asked = {pile_key(head.place, bucket): bucket for bucket in buckets}
    return {asked[key]: read_pile(key, item) for key, item in _get_all(table, list(asked))}


def level_of(head: Head, piles: Iterable[Pile], now: int | None) -> Level:
    """Add piles up to a level, leaving out what is over by the clock; nothing is without a clock."""
    on_hand = held = sold = 0
    for pile in piles:
        on_hand += pile.on_hand
        sold += pile.sold
        held += pile.on_hand - (pile.free if now is None else pile.free_at(now))
    return Level(
        sku=head.place.sku,
        on_hand=on_hand,
        held=held,
        backorder=head.backorder,
        location=head.place.location,
        sold=sold,
        low_at=head.low_at,
        buckets=head.buckets,
        wanted=head.wanted,
    )


def read_levels(table: TableStore, places: Iterable[Place], now: int | None) -> dict[Place, Level]:
    """Return the levels of those places that are tracked."""
    levels: dict[Place, Level] = {}
    asked: Iterable[Place] = places
    for _ in range(_LOOKS):
        torn = []
        for place, head in read_heads(table, asked).items():
            more = read_piles(table, head, range(1, head.buckets)).values() if head.buckets > 1 else ()
            levels[place] = level_of(head, [head.pile, *more], now)
            if any(pile.epoch != head.pile.epoch for pile in more) or len(more) < head.buckets - 1:
                torn.append(place)  # units were moved between the two reads, and may be counted twice or not at all
        if not torn:
            break
        asked = torn
    return levels


def hold_item(hold: Hold) -> Item:
    """Return a hold as an item."""
    return keyed(hold_key(hold.id), {"doc": _encode(hold), "version": hold.version})


def read_hold(item: Item) -> Hold:
    """Read a hold."""
    return _HOLD.decode(cast("bytes", item["doc"]))


def _get_all(table: TableStore, keys: Sequence[Key]) -> Iterable[tuple[Key, Item]]:
    for start in range(0, len(keys), MAX_BATCH_GET):
        yield from table.batch_get(schema.INVENTORY, keys[start : start + MAX_BATCH_GET]).items()


def _count(item: Item, name: str) -> int:
    return cast("int", item.get(name, 0))
