"""What becomes of an index whose files are damaged."""

import os
from pathlib import Path

import pytest
from searching import document, filled, ids

from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import UnavailableError
from bodega.ports.search import SearchIndex, SearchQuery


def _overwrite(folder: Path, pattern: str, content: bytes) -> None:
    paths = list(folder.glob(pattern))
    assert paths
    for path in paths:
        path.unlink()
        path.write_bytes(content)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 5000, os.urandom(3000)])
@pytest.mark.parametrize(
    "pattern",
    [
        "current",
        "f*/meta.json",
        "f*/*.idx",
        "f*/*.term",
        "f*/*.store",
        "f*/*.fast",
        "f*/*.fieldnorm",
        "f*/cards",
        "f*/*",
    ],
)
def test_a_damaged_index_counts_as_never_published_and_a_rebuild_mends_it(
    tmp_path: Path, pattern: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "search"
    before = TantivySearchIndex(folder)
    filled(before, document("a", "thing"), document("b", "thing"))
    before.close()
    _overwrite(folder, pattern, content)

    index = TantivySearchIndex(folder)

    assert index.position() == -1
    assert index.search(SearchQuery(text="thing", facets=["brand"])).total == 0
    assert "must be rebuilt" in caplog.text
    with pytest.raises(UnavailableError):
        index.apply([document("c")], [], position=2)
    index.rebuild([document("d", "thing")], position=3)
    assert (ids(index, "thing"), index.position()) == (["d"], 3)
    index.close()


def test_an_index_of_another_format_must_be_rebuilt(index: SearchIndex, tmp_path: Path) -> None:
    filled(index, document("a"))
    index.close()
    folder = tmp_path / "search"
    (folder / "f2-00000001").rename(folder / "f99-00000001")
    (folder / "current").write_text("f99-00000001\n")

    assert index.position() == -1
    index.rebuild([document("b")], position=0)
    assert ids(index) == ["b"]


def test_an_index_that_could_not_be_opened_for_a_moment_is_opened_again(
    index: SearchIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bodega.adapters.local.search_generations._RETRY_SECONDS", 0.0)
    filled(index, document("a"))
    cards = tmp_path / "search" / "f2-00000001" / "cards"
    cards.rename(tmp_path / "cards")
    reader = TantivySearchIndex(tmp_path / "search")
    assert [reader.position() for _ in range(3)] == [-1, -1, -1]
    assert caplog.text.count("must be rebuilt") == 1

    (tmp_path / "cards").rename(cards)

    assert (reader.position(), ids(reader)) == (1, ["a"])
    reader.close()


@pytest.mark.parametrize("name", ["../../etc", "/etc", "f1-99999999", "\x00"])
def test_a_pointer_leads_nowhere_but_to_a_generation(tmp_path: Path, name: str) -> None:
    (tmp_path / "current").write_text(name)

    index = TantivySearchIndex(tmp_path)

    assert index.position() == -1
