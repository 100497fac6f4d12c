"""Write Parquet files whose column types are learnt from all rows, in bounded memory."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from bodega.adapters.formats.jsonl import check_finite, ordered
from bodega.adapters.formats.text import MAX_LINE_BYTES
from bodega.adapters.system.files import appearing
from bodega.errors import InvalidError, UnavailableError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 1000
_BATCH_BYTES = 4 << 20
_GROUP_BATCHES = 50
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # for times that have no zone
_MICROSECOND = _EPOCH.resolution

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class ParquetWriter:
    """Writes rows under `fields`, or else the keys of the first row; nested values become JSON text.

    A Parquet file declares its types before its rows, and rows come one by one. So they go to a temporary file
    first, and the types are what all rows have in common.
    """

    def __init__(self, path: Path, *, fields: Sequence[str] | None) -> None:
        self._path = path
        self._fields = None if fields is None else tuple(fields)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(_explaining(self._path))
            spool = stack.enter_context(tempfile.TemporaryFile(dir=self._path.parent))
            columns = _Columns(self._fields)
            number = 0
            batch: list[list[Any]] = []
            size = 0
            for number, row in enumerate(rows, 1):
                cells, row_size = columns.take(row, number)
                batch.append(cells)
                size += row_size
                if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                    _spool(spool, batch)
                    batch, size = [], 0
            _spool(spool, batch)
            spool.seek(0)
            self._write_file(columns, _spooled(spool))
        return number

    def _write_file(self, columns: "_Columns", batches: Iterator[list[list[Any]]]) -> None:
        import pyarrow as pa  # noqa: PLC0415  # a tenth of a second and 40 MB, for those who need it
        import pyarrow.parquet as pq  # noqa: PLC0415

        schema = columns.schema()
        group: list[pa.RecordBatch] = []
        with appearing(self._path) as handle, pq.ParquetWriter(handle, schema, compression="zstd") as writer:
            for cells in batches:
                columns_of_cells = zip(zip(*cells, strict=True), schema, strict=True)
                try:
                    arrays = [pa.array(column, field.type) for column, field in columns_of_cells]
                except pa.ArrowException as exc:  # an integer that no float can hold exactly, among floats
                    raise InvalidError(f"a column cannot be written: {exc}") from exc
                group.append(pa.record_batch(arrays, schema=schema))
                if len(group) == _GROUP_BATCHES:
                    writer.write_table(pa.Table.from_batches(group))
                    group = []
            if group:
                writer.write_table(pa.Table.from_batches(group))


class _Columns:
    """What is known of each column so far: its name, and the kinds of values met in it."""

    def __init__(self, fields: tuple[str, ...] | None) -> None:
        self._names = fields
        self._kinds: dict[str, set[str]] = {}

    def take(self, row: Mapping[str, Any], number: int) -> tuple[list[Any], int]:
        """Return the row's cells as they are spooled and about how many bytes they take, and learn their kinds."""
        if self._names is None:
            self._names = tuple(row)
        values = ordered(row, self._names, number)
        cells, size = [], 0
        for name in self._names:
            kind, cell = _stored(values.get(name), name, number)
            if kind:
                self._kinds.setdefault(name, set()).add(kind)
            size += len(cell) + 50 if isinstance(cell, (str, bytes)) else 50
            cells.append(cell)
        return cells, size

    def schema(self) -> "pa.Schema":
        """Return the file's schema; InvalidError for a column whose values have no type in common."""
        import pyarrow as pa  # noqa: PLC0415

        if not self._names or len(set(self._names)) != len(self._names):
            raise InvalidError("a Parquet file needs fields, each once")
        types = {
            "bool": pa.bool_(),
            "int": pa.int64(),
            "float": pa.float64(),
            "text": pa.string(),
            "bytes": pa.binary(),
            "date": pa.date32(),
            "time": pa.timestamp("us", "UTC"),
            "local time": pa.timestamp("us"),
        }
        fields = []
        for name in self._names:
            kinds = self._kinds.get(name, {"text"})
            if kinds == {"int", "float"}:
                kinds = {"float"}
            if len(kinds) > 1:
                raise InvalidError(f"column {name!r} holds {' and '.join(sorted(kinds))}, which have no type in common")
            fields.append(pa.field(name, types[next(iter(kinds))]))
        return pa.schema(fields)


def _stored(value: Any, name: str, number: int) -> tuple[str, Any]:
    """Return the kind of a value and what stands for it until the types are known."""
    match value:
        case None:
            stored: tuple[str, Any] = "", None
        case bool():
            stored = "bool", value
        case int():
            if not -(2**63) <= value < 2**63:
                raise InvalidError(f"row {number}: {name} is over 64 bits")
            stored = "int", value
        case float():
            stored = "float", check_finite(value, number)
        case datetime(tzinfo=None):
            stored = "local time", (value - _NAIVE_EPOCH) // _MICROSECOND
        case datetime():
            stored = "time", (value - _EPOCH) // _MICROSECOND
        case date():
            stored = "date", value.toordinal() - _EPOCH_ORDINAL
        case _:
            stored = _stored_text(value, name, number)
    return stored


def _stored_text(value: Any, name: str, number: int) -> tuple[str, Any]:
    try:
        kind = "bytes" if isinstance(value, bytes) else "text"
        cell = str(value) if isinstance(value, Decimal) else value
        if not isinstance(cell, (bytes, str)):
            cell = msgspec.json.encode(cell).decode()
        size = len(cell) if isinstance(cell, bytes) else len(cell.encode())
    except (TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise InvalidError(f"row {number}: {name} cannot be written: {exc}") from exc
    if size > MAX_LINE_BYTES:
        raise InvalidError(f"row {number}: {name} takes {size} bytes; a cell has at most {MAX_LINE_BYTES}")
    return kind, cell


def _spool(spool: IO[bytes], batch: list[list[Any]]) -> None:
    if batch:
        data = _encode(batch)
        spool.write(len(data).to_bytes(8, "big") + data)


def _spooled(spool: IO[bytes]) -> Iterator[list[list[Any]]]:
    while head := spool.read(8):
        yield _decode(spool.read(int.from_bytes(head, "big")))


@contextlib.contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise UnavailableError(f"{path} cannot be written: {exc.strerror or exc}") from exc
