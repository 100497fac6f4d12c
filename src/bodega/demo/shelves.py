"""Lay the goods out for buying: by theme and month, by kind, and beside what goes with them."""

from bisect import bisect_right
from itertools import accumulate

from bodega.demo.chance import Chance
from bodega.demo.goods import Good
from bodega.demo.kinds.all import BY_CODE, KINDS, SEASONS

_CANDIDATES = 14
_PARTNERS = 3
_PARTNER_TOTALS = (0.6, 0.85, 1.0)


class Shelves:
    """Finds something to buy in time that does not grow with the shop, of which at least one thing must be on sale."""

    def __init__(self, seed: int, goods: list[Good]) -> None:
        self._seed = seed
        self.goods = goods
        self.pence = {
            variant.sku: variant.price.amount
            for good in goods
            for variant in good.product.input.variants
            if variant.price
        }
        """SKU -> today's usual price."""
        self._by_kind: dict[str, list[int]] = {}
        self._by_range: dict[tuple[str, str], list[int]] = {}
        for index, good in enumerate(goods):
            if good.product.input.status != "draft":
                self._by_kind.setdefault(good.kind.code, []).append(index)
                self._by_range.setdefault((good.maker, good.range), []).append(index)
        sold = [index for shelf in self._by_kind.values() for index in shelf]
        self.oldest = min(sold, key=lambda index: goods[index].product.launched_at)
        """What has been on sale longest."""
        self._kind_totals = {code: _running(goods, shelf) for code, shelf in self._by_kind.items()}
        self._theme_totals, self.appetite = self._lay_themes()
        self._partners: dict[tuple[int, str], list[int]] = {}

    def _lay_themes(self) -> tuple[dict[tuple[str, int], tuple[list[str], list[float]]], dict[tuple[str, int], float]]:
        """Weigh the kinds in each theme by month; `appetite` compares a month's total with the year's mean."""
        totals, appetite = {}, {}
        for theme in sorted({theme for kind in KINDS for theme in kind.themes}):
            codes = [code for code in self._by_kind if theme in BY_CODE[code].themes]
            sums = []
            for month in range(12):
                weights = (
                    BY_CODE[code].themes[theme] * SEASONS[BY_CODE[code].season][month] * BY_CODE[code].share ** 0.5
                    for code in codes
                )
                running = list(accumulate(weights))
                totals[theme, month] = codes, running
                sums.append(running[-1] if running else 0.0)
            mean = sum(sums) / 12
            appetite.update({(theme, month): sums[month] / mean if mean else 0.0 for month in range(12)})
        return totals, appetite

    def from_theme(self, theme: str, month: int, chance: Chance) -> int | None:
        """Pick by season, then by popularity; None from a theme in which this shop has nothing."""
        codes, running = self._theme_totals[theme, month]
        return self.of_kind(codes[chance.along(running)], chance) if codes else None

    def of_kind(self, code: str, chance: Chance) -> int:
        """Pick one of a kind by popularity."""
        return self._by_kind[code][chance.along(self._kind_totals[code])]

    def partner(self, index: int, code: str, chance: Chance) -> int | None:
        """Pick one of the three products of a kind that go best with this one: same range, same maker, well liked."""
        if code not in self._by_kind:
            return None
        known = self._partners.get((index, code))
        if known is None:
            known = self._partners[index, code] = self._match(index, code)
        if not known:
            return None
        return known[min(bisect_right(_PARTNER_TOTALS, chance.real()), len(known) - 1)]

    def sibling(self, index: int, chance: Chance) -> int:
        """Pick something else of the same range (the product itself where it stands alone)."""
        good = self.goods[index]
        return chance.pick(self._by_range.get((good.maker, good.range), [index]))

    def _match(self, index: int, code: str) -> list[int]:
        good = self.goods[index]
        chance = Chance(self._seed, "partners", index, code)
        found = {self.of_kind(code, chance) for _ in range(_CANDIDATES)} - {index}

        def likeness(other: int) -> tuple[bool, bool, float]:
            its = self.goods[other]
            return its.range == good.range, its.maker == good.maker, its.popularity

        return sorted(found, key=likeness, reverse=True)[:_PARTNERS]


def _running(goods: list[Good], shelf: list[int]) -> list[float]:
    return list(accumulate(goods[index].popularity for index in shelf))
