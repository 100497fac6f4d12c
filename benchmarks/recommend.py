"""Measure every recommender model on real sales, beside the library implicit, and print quality, seconds and memory.

    python benchmarks/recommend.py --data online-retail.parquet

The file is the UCI data set Online Retail (Chen, D., 2015, doi:10.24432/C5BW33, CC BY 4.0) as one Parquet table.
Seconds of training and microseconds of a list are those of the processor, one core, so that a busy machine does not
change them much. The last four weeks are the test. Everything that is chosen or learnt is given the part before them
and nothing else.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

# One core for everybody, so that seconds compare; set before numpy loads its threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from scipy import sparse  # noqa: E402

from bodega.recsys.evaluate import Scores, evaluate, evaluate_lists  # noqa: E402
from bodega.recsys.history import History  # noqa: E402
from bodega.recsys.interactions import Interactions  # noqa: E402
from bodega.recsys.learn import Split, learn_blend  # noqa: E402
from bodega.recsys.models.als import Als  # noqa: E402
from bodega.recsys.models.blend import Blend  # noqa: E402
from bodega.recsys.models.copurchase import CoPurchase  # noqa: E402
from bodega.recsys.models.ease import Ease  # noqa: E402
from bodega.recsys.models.personal import Personal  # noqa: E402
from bodega.recsys.models.popularity import Popularity  # noqa: E402
from bodega.recsys.models.spectral import Spectral  # noqa: E402
from bodega.recsys.serving import Repeat  # noqa: E402
from bodega.recsys.tune import tune  # noqa: E402

NO_GOODS = {"POST", "D", "M", "m", "DOT", "BANK CHARGES", "C2", "AMAZONFEE", "CRUK", "S", "B", "PADS"}
TEST_DAYS, K, SEED = 28, 20, 0
REPEATS: tuple[Repeat, ...] = ("include", "exclude")
BARS = {"include": (0.285, 0.360), "exclude": (0.122, 0.117)}
DAY_MS = 86_400_000

MODELS = {
    "popularity, all time": Popularity(half_life_days=0),
    "popularity, 28 days": Popularity(),
    "personal frequency": Personal(),
    "co-purchase": CoPurchase(half_life_days=120),
    "spectral": Spectral(half_life_days=120),
    "EASE": Ease(half_life_days=120),
    "ALS as a table": Als(),
    "blend (default)": Blend(),
    "blend (co-purchase)": Blend(table=CoPurchase(half_life_days=120)),
    "blend (ALS)": Blend(table=Als()),
}
ALS_GRID = [
    {"factors": factors, "regularization": regularization, "alpha": alpha}
    for factors in (64, 128, 256)
    for regularization in (0.1, 5.0)
    for alpha in (1.0, 5.0, 20.0)
]


def load(path: Path) -> Interactions:
    """Return the cleaned sales: no cancellations, no returns, nothing free, no strangers, goods only."""
    table = pq.read_table(path)
    invoice, code = (table[name].to_numpy(zero_copy_only=False).astype(str) for name in ("invoice", "stock_code"))
    customer = table["customer_id"].fill_null(-1).to_numpy()
    quantity, price = table["quantity"].to_numpy(), table["unit_price"].to_numpy()
    kept = (customer >= 0) & (quantity > 0) & (price > 0)
    kept &= ~np.char.startswith(invoice, "C") & ~np.char.startswith(invoice, "A")
    kept &= ~np.isin(code, list(NO_GOODS)) & ~np.char.startswith(code, "gift_")
    user, item, order = (np.unique(column[kept], return_inverse=True)[1] for column in (customer, code, invoice))
    days = table["timestamp"].cast("int64").to_numpy()[kept] / DAY_MS
    return Interactions.of(user, item, time=days, quantity=quantity[kept], order=order)


def split(sales: Interactions) -> tuple[Interactions, Interactions, float]:
    """Return what happened before the last TEST_DAYS whole days, what happened in them, and the time between."""
    cut = float(np.floor(sales.end)) + 1 - TEST_DAYS
    past, future = sales.split_at(cut)
    return past, future.where(np.isin(future.user, past.user)), cut


def shown(
    name: str, served: Callable[[Repeat], Scores], spent_us: list[float], seconds: float, tuning: float, settings: str
) -> dict[str, Any]:
    """Turn what was measured in this process into a row."""
    scores = {repeat: served(repeat) for repeat in REPEATS}
    return {
        "model": name,
        "scores": {
            repeat: {
                metric: [getattr(found, metric).mean, getattr(found, metric).error]
                for metric in ("recall", "ndcg", "hit_rate")
            }
            | {"coverage": found.coverage, "novelty": found.novelty, "users": found.users}
            for repeat, found in scores.items()
        },
        "train_seconds": seconds,
        "tune_seconds": tuning,
        "us_p50": float(np.percentile(spent_us, 50)),
        "us_p99": float(np.percentile(spent_us, 99)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "settings": settings,
    }


def histories(past: Interactions, future: Interactions, cut: float) -> list[tuple[int, History]]:
    starts = past.starts()
    return [
        (user, History(past.item[starts[user] : starts[user + 1]], cut - past.time[starts[user] : starts[user + 1]]))
        for user in np.unique(future.user)
    ]


def measure_ours(path: Path, name: str, tune_seconds: float) -> dict[str, Any]:
    past, future, cut = split(load(path))
    model, tuning = MODELS[name], 0.0
    if tune_seconds:
        began = time.perf_counter()
        model = tune(past, now=cut, seconds_left=lambda: tune_seconds - (time.perf_counter() - began), seed=SEED).model
        tuning, name = time.perf_counter() - began, "blend (tuned)"
    began = time.process_time()
    if isinstance(model, Blend):
        model = learn_blend(model, past, now=cut, seed=SEED)
    table = model.fit(past, now=cut)
    seconds = time.process_time() - began
    allowed = np.random.default_rng(SEED).random(past.n_items) < 0.9
    spent = []
    for _, history in histories(past, future, cut):
        began = time.thread_time_ns()
        table.recommend(history, k=K, allowed=allowed, exclude=[1, 2, 3])
        spent.append((time.thread_time_ns() - began) / 1000)
    return shown(
        name,
        lambda repeat: evaluate(table, past, future, now=cut, k=K, repeat=repeat),
        spent,
        seconds,
        tuning,
        repr(model),
    )


def als(matrix: sparse.csr_matrix, settings: dict[str, float], *, iterations: int = 15) -> Any:
    import implicit  # noqa: PLC0415  # the yardstick's weight must not show in our rows

    model = implicit.als.AlternatingLeastSquares(
        **settings, iterations=iterations, random_state=SEED, num_threads=1, use_gpu=False
    )
    model.fit(matrix, show_progress=False)
    return model


def als_lists(model: Any, matrix: sparse.csr_matrix, repeat: Repeat) -> Callable[[int, History], Any]:
    def lists(user: int, _: History) -> Any:
        found, _ = model.recommend(user, matrix[user], N=K, filter_already_liked_items=repeat == "exclude")
        return found[found >= 0]

    return lists


def counts(events: Interactions) -> sparse.csr_matrix:
    return sparse.csr_matrix(events.matrix(np.ones(len(events), np.float32), reduce="sum"))


def best_of_als(
    past: Interactions, *, now: float, grid: Sequence[dict[str, float]], repeats: Sequence[Repeat]
) -> dict[str, float]:
    """Return the settings that make the best lists on the split that our weights are learnt on."""
    inner = Split.inside(past, now=now, seed=SEED)
    matrix, reached = counts(inner.learn), []
    for settings in grid:
        model = als(matrix, settings)
        ndcg = [
            evaluate_lists(
                als_lists(model, matrix, r), inner.learn, inner.held, now=inner.cut, k=K, repeat=r, users=inner.users
            ).ndcg.mean
            for r in repeats
        ]
        reached.append(sum(ndcg))
    return grid[int(np.argmax(reached))]


def measure_als(path: Path) -> dict[str, Any]:
    past, future, cut = split(load(path))
    began = time.perf_counter()
    best = best_of_als(past, now=cut, grid=ALS_GRID, repeats=REPEATS)
    tuning = time.perf_counter() - began
    matrix = counts(past)
    began = time.process_time()
    model = als(matrix, best)
    seconds = time.process_time() - began
    spent, lists = [], als_lists(model, matrix, "include")
    for user, history in histories(past, future, cut):
        began = time.thread_time_ns()
        lists(user, history)
        spent.append((time.thread_time_ns() - began) / 1000)
    return shown(
        "implicit ALS (tuned)",
        lambda r: evaluate_lists(als_lists(model, matrix, r), past, future, now=cut, k=K, repeat=r),
        spent,
        seconds,
        tuning,
        repr(best),
    )


def alone(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """Run in a process of its own, so that the peak of memory is this model's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def print_table(rows: list[dict[str, Any]], repeat: Repeat) -> None:
    question = "bought items allowed" if repeat == "include" else "new items only"
    users = rows[0]["scores"][repeat]["users"]
    print(f"\n{question}: {users:,} customers, k = {K} (bar: {BARS[repeat][0]:.3f} / {BARS[repeat][1]:.3f})")
    print(f"{'model':24}{'recall':>9}{'ndcg':>9}{'± s.e.':>8}{'hits':>7}{'cover':>7}{'novel':>7}", end="")
    print(f"{'train s':>9}{'tune s':>8}{'µs p50':>8}{'p99':>7}{'peak MB':>9}")
    for row in rows:
        found = row["scores"][repeat]
        print(f"{row['model']:24}{found['recall'][0]:9.4f}{found['ndcg'][0]:9.4f}{found['ndcg'][1]:8.4f}", end="")
        print(f"{found['hit_rate'][0]:7.3f}{found['coverage']:7.3f}{found['novelty']:7.2f}", end="")
        print(f"{row['train_seconds']:9.2f}{row['tune_seconds']:8.1f}{row['us_p50']:8.0f}{row['us_p99']:7.0f}", end="")
        print(f"{row['peak_mb']:9.0f}")


def print_ratio(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    ratio = theirs["train_seconds"] / ours["train_seconds"]
    better = [ours["scores"][repeat]["ndcg"][0] / theirs["scores"][repeat]["ndcg"][0] for repeat in REPEATS]
    print(f"\nthe default trains {ratio:.2f} times as fast as tuned ALS (bar: 1), ", end="")
    print(f"with {better[0]:.2f} and {better[1]:.2f} times its ndcg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="online-retail.parquet")
    parser.add_argument("--tune", type=float, default=60.0, metavar="SECONDS", help="0: no tuned blend")
    parser.add_argument("--without-implicit", action="store_true", help="leave the yardstick out")
    parser.add_argument("--json", action="store_true", help="print one line of JSON a model instead of tables")
    arguments = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, 1 used, {platform.system()}; ", end=""
    )
    print(f"Python {platform.python_version()}, {packages}; seed {SEED}; the last {TEST_DAYS} days are the test")
    rows = [alone(measure_ours, arguments.data, name, 0.0) for name in MODELS]
    if arguments.tune > 0:
        rows.append(alone(measure_ours, arguments.data, "blend (default)", arguments.tune))
    if not arguments.without_implicit:
        rows.append(alone(measure_als, arguments.data))
    if arguments.json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    for repeat in REPEATS:
        print_table(rows, repeat)
    if not arguments.without_implicit:
        print_ratio(next(row for row in rows if row["model"] == "blend (default)"), rows[-1])


if __name__ == "__main__":
    main()
