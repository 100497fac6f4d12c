"""How an index is copied, and taken over from a copy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from searching import SYNONYMS, document, filled, ids

from bodega.adapters.local.search import TantivySearchIndex
from bodega.errors import InvalidError
from bodega.ports.search import SearchIndex


def contents(copy: Any) -> list[tuple[str, list[bytes]]]:
    return [(name, [file.path.read_bytes()[: file.size_bytes]]) for name, file in copy.files.items()]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SearchIndex]:
    """The index of another machine."""
    made = TantivySearchIndex(tmp_path / "elsewhere", synonyms=SYNONYMS)
    yield made
    made.close()


def test_another_index_adopts_a_copy_whole_whatever_it_had(index: SearchIndex, other: SearchIndex) -> None:
    index.apply([document("a", "Blue Mug"), document("b", "Red Mug")], [], position=5)
    index.apply([], ["b"], position=6)
    filled(other, document("z", "Teapot"))

    with index.copied() as copy:
        assert copy is not None
        assert (copy.format, copy.position) == (other.format, 6)
        assert other.adopt(contents(copy)) == 6

    assert (ids(other, "mug"), ids(other, "teapot"), other.position()) == (["a"], [], 6)
    other.apply([document("c", "Green Mug")], [], position=7)
    assert (set(ids(other, "mug")), ids(index, "mug")) == ({"a", "c"}, ["a"])


def test_a_copy_stays_as_it_was_while_the_index_changes_and_is_built_anew(
    index: SearchIndex, other: SearchIndex
) -> None:
    filled(index, document("a", "Mug"))

    with index.copied() as copy:
        index.apply([document("b", "Mug")], ["a"], position=2)
        index.rebuild([document("c", "Mug")], position=3)
        assert copy is not None
        other.adopt(contents(copy))

    assert (ids(other, "mug"), other.position()) == (["a"], 1)
    assert ids(index, "mug") == ["c"]


def test_an_index_that_nothing_was_published_to_has_no_copy(index: SearchIndex) -> None:
    with index.copied() as copy:
        assert copy is None


@pytest.mark.parametrize("spoil", ["nothing", "no meta", "half", "name", "breaks"])
def test_what_is_no_whole_copy_is_refused_and_the_old_index_stays(
    index: SearchIndex, other: SearchIndex, spoil: str
) -> None:
    filled(index, document("a", "Mug"))
    filled(other, document("z", "Teapot"))
    with index.copied() as copy:
        files = contents(copy)

    def breaking() -> Iterator[tuple[str, list[bytes]]]:
        yield files[0]
        raise InvalidError("the bytes stopped coming")

    spoilt: dict[str, Any] = {
        "nothing": [],
        "no meta": [(name, data) for name, data in files if name != "meta.json"],
        "half": [(name, [data[0][: len(data[0]) // 2]]) for name, data in files],
        "name": [("../meta.json", [b"{}"])],
        "breaks": breaking(),
    }
    with pytest.raises(InvalidError):
        other.adopt(spoilt[spoil])

    assert (ids(other, "teapot"), other.position()) == (["z"], 1)
    other.apply([document("y", "Teapot")], [], position=2)
    assert set(ids(other, "teapot")) == {"y", "z"}
