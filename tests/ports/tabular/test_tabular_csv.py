"""CSV: headers, quotation marks and faults in their places."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rows import MIB, TABULAR, faults, raw, read, values, write

from bodega.errors import InvalidError
from bodega.ports.tabular import UnreadableFileError


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
