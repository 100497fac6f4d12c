"""Read Parquet files in bounded memory, with pyarrow loaded only when there is one to read."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bodega.adapters.formats.columns import MAX_COLUMNS, picked_columns
from bodega.adapters.formats.parquet_pages import check_pages
from bodega.adapters.formats.text import MAX_LINE_BYTES
from bodega.ports.tabular import Row, UnreadableFileError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Cells: TypeAlias = list[Any]
Faults: TypeAlias = dict[int, str]

_BATCH_ROWS = 1024
_READ_BUFFER_BYTES = 1 << 16
# One batch as Python's values. A dictionary lets a small file repeat a large cell for ever.
_BATCH_BYTES = 32 << 20
_CELL_TOO_LONG = f"cell too long (over {MAX_LINE_BYTES} bytes)"

# As for gzip: what only repeats can be packed beyond any measure, and no honest file is.
_MAX_RATIO = 200
_RATIO_FROM_BYTES = 64 << 20
_MAX_ROWS_PER_BYTE = 50
_ROWS_FROM = 1_000_000


class ParquetReader:
    """Rows of a Parquet file; `line` is the number of the row.

    Typed values come as Python's: integers, floats, `Decimal`, booleans, strings, bytes, `date`, `time` and
    `datetime`, aware in UTC if the column has a time zone, else naive. A row with a NaN, an infinity or a time that
    Python cannot hold is a faulty one.
    """

    def __init__(self, path: Path, *, columns: Mapping[str, str]) -> None:
        self._path = path
        self._columns = columns
        with self._open() as file:
            self._rows_in_file: int = file.metadata.num_rows
            self._picked(file)

    def read(self, *, after_line: int = 0) -> Iterator[Row]:
        """Yield rows behind a row; groups of rows before it are not read."""
        before = 0
        with self._open() as file:
            picked = self._picked(file)
            groups: list[int] = []
            for group in range(file.metadata.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if not groups and before + rows <= after_line:
                    before += rows
                else:
                    groups.append(group)
            try:
                for batch in self._batches(file, groups):
                    skipped = min(max(after_line - before, 0), batch.num_rows)
                    for part in _bounded(batch.slice(skipped)):
                        yield from _rows(part, picked, before + skipped)
                        skipped += part.num_rows
                    before += batch.num_rows
            except UnreadableFileError as exc:
                raise UnreadableFileError(exc.message, line=before + 1) from exc
            except _failures() as exc:
                raise UnreadableFileError(f"the Parquet data is damaged: {_first_line(exc)}", line=before + 1) from exc

    def size_hint(self) -> int | None:
        """Return how many rows there are."""
        return self._rows_in_file

    def _open(self) -> "pq.ParquetFile":
        import pyarrow.parquet as pq  # noqa: PLC0415  # a tenth of a second and 40 MB, for those who need it

        try:
            file = pq.ParquetFile(self._path, buffer_size=_READ_BUFFER_BYTES, memory_map=False)
            try:
                self._check_metadata(file.metadata)
                # Strings stay in their dictionaries until a batch is known to be bearable.
                names = [column.path for column in file.schema if column.physical_type == "BYTE_ARRAY"]
            finally:
                file.close()
            return pq.ParquetFile(self._path, buffer_size=_READ_BUFFER_BYTES, memory_map=False, read_dictionary=names)
        except _failures() as exc:
            raise UnreadableFileError(f"this is not a Parquet file, or only a part: {_first_line(exc)}") from exc

    def _check_metadata(self, metadata: "pq.FileMetaData") -> None:
        if metadata.num_columns > MAX_COLUMNS:
            raise UnreadableFileError(f"there are {metadata.num_columns} columns; at most {MAX_COLUMNS} are read")
        file_bytes = self._path.stat().st_size
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > max(_RATIO_FROM_BYTES, file_bytes * _MAX_RATIO):
            raise UnreadableFileError(f"it unpacks to over {_MAX_RATIO} times its size; no honest file does")
        if metadata.num_rows > max(_ROWS_FROM, file_bytes * _MAX_ROWS_PER_BYTE):
            raise UnreadableFileError(f"{metadata.num_rows} rows in {file_bytes} bytes; no honest file has that")

    def _picked(self, file: "pq.ParquetFile") -> list[tuple[str, int]]:
        import pyarrow as pa  # noqa: PLC0415

        schema = file.schema_arrow
        for field in schema:
            if pa.types.is_nested(field.type):
                raise UnreadableFileError(f"column {field.name!r} is nested; write such values as JSON text")
        return picked_columns(schema.names, self._columns, line=None)

    def _batches(self, file: "pq.ParquetFile", groups: list[int]) -> Iterator["pa.RecordBatch"]:
        with self._path.open("rb") as pages:
            for group in groups:
                check_pages(pages, file.metadata.row_group(group))
                yield from file.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], use_threads=False)


def _failures() -> tuple[type[Exception], ...]:
    import pyarrow as pa  # noqa: PLC0415

    return (pa.ArrowException, OSError)


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0][:200]


def _bounded(batch: "pa.RecordBatch") -> Iterator["pa.RecordBatch"]:
    """Yield the batch in parts whose texts, written out, fit in memory with ease."""
    if batch.num_rows > 1 and sum(_text_bytes(column) for column in batch.columns) > _BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _bounded(batch.slice(0, half))
        yield from _bounded(batch.slice(half))
    elif batch.num_rows:
        yield batch


def _text_bytes(column: "pa.Array") -> int:
    import pyarrow.compute as pc  # noqa: PLC0415

    sizes = _sizes(column)
    if sizes is None:
        return 0
    # Longer cells become faults and are never written out.
    return int(pc.sum(pc.if_else(pc.greater(sizes, MAX_LINE_BYTES), 0, sizes)).as_py() or 0)


def _sizes(column: "pa.Array") -> "pa.Array | None":
    """Return the bytes of each cell of a column of texts."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if not pa.types.is_dictionary(column.type):
        return None
    return pc.take(pc.cast(pc.binary_length(column.dictionary), pa.int64()), column.indices)


def _rows(batch: "pa.RecordBatch", picked: list[tuple[str, int]], before: int) -> Iterator[Row]:
    faults: Faults = {}
    names = tuple(name for name, _ in picked)
    columns = [_cells(batch.column(position), name, faults) for name, position in picked]
    for row, cells in enumerate(zip(*columns, strict=True)):
        if row in faults:
            yield Row(before + row + 1, {}, faults[row])
        else:
            yield Row(before + row + 1, dict(zip(names, cells, strict=True)))


def _cells(column: "pa.Array", name: str, faults: Faults) -> Cells:
    """Return a column's values, and note rows whose value cannot be had."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    sizes = _sizes(column)
    if sizes is not None:
        too_long = pc.greater(sizes, MAX_LINE_BYTES)
        if pc.any(too_long).as_py():
            faults.update(
                (row, f"{_CELL_TOO_LONG} in column {name!r}") for row in pc.indices_nonzero(too_long).to_pylist()
            )
            column = pc.if_else(too_long, None, column)
        column = column.dictionary_decode()
    elif pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", "UTC" if column.type.tz else None), safe=False)
    cells = _python_cells(column, name, faults)
    if pa.types.is_floating(column.type):
        for row, value in enumerate(cells):
            if value is not None and not math.isfinite(value):
                faults.setdefault(row, f"{value} in column {name!r}")
    return cells


def _python_cells(column: "pa.Array", name: str, faults: Faults) -> Cells:
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except (ValueError, OverflowError):
        pass  # one cell is not UTF-8, or not a time that Python knows; find out which
    cells: Cells = []
    for row, cell in enumerate(column):
        try:
            cells.append(cell.as_py())
        except (ValueError, OverflowError) as exc:
            faults.setdefault(
                row,
                f"not UTF-8 in column {name!r}"
                if isinstance(exc, UnicodeDecodeError)
                else f"a value out of range in column {name!r}",
            )
            cells.append(None)
    return cells
