"""What every format does, and how each meets files that are broken or hostile."""

import contextlib
import gzip
import json
import math
import os
import random
import subprocess
import sys
import zlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.adapters.formats import FileTabular
from bodega.adapters.formats.text import MAX_LINE_BYTES
from bodega.errors import InvalidError
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


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    return tmp_path / f"rows.{request.param}"


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


# -- every format ----------------------------------------------------------------------------------------


def test_what_was_written_is_read_back(path):
    rows = [{"sku": "A", "title": "Mug"}, {"sku": "B", "title": 'He said "no", twice\r\nand left'}]

    assert write(path, rows) == 2
    assert values(path) == rows


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({"a": nasty, "b": nasty}), min_size=1, max_size=20))
def test_nasty_texts_are_read_back_unchanged(path, rows):
    write(path, rows)

    assert values(path) == rows


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({"a": nasty}), min_size=1, max_size=12))
def test_reading_can_be_taken_up_behind_every_row(path, rows):
    # One column, so that an empty cell makes the emptiest line there is.
    write(path, rows)
    whole = read(path)

    assert read(path, after_line=0) == whole
    for position, row in enumerate(whole):
        assert read(path, after_line=row.line) == whole[position + 1 :]
    assert read(path, after_line=10**9) == []


def test_reading_can_be_taken_up_in_a_file_of_many_blocks(path):
    rows = [{"sku": f"SKU-{n}", "text": ("line\n" * (n % 4)) + "x" * (n % 500)} for n in range(5000)]
    write(path, rows)
    whole = read(path)

    assert [row.values["sku"] for row in whole] == [row["sku"] for row in rows]
    for position in (0, 1, 1023, 1024, 2500, 4998, 4999):
        assert read(path, after_line=whole[position].line) == whole[position + 1 :]


def test_a_reader_can_read_again(path):
    write(path, [{"a": "1"}])
    reader = TABULAR.reader(path)

    assert list(reader.read()) == list(reader.read())


def test_columns_are_renamed(path):
    write(path, [{"invoice": "1", "order": "not ours", "kept": "k"}])

    assert values(path, columns={"order": "invoice"}) == [{"order": "1", "kept": "k"}]
    assert values(path, columns={"invoice": "order", "order": "invoice"}) == [
        {"invoice": "not ours", "order": "1", "kept": "k"}
    ]
    assert values(path, columns={"a": "kept", "b": "kept"}) == [
        {"a": "k", "b": "k", "invoice": "1", "order": "not ours"}
    ]


@pytest.mark.parametrize("name", ["csv", "csv.gz", "parquet"])  # each JSONL row has its own columns
def test_a_column_that_is_not_there_is_refused(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    write(path, [{"invoice": "1"}])

    with pytest.raises(UnreadableFileError, match=r"'invoce'.*'invoice'"):
        read(path, columns={"order": "invoce"})


def test_fields_fix_the_columns_and_missing_ones_are_empty(path):
    write(path, [{"b": "2"}, {"a": "1"}], fields=["a", "b"])

    found = [{name: value or None for name, value in row.items()} for row in values(path)]

    assert [row.get("a") for row in found] == [None, "1"]
    assert [row.get("b") for row in found] == ["2", None]


def test_a_field_that_the_file_does_not_have_is_refused_and_no_file_appears(path):
    with pytest.raises(InvalidError, match="c"):
        write(path, [{"a": "1", "b": "2"}, {"a": "1", "c": "3"}], fields=["a", "b"])

    assert list(path.parent.iterdir()) == []


def test_rows_that_break_off_leave_no_file_and_the_old_one_as_it_was(path):
    write(path, [{"a": "old"}])

    def breaking():
        yield {"a": "new"}
        raise RuntimeError("the line went dead")

    with pytest.raises(RuntimeError, match="dead"):
        write(path, breaking())

    assert values(path) == [{"a": "old"}]
    assert list(path.parent.iterdir()) == [path]


def test_no_rows_make_a_file_without_rows(path):
    assert write(path, [], fields=["a"]) == 0
    assert read(path) == []


def test_a_row_that_would_not_be_read_back_is_not_written(path):
    for row in ({"a": math.nan}, {"a": math.inf}, {"a": "x" * (MIB + 1)}, {"a": "\ud800"}, {"a": object()}):
        with pytest.raises(InvalidError):
            write(path, [row])
    assert list(path.parent.iterdir()) == []


def test_the_largest_cell_is_read_back(path):
    rows = [{"a": "x" * (MIB - 100)}, {"a": "next"}]
    write(path, rows)

    assert values(path) == rows


def test_the_same_rows_make_the_same_text_file(path):
    write(path, [{"a": "1"}])
    first = path.read_bytes()
    write(path, [{"a": "1"}])

    assert path.read_bytes() == first


def test_the_hint_is_near_the_truth(path):
    write(path, [{"sku": f"SKU-{n:05}", "title": "Mug"} for n in range(20_000)])

    hint = TABULAR.reader(path).size_hint()

    if path.suffix == ".gz":
        assert hint is None
    else:
        assert hint == pytest.approx(20_000, rel=0.02)


def test_the_format_may_be_named_instead_of_told_by_the_name(path, tmp_path):
    write(path, [{"a": "1"}])
    unnamed = path.rename(tmp_path / "upload")
    name = path.name.removeprefix("rows.")

    assert values(unnamed, format=name) == [{"a": "1"}]
    assert values(unnamed, format=name.upper()) == [{"a": "1"}]


@pytest.mark.parametrize("name", ["rows", "rows.txt", "rows.xlsx", "rows.gz", "rows.csv.zip", "rows.parquet.gz"])
def test_a_name_that_tells_no_format_is_refused(tmp_path, name):
    with pytest.raises(InvalidError):
        TABULAR.reader(raw(tmp_path / name, b"a\n"))
    with pytest.raises(InvalidError):
        TABULAR.writer(tmp_path / name)


def test_a_format_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(InvalidError):
        TABULAR.reader(raw(tmp_path / "rows.csv", b"a\n"), format="xml")


def test_what_is_no_file_is_refused(path, tmp_path):
    with pytest.raises(UnreadableFileError):
        TABULAR.reader(path)
    path.mkdir()
    with pytest.raises(UnreadableFileError):
        TABULAR.reader(path)
    with pytest.raises(InvalidError):
        TABULAR.writer(path)
    with pytest.raises(InvalidError):
        TABULAR.writer(tmp_path / "nowhere" / path.name)


IMPOSTORS = {
    "parquet": b"PAR1" + b"\x15\x04" * 100,
    "zip": b"PK\x03\x04" + b"\x14\x00" * 100,
    "excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "gzip": gzip.compress(b"a,b\n"),
    "sqlite": b"SQLite format 3\x00" + b"\x10\x00" * 50,
    "picture": b"\x89PNG\r\n\x1a\n",
    "page": b"\n <!DOCTYPE html>\n<title>Please sign in</title>",
    "utf16": "a,b\n1,2\n".encode("utf-16"),
    "utf16 without mark": "a,b\n1,2\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("impostor", IMPOSTORS)
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_what_its_name_says_is_refused_when_it_is_opened(tmp_path, name, impostor):
    path = raw(tmp_path / f"rows.{name}", IMPOSTORS[impostor], packed=name.endswith("gz"))

    with pytest.raises(UnreadableFileError):
        TABULAR.reader(path)


@pytest.mark.parametrize("name", ["jsonl.gz", "csv.gz", "parquet"])
@pytest.mark.parametrize("data", [b"", b"\x1f", b"a,b\n1,2\n", b'{"a":1}\n'])
def test_text_under_a_packed_name_is_refused(tmp_path, name, data):
    with pytest.raises(UnreadableFileError):
        TABULAR.reader(raw(tmp_path / f"rows.{name}", data))


@pytest.mark.parametrize("name", ["jsonl.gz", "csv.gz", "parquet"])  # text may end anywhere
def test_every_truncation_of_a_packed_file_is_noticed(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    write(path, [{"a": str(n)} for n in range(30)])
    data = path.read_bytes()

    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableFileError):
            read(path)


def test_random_damage_is_never_more_than_an_error(path):
    write(path, [{"sku": f"SKU-{n}", "price": "1.99", "text": "Mug, red\n"} for n in range(200)])
    data = path.read_bytes()
    chance = random.Random(1)

    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(UnreadableFileError):
            read(path)


# -- text: lines, bytes, gzip ----------------------------------------------------------------------------


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
    "rows": (b"1\n", ".csv.gz"),
}

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


def peak_mb(path):
    done = subprocess.run([sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, check=True)
    verdict, rows, megabytes, _ = done.stdout.split()
    return verdict, rows, int(megabytes)


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


# -- JSONL -----------------------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.dictionaries(
            words,
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers(-(2**63), 2**63 - 1)
                | words
                | st.floats(allow_nan=False, allow_infinity=False),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
                max_leaves=6,
            ),
            max_size=4,
        )
    )
)
def test_every_json_value_is_read_back(tmp_path, rows):
    write(tmp_path / "rows.jsonl", rows)

    assert values(tmp_path / "rows.jsonl") == rows


BROKEN_JSON = {
    b'{"a":NaN}': "not JSON",
    b'{"a":-Infinity}': "not JSON",
    b'{"a":1e999}': "not JSON",
    b'{"a":' + b"9" * 100_000 + b"}": "not JSON",
    b'{"a":"\xff"}': "not UTF-8",
    b'{"a":"\xed\xa0\x80"}': "not UTF-8",
    b'{"a":"\\ud800"}': "not JSON",
    b'{"a":"\\ud800x\\udc00"}': "not JSON",
    b'{"a":"\0"}': "not JSON",
    b'{"a":1': "not JSON",
    b'{"a":1} {"b":2}': "not JSON",
    b"{'a':1}": "not JSON",
    b"[" * 100_000: "nested too deeply",
    b'{"a":' * 100_000: "nested too deeply",
    b"[1,2]": "not a JSON object",
    b'"text"': "not a JSON object",
    b"null": "not a JSON object",
    b"17": "not a JSON object",
    b"sku,title": "not JSON",
}


@pytest.mark.parametrize("line", BROKEN_JSON, ids=lambda line: repr(line[:20]))
def test_a_broken_line_of_jsonl_is_a_fault_in_its_place(tmp_path, line):
    rows = read(raw(tmp_path / "rows.jsonl", b'{"a":1}\n' + line + b'\n{"a":3}\n'))

    assert [row.line for row in rows] == [1, 2, 3]
    assert rows[1].values == {}
    assert rows[1].fault.startswith(BROKEN_JSON[line])
    assert faults(rows).keys() == {2}


@pytest.mark.parametrize("text", ["[\n {}\n]\n", "{\n}\n", json.dumps([{"a": 1}], indent=2)])
def test_json_over_several_lines_is_refused_as_a_whole(tmp_path, text):
    with pytest.raises(UnreadableFileError, match="each line"):
        read(raw(tmp_path / "rows.jsonl", text.encode()))


@given(data=st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_any_bytes_are_rows_faults_or_an_unreadable_file(tmp_path, name, data):
    path = raw(tmp_path / f"rows.{name}", data)
    try:
        rows = read(path)
    except UnreadableFileError:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= data.count(b"\n") + 1 for line in lines)
    for row in rows:
        for value in row.values.values():
            json.dumps(value, allow_nan=False).encode()


# -- CSV -------------------------------------------------------------------------------------------------


def test_csv_values_are_strings_and_other_kinds_are_written_as_text(tmp_path):
    moment = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    row = {"int": 5, "true": True, "none": None, "tags": ["a", {"b": 1}], "time": moment, "price": Decimal("1.50")}

    write(tmp_path / "rows.csv", [row])

    assert values(tmp_path / "rows.csv") == [
        {
            "int": "5",
            "true": "true",
            "none": "",
            "tags": '["a",{"b":1}]',
            "time": "2026-11-23T03:00:00+00:00",
            "price": "1.50",
        }
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"a,b,a", "two columns"),
        (b"a,,b", "no name"),
        (b"a, ,b", "no name"),
        (b'"a', "quotation mark"),
        (b"a\xff,b", "UTF-8"),
        (b"a;b;c", "commas"),
        (b"a\tb", "commas"),
        (b"x" * (2 * MIB), "too long"),
        (b",".join(b"c%d" % n for n in range(1001)), "1001 columns"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path, header, said):
    with pytest.raises(UnreadableFileError, match=said) as caught:
        read(raw(tmp_path / "rows.csv", b"\n" + header + b"\n1,2,3\n"))

    assert caught.value.line == 2


def test_ragged_rows_are_faults(tmp_path):
    rows = read(raw(tmp_path / "rows.csv", b"a,b\n1,2\n1\n1,2,3\n,\n"))

    assert faults(rows) == {3: "1 cells, but the header has 2", 4: "3 cells, but the header has 2"}
    assert rows[-1].values == {"a": "", "b": ""}


def test_rows_are_counted_by_the_line_on_which_they_begin(tmp_path):
    rows = read(raw(tmp_path / "rows.csv", b'a,b\n"x\ny\r\nz",1\n2,2\n"\n\n",3\n4,4\n'))

    assert [row.line for row in rows] == [2, 5, 6, 9]
    assert rows[0].values == {"a": "x\ny\r\nz", "b": "1"}


def test_a_quotation_mark_that_is_not_closed_costs_its_own_line_only(tmp_path):
    for last in (b"", b"8,8\n" * 10, b'8,"8"\n' * 10, b"8,8\n" * (MIB // 2)):
        rows = read(raw(tmp_path / "rows.csv", b'a,b\n1,1\n"2,2\n3,3\n4,4\n' + last))

        assert list(faults(rows)) == [3]
        assert "quotation mark" in faults(rows)[3]
        assert [row.line for row in rows] == list(range(2, 6 + last.count(b"\n")))


def test_something_behind_a_closing_quotation_mark_is_a_fault(tmp_path):
    rows = read(raw(tmp_path / "rows.csv", b'a,b\n"12" ruler",1\n"12"" ruler",2\n12" ruler,3\n'))

    assert list(faults(rows)) == [2]
    assert [row.values["a"] for row in rows[1:]] == ['12" ruler', '12" ruler']


def test_bad_bytes_are_faults_of_their_own_rows(tmp_path):
    data = b'a,b\n1,caf\xe9\n2,caf\xc3\xa9\n3,\0\n"4\n\xff\n",4\n5,5\n\0\0\0\xff\n7,7\n'
    rows = read(raw(tmp_path / "rows.csv", data))

    assert faults(rows) == {2: "not UTF-8", 4: "holds a NUL byte", 5: "not UTF-8", 9: "not UTF-8"}
    assert [row.values for row in rows if row.fault is None] == [
        {"a": "2", "b": "café"},
        {"a": "5", "b": "5"},
        {"a": "7", "b": "7"},
    ]


@pytest.mark.parametrize(
    "cell",
    [
        b"x" * 10 * MIB,
        b'"' + b"x" * 10 * MIB + b'"',
        b'"' + b"x" * 10 * MIB + b'\nand more"',
        b'"a\n' + b"x" * 10 * MIB + b'"',
    ],
    ids=["plain", "quoted", "goes on", "began before"],
)
def test_a_huge_cell_costs_its_own_record_only(tmp_path, cell):
    rows = read(raw(tmp_path / "rows.csv", b"a,b\n1,1\n" + cell + b",2\n3,3\n"))

    assert list(faults(rows)) == [3]
    assert "too long" in faults(rows)[3]
    assert [row.values["a"] for row in rows if row.fault is None] == ["1", "3"]


def test_a_record_that_goes_on_over_many_short_lines_is_bounded(tmp_path):
    # Every cell is small and every line is short; only the record is endless.
    data = b'a,b\n"' + b'x","y\n' * 400_000

    rows = TABULAR.reader(raw(tmp_path / "rows.csv", data)).read()

    assert "not closed within 1 MiB" in next(rows).fault
    # Each line begins such a record: retrying all of them would read the file a hundred thousand times.
    said = [row.fault for row in rows]
    assert any("lines up to" in fault for fault in said)
    assert len(said) < 20


def test_reading_goes_on_after_a_fault_as_if_from_there(tmp_path):
    path = raw(tmp_path / "rows.csv", b'a,b\n1,1\n"2,2\n3,"3"\n"4\n4",4\n5\n6,6\n')
    whole = read(path)

    for position, row in enumerate(whole):
        assert read(path, after_line=row.line) == whole[position + 1 :]


def test_formulas_are_guarded_only_when_asked(tmp_path):
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "1=1", "", "'=1"]
    rows = [{"a": text, "n": -1} for text in texts]

    write(tmp_path / "exact.csv", rows)
    write(tmp_path / "guarded.csv", rows, for_spreadsheets=True)

    assert [row["a"] for row in values(tmp_path / "exact.csv")] == texts
    assert [row["a"] for row in values(tmp_path / "guarded.csv")] == [f"'{text}" for text in texts[:6]] + texts[6:]
    assert {row["n"] for row in values(tmp_path / "guarded.csv")} == {"-1"}  # a number is no formula


def test_csv_without_rows_needs_its_fields(tmp_path):
    with pytest.raises(InvalidError):
        write(tmp_path / "rows.csv", [])


@pytest.mark.parametrize("fields", [["a", "a"], [""], [" a"], ["\0"]])
def test_a_header_that_would_be_refused_is_not_written(tmp_path, fields):
    with pytest.raises(InvalidError):
        write(tmp_path / "rows.csv", [], fields=fields)


def test_a_nul_cannot_be_written_to_csv(tmp_path):
    with pytest.raises(InvalidError):
        write(tmp_path / "rows.csv", [{"a": "\0"}])


# -- Parquet ---------------------------------------------------------------------------------------------


def table(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_typed_columns_come_as_pythons_own_types(tmp_path):
    london = timezone(timedelta(hours=1))
    path = table(
        tmp_path / "rows.parquet",
        {
            "int": pa.array([1, None], pa.int32()),
            "float": [2.5, None],
            "bool": [True, None],
            "text": pa.array(["a", None], pa.large_string()),
            "bytes": [b"\xff", None],
            "day": [date(2026, 11, 23), None],
            "local": pa.array([datetime(2010, 12, 1, 8, 26), None], pa.timestamp("ns")),  # noqa: DTZ001
            "zoned": pa.array([datetime(2026, 7, 1, 1, tzinfo=london), None], pa.timestamp("ms", "Europe/London")),
            "price": [Decimal("1.50"), None],
        },
    )

    first, second = values(path)

    assert first == {
        "int": 1,
        "float": 2.5,
        "bool": True,
        "text": "a",
        "bytes": b"\xff",
        "day": date(2026, 11, 23),
        "local": datetime(2010, 12, 1, 8, 26),  # noqa: DTZ001
        "zoned": datetime(2026, 7, 1, tzinfo=UTC),
        "price": Decimal("1.50"),
    }
    assert first["local"].tzinfo is None
    assert first["zoned"].utcoffset() == timedelta(0)
    assert set(second.values()) == {None}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_typed_values_are_written_and_read_back(tmp_path, data):
    kinds = {
        "int": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "bool": st.booleans(),
        "text": nasty,
        "bytes": st.binary(max_size=9),
        "day": st.dates(),
        "zoned": st.datetimes(timezones=st.just(UTC)),
        "local": st.datetimes(),
    }
    row = st.fixed_dictionaries({name: st.none() | kind for name, kind in kinds.items()})
    rows = data.draw(st.lists(row, min_size=1, max_size=8))

    write(tmp_path / "rows.parquet", rows)

    assert values(tmp_path / "rows.parquet") == rows


def test_a_type_that_shows_late_is_still_the_columns_type(tmp_path):
    rows = [{"a": None, "b": 1}] * 5000 + [{"a": 7, "b": 0.5}]

    write(tmp_path / "rows.parquet", rows)

    assert values(tmp_path / "rows.parquet")[-1] == {"a": 7, "b": 0.5}
    assert pq.read_schema(tmp_path / "rows.parquet").field("a").type == pa.int64()


def test_nested_values_become_json_text(tmp_path):
    write(tmp_path / "rows.parquet", [{"a": {"x": [1]}, "price": Decimal("1.50")}])

    assert values(tmp_path / "rows.parquet") == [{"a": '{"x":[1]}', "price": "1.50"}]


@pytest.mark.parametrize(
    "cells", [[1, "a"], [1, datetime(2026, 1, 1, tzinfo=UTC)], [True, 1], [2**53 + 1, 0.5], [2**63]]
)
def test_values_without_a_type_in_common_are_refused_and_no_file_appears(tmp_path, cells):
    with pytest.raises(InvalidError):
        write(tmp_path / "rows.parquet", [{"a": cell} for cell in cells])

    assert list(tmp_path.iterdir()) == []


def test_groups_of_rows_before_the_place_are_passed_over(tmp_path):
    path = table(tmp_path / "rows.parquet", {"a": list(range(100))}, row_group_size=7)

    for after in range(102):
        assert [row.values["a"] for row in read(path, after_line=after)] == list(range(after, 100))


def test_numbers_that_are_none_are_faults(tmp_path):
    rows = read(table(tmp_path / "rows.parquet", {"a": [1.0, math.nan, None, -math.inf]}))

    assert faults(rows) == {2: "nan in column 'a'", 4: "-inf in column 'a'"}
    assert rows[2].values == {"a": None}


def test_a_time_that_python_cannot_hold_is_a_fault(tmp_path):
    rows = read(table(tmp_path / "rows.parquet", {"a": pa.array([0, 2**60, 1], pa.timestamp("us"))}))

    assert list(faults(rows)) == [2]


def test_text_that_is_not_utf8_is_a_fault(tmp_path):
    broken = pa.StringArray.from_buffers(3, *pa.array([b"a", b"\xff", b"c"], pa.binary()).buffers()[1:])
    rows = read(table(tmp_path / "rows.parquet", {"a": broken}))

    assert faults(rows) == {2: "not UTF-8 in column 'a'"}
    assert rows[2].values == {"a": "c"}


def test_a_nested_column_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="nested"):
        TABULAR.reader(table(tmp_path / "rows.parquet", {"tags": [["a"]]}))


def test_too_many_columns_are_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="1001"):
        TABULAR.reader(table(tmp_path / "rows.parquet", {f"c{n}": [1] for n in range(1001)}))


def test_a_huge_cell_is_a_fault_and_the_rest_is_read(tmp_path):
    rows = read(table(tmp_path / "rows.parquet", {"a": ["x", "y" * 10 * MIB, "z" * MIB]}, compression="none"))

    assert list(faults(rows)) == [2]
    assert [row.line for row in rows] == [1, 2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak memory this way")
def test_a_large_cell_repeated_by_a_dictionary_stays_in_bounds(tmp_path):
    # 3 MB on the disk, 3 GB written out.
    cells = pa.DictionaryArray.from_arrays(
        pa.array([n % 3 for n in range(3000)], pa.int32()), [os.urandom(MIB // 2).hex() for _ in range(3)]
    )
    path = table(tmp_path / "rows.parquet", {"a": cells}, compression="none")
    assert path.stat().st_size < 4 * MIB

    verdict, rows, megabytes = peak_mb(path)

    assert (verdict, rows) == ("read", "3000")
    assert megabytes < 300


def test_a_file_that_only_repeats_is_refused(tmp_path):
    rows = 50_000_000
    nothing = pa.chunked_array([pa.nulls(1_000_000, pa.string()) for _ in range(rows // 1_000_000)])
    path = table(tmp_path / "rows.parquet", {"a": nothing}, row_group_size=rows)
    assert path.stat().st_size < 100_000

    with pytest.raises(UnreadableFileError, match="rows in"):
        TABULAR.reader(path)


def test_damage_in_the_middle_comes_after_the_rows_before_it(tmp_path):
    noise = [random.Random(n).randbytes(16).hex() for n in range(4000)]
    path = table(tmp_path / "rows.parquet", {"a": noise}, row_group_size=1000, compression="zstd")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    path.write_bytes(data)

    rows, refusal = read_until_refused(path)

    assert len(rows) >= 1000
    assert refusal.line == len(rows) + 1


def test_a_file_never_takes_the_place_of_a_device_or_a_folder(tmp_path):
    folder = tmp_path / "out.jsonl"
    folder.mkdir()

    with pytest.raises(InvalidError):
        FileTabular().writer(folder).write([{"a": 1}])

    assert folder.is_dir()
    with pytest.raises(InvalidError):
        FileTabular().writer(Path(os.devnull), format="jsonl").write([{"a": 1}])
    assert not Path(os.devnull).is_file()


def with_first_page_saying(path, unpacked):
    """Let the first page say that it unpacks to so much; its header grows, and the last page of the column is cut."""
    data = path.read_bytes()
    # Fields 1 and 2 of a page header in Thrift's compact protocol, both of type i32: the page's kind, and the size.
    assert data[4] == data[6] == 0x15
    end = 7
    while data[end] & 0x80:
        end += 1
    zigzag, lie = unpacked << 1, bytearray()
    while zigzag >= 0x80:
        lie.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    path.write_bytes(data[:7] + bytes([*lie, zigzag]) + data[end + 1 :])
    return path


@pytest.mark.parametrize("unpacked", [2**31 - 1, 300 * MIB, 65 * MIB])
def test_a_page_that_lies_about_its_size_is_refused_before_room_is_made_for_it(tmp_path, unpacked):
    path = tmp_path / "rows.parquet"
    table(path, {"a": range(100_000)}, compression="zstd", use_dictionary=False, data_page_size=10_000)

    rows, refusal = read_until_refused(with_first_page_saying(path, unpacked))

    assert rows == []
    assert refusal.line == 1
    assert f"unpack to {unpacked}" in str(refusal)


def test_a_dictionary_that_claims_more_values_than_fit_is_refused(tmp_path):
    path = table(tmp_path / "rows.parquet", {"a": ["x", "y", "z"]}, compression="none")
    data = path.read_bytes()
    # Field 7, a struct, whose first field is the number of values: 3, zigzag.
    place = data.index(b"\x4c\x15\x06") + 2
    path.write_bytes(data[:place] + b"\x7e" + data[place + 1 :])

    rows, refusal = read_until_refused(path)

    assert rows == []
    assert "dictionary says that it holds 63 values" in str(refusal)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_pages_of_every_kind_are_looked_at_and_read(tmp_path, version, compression):
    columns = {
        "number": range(3000),
        "nothing": pa.nulls(3000, pa.string()),
        "word": [None if n % 7 == 0 else f"word {n % 11}" for n in range(3000)],
        "noise": [random.Random(n).randbytes(40).hex() for n in range(3000)],
        "flag": [n % 3 == 0 for n in range(3000)],
    }
    options = {"data_page_version": version, "data_page_size": 500, "row_group_size": 1100, "write_page_index": True}
    path = table(tmp_path / "rows.parquet", columns, compression=compression, **options)

    assert [row["noise"] for row in values(path)] == columns["noise"]
    assert [row["word"] for row in values(path)] == columns["word"]
    assert [row.line for row in read(path, after_line=1500)] == list(range(1501, 3001))


@given(place=st.integers(4, 400), byte=st.integers(0, 255))
@settings(max_examples=50, deadline=None)
def test_a_changed_byte_in_the_pages_is_an_error_or_other_rows(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("changed") / "rows.parquet"
    table(path, {"a": ["x", "y", None] * 30, "b": range(90)}, compression="none", data_page_size=64)
    data = bytearray(path.read_bytes())
    data[place] = byte
    path.write_bytes(data)

    with contextlib.suppress(UnreadableFileError):
        read(path)


def test_where_there_is_no_library_for_parquet_it_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("bodega.adapters.formats.tabular.find_spec", lambda _: None)
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1")

    for work in (FileTabular().reader, FileTabular().writer):
        with pytest.raises(InvalidError, match="CSV or JSONL"):
            work(path)
