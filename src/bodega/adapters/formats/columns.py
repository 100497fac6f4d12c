"""Rename columns: what the shop calls each of them, and where it is in the file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bodega.ports.tabular import UnreadableFileError

MAX_COLUMNS = 1000
_SHOWN = 20


def picked_columns(header: Sequence[str], columns: Mapping[str, str], *, line: int | None) -> list[tuple[str, int]]:
    """Return our name and the position of each column to be read, in a sound header.

    A column of the file that is not asked for, but has the name we gave to another, is left out.
    """
    _check_header(header, line)
    positions = {name: position for position, name in enumerate(header)}
    for wanted in columns.values():
        if wanted not in positions:
            there = ", ".join(repr(name) for name in header[:_SHOWN])
            raise UnreadableFileError(f"there is no column {wanted!r}; the file has {there}", line=line)
    renamed = [(ours, positions[theirs]) for ours, theirs in columns.items()]
    hidden = _hidden(columns)
    return sorted(
        renamed + [(name, position) for name, position in positions.items() if name not in hidden],
        key=lambda column: column[1],
    )


def renamer(columns: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """Return a function that renames the keys of one row, None if there is nothing to rename."""
    if not columns:
        return None
    pairs, hidden = tuple(columns.items()), _hidden(columns)

    def rename(values: dict[str, Any]) -> dict[str, Any]:
        renamed = {ours: values[theirs] for ours, theirs in pairs if theirs in values}
        renamed.update((name, value) for name, value in values.items() if name not in hidden)
        return renamed

    return rename


def _hidden(columns: Mapping[str, str]) -> frozenset[str]:
    return frozenset(columns.values()) | frozenset(columns)


def _check_header(header: Sequence[str], line: int | None) -> None:
    if len(header) > MAX_COLUMNS:
        raise UnreadableFileError(f"there are {len(header)} columns; at most {MAX_COLUMNS} are read", line=line)
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise UnreadableFileError("the columns are not separated by commas", line=line)
    seen = set[str]()
    for position, name in enumerate(header, 1):
        if not name:
            raise UnreadableFileError(f"column {position} has no name", line=line)
        if name in seen:
            raise UnreadableFileError(f"two columns are called {name[:80]!r}", line=line)
        seen.add(name)
