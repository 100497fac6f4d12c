"""JSONL: every JSON value comes back, and a broken line costs itself only."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import faults, raw, read, values, words, write

from bodega.ports.tabular import UnreadableFileError


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
