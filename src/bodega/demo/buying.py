"""Decide what goes into one basket: what has run out, what tastes suggest, what belongs together."""

from datetime import datetime, timedelta
from itertools import accumulate

import msgspec

from bodega.demo.chance import Chance
from bodega.demo.goods import Good
from bodega.demo.people import Person
from bodega.demo.shelves import Shelves
from bodega.domain.catalog.model import VariantInput

_TRIES = 6
_MOST_DUE = 4
_MOST_STAPLES = 7
_SETS = frozenset({"MUGS", "CUPS", "GLAS", "PLAT", "BOWL", "HOLD", "CUSH", "HOOK", "FRAM"})
_DEAR_PENCE = 4000
_PRESENTS = {11: 3.0, 12: 6.0}


class _Staple(msgspec.Struct):
    sku: str
    due: datetime


class Household(msgspec.Struct):
    """What a customer has bought so far: things that are kept, and things that run out."""

    kept: set[int] = msgspec.field(default_factory=set)
    staples: dict[int, _Staple] = msgspec.field(default_factory=dict)


class Basket:
    """Fills one order for a person at a moment."""

    def __init__(self, shelves: Shelves, person: Person, household: Household, at: datetime, chance: Chance) -> None:
        self._shelves, self._person, self._household = shelves, person, household
        self._at, self._chance = at, chance
        self.lines: dict[str, tuple[int, int]] = {}
        """SKU -> (index of the good, quantity)."""
        self._inside: set[int] = set()

    def fill(self) -> None:
        """Put in what is due, then what pleases, each with what goes with it."""
        due = self._due()
        for index, sku in due:
            self._put(index, sku)
        chance = self._chance
        wanted = (0 if due else 1) + (1 if chance.odds(0.5) else 0)
        while chance.odds(0.27):
            wanted += 1
        for _ in range(wanted):
            chosen = self._choose()
            if chosen is not None:
                self._put(chosen)
                self._add_companions(chosen)
        if due and chance.odds(0.5):
            self._add_companions(due[0][0])
        if not self.lines:
            self._put(self._anything())

    def _due(self) -> list[tuple[int, str]]:
        staples = self._household.staples
        late = sorted((staple.due, index) for index, staple in staples.items() if staple.due <= self._at)
        taken = []
        for _, index in late[:_MOST_DUE]:
            if self._chance.odds(0.1):
                del staples[index]  # tastes change
            elif self._chance.odds(0.88):
                taken.append((index, staples[index].sku))
        return taken

    def _choose(self) -> int | None:
        tastes, month, chance = self._person.tastes, self._at.month - 1, self._chance
        themes = list(tastes)
        weights = [tastes[theme] * self._shelves.appetite[theme, month] for theme in themes]
        weights[0] *= _PRESENTS.get(self._at.month, 1.0)  # "gift" is everybody's first theme
        totals = list(accumulate(weights))
        for _ in range(_TRIES):
            index = self._shelves.from_theme(themes[chance.along(totals)], month, chance)
            if index is not None and self._suits(index):
                return index
        return None

    def _anything(self) -> int:
        """Find something that was on sale, without being choosy; a shop too new for that sells its oldest thing."""
        for _ in range(_TRIES * 5):
            index = self._shelves.from_theme("gift", self._at.month - 1, self._chance)
            if index is not None and self._can_have(index):
                return index
        return self._shelves.oldest

    def _suits(self, index: int) -> bool:
        good = self._shelves.goods[index]
        if not self._can_have(index):
            return False
        liking = 1.0 if good.maker in self._person.makers else 0.5
        price = good.product.input.variants[0].price
        if price and price.amount > _DEAR_PENCE:
            liking *= 1.0 - 0.7 * self._person.thrift
        return self._chance.odds(liking)

    def _can_have(self, index: int) -> bool:
        good = self._shelves.goods[index]
        if index in self._inside or good.product.launched_at > self._at:
            return False
        return good.kind.lasts_days > 0 or index not in self._household.kept or self._chance.odds(0.04)

    def _add_companions(self, index: int) -> None:
        chance = self._chance
        good = self._shelves.goods[index]
        for code, probability in good.kind.companions.items():
            if chance.odds(probability):
                partner = self._shelves.partner(index, code, chance)
                if partner is not None and self._can_have(partner):
                    self._put(partner)
        if good.kind.in_colours and chance.odds(0.16):
            sibling = self._shelves.sibling(index, chance)
            if self._can_have(sibling):
                self._put(sibling)

    def _put(self, index: int, sku: str | None = None) -> None:
        good = self._shelves.goods[index]
        chosen = sku or self._pick_variant(good.product.input.variants).sku
        self._inside.add(index)
        self.lines[chosen] = (index, self._quantity(good))
        self._remember(index, good, chosen)

    def _pick_variant(self, variants: list[VariantInput]) -> VariantInput:
        for variant in variants:
            if variant.options.get("Colour") in self._person.colours:
                return variant
        # The first variant is what the picture shows, and what most people take.
        return variants[0] if self._chance.odds(0.5) else self._chance.pick(variants)

    def _quantity(self, good: Good) -> int:
        draw = self._chance.real()
        if good.kind.code in _SETS:
            return 1 if draw < 0.45 else 2 if draw < 0.75 else 4 if draw < 0.94 else 6  # noqa: PLR2004
        if good.kind.lasts_days:
            return 1 if draw < 0.72 else 2 if draw < 0.93 else 3  # noqa: PLR2004
        return 1 if draw < 0.95 else 2  # noqa: PLR2004

    def _remember(self, index: int, good: Good, sku: str) -> None:
        household = self._household
        if not good.kind.lasts_days:
            household.kept.add(index)
            return
        known = index in household.staples
        if known or (len(household.staples) < _MOST_STAPLES and self._chance.odds(0.55)):
            days = good.kind.lasts_days * self._person.pace * (0.85 + 0.3 * self._chance.real())
            household.staples[index] = _Staple(sku, self._at + timedelta(days=days))
