"""What every format does, and how it meets what is not what its name says."""

import contextlib
import gzip
import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import (
    FORMATS,
    MIB,
    TABULAR,
    nasty,
    raw,
    read,
    values,
    write,
)

from bodega.errors import InvalidError
from bodega.ports.tabular import UnreadableFileError


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
