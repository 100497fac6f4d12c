"""Collect the rows that a group of changes writes, and write each once, in the order in which SQLite likes it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol, TypeAlias, cast

import apsw

Value: TypeAlias = str | bytes | int | None
Place: TypeAlias = tuple[str, ...]
Row: TypeAlias = tuple[Value, ...]


class Rows(Protocol):
    """A table in order of its key: the SQL that puts a row, key first, and that deletes the row of a key."""

    put: str
    delete: str


RowChange: TypeAlias = tuple[Rows, Place, Row | None]
"""What becomes of a row; None deletes it."""


class ReadableRows(Rows, Protocol):
    """One whose rows can be asked for: the SQL that reads what is behind a key."""

    get_row: str


class Batch:
    """What one transaction will have written: rows wait here by their places, and `find` sees them.

    Neighbours in a B-tree then touch its page once, which is worth a factor of three for a catalogue, and a row that
    every caller changes, such as the stock of a hot product, is written once for all of them.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        """For whoever reads and writes without waiting; what waits must be written before."""
        self._waiting: defaultdict[Rows, dict[Place, Row | None]] = defaultdict(dict)
        self._later: defaultdict[str, list[Row]] = defaultdict(list)

    def find(self, rows: ReadableRows, place: Place) -> Row | None:
        """Return what is behind a key, as it will be when everything is written; None if there is nothing."""
        waiting = self._waiting.get(rows)
        if waiting is not None and place in waiting:
            return waiting[place]
        return cast("Row | None", self.connection.execute(rows.get_row, place).fetchone())

    def has(self, rows: Rows) -> bool:
        """Tell whether anything of a table waits."""
        return rows in self._waiting

    def set(self, rows: Rows, place: Place, rest: Row | None) -> None:
        """Let this be behind a key; None deletes the row."""
        self._waiting[rows][place] = rest

    def later(self, sql: str, values: Iterable[Row]) -> None:
        """Execute a statement with each of these values, in order of arrival and after all rows by key."""
        self._later[sql] += values

    def write(self) -> None:
        """Write everything that waits."""
        for rows, waiting in self._waiting.items():
            gone: list[Row] = []
            there: list[Row] = []
            for place in sorted(waiting):
                rest = waiting[place]
                if rest is None:
                    gone.append(place)
                else:
                    there.append(place + rest)
            if gone:
                self.connection.executemany(rows.delete, gone).fetchall()
            if there:
                self.connection.executemany(rows.put, there).fetchall()
        for sql, values in self._later.items():
            self.connection.executemany(sql, values).fetchall()
        self._waiting.clear()
        self._later.clear()
