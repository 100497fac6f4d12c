"""Measure the recommender on a large made-up shop: training beside the library implicit, and memory of what is served.

    PYTHONPATH=src python benchmarks/recommend_large.py [--quick]

Seconds are those of the processor, all threads together. Lists are of new items, for a sample of customers. ALS is
given the best of a few settings, found with fewer factors and rounds on the split that our weights are learnt on.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One core for everybody, so that seconds compare; set before numpy loads its threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
from made_up_sales import CUSTOMERS, EVENTS, PRODUCTS, made_up  # noqa: E402
from recommend import alone, als, als_lists  # noqa: E402
from recommend_memory import measure_memory  # noqa: E402
from scipy import sparse  # noqa: E402

from bodega.recsys.evaluate import Scores, evaluate, evaluate_lists  # noqa: E402
from bodega.recsys.history import History  # noqa: E402
from bodega.recsys.interactions import Interactions  # noqa: E402
from bodega.recsys.learn import Split, drawn, learn_blend  # noqa: E402
from bodega.recsys.tune import default_blend  # noqa: E402

K, SEED, ASKED = 20, 0, 2000
FACTORS, ROUNDS = 128, 15
SETTINGS = [
    {"alpha": alpha, "regularization": ridge} for alpha, ridge in ((1.0, 0.1), (10.0, 0.1), (10.0, 10.0), (40.0, 10.0))
]
Lists = Callable[[int, History], Any]


def asked(future: Interactions) -> Any:
    return drawn(np.unique(future.user), seed=SEED, most=ASKED)


def measure_ours(size: dict[str, int]) -> dict[str, Any]:
    past, future = made_up(seed=SEED, **size)
    began, started = time.process_time(), time.perf_counter()
    table = learn_blend(default_blend(past), past, now=0.0, seed=SEED).fit(past, now=0.0)
    seconds, wall = time.process_time() - began, time.perf_counter() - started
    scores = evaluate(table, past, future, now=0.0, k=K, repeat="exclude", users=asked(future))
    return row("blend (default)", scores, seconds) | {"wall": wall, "events": len(past)}


def measure_als(size: dict[str, int]) -> dict[str, Any]:
    past, future = made_up(seed=SEED, **size)
    best = max(SETTINGS, key=lambda settings: _tried(past, settings))
    matrix = sparse.csr_matrix(past.matrix())
    began = time.process_time()
    model = als(matrix, {**best, "factors": FACTORS}, iterations=ROUNDS)
    seconds = time.process_time() - began
    lists = als_lists(model, matrix, "exclude")
    scores = evaluate_lists(lists, past, future, now=0.0, k=K, repeat="exclude", users=asked(future))
    return row(f"implicit ALS {FACTORS}, {best}", scores, seconds)


def _tried(past: Interactions, settings: dict[str, float]) -> float:
    inner = Split.inside(past, now=0.0, seed=SEED, most=500)
    matrix = sparse.csr_matrix(inner.learn.matrix())
    lists = als_lists(als(matrix, {**settings, "factors": 32}, iterations=5), matrix, "exclude")
    return evaluate_lists(lists, inner.learn, inner.held, now=0.0, k=K, repeat="exclude", users=inner.users).ndcg.mean


def row(name: str, scores: Scores, seconds: float) -> dict[str, Any]:
    return {
        "name": name,
        "recall": scores.recall.mean,
        "ndcg": scores.ndcg.mean,
        "error": scores.ndcg.error,
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a thirtieth of the size, to see that it runs")
    parser.add_argument("--only", choices=("training", "memory"))
    arguments = parser.parse_args()
    share = 30 if arguments.quick else 1
    size = {"customers": CUSTOMERS // share, "products": PRODUCTS // share, "events": EVENTS // share}
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, seed {SEED}")
    if arguments.only != "memory":
        print_training(size)
    if arguments.only != "training":
        with tempfile.TemporaryDirectory() as folder:
            print_memory(measure_memory(Path(folder), items=100_000 // share))


def print_training(size: dict[str, int]) -> None:
    # The first training on a machine compiles what is then kept; it is not what is measured.
    alone(measure_ours, size | {name: number // 10 for name, number in size.items()})
    ours, theirs = alone(measure_ours, size), alone(measure_als, size)
    print(f"\n{size['products']:,} items, {size['customers']:,} customers, {ours['events']:,} events, new items only")
    print(f"{'model':62}{'recall':>9}{'ndcg':>9}{'± s.e.':>8}{'train s':>9}")
    for found in (ours, theirs):
        print(
            f"{found['name']:62}{found['recall']:9.4f}{found['ndcg']:9.4f}{found['error']:8.4f}{found['seconds']:9.2f}"
        )
    ratio = theirs["seconds"] / ours["seconds"]
    better = ours["ndcg"] / theirs["ndcg"]
    print(f"ours trains {ratio:.1f} times as fast (bar: 10), ndcg {better:.2f} times theirs (bar: 1)")


def print_memory(found: dict[str, float]) -> None:
    print(f"\na served model of {found['items']:,.0f} items (bar: 150 MB): {found['files_mb']:.0f} MB of files, mapped")
    print(
        f"one process: {found['alone_mb']:.0f} MB more than without, of which {found['private_mb']:.0f} MB are its own"
    )
    print(f"two processes: {found['both_mb']:.0f} MB more together (sum of PSS)")


if __name__ == "__main__":
    main()
