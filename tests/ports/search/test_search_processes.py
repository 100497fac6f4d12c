"""How several processes share one index, and what those that are killed leave behind."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from searching import SYNONYMS, document, filled, ids

from bodega.adapters.local import search
from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import UnavailableError
from bodega.ports.search import SearchIndex, SearchQuery

_ELSEWHERE = """
import sys
from pathlib import Path
from bodega.adapters.local.search import TantivySearchIndex
from bodega.ports.search import SearchDocument, SearchQuery

def document(name, title):
    return SearchDocument(id=name, status="active", title=title, description="", brand="", skus=(), categories=(),
        collections=(), attributes=(), price=1, created_at=0, sold=0, rating=0, card=b"")

index = TantivySearchIndex(Path(sys.argv[1]))
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start Python in another process that has the same folder open."""
    started: list[subprocess.Popen[str]] = []
    source = Path(__file__).parents[3] / "src"

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _ELSEWHERE + textwrap.dedent(code), str(tmp_path / "search")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(source)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def test_another_process_sees_changes_and_rebuilds_and_can_make_them(index: SearchIndex, elsewhere: Any) -> None:
    filled(index, document("a", "one"))
    process = elsewhere(
        """
        import time
        def wait_for(position):
            # As a reader would: by asking again. The promise is a second; a busy machine gets more.
            end = time.monotonic() + 60
            while index.position() != position and time.monotonic() < end:
                pass
            print(position == index.position(), [hit.id for hit in index.search(SearchQuery()).hits], flush=True)
        wait_for(1)
        for position in (2, 3):
            input()
            wait_for(position)
        index.apply([document("d", "four")], [], position=4)
        print("applied", flush=True)
        index.rebuild([document("e", "five")], position=5)
        print("rebuilt", flush=True)
        input()
        """
    )
    assert _line(process) == "True ['a']"

    index.apply([document("b", "two")], ["a"], position=2)
    _tell(process, "look")
    assert _line(process) == "True ['b']"
    index.rebuild([document("c", "three")], position=3)
    _tell(process, "look")
    assert _line(process) == "True ['c']"
    assert _line(process) == "applied"
    assert _line(process) == "rebuilt"

    index.apply([document("f", "six")], [], position=6)
    assert (set(ids(index)), index.position()) == ({"e", "f"}, 6)


def test_an_index_whose_writer_was_killed_is_whole_and_writable(index: SearchIndex, elsewhere: Any) -> None:
    filled(index, document("first", "thing"))
    for turn in range(3):
        process = elsewhere(
            f"""
            position = index.position()
            while True:
                position += 1
                batch = [document(f"k{turn}-{{position}}-{{i}}", "thing") for i in range(20)]
                index.apply(batch, [], position=position)
                print(position, flush=True)
            """
        )
        for _ in range(2 + turn):
            _line(process)
        process.send_signal(signal.SIGKILL)
        process.wait()

        reopened = TantivySearchIndex(Path(index._generations.directory))  # type: ignore[attr-defined]
        position, total = reopened.position(), reopened.search(SearchQuery()).total
        # A batch and its position are in together or not at all.
        assert total == 1 + 20 * (position - 1)
        reopened.close()
    index.apply([document("last", "word")], ["first"], position=1000)

    assert ids(index, "word") == ["last"]


def test_a_commit_that_was_killed_before_it_was_published_is_done_again(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a", "mug"), document("b", "mug"))
    (published,) = (tmp_path / "search").glob("f*/meta.json")
    before = published.read_bytes()
    index.apply([document("a", "cup")], [], position=2)
    index.close()
    # What a kill leaves: every file of the commit, its list of deleted products among them, and the state before.
    published.write_bytes(before)

    reopened = TantivySearchIndex(tmp_path / "search", synonyms=SYNONYMS)
    reopened.apply([document("a", "cup")], [], position=2)

    assert (ids(reopened, "cup"), ids(reopened, "mug")) == (["a"], ["b"])
    reopened.close()


def test_a_rebuild_that_was_killed_leaves_the_index_and_its_remains_are_swept(
    index: SearchIndex, elsewhere: Any, tmp_path: Path
) -> None:
    filled(index, document("a", "one"))
    process = elsewhere(
        """
        def documents():
            for i in range(3000):
                yield document(f"n{i}", "new")
            print("half", flush=True)
            input()
        index.rebuild(documents(), position=9)
        """
    )
    assert _line(process) == "half"
    # Somebody builds, so that this change is noted for them as well.
    index.apply([document("b", "two")], [], position=2)
    assert (tmp_path / "search" / "f2-00000002" / "journal").stat().st_size > 0
    process.send_signal(signal.SIGKILL)
    process.wait()

    index.apply([document("c", "three")], [], position=3)

    assert set(ids(index)) == {"a", "b", "c"}
    assert [path.name for path in (tmp_path / "search").glob("f*-*")] == ["f2-00000001"]


def test_a_writer_waits_for_another_and_gives_up_clearly(
    index: SearchIndex, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(index, document("a"))
    process = elsewhere(
        """
        from bodega.adapters.system.file_lock import file_lock
        with file_lock(index._generations.writing, wait_seconds=1):
            print("held", flush=True)
            input()
        """
    )
    assert _line(process) == "held"
    monkeypatch.setattr("bodega.adapters.local.search_writer._LOCK_SECONDS", 0.02)

    with pytest.raises(UnavailableError):
        index.apply([document("b")], [], position=2)
    assert ids(index) == ["a"]


def test_a_reader_that_reads_a_name_whose_folder_is_gone_reads_the_new_name(
    index: SearchIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the two steps of a reader a rebuild ends and the next change sweeps the old generation away.
    filled(index, document("a"))
    reader = TantivySearchIndex(tmp_path / "search")
    real, stale = reader._generations.current, ["f2-00000000"]
    monkeypatch.setattr(reader._generations, "current", lambda: stale.pop() if stale else real())

    assert (reader.position(), ids(reader)) == (1, ["a"])
    reader.close()


def test_an_index_overgrown_by_changes_says_so_until_it_is_rebuilt(
    index: SearchIndex, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_SPARE_ROWS", 10)
    assert not index.is_overgrown()
    said = []
    for turn in range(16):
        index.apply([document("a", f"turn{turn}"), document("b", "still")], [], position=turn)
        said.append(index.is_overgrown())
    process = elsewhere(
        """
        def documents():
            yield document("a", "half")
            print("half", flush=True)
            input()
        index.rebuild(documents(), position=15)
        """
    )
    assert _line(process) == "half"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (index.is_overgrown(), ids(index, "turn15"), ids(index, "half")) == (True, ["a"], [])

    index.rebuild([document("a", "turn15"), document("b", "still")], position=15)

    assert said == [False] * 7 + [True] * 9
    assert not index.is_overgrown()
    assert (ids(index, "turn15"), ids(index, "still")) == (["a"], ["b"])
