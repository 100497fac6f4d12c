"""Measure the search adapter: build rate, cost of a query by kind, cost of a change, size and memory.

    PYTHONPATH=src python benchmarks/search.py [--documents 100000] [--queries 400] [--seed 7]

Documents are made from words with Zipf's distribution, about 600 bytes of text each. Every kind of query is
asked with other words each time, so that the numbers are not those of a warm cache alone.
"""

import argparse
import gc
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from itertools import accumulate
from pathlib import Path

import psutil

from bodega.adapters.local.search import TantivySearchIndex
from bodega.ports.search import SearchDocument, SearchQuery

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FACETS = ("category", "brand", "price")
COLORS = ("red", "green", "blue", "black", "white", "grey", "pink", "brown")


class Words:
    """A vocabulary in which the n-th word is about 1/n as frequent as the first."""

    def __init__(self, seed: int, size: int = 30_000) -> None:
        self.chance = random.Random(seed)
        made = {"".join(self.chance.choices(LETTERS, k=self.chance.randint(3, 9))) for _ in range(size)}
        self.words = self.chance.sample(sorted(made), len(made))
        weights = list(accumulate(1 / (place + 1) ** 0.9 for place in range(len(self.words))))
        self.stream = self.chance.choices(self.words, cum_weights=weights, k=500_000)

    def text(self, length: int) -> str:
        """Return so many words in a row."""
        start = self.chance.randrange(len(self.stream) - length)
        return " ".join(self.stream[start : start + length])


def documents(words: Words, count: int) -> Iterator[SearchDocument]:
    """Make the documents one by one."""
    for number in range(count):
        chance = words.chance
        leaf = chance.randrange(200)
        yield SearchDocument(
            id=f"prod_{number:026d}",
            status="draft" if number % 20 == 0 else "active",
            title=words.text(6),
            description=words.text(75),
            brand=f"brand {words.words[chance.randrange(300)]}",
            skus=(f"SKU-{number}-A", f"SKU-{number}-B"),
            categories=(f"cat_{leaf}", f"cat_top_{leaf % 12}"),
            collections=(f"col_{leaf % 7}",),
            attributes=(f"color={COLORS[number % 8]}", f"size={number % 5}"),
            price=chance.randrange(100, 50_000),
            created_at=1_700_000_000_000 + number,
            sold=int(chance.paretovariate(1.1)) - 1,
            rating=chance.randrange(5001),
            card=json.dumps(
                {
                    "title": words.text(6),
                    "image": f"/media/{number:032x}.svg",
                    "slug": words.text(4),
                    "numbers": [chance.randrange(10**6) for _ in range(8)],
                    "more": words.text(12),
                }
            ).encode(),
        )


def measure(name: str, ask: Callable[[str], object], texts: Sequence[str], rounds: int) -> None:
    """Print the CPU and wall time of a call, median and 99th of a hundred."""
    wall, cpu = [], []
    gc.collect()
    for number in range(rounds):
        started, busy = time.perf_counter(), time.process_time()
        ask(texts[number % len(texts)])
        cpu.append(time.process_time() - busy)
        wall.append(time.perf_counter() - started)
    figures = [sorted(times)[int(len(times) * part)] * 1000 for times in (cpu, wall) for part in (0.5, 0.99)]
    print(f"{name:44}{figures[0]:9.3f}{figures[1]:9.3f}{figures[2]:9.3f}{figures[3]:9.3f}")


def kinds(index: TantivySearchIndex, words: Words) -> dict[str, tuple[Callable[[str], object], list[str]]]:
    """Return each kind of question with its texts."""
    middle, common = words.words[200:1200], words.words[:10]
    pairs = [f"{a} {b}" for a, b in zip(words.words[20:120], words.words[120:220], strict=True)]
    typos = [word[:2] + word[3:] + "q" for word in middle if len(word) >= 6]
    numbers = [str(number * 37) for number in range(1000)]

    def search(**more: object) -> Callable[[str], object]:
        return lambda text: index.search(SearchQuery(text=text, **more))  # type: ignore[arg-type]

    def deep(_text: str) -> object:
        first = index.search(SearchQuery(sort="price"))
        return index.search(SearchQuery(sort="price", after=first.next))

    return {
        "one word": (search(), middle),
        "one word, 3 facets": (search(facets=FACETS), middle),
        "one word, 3 facets, sort by price": (search(facets=FACETS, sort="price"), middle),
        "one word, attribute facet": (search(facets=("attributes.color",)), middle),
        "one word, category and price range": (
            search(categories=("cat_top_3",), price_from=1000, price_to=20_000),
            middle,
        ),
        "rare word": (search(), words.words[-5000:]),
        "very common word": (search(), common),
        "very common word, 3 facets": (search(facets=FACETS), common),
        "two words": (search(), pairs),
        "prefix of 3 letters": (search(), [word[:3] for word in middle]),
        "prefix of 1 letter": (search(), list(LETTERS)),
        "SKU": (search(), [f"sku-{number}-a" for number in numbers]),
        "nothing found, typos tried": (search(), typos),
        "no text, 3 facets": (search(facets=FACETS), [""]),
        "no text, sort by price, pages 1 and 2": (deep, [""]),
        "suggest, 3 letters": (index.suggest, [word[:3] for word in middle]),
        "suggest, a typo": (index.suggest, typos),
        "counts of categories": (lambda _: index.counts("category"), [""]),
    }


def measure_changes(index: TantivySearchIndex, words: Words) -> None:
    """Print what it costs to publish changes of different sizes."""
    position = index.position()
    for size, rounds in ((1, 20), (100, 10), (1000, 10), (5000, 4)):
        wall, cpu = [], []
        changed = list(documents(words, size))
        for _ in range(rounds):
            position += 1
            started, busy = time.perf_counter(), time.process_time()
            index.apply(changed, [], position=position)
            cpu.append(time.process_time() - busy)
            wall.append(time.perf_counter() - started)
        print(
            f"apply {size:5} documents: CPU p50 {sorted(cpu)[rounds // 2] * 1000:.1f} ms, "
            f"wall p50 {sorted(wall)[rounds // 2] * 1000:.1f}, max {max(wall) * 1000:.1f} ms; "
            f"{size * rounds / sum(cpu):,.0f} docs/s of CPU"
        )


def memory_mb() -> float:
    """Return the resident memory of this process."""
    return psutil.Process().memory_info().rss / 1e6


def main() -> None:
    """Build, ask, change, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("tantivy", "msgspec"))
    print(f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, {versions}; {asked.documents:,} documents, seed {asked.seed}")
    words = Words(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        index = TantivySearchIndex(Path(folder))
        made = list(documents(words, asked.documents)) if asked.documents <= 200_000 else None
        before = memory_mb()
        started, busy = time.perf_counter(), time.process_time()
        index.rebuild(made or documents(words, asked.documents), position=0)
        cpu, wall = time.process_time() - busy, time.perf_counter() - started
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(
            f"rebuild: {asked.documents / cpu:,.0f} docs/s of CPU, {asked.documents / wall:,.0f} docs/s wall; "
            f"{size / 1e6:.0f} MB on disk; resident +{memory_mb() - before:.0f} MB"
        )
        print(f"{'CPU p50, p99; wall p50, p99 in ms':44}{'CPU':>9}{'p99':>9}{'wall':>9}{'p99':>9}")
        for name, (ask, texts) in kinds(index, words).items():
            measure(name, ask, texts, asked.queries)
        measure_changes(index, words)
        print(f"resident at the end: +{memory_mb() - before:.0f} MB over {before:.0f}")
        index.close()


if __name__ == "__main__":
    sys.exit(main())
