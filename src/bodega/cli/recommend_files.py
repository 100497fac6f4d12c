"""Measure the recommender on two files of user,item[,time[,quantity]], as other systems publish their data."""

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from bodega.errors import InvalidError
from bodega.ports.tabular import UnreadableFileError
from bodega.recsys.evaluate import Scores, evaluate
from bodega.recsys.history import History
from bodega.recsys.interactions import Interactions
from bodega.recsys.learn import learn_blend
from bodega.recsys.models.base import Model
from bodega.recsys.models.blend import Blend
from bodega.recsys.serving import ItemTable
from bodega.recsys.tune import models_by_name, suiting, tune

COLUMNS = ("user", "item", "time", "quantity")
FEWEST_COLUMNS = 2
# A list of at most so many users is timed: enough for a 99th percentile.
TIMED_LISTS = 2000
# Numbers as times: days below the first bound, seconds below the second, else milliseconds, all since 1970.
MOST_DAYS, MOST_SECONDS = 1e6, 1e11
SECONDS_A_DAY = 86_400
SEED = 0

Repeat = Literal["include", "exclude"]


class EvaluationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, and what it cost; the definitions are those of `bodega.recsys.evaluate`."""

    model: Model
    repeat: Repeat
    scores: Scores
    unknown_users: int
    users: int
    items: int
    train_events: int
    test_events: int
    left_out: dict[str, int]
    timed: bool
    times_passed_over: bool
    trials: int
    tune_seconds: float
    train_seconds: float
    evaluate_seconds: float
    served_us_p50: float
    served_us_p99: float
    peak_mb: float


class Events(msgspec.Struct, frozen=True):
    """A file as columns; `time_days` is None when it has no times."""

    user: Any
    item: Any
    time_days: NDArray[np.float64] | None
    quantity: NDArray[np.float64] | None
    left_out: dict[str, int]


def evaluate_files(
    train: Path,
    test: Path,
    *,
    k: int,
    repeat: Repeat,
    model: str | None,
    tune_seconds: float | None,
) -> EvaluationReport:
    """Train on one file and measure on the other; parameters are chosen on the training file only.

    Users of the test that the training does not know are counted and left out of the means; items it does
    not know stay in, as items that cannot be found. Where the test is no later than the training, split by chance or
    each user's last, nobody is asked at one time: then times are passed over, as if there were none.

    Raises InvalidError for files, names or numbers that make no sense.
    """
    if k < 1:
        raise InvalidError(f"--k is {k}; a list has at least one place")
    known, wanted = read_events(train), read_events(test)
    mingled = _mingled(known, wanted)
    past, future = _indexed(known, wanted, timed=not mingled)
    if not len(past):
        raise InvalidError(f"{train} has no usable line to learn from")
    asked = np.intersect1d(past.user, future.user).astype(np.int32)
    now = max(past.end, float(future.time.min())) if past.timed and future.timed else past.end
    chosen, trials, seconds_tuning = _chosen(past, now, model, tune_seconds, repeat, k)
    started = time.perf_counter()
    if isinstance(chosen, Blend):
        chosen = learn_blend(chosen, past, now=now, seed=SEED)
    table = chosen.fit(past, now=now)
    trained = time.perf_counter()
    scores = evaluate(table, past, future, now=now, k=k, repeat=repeat, users=asked)
    evaluated = time.perf_counter()
    half, most = _served(table, past, now, asked, k, repeat)
    return EvaluationReport(
        model=chosen,
        repeat=repeat,
        scores=scores,
        unknown_users=int(np.unique(future.user).size - asked.size),
        users=past.n_users,
        items=past.n_items,
        train_events=len(past),
        test_events=len(future),
        left_out={name: known.left_out[name] + wanted.left_out[name] for name in known.left_out},
        timed=past.timed,
        times_passed_over=mingled,
        trials=trials,
        tune_seconds=seconds_tuning,
        train_seconds=trained - started,
        evaluate_seconds=evaluated - trained,
        served_us_p50=half,
        served_us_p99=most,
        peak_mb=_peak_mb(),
    )


def print_report(report: EvaluationReport, *, as_json: bool) -> None:
    """Print a report as a table for people or as one line of JSON for programs."""
    print(msgspec.json.encode(report).decode() if as_json else _text(report))


def read_events(path: Path) -> Events:
    """Read a file of user,item[,time[,quantity]]; lines without an id or a sound number are left out and counted.

    Ids may be numbers or any text. Columns go by their names; a CSV whose first line has no such names is
    read by place.
    """
    table = _read(path)
    missing = {"user", "item"} - set(table.column_names)
    if missing:
        raise UnreadableFileError(f"{path} has no column {' and no column '.join(sorted(missing))}")
    user, item = (_ids(table[name], path, name) for name in ("user", "item"))
    kept = np.ones(table.num_rows, dtype=np.bool_)
    left_out = {"no user or item": _drop(kept, ~(_valid(user) & _valid(item)))}
    days = _days(table["time"], path) if "time" in table.column_names else None
    left_out["no time"] = 0 if days is None else _drop(kept, ~np.isfinite(days))
    quantity = _numbers(table["quantity"], path, "quantity") if "quantity" in table.column_names else None
    bad = None if quantity is None else ~(np.isfinite(quantity) & (quantity > 0))
    left_out["no quantity above 0"] = 0 if bad is None else _drop(kept, bad)
    mask = pa.array(kept)
    return Events(
        user.filter(mask),
        item.filter(mask),
        None if days is None else days[kept],
        None if quantity is None else quantity[kept],
        left_out,
    )


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            wanted = [name for name in COLUMNS if name in pa.parquet.read_schema(path).names]
            return pa.parquet.read_table(path, columns=wanted)
        if path.name.endswith((".csv", ".csv.gz")):
            return _read_csv(path)
    except FileNotFoundError:
        raise UnreadableFileError(f"there is no file {path}") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as exc:
        raise UnreadableFileError(f"{path} cannot be read: {str(exc).splitlines()[0]}") from None
    raise UnreadableFileError(f"{path} is neither .parquet nor .csv (nor .csv.gz)")


def _read_csv(path: Path) -> pa.Table:
    with pa.input_stream(str(path)) as stream:
        first = stream.read(4096).splitlines()[:1]
    names = [field.strip().strip('"').casefold() for field in first[0].decode("utf-8-sig").split(",")] if first else []
    named = "user" in names and "item" in names
    if not first or not (named or FEWEST_COLUMNS <= len(names) <= len(COLUMNS)):
        raise UnreadableFileError(f"{path} is not user,item[,time[,quantity]]")
    columns = names if named else list(COLUMNS[: len(names)])
    # Everything is text at first: an id like 00123 must not become a number.
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(column_names=columns, skip_rows=1 if named else 0),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=[name for name in COLUMNS if name in columns],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )


def _ids(column: Any, path: Path, name: str) -> Any:
    try:
        return pc.cast(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0), pa.large_string())
    except pa.ArrowException:
        raise UnreadableFileError(f"{path}: the column {name} has no ids but {column.type}") from None


def _valid(column: Any) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = pc.is_valid(column).to_numpy(zero_copy_only=False)
    return valid


def _numbers(column: Any, path: Path, name: str) -> NDArray[np.float64]:
    """Return float64 with NaN where there is nothing."""
    try:
        numbers: NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy().astype(np.float64)
    except pa.ArrowException as exc:
        raise UnreadableFileError(f"{path}: the column {name} is not of numbers: {exc}") from None
    return numbers


def _days(column: Any, path: Path) -> NDArray[np.float64]:
    """Return days since 1970 from timestamps, RFC 3339 text or numbers."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column = pc.cast(column, pa.float64())
        except pa.ArrowException:
            column = _moments(column, path)
    if pa.types.is_temporal(column.type):
        moments = pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64())
        return _numbers(moments, path, "time") / (SECONDS_A_DAY * 1e6)
    numbers = _numbers(column, path, "time")
    largest = float(np.nanmax(np.abs(numbers), initial=0))
    unit = 1 if largest < MOST_DAYS else SECONDS_A_DAY if largest < MOST_SECONDS else SECONDS_A_DAY * 1000
    return numbers / unit


def _moments(column: Any, path: Path) -> Any:
    for zone in (None, "UTC"):
        try:
            return pc.cast(column, pa.timestamp("us", tz=zone))
        except pa.ArrowException as exc:
            why = str(exc).splitlines()[0]
    raise UnreadableFileError(f"{path}: the column time is neither numbers nor RFC 3339: {why}")


def _drop(kept: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> int:
    dropped = int((kept & wrong).sum())
    kept &= ~wrong
    return dropped


def _mingled(known: Events, wanted: Events) -> bool:
    """Tell whether most of what is to be found is older than the last that is learnt from."""
    if known.time_days is None or wanted.time_days is None or not known.time_days.size or not wanted.time_days.size:
        return False
    return bool(np.median(wanted.time_days) < known.time_days.max())


def _indexed(known: Events, wanted: Events, *, timed: bool) -> tuple[Interactions, Interactions]:
    """Give users and items of both files common indices, in the order in which they appear."""
    sides = (known, wanted)
    users, items = (_encoded([getattr(side, name) for side in sides]) for name in ("user", "item"))
    n_users, n_items = (1 + int(codes.max(initial=-1)) for codes in (users, items))
    cut = len(known.user)
    parts = [
        Interactions.of(
            users[rows],
            items[rows],
            time=side.time_days if timed else None,
            quantity=side.quantity,
            n_users=n_users,
            n_items=n_items,
        )
        for side, rows in zip(sides, (slice(0, cut), slice(cut, None)), strict=True)
    ]
    return parts[0], parts[1]


def _encoded(columns: Sequence[Any]) -> NDArray[np.int32]:
    codes = pa.chunked_array(columns).combine_chunks().dictionary_encode().indices
    indices: NDArray[np.int32] = codes.to_numpy(zero_copy_only=False).astype(np.int32)
    return indices


def _chosen(
    past: Interactions, now: float, name: str | None, seconds: float | None, repeat: Repeat, k: int
) -> tuple[Model, int, float]:
    models = models_by_name(past)
    if name not in (None, "auto", *models):
        raise InvalidError(f"there is no model {name!r}; there are {', '.join(sorted(models))}")
    model = models["blend" if name in (None, "auto") else str(name)]
    started = time.perf_counter()
    if seconds is None:
        if name not in (None, "auto"):
            return model, 0, 0.0
        tuned = suiting(past, now=now, repeats=(repeat,), k=k, seed=SEED)
        return tuned.model, len(tuned.trials), time.perf_counter() - started
    tuned = tune(
        past,
        now=now,
        seconds_left=lambda: seconds - (time.perf_counter() - started),
        start=() if isinstance(model, Blend) else (model,),
        repeats=(repeat,),
        k=k,
        seed=SEED,
    )
    return tuned.model, len(tuned.trials), time.perf_counter() - started


def _served(
    table: ItemTable, past: Interactions, now: float, asked: NDArray[np.int32], k: int, repeat: Repeat
) -> tuple[float, float]:
    """Return the median and the 99th percentile of microseconds a list, with reasons and a filter."""
    starts, allowed = past.starts(), np.ones(past.n_items, dtype=np.bool_)
    spent = []
    for user in asked[:: max(1, asked.size // TIMED_LISTS)]:
        mine = slice(starts[user], starts[user + 1])
        history = History(past.item[mine], now - past.time[mine])
        started = time.perf_counter_ns()
        table.recommend(history, k=k, repeat=repeat, allowed=allowed)
        spent.append((time.perf_counter_ns() - started) / 1000)
    return (float(np.percentile(spent, 50)), float(np.percentile(spent, 99))) if spent else (0.0, 0.0)


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _times(report: EvaluationReport) -> str:
    if report.times_passed_over:
        return "times passed over: most of these are older than the last to learn from"
    return f"{'with' if report.timed else 'without'} times"


def _text(report: EvaluationReport) -> str:
    scores, k = report.scores, report.scores.k
    question = "bought items allowed" if report.repeat == "include" else "new items only"
    left_out = ", ".join(f"{count:,} {why}" for why, count in report.left_out.items() if count) or "none"
    rows = [
        ("model", f"{report.model.name}, {question}"),
        ("data", f"{report.users:,} users, {report.items:,} items, {report.train_events:,} events to learn from"),
        ("", f"{report.test_events:,} events to find, {_times(report)}"),
        ("lines left out", left_out),
        ("users asked", f"{scores.users:,} ({report.unknown_users:,} of the test are unknown in training)"),
        (f"recall@{k}", f"{scores.recall.mean:.4f}  ({scores.recall.low:.4f} to {scores.recall.high:.4f})"),
        (f"ndcg@{k}", f"{scores.ndcg.mean:.4f}  ({scores.ndcg.low:.4f} to {scores.ndcg.high:.4f})"),
        ("hit rate", f"{scores.hit_rate.mean:.4f}"),
        ("coverage", f"{scores.coverage:.4f} of the items stand in a list"),
        ("novelty", f"{scores.novelty:.2f} bits"),
        ("training", f"{report.train_seconds:.1f} s"),
        ("tuning", f"{report.tune_seconds:.1f} s, {report.trials} trials"),
        ("a served list", f"{report.served_us_p50:.0f} µs median, {report.served_us_p99:.0f} µs p99"),
        ("peak memory", f"{report.peak_mb:.0f} MB"),
        ("parameters", msgspec.json.encode(report.model).decode()),
    ]
    return "\n".join(f"{name:16}{value}" for name, value in rows)
