"""Lines, bytes and gzip of text formats, however hostile, in little memory."""

import gzip
import random
import sys
import zlib

import pytest
from rows import MIB, TABULAR, TEXTS, faults, peak_mb, raw, read, read_until_refused, values, write

from bodega.adapters.formats.text import MAX_LINE_BYTES
from bodega.ports.tabular import UnreadableFileError


def test_a_line_too_long_is_a_fault_and_the_rest_is_read(tmp_path):
    for size in (MIB + 1, 3 * MIB, 10 * MIB):
        lines = [b'{"a":"1"}', b'{"a":"' + b"x" * size + b'"}', b'{"a":"3"}']
        rows = read(raw(tmp_path / "rows.jsonl", b"\n".join(lines) + b"\n"))

        assert [row.line for row in rows] == [1, 2, 3]
        assert faults(rows) == {2: f"line too long (over {MIB} bytes)"}


@pytest.mark.parametrize("size", [MAX_LINE_BYTES - 8, MAX_LINE_BYTES - 7])
@pytest.mark.parametrize("before", [0, 1, 250_000, 262_144])
def test_the_limit_of_a_line_is_the_same_wherever_it_falls(tmp_path, size, before):
    line = b'{"a":"' + b"x" * size + b'"}'
    rows = read(raw(tmp_path / "rows.jsonl", b" " * before + b"\n" + line + b'\n{"a":"y"}'))

    assert [row.line for row in rows] == [2, 3]
    assert (rows[0].fault is None) == (len(line) <= MAX_LINE_BYTES)


@pytest.mark.parametrize("name", TEXTS)
def test_an_endless_line_is_one_fault(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    noise = random.Random(1).randbytes(3 * MIB).replace(b"\n", b" ").replace(b'"', b" ").replace(b"\0", b" ")
    raw(path, b'a\n"1"\n' + noise if "csv" in name else b'{"a":1}\n' + noise, packed=name.endswith("gz"))

    rows = read(path)

    assert len(rows) == 2
    assert "too long" in rows[1].fault


@pytest.mark.parametrize("name", TEXTS)
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path, name):
    text = "\ufeffa\n1\n" if "csv" in name else '\ufeff{"a":"1"}\n'

    assert values(raw(tmp_path / f"rows.{name}", text.encode(), packed=name.endswith("gz"))) == [{"a": "1"}]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_both_kinds_are_read_and_the_last_may_be_missing(tmp_path, name, end, last):
    lines = [b"a", b"1", b"2"] if "csv" in name else [b'{"a":"1"}', b'{"a":"2"}']
    data = end.join(lines) + (end if last else b"")

    assert values(raw(tmp_path / f"rows.{name}", data, packed=name.endswith("gz"))) == [{"a": "1"}, {"a": "2"}]


def test_a_file_with_carriage_returns_alone_is_refused_with_advice(tmp_path):
    with pytest.raises(UnreadableFileError, match="line feeds"):
        read(raw(tmp_path / "rows.csv", b"a,b\r1,2\r3,4\r"))


def test_empty_lines_are_no_rows_but_count(tmp_path):
    rows = read(raw(tmp_path / "rows.jsonl", b'\n\n{"a":1}\n \t\n\r\n{"a":2}\n\n'))
    assert [(row.line, row.fault) for row in rows] == [(3, None), (6, None)]

    rows = read(raw(tmp_path / "rows.csv", b"\na\n\n1\n\r\n2\n\n"))
    assert [(row.line, row.fault) for row in rows] == [(4, None), (6, None)]


def test_an_empty_file_has_no_rows_if_it_needs_no_header(tmp_path):
    assert read(raw(tmp_path / "rows.jsonl", b"")) == []
    with pytest.raises(UnreadableFileError):
        read(raw(tmp_path / "rows.csv", b""))


def test_members_and_padding_of_gzip_are_read_as_one(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n{"a"') + gzip.compress(b"") + gzip.compress(b":2}\n") + b"\0" * 512)

    assert values(path) == [{"a": 1}, {"a": 2}]


def test_garbage_behind_gzip_is_noticed_after_the_rows_before_it(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n') + b"garbage")
    reader = TABULAR.reader(path).read()

    assert next(reader).values == {"a": 1}
    with pytest.raises(UnreadableFileError) as caught:
        next(reader)
    assert caught.value.line == 2


def test_a_truncated_gzip_gives_its_rows_and_then_says_where_it_ends(tmp_path):
    path = tmp_path / "rows.csv.gz"
    write(path, [{"a": str(n), "noise": random.Random(n).randbytes(20).hex()} for n in range(1000)])
    path.write_bytes(path.read_bytes()[:-2000])

    rows, refusal = read_until_refused(path)

    assert 500 < len(rows) < 1000
    assert [row.values["a"] for row in rows] == [str(n) for n in range(len(rows))]
    assert refusal.line == rows[-1].line + 1


def bomb(path, beginning: bytes, unit: bytes, total_bytes: int):
    """Write a gzip file that holds a unit over and over, without ever holding it unpacked."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = unit * (MIB // len(unit))
    with path.open("wb") as handle:
        handle.write(deflater.compress(beginning))
        for _ in range(total_bytes // len(block)):
            handle.write(deflater.compress(block))
        handle.write(deflater.flush())
    return path


BOMBS = {
    "one endless line": (b"x", ".jsonl.gz"),
    "empty lines": (b"\n", ".jsonl.gz"),
    "small rows": (b'{"a":"1"}\n', ".jsonl.gz"),
    "one endless cell": (b"x", ".csv.gz"),
    "quotes": (b'"', ".csv.gz"),
    "rows": (b"1234567\n", ".csv.gz"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak memory this way")
@pytest.mark.parametrize("kind", BOMBS)
def test_a_gzip_bomb_is_refused_long_before_its_end_and_in_little_memory(tmp_path, kind):
    # 40 MB stand for 10 GB: the refusal comes after 8 MB, whatever follows.
    unit, suffix = BOMBS[kind]
    path = bomb(tmp_path / f"rows{suffix}", b"a\n" if "csv" in suffix else b'{"a":"1"}\n', unit, 40 * MIB)
    assert path.stat().st_size < MIB // 8

    verdict, _, megabytes = peak_mb(path)

    assert verdict == "refused"
    assert megabytes < 40


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak memory this way")
@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    write(path, ({"sku": f"SKU-{n}", "text": "x" * 400} for n in range(150_000)))

    verdict, rows, megabytes = peak_mb(path)

    assert (verdict, rows) == ("read", "150000")
    assert megabytes < 20 < path.stat().st_size / MIB
