"""Compare two rankings by what shoppers click: team-draft interleaving, and a verdict that may be looked at any time.

Interleaving is that of Radlinski, Kurup and Joachims (CIKM 2008): in every round a coin decides which ranking picks
first, and each puts its best item that is not in the list yet. A click counts for the team whose item it was; a list is
won by the team with more clicks. If the rankings are equally good, wins are fair coin flips.

The test is two-sided and exact. Its p-value is right if one looks once, at a size fixed before. People look every day,
so the verdict rests on the e-value: the wins' likelihood under a Beta(20, 20) mixture over that under a fair coin is a
martingale under a fair coin, and by Ville's inequality it ever exceeds 1 / alpha with a chance of at most alpha
(Robbins 1970; Ramdas et al., Statistical Science 2023).
"""

from hashlib import blake2b
from math import exp, lgamma, log
from typing import Literal

import msgspec

from bodega.errors import InvalidError

Team = Literal[1, 2]
FIRST: Team = 1
SECOND: Team = 2
ALPHA = 0.05
# The mixture expects shares of wins within 0.08 of a half, which is what two sensible rankings differ by.
PRIOR = 20.0


class Verdict(msgspec.Struct, frozen=True):
    """What duels tell. `share` of the decided lists that the second team won, with its 95 % interval (Wilson).

    `p_value` is valid for one look, `e_value` at any time; `winner` 0 while the e-value is below 1 / ALPHA.
    """

    first: int
    second: int
    ties: int
    share: float
    low: float
    high: float
    p_value: float
    e_value: float
    winner: Literal[0, 1, 2]


def team_draft(first: list[str], second: list[str], *, k: int, seed: str) -> list[tuple[str, Team]]:
    """Return up to k items of two rankings, each with the team that put it there; the same seed flips the same coins.

    >>> [item for item, team in team_draft(["a", "b", "c"], ["a", "c", "b"], k=3, seed="x")][0]
    'a'
    """
    rankings: dict[Team, list[str]] = {FIRST: first, SECOND: second}
    at: dict[Team, int] = {FIRST: 0, SECOND: 0}
    taken: dict[str, Team] = {}
    coins = int.from_bytes(blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=64).digest())
    for turn in range(k):
        order: tuple[Team, Team] = (FIRST, SECOND) if coins >> (turn % 512) & 1 else (SECOND, FIRST)
        before = len(taken)
        for team in order:
            ranking = rankings[team]
            while at[team] < len(ranking) and ranking[at[team]] in taken:
                at[team] += 1
            if at[team] < len(ranking) and len(taken) < k:
                taken[ranking[at[team]]] = team
        if len(taken) in {before, k}:
            break
    return list(taken.items())


def judged(first: int, second: int, ties: int = 0) -> Verdict:
    """Return what so many lists won by each team tell; ties say nothing about which is better.

    >>> judged(0, 0).winner, judged(100, 160).winner, judged(9, 3).winner
    (0, 2, 0)
    """
    if min(first, second, ties) < 0:
        raise InvalidError("a number of lists is negative")
    decided = first + second
    low, high = _wilson(second, decided)
    e_value = exp(min(_log_e_value(first, second), 700.0))
    decisive: Literal[1, 2] = 1 if first > second else 2
    return Verdict(
        first=first,
        second=second,
        ties=ties,
        share=second / decided if decided else 0.5,
        low=low,
        high=high,
        p_value=_sign_test(first, second),
        e_value=e_value,
        winner=decisive if e_value >= 1 / ALPHA else 0,
    )


def _sign_test(first: int, second: int) -> float:
    """Return the two-sided chance of a split at least so uneven under a fair coin.

    A sum of binomials in floating point: right to about ten digits.

    >>> round(_sign_test(1, 9) * 2**10, 6)
    22.0
    """
    total, fewer = first + second, min(first, second)
    # From the largest term of the tail downwards; what is 18 orders of magnitude smaller does not count.
    term, tail = exp(_log_choose(total, fewer) - total * log(2)), 0.0
    for wins in range(fewer, -1, -1):
        tail += term
        if term <= tail * 1e-18:
            break
        term *= wins / (total - wins + 1)
    return min(1.0, 2 * tail)


def _log_e_value(first: int, second: int) -> float:
    """Return the logarithm of B(first + PRIOR, second + PRIOR) / B(PRIOR, PRIOR) times 2^(first + second).

    The order of wins does not matter, so that the counts say all.
    """
    total = first + second
    mixed = lgamma(first + PRIOR) + lgamma(second + PRIOR) - lgamma(total + 2 * PRIOR)
    return mixed - (2 * lgamma(PRIOR) - lgamma(2 * PRIOR)) + total * log(2)


def _log_choose(total: int, some: int) -> float:
    return lgamma(total + 1) - lgamma(some + 1) - lgamma(total - some + 1)


def _wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927), [0, 1] if there is nothing."""
    if total == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share, scale = hits / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5 / scale
    return max(0.0, middle - half), min(1.0, middle + half)
