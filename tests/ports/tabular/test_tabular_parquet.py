"""Parquet: types, bounds, and pages that lie."""

import contextlib
import math
import os
import random
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import (
    MIB,
    TABULAR,
    faults,
    nasty,
    peak_mb,
    read,
    read_until_refused,
    values,
    write,
)

from bodega.adapters.formats import FileTabular
from bodega.errors import InvalidError
from bodega.ports.tabular import UnreadableFileError


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
