"""The behaviours of the scratch port, over every adapter."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.adapters.local.scratch import LocalScratch


@pytest.fixture
def root(tmp_path):
    return tmp_path / "scratch"


@pytest.fixture
def scratch(root):
    return LocalScratch(root)


def places(root):
    return [path for path in root.iterdir() if not path.name.startswith(".")]


def test_a_folder_is_empty_private_and_gone_afterwards(scratch, root):
    with scratch.folder() as one, scratch.folder() as other:
        (one / "file").write_bytes(b"x")

        assert one != other
        assert list(other.iterdir()) == []

    assert places(root) == []


def test_a_folder_is_gone_even_if_the_work_failed(scratch, root):
    with pytest.raises(ZeroDivisionError), scratch.folder():
        _ = 1 / 0

    assert places(root) == []


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_is_not(scratch, root):
    script = (
        "import os, pathlib, sys; from bodega.adapters.local.scratch import LocalScratch\n"
        "with LocalScratch(pathlib.Path(sys.argv[1])).folder() as f: (f / 'x').write_bytes(b'x'); os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(root)], check=False, env=environment)
    assert len(places(root)) == 1

    with scratch.folder() as mine, scratch.folder():
        (mine / "file").write_bytes(b"x")

        assert len(places(root)) == 2
        assert (mine / "file").exists()


def test_records_come_back_by_group_and_in_order_of_adding(scratch):
    with scratch.grouper() as grouper:
        grouper.add([("b", b"1"), ("a", b"2")])
        grouper.add([("b", b"3"), ("", b"0")])

        assert list(grouper.read(after="")) == [("a", b"2"), ("b", b"1"), ("b", b"3")]
        assert list(grouper.read(after="a")) == [("b", b"1"), ("b", b"3")]
        assert list(grouper.read(after="b")) == []


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.binary())),
    st.text(st.characters(codec="utf-8")),
)
def test_groups_are_in_order_of_their_utf_8_bytes(tmp_path_factory, records, after):
    with LocalScratch(tmp_path_factory.mktemp("scratch")).grouper() as grouper:
        grouper.add(records)

        expected = sorted((r for r in records if r[0].encode() > after.encode()), key=lambda r: r[0].encode())
        assert list(grouper.read(after=after)) == expected
