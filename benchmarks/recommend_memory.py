"""Measure what a served model takes in memory: processes load the same published version and make lists from it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.system.clock import SystemClock
from bodega.domain.recommendations.versions import FORMAT, LoadedModel, Manifest, ModelParts, Versions
from bodega.recsys.assortment import Assortment
from bodega.recsys.history import History
from bodega.recsys.serving import ItemTable
from bodega.recsys.sketches import BUCKETS, DIMENSIONS
from bodega.recsys.training import TrainSettings
from bodega.recsys.tune import LARGE_WIDTH

LISTS, HEARD, ALIKE, CATEGORIES = 2000, 60, 12, 500
_KB_PER_MB = 1e6 / 1024
_NOW = "2026-01-01T00:00:00.000Z"


def measure_memory(folder: Path, *, items: int) -> dict[str, float]:
    """Publish a model of chance of so many items into the folder, and serve it from one process and from two."""
    store = FileObjectStore(folder, clock=SystemClock())
    manifest = Manifest(
        format=FORMAT, version="v1", trained_at=_NOW, as_of=_NOW, arrays=[], include=_mix(), exclude=_mix()
    )
    Versions(store).write(manifest, _parts(items), sold={})
    files = sum(path.stat().st_size for path in folder.rglob("*.npy"))
    one = _served(folder, processes=1)
    two = _served(folder, processes=2)
    return {
        "items": items,
        "files_mb": files / 1e6,
        "alone_mb": one[0]["pss"],
        "private_mb": one[0]["private"],
        "both_mb": sum(found["pss"] for found in two),
    }


def serve(folder: Path) -> None:
    """Load, make lists, and say on the output what that took; stay until the input ends."""
    store = FileObjectStore(folder, clock=SystemClock())
    before = _memory()
    model = Versions(store).load("v1")
    _make_lists(model)
    print("ready", flush=True)
    sys.stdin.readline()
    after = _memory()
    print(msgspec.json.encode({name: after[name] - before[name] for name in after}).decode(), flush=True)
    sys.stdin.readline()


def _make_lists(model: LoadedModel) -> None:
    rng = np.random.default_rng(0)
    items = model.recommender.n_items
    allowed = model.assortment.on_show
    for _ in range(LISTS):
        history = History(rng.integers(0, items, HEARD), rng.random(HEARD) * 100)
        model.recommender.recommend(history, k=20, allowed=allowed)
        model.together.similar(int(history.items[0]))  # type: ignore[index]


def _served(folder: Path, *, processes: int) -> list[dict[str, float]]:
    """Start processes, wait until all have served, then have all measure while all are there."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]
    answers = []
    for process in started:
        _line(process)
    for process in started:
        _told(process)
        answers.append(msgspec.json.decode(_line(process), type=dict[str, float]))
    for process in started:
        process.communicate("\n")
    return answers


def _line(process: Any) -> str:
    return str(process.stdout.readline())


def _told(process: Any) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def _memory() -> dict[str, float]:
    """Return MB of this process: its share of what is mapped (PSS), and what is its own alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kb = {line.split(":")[0]: float(line.split()[1]) for line in lines if line.endswith("kB")}
    return {"pss": kb["Pss"] / _KB_PER_MB, "private": (kb["Private_Clean"] + kb["Private_Dirty"]) / _KB_PER_MB}


def _parts(items: int) -> ModelParts:
    rng = np.random.default_rng(0)
    popularity = rng.random(items).astype(np.float32)
    counts = np.full(items, 3, dtype=np.int64)
    alike = rng.integers(0, items, (items, ALIKE)).astype(np.int32)
    says = np.sort(rng.random((items, ALIKE)).astype(np.float32), axis=1)[:, ::-1].copy()
    arrays = {
        "on_show": rng.random(items) < 0.9,
        "prices": rng.integers(100, 10_000, items),
        "buyers": rng.integers(0, 100, items).astype(np.int32),
        "aisles": rng.integers(0, CATEGORIES, items).astype(np.int32),
        "category_starts": np.r_[0, np.cumsum(counts)].astype(np.int64),
        "category_of": rng.integers(0, CATEGORIES, int(counts.sum())).astype(np.int32),
        "twins": np.arange(items, dtype=np.int32),
        "gaps": rng.random(items).astype(np.float32),
        "trend": popularity,
        "trend_order": np.argsort(-popularity, kind="stable").astype(np.int32),
        "sketches": rng.integers(-127, 128, (items, DIMENSIONS)).astype(np.int8),
        "rarity": np.ones(BUCKETS, dtype=np.float32),
        "alike": alike,
        "alike_says": says,
    }
    return ModelParts(
        recommender=_table(rng, items, LARGE_WIDTH, popularity),
        together=_table(rng, items, TrainSettings().together_width, popularity),
        assortment=Assortment.from_arrays(arrays, n_items=items, n_categories=CATEGORIES),
        product_ids=[f"prod_{number:022d}" for number in range(items)],
        category_ids=[f"cat_{number:022d}" for number in range(CATEGORIES)],
    )


def _table(rng: np.random.Generator, items: int, width: int, popularity: Any) -> ItemTable:
    near = rng.integers(0, items, (items, width), dtype=np.int32)
    return ItemTable.of(near, rng.random((items, width), dtype=np.float32), popularity)


def _mix() -> Any:
    return ItemTable.of(np.empty((0, 1)), np.empty((0, 1)), np.empty(0)).mixes["include"]


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
