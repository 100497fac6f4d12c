"""How changes and rebuilds are published, and what readers see meanwhile."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from searching import document, filled, ids

from bodega.ports.search import SearchDocument, SearchIndex, SearchQuery


def test_nothing_is_published_in_a_new_index(index: SearchIndex) -> None:
    result = index.search(SearchQuery(text="x", facets=["brand"]))

    assert index.position() == -1
    assert (result.total, result.hits, result.facets) == (0, (), {"brand": ()})
    assert list(index.suggest("x")) == []
    assert index.counts("brand") == {}


def test_changes_replace_and_delete_and_are_seen_at_return(index: SearchIndex) -> None:
    filled(index, document("a", "old"), document("b", "old"))

    index.apply([document("a", "new", card=b"\x00\xff")], ["b", "never there"], position=2)

    assert ids(index, "old") == []
    assert [(hit.id, hit.card) for hit in index.search(SearchQuery(text="new")).hits] == [("a", b"\x00\xff")]
    assert index.position() == 2


def test_of_documents_with_one_id_the_last_counts_and_an_upsert_outlives_its_delete(index: SearchIndex) -> None:
    index.apply([document("a", "first"), document("a", "last")], ["a"], position=0)
    assert (ids(index), ids(index, "last")) == (["a"], ["a"])

    count = index.rebuild([document("a", "first"), document("b", "x"), document("a", "last")], position=1)

    assert (count, ids(index, "last"), ids(index, "first")) == (2, ["a"], [])


def test_applying_twice_is_applying_once_and_late_changes_change_nothing(index: SearchIndex) -> None:
    index.apply([document("a", "first")], [], position=5)
    index.apply([document("a", "first")], [], position=5)
    index.apply([document("a", "second")], [], position=6)

    index.apply([document("a", "first")], [], position=5)

    assert (ids(index, "second"), ids(index, "first"), index.position()) == (["a"], [], 6)


def test_a_rebuild_replaces_everything_and_may_go_back(index: SearchIndex) -> None:
    index.apply([document("old", "old")], [], position=9)

    assert index.rebuild((document(f"n{i}", "new") for i in range(3)), position=4) == 3

    assert (set(ids(index)), index.position()) == ({"n0", "n1", "n2"}, 4)
    assert index.rebuild([], position=7) == 0
    assert (ids(index), index.position()) == ([], 7)


def test_a_rebuild_that_fails_leaves_what_was_there(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))

    def failing() -> Iterator[SearchDocument]:
        yield document("b")
        raise RuntimeError("the table is gone")

    with pytest.raises(RuntimeError):
        index.rebuild(failing(), position=9)

    assert (ids(index), index.position()) == (["a"], 1)
    assert len(list((tmp_path / "search").glob("f*-*"))) == 1


def test_changes_applied_during_a_rebuild_are_in_the_new_index(index: SearchIndex) -> None:
    filled(index, document("a", "one"), document("b", "one"), document("c", "one"))

    def slowly() -> Iterator[SearchDocument]:
        yield document("a", "one")
        index.apply([document("a", "two"), document("d", "two")], ["b"], position=2)
        index.apply([document("d", "three")], [], position=3)
        assert set(ids(index)) == {"a", "c", "d"}
        yield document("b", "one")
        yield document("c", "one")

    index.rebuild(slowly(), position=1)

    assert {name: ids(index, name) for name in ("one", "two", "three")} == {"one": ["c"], "two": ["a"], "three": ["d"]}
    assert index.position() == 3


def test_a_rebuild_reaches_no_further_than_what_was_applied_meanwhile(index: SearchIndex) -> None:
    """Who applies may have read a product before the builder did, and must come by again for what happened since."""
    filled(index, document("a", "one"))

    def overtaken() -> Iterator[SearchDocument]:
        index.apply([document("a", "two")], [], position=2)
        index.apply([document("a", "one")], [], position=1)  # late: it changes nothing, here as there
        yield document("a", "nine")

    index.rebuild(overtaken(), position=9)
    reached = index.position(), ids(index, "two")
    index.apply([document("a", "nine")], [], position=9)

    assert reached == (2, ["a"])
    assert ids(index, "nine") == ["a"]


def test_reads_go_on_during_rebuilds_and_never_see_half_an_index(index: SearchIndex) -> None:
    generation = [[document(f"g{turn}-{i}", f"turn{turn}") for i in range(200)] for turn in range(4)]
    index.rebuild(generation[0], position=0)
    seen: set[tuple[int, ...]] = set()
    problems: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                result = index.search(SearchQuery(limit=250, sort="price"))
                turns = {hit.id.split("-")[0] for hit in result.hits}
                seen.add((result.total, len(result.hits), len(turns)))
                index.suggest("turn")
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
                problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(1, 13):
        index.rebuild(generation[turn % 4], position=turn)
        index.apply([generation[turn % 4][0]], [], position=turn)
    stop.set()
    for reader in readers:
        reader.join()

    assert problems == []
    assert seen == {(200, 200, 1)}


def test_many_threads_may_apply_and_search(index: SearchIndex) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                index.apply([document(f"{number}-{turn}", "thing")], [], position=1)
                assert f"{number}-{turn}" in ids(index, "thing", limit=250)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert index.search(SearchQuery()).total == 20


def test_a_closed_index_lets_go_of_its_files_and_closing_again_is_harmless(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))
    assert ids(index) == ["a"]

    index.close()
    index.close()

    # tantivy begins every index with a reader that another thread tells of commits. We have that replaced at once, but
    # when the thread was just telling it, it maps the files once more, and lets go of them when it gets round to it.
    maps, deadline = Path("/proc/self/maps"), time.monotonic() + 30
    while maps.exists() and str(tmp_path / "search") in maps.read_text():
        assert time.monotonic() < deadline, "files of a closed index are still mapped"
        time.sleep(0.01)
