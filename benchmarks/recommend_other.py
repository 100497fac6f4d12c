"""Measure the recommender on any sales or likes, beside its own tables alone and the library implicit.

    python benchmarks/recommend_other.py transactions.parquet \
        --columns household_id,product_id,transaction_timestamp,quantity
    python benchmarks/recommend_other.py ml-100k.csv --columns user_id,item_id --chance

With times the last four weeks are the test; by `--chance` a fifth of what each user took, and no times are known. What
is chosen, tuned or learnt has seen nothing of the test. Public data to run it on, and what came of it, are named in
docs/decisions/0038-weights-from-whole-lists.md.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One core for everybody, so that seconds compare; set before numpy loads its threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.csv  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from recommend import SEED, K, als, als_lists, best_of_als, counts, split  # noqa: E402

from bodega.recsys.evaluate import Scores, evaluate, evaluate_lists  # noqa: E402
from bodega.recsys.interactions import Interactions  # noqa: E402
from bodega.recsys.learn import drawn, learn_blend  # noqa: E402
from bodega.recsys.models.blend import Blend  # noqa: E402
from bodega.recsys.serving import Repeat  # noqa: E402
from bodega.recsys.tune import models_by_name, suiting, tune  # noqa: E402

ASKED = 2_000
DAY_MS = 86_400_000
ALS_GRID = [
    {"factors": factors, "regularization": ridge, "alpha": alpha}
    for factors in (64, 128)
    for ridge in (0.1, 5.0, 20.0)
    for alpha in (1.0, 5.0, 20.0)
]
Data = tuple[Interactions, Interactions, float]


def load(path: Path, columns: list[str], *, timed: bool) -> Interactions:
    """Return the events of a file; lines of no quantity or less than none are left out."""
    table = pq.read_table(path, columns=columns) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path)
    user, item = (np.unique(table[name].to_numpy(zero_copy_only=False), return_inverse=True)[1] for name in columns[:2])
    quantity = table[columns[3]].to_numpy() if len(columns) > 3 else np.ones(user.size)
    when = None
    if timed:
        when = table[columns[2]].cast(pa.timestamp("ms")).cast("int64").to_numpy() / DAY_MS
    kept = quantity > 0
    return Interactions.of(user[kept], item[kept], time=None if when is None else when[kept], quantity=quantity[kept])


def parted(events: Interactions) -> Data:
    """Return what to learn from, what to find, and the time between."""
    return split(events) if events.timed else (*events.hold_out(0.2, seed=SEED), 0.0)


def ours(data: Data, name: str, repeat: Repeat, seconds: float) -> tuple[Scores, float]:
    """Return what lists of a model are worth, and the seconds of training it."""
    past, future, now = data
    if name == "blend (default)":
        model = suiting(past, now=now, repeats=(repeat,), k=K, seed=SEED).model
    elif name == "blend (tuned)":
        end = time.perf_counter() + seconds
        model = tune(
            past, now=now, seconds_left=lambda: end - time.perf_counter(), repeats=(repeat,), k=K, seed=SEED
        ).model
    else:
        model = models_by_name(past)[name]
    began = time.process_time()
    if isinstance(model, Blend):
        model = learn_blend(model, past, now=now, seed=SEED)
    table = model.fit(past, now=now)
    spent = time.process_time() - began
    return evaluate(table, past, future, now=now, k=K, repeat=repeat, users=asked(past, future)), spent


def theirs(data: Data, repeat: Repeat) -> tuple[Scores, float]:
    """Return the same of implicit's ALS with the best of ALS_GRID."""
    past, future, now = data
    best = best_of_als(past, now=now, grid=ALS_GRID, repeats=(repeat,))
    matrix = counts(past)
    began = time.process_time()
    model = als(matrix, best)
    spent = time.process_time() - began
    lists = als_lists(model, matrix, repeat)
    return evaluate_lists(lists, past, future, now=now, k=K, repeat=repeat, users=asked(past, future)), spent


def asked(past: Interactions, future: Interactions) -> Any:
    return drawn(np.intersect1d(past.user, future.user), seed=SEED, most=ASKED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--columns", required=True, help="the names of user,item[,time[,quantity]]")
    parser.add_argument("--chance", action="store_true", help="a fifth of each user's items are the test")
    parser.add_argument("--tune", type=float, default=0.0, metavar="SECONDS", help="a tuned blend, too")
    arguments = parser.parse_args()
    columns = arguments.columns.split(",")
    data = parted(load(arguments.file, columns, timed=not arguments.chance and len(columns) > 2))
    past = data[0]
    print(f"{past.n_users:,} users, {past.n_items:,} items, {len(past):,} events to learn from, k = {K}, seed {SEED}")
    names = ["blend (default)", *(["blend (tuned)"] if arguments.tune else []), *list(models_by_name(past))[1:]]
    rows: dict[str, Callable[[Repeat], tuple[Scores, float]]] = {
        name: lambda repeat, name=name: ours(data, name, repeat, arguments.tune)  # type: ignore[misc]
        for name in names
    }
    rows["implicit ALS (tuned)"] = lambda repeat: theirs(data, repeat)
    repeats: tuple[Repeat, ...] = ("include", "exclude") if past.timed else ("exclude",)
    for repeat in repeats:
        print(f"\n{'bought items allowed' if repeat == 'include' else 'new items only'}")
        print(f"{'model':24}{'recall':>9}{'ndcg':>9}{'± s.e.':>8}{'train s':>9}")
        for name, measured in rows.items():
            scores, seconds = measured(repeat)
            print(f"{name:24}{scores.recall.mean:9.4f}{scores.ndcg.mean:9.4f}{scores.ndcg.error:8.4f}{seconds:9.2f}")


if __name__ == "__main__":
    main()
