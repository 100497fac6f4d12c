"""Lay out for a terminal what shoppers did with recommendations."""

from collections.abc import Iterator

from bodega.domain.recommendations.duels import Duel
from bodega.domain.recommendations.reports import DuelScore, PolicyRow, Report, Row
from bodega.recsys.duels import ALPHA


def report_lines(report: Report, duel: Duel | None, score: DuelScore | None) -> Iterator[str]:
    """Yield the lines of a report; a duel stands below."""
    yield f"{report.since} to {report.until}"
    if not report.rows:
        yield "nothing was reported: no list was seen by anybody who is counted"
        return
    yield (
        f"{'placement':20}{'model':24}{'lists':>9}{'shown':>9}{'clicks':>8}{'CTR':>8}"
        f"{'carts':>8}{'orders':>8}{'conv.':>8}  revenue"
    )
    yield from map(_row, report.rows)
    for policy in report.policies:
        yield from _policy(policy)
    if duel is not None and score is not None:
        yield from duel_lines(duel, score)


def _row(row: Row) -> str:
    revenue = ", ".join(money.format() for money in row.revenue)
    return (
        f"{row.placement:20}{row.model_version or '(none)':24}{row.lists:9,}{row.shown:9,}{row.clicks:8,}"
        f"{row.click_through:8.2%}{row.carts:8,}{row.orders:8,}{row.conversion:8.2%}  {revenue}"
    )


def _policy(policy: PolicyRow) -> Iterator[str]:
    value = policy.value
    yield f"places tried by {policy.model_version}: {value.showings:,} shown, {value.logged:.2%} clicked"
    yield (
        f"  {policy.policy}: SNIPS {value.snips:.2%} ({value.snips_low:.2%} to {value.snips_high:.2%}), "
        f"IPS {value.ips:.2%} ({value.ips_low:.2%} to {value.ips_high:.2%}), "
        f"{value.effective:,.0f} effective showings{'' if value.enough else ': too few to conclude from'}"
    )


def duel_lines(duel: Duel, score: DuelScore) -> Iterator[str]:
    """Yield how two versions stand."""
    verdict = score.verdict
    yield f"duel of {duel.first} with {duel.rival}: {score.lists:,} lists seen, {verdict.ties:,} ties"
    yield (
        f"  won {verdict.first:,} to {verdict.second:,}: the rival's share {verdict.share:.1%} "
        f"({verdict.low:.1%} to {verdict.high:.1%}), p = {verdict.p_value:.4f} if looked at once, "
        f"e = {verdict.e_value:.3g} at any time"
    )
    if verdict.winner:
        yield f"  {duel.first if verdict.winner == 1 else duel.rival} is better (error below {ALPHA:.0%})"
    else:
        yield f"  neither is better by more than chance explains (e below {1 / ALPHA:.0f})"
