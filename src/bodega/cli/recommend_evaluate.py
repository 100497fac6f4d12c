"""`bodega recommend evaluate`: measure on this shop's last weeks, or on two files."""

import argparse
from collections.abc import Mapping

import msgspec

from bodega.cli.opening import opened_shop
from bodega.cli.recommend_files import evaluate_files, print_report
from bodega.domain.flows.training_reports import EvaluationReport
from bodega.errors import InvalidError
from bodega.recsys.serving import Repeat

_REPEATS: tuple[Repeat, Repeat] = ("include", "exclude")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Measure and print."""
    if (arguments.train is None) != (arguments.test is None):
        raise InvalidError("--train and --test go together")
    if arguments.train is not None:
        report = evaluate_files(
            arguments.train,
            arguments.test,
            k=arguments.k,
            repeat=arguments.repeat or "include",
            model=arguments.model,
            tune_seconds=arguments.tune,
        )
        print_report(report, as_json=arguments.json)
        return 0
    repeats = (arguments.repeat,) if arguments.repeat else _REPEATS
    with opened_shop(arguments, environment) as shop:
        for repeat in repeats:
            found = shop.trainer.evaluate(days=arguments.days, k=arguments.k, repeat=repeat)
            print(msgspec.json.encode(found).decode() if arguments.json else _table(found))
    return 0


def _table(report: EvaluationReport) -> str:
    """Lay a report out for a terminal."""
    asked = "bought items allowed" if report.repeat == "include" else "new items only"
    lines = [
        f"last {report.test_days:g} days, {report.test_customers:,} customers, {asked}",
        f"  {'model':22} {'recall@' + str(report.k):>18} {'ndcg@' + str(report.k):>18} {'hit rate':>9} {'coverage':>9}",
    ]
    lines += [
        f"  {m.model:22} {m.recall:9.4f} ± {m.recall_error:.4f} {m.ndcg:9.4f} ± {m.ndcg_error:.4f}"
        f" {m.hit_rate:9.3f} {m.coverage:9.3f}"
        for m in report.models
    ]
    return "\n".join(lines)
