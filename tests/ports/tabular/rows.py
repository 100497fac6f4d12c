"""Files and rows for tests of the tabular port."""

import gzip
import subprocess
import sys

import pytest
from hypothesis import strategies as st

from bodega.adapters.formats import FileTabular
from bodega.ports.tabular import Row, UnreadableFileError

TABULAR = FileTabular()
FORMATS = ["jsonl", "jsonl.gz", "csv", "csv.gz", "parquet"]
TEXTS = [name for name in FORMATS if name != "parquet"]
MIB = 1 << 20

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
nasty = words | st.sampled_from(
    [
        "",
        " ",
        '"',
        '""',
        ",",
        "\n",
        "\r",
        "\r\n",
        "'",
        "\\",
        "\ufeff",
        "=1+1",
        '"\n,',
        "\u2028",
        "\x85",
        "\x1c",
        "ß",
        "😀",
        "null",
    ]
)

READ_ALL = """
import resource, sys, time
from pathlib import Path
from bodega.adapters.formats import FileTabular
from bodega.ports.tabular import UnreadableFileError

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    rows = sum(1 for _ in FileTabular().reader(Path(sys.argv[1])).read())
    print("read", rows, end=" ")
except UnreadableFileError as exc:
    print("refused", "-", end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, time.process_time())
"""


def read(path, after_line=0, **options) -> list[Row]:
    return list(TABULAR.reader(path, **options).read(after_line=after_line))


def values(path, **options):
    rows = read(path, **options)
    assert [row.fault for row in rows] == [None] * len(rows)
    return [dict(row.values) for row in rows]


def write(path, rows, **options):
    return TABULAR.writer(path, **options).write(rows)


def raw(path, data: bytes, *, packed: bool = False):
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def read_until_refused(path):
    rows = []
    try:
        for row in TABULAR.reader(path).read():
            rows.append(row)  # noqa: PERF402  # what came before the refusal counts
    except UnreadableFileError as exc:
        return rows, exc
    pytest.fail("nothing was refused")


def faults(rows):
    return {row.line: row.fault for row in rows if row.fault is not None}


def peak_mb(path):
    done = subprocess.run([sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, check=True)
    verdict, rows, megabytes, _ = done.stdout.split()
    return verdict, rows, int(megabytes)
