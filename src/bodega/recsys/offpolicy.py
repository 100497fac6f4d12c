"""Estimate from explored places what another way of choosing would have got: IPS and SNIPS, with their limits said.

At an explored place one of `pool` items was shown, each with chance 1 / pool. For a way of choosing that would have
shown exactly one item of the pool, the weight of a showing is pool if that item was shown, else 0:

    IPS   = sum of weight * reward / showings               (Horvitz and Thompson 1952): unbiased, noisy
    SNIPS = sum of weight * reward / sum of weight          (Swaminathan and Joachims 2015): a little biased, steadier

Rewards are 0 or 1, and weights are few different numbers, so that sums of counts give all moments exactly.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from bodega.errors import InvalidError

Z_95 = 1.959963984540054
# Below so many effective showings a number is printed, but nothing should be decided by it.
ENOUGH = 100.0


class Shown(NamedTuple):
    """Showings at explored places with a pool of one size: all, those of the wanted item, and clicks on each."""

    pool: int
    shown: int
    wanted: int
    clicks: int
    wanted_clicks: int


class OffPolicy(msgspec.Struct, frozen=True):
    """What the wanted way of choosing would have got, per showing, with normal 95 % intervals.

    `logged` is what was got; `effective` the number of showings that the weights amount to (Kish); `enough` whether
    that and the clicks seen allow a conclusion.
    """

    showings: int
    logged: float
    ips: float
    ips_low: float
    ips_high: float
    snips: float
    snips_low: float
    snips_high: float
    effective: float
    enough: bool


def estimate(groups: Iterable[Shown]) -> OffPolicy:
    """Return the estimates from groups of showings; all zeros without any.

    >>> found = estimate([Shown(pool=2, shown=1000, wanted=500, clicks=60, wanted_clicks=50)])
    >>> found.logged, found.ips, found.snips
    (0.06, 0.1, 0.1)
    """
    found = list(groups)
    for group in found:
        if group.pool < 1 or not 0 <= group.wanted_clicks <= min(group.wanted, group.clicks) <= group.shown:
            raise InvalidError(f"these counts contradict each other: {group}")
    showings = sum(group.shown for group in found)
    if not showings:
        return OffPolicy(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, enough=False)
    weight = sum(group.pool * group.wanted for group in found)
    squares = sum(group.pool**2 * group.wanted for group in found)
    gained = sum(group.pool * group.wanted_clicks for group in found)
    gained_squares = sum(group.pool**2 * group.wanted_clicks for group in found)
    ips = gained / showings
    ips_error = (max(gained_squares / showings - ips**2, 0.0) / showings) ** 0.5
    snips = gained / weight if weight else 0.0
    # The delta method: sum of weight^2 (reward - snips)^2, with rewards of 0 and 1.
    left = gained_squares * (1 - snips) ** 2 + (squares - gained_squares) * snips**2
    snips_error = left**0.5 / weight if weight else 0.0
    effective = weight**2 / squares if squares else 0.0
    return OffPolicy(
        showings=showings,
        logged=sum(group.clicks for group in found) / showings,
        ips=ips,
        ips_low=max(0.0, ips - Z_95 * ips_error),
        ips_high=ips + Z_95 * ips_error,
        snips=snips,
        snips_low=max(0.0, snips - Z_95 * snips_error),
        snips_high=min(1.0, snips + Z_95 * snips_error),
        effective=effective,
        enough=effective >= ENOUGH and sum(group.wanted_clicks for group in found) >= _FEWEST_CLICKS,
    )


# A normal interval of a share needs about so many of the rarer outcome.
_FEWEST_CLICKS = 10
