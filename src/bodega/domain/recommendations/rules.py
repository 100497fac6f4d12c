"""Keep what staff say about lists: what is never recommended, what always is, and how much is tried."""

from typing import Annotated, cast

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.domain.recommendations.model import Strip
from bodega.errors import Fault, InvalidError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import ConditionFailedError, Equals, Item, Key, NotExists, Put, TableStore

MAX_BLOCKED = 2_000
MAX_PINS = 100
MAX_PLACE = 100
MAX_EXPLORE_SHARE = 0.5
_KEY = Key("recommendations", "rules")
_FRESH_SECONDS = 1.0
_ProductId = Annotated[str, Meta(min_length=1, max_length=80)]


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product that stands at a place (from 1) of every list of a kind, as long as it can be bought and fits."""

    strip: Strip
    product: _ProductId
    place: Annotated[int, Meta(ge=1, le=MAX_PLACE)] = 1


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What staff say, as stored: fields that another version of the shop knows are passed over.

    `blocked` products and everything in or beneath `blocked_categories` are never recommended, pinned or not.
    `explore_share` of the places of a personal list are tried out; 0 turns that off.
    """

    blocked: Annotated[list[_ProductId], Meta(max_length=MAX_BLOCKED)] = []
    blocked_categories: Annotated[list[_ProductId], Meta(max_length=200)] = []
    pins: Annotated[list[Pin], Meta(max_length=MAX_PINS)] = []
    explore_share: Annotated[float, Meta(ge=0, le=MAX_EXPLORE_SHARE)] = 0.1


class RulesInput(Rules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff send."""


class VersionedRules(msgspec.Struct, frozen=True):
    """The rules and how often they were replaced; 0 are the ones nobody has touched."""

    rules: Rules
    version: int


class RuleBook:
    """The one document of rules. What another process changes is heeded within a second."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._kept: tuple[float, VersionedRules] | None = None

    def current(self) -> VersionedRules:
        """Return the rules, at most a second old."""
        now = self._clock.now().timestamp()
        if self._kept is None or not 0 <= now - self._kept[0] < _FRESH_SECONDS:
            self._kept = (now, self.read())
        return self._kept[1]

    def read(self) -> VersionedRules:
        """Return the newest rules."""
        item = self._table.get(schema.SYSTEM, _KEY)
        if item is None:
            return VersionedRules(Rules(), 0)
        return VersionedRules(_RULES.decode(cast("bytes", item["doc"])), cast("int", item["version"]))

    def replace(self, rules: Rules, *, expected_version: int | None) -> VersionedRules:
        """Put new rules in the old ones' place; StaleVersionError if they are not the ones this was decided on."""
        _check(rules)
        before = self.read().version if expected_version is None else expected_version
        item: Item = {
            "name": _KEY.partition,
            "part": _KEY.sort,
            "version": before + 1,
            "doc": msgspec.json.encode(rules),
        }
        try:
            self._table.transact([Put(schema.SYSTEM, item, Equals("version", before) if before else NotExists())])
        except ConditionFailedError as exc:
            raise StaleVersionError("rules of", "recommendations", current=self.read().version) from exc
        self._kept = None
        return VersionedRules(rules, before + 1)


def _check(rules: Rules) -> None:
    """Refuse two pins for one place, which only one of them could have."""
    taken: set[tuple[str, int]] = set()
    for number, pin in enumerate(rules.pins):
        if (pin.strip, pin.place) in taken:
            detail = f"place {pin.place} of {pin.strip} is pinned twice"
            raise InvalidError(detail, [Fault(f"/pins/{number}/place", "taken", detail)])
        taken.add((pin.strip, pin.place))


_RULES = msgspec.json.Decoder(Rules)
