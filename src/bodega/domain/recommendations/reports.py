"""Add up what shoppers did with lists: by kind of list and version, in a duel of two, and for what was tried."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.recommendations.facts import SHARDS, duel_tally_key
from bodega.errors import InvalidError
from bodega.ports.clock import Clock
from bodega.ports.table import Item, TableStore, query_all
from bodega.recsys.duels import Verdict, judged
from bodega.recsys.offpolicy import OffPolicy, Shown, estimate
from bodega.values.money import Money

MAX_DAYS = 366
_TRIED = re.compile(r"tried_(\d+)")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the lists of a kind that a version made.

    `shown` counts products shown, `clicks` to `orders` the products of those that were clicked, put into a cart and
    bought. `click_through` is clicks a product shown, `conversion` orders a click.
    """

    placement: str
    model_version: str
    lists: int = 0
    shown: int = 0
    clicks: int = 0
    carts: int = 0
    orders: int = 0
    units: int = 0
    revenue: list[Money] = []
    click_through: float = 0.0
    conversion: float = 0.0


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a way of filling the tried places of a version's lists would have got, in clicks a place shown."""

    model_version: str
    policy: str
    value: OffPolicy


class Report(msgspec.Struct, frozen=True):
    """What lists did from a day to a day, both inclusive, in UTC."""

    since: str
    until: str
    rows: list[Row]
    policies: list[PolicyRow]


class DuelScore(msgspec.Struct, frozen=True):
    """How a duel stands: how many lists were shown, clicks on each version's items, and what it tells."""

    lists: int
    first_clicks: int
    second_clicks: int
    verdict: Verdict


class Reports:
    """Reads the counters. Costs eight queries a day asked for, whatever was counted."""

    def __init__(self, *, table: TableStore, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def report(self, *, days: int) -> Report:
        """Return what was counted on the last so many days, today included; InvalidError for none or too many."""
        if not 1 <= days <= MAX_DAYS:
            raise InvalidError(f"a report covers 1 to {MAX_DAYS} days")
        until = self._clock.now().date()
        since = until - timedelta(days=days - 1)
        counted: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for item in self._counters(since, until):
            strip, _, version = cast("str", item["part"]).partition("#")
            for name, number in item.items():
                if isinstance(number, int) and name != schema.table(schema.RECOMMENDATIONS).ttl:
                    counted[strip, version][name] += number
        rows = [_row(strip, version, found) for (strip, version), found in sorted(counted.items())]
        return Report(since.isoformat(), until.isoformat(), rows, list(_policies(counted)))

    def duel(self, duel_id: str) -> DuelScore:
        """Return how a duel stands."""
        found: dict[str, int] = defaultdict(int)
        for shard in range(SHARDS):
            item = self._table.get(schema.RECOMMENDATIONS, duel_tally_key(duel_id, shard))
            for name, number in (item or {}).items():
                if isinstance(number, int):
                    found[name] += number
        verdict = judged(found["first_wins"], found["second_wins"], found["ties"])
        return DuelScore(found["lists"], found["first_clicks"], found["second_clicks"], verdict)

    def _counters(self, since: date, until: date) -> Iterator[Item]:
        for day in range((until - since).days + 1):
            for shard in range(SHARDS):
                yield from query_all(self._table, schema.RECOMMENDATIONS, f"day#{since + timedelta(days=day)}#{shard}")


def _row(strip: str, version: str, found: Mapping[str, int]) -> Row:
    shown, clicks, orders = found.get("shown", 0), found.get("clicks", 0), found.get("orders", 0)
    return Row(
        placement=strip,
        model_version=version,
        lists=found.get("lists", 0),
        shown=shown,
        clicks=clicks,
        carts=found.get("carts", 0),
        orders=orders,
        units=found.get("units", 0),
        revenue=[
            Money(amount, name.removeprefix("revenue_"))
            for name, amount in sorted(found.items())
            if name.startswith("revenue_")
        ],
        click_through=clicks / shown if shown else 0.0,
        conversion=orders / clicks if clicks else 0.0,
    )


def _policies(counted: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterable[PolicyRow]:
    """Yield what not trying anything, and what the rival of a duel, would have got where something was tried."""
    of_version: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (_, version), found in counted.items():
        for name, number in found.items():
            if name.startswith("tried_"):
                of_version[version][name] += number
    for version, found in sorted(of_version.items()):
        pools = sorted(int(match[1]) for name in found if (match := _TRIED.fullmatch(name)))
        for policy, end in (("without trying", "usual"), ("rival", "rival")):
            groups = [_shown(found, pool, end) for pool in pools]
            if any(group.wanted for group in groups):
                yield PolicyRow(model_version=version, policy=policy, value=estimate(groups))


def _shown(found: Mapping[str, int], pool: int, policy: str) -> Shown:
    """Return what was counted for pools of a size; clicks that nobody reported as seen before do not count."""
    shown, wanted = found[f"tried_{pool}"], found.get(f"tried_{pool}_{policy}", 0)
    clicks = min(found.get(f"tried_clicks_{pool}", 0), shown)
    wanted_clicks = min(found.get(f"tried_clicks_{pool}_{policy}", 0), wanted, clicks)
    return Shown(pool=pool, shown=shown, wanted=wanted, clicks=clicks, wanted_clicks=wanted_clicks)
