"""Choose how to read or write a file by its name or by the format that is asked for."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from bodega.adapters.formats.csv_rows import CsvReader, CsvWriter
from bodega.adapters.formats.jsonl import JsonlReader, JsonlWriter
from bodega.adapters.formats.parquet import ParquetReader
from bodega.adapters.formats.parquet_writer import ParquetWriter
from bodega.errors import InvalidError
from bodega.ports.tabular import RowReader, RowWriter, UnreadableFileError

_FORMATS = ("jsonl", "csv", "parquet")
_NAMES = {"ndjson": "jsonl", "pq": "parquet"} | {name: name for name in _FORMATS}


class FileTabular:
    """Opens files of every format that there is."""

    def reader(self, path: Path, *, format: str | None = None, columns: Mapping[str, str] | None = None) -> RowReader:  # noqa: A002
        """Open for reading, after a look at how the file begins."""
        kind, compressed = _kind(path, format)
        if not path.is_file():
            raise UnreadableFileError(f"there is no file {path}" if not path.exists() else f"{path} is not a file")
        if kind == "jsonl":
            return JsonlReader(path, compressed=compressed, columns=columns or {})
        if kind == "csv":
            return CsvReader(path, compressed=compressed, columns=columns or {})
        return ParquetReader(path, columns=columns or {})

    def writer(
        self,
        path: Path,
        *,
        format: str | None = None,  # noqa: A002
        fields: Sequence[str] | None = None,
        for_spreadsheets: bool = False,
    ) -> RowWriter:
        """Open for writing."""
        kind, compressed = _kind(path, format)
        if not path.parent.is_dir():
            raise InvalidError(f"there is no folder {path.parent}")
        if path.is_dir():
            raise InvalidError(f"{path} is a folder")
        if kind == "jsonl":
            return JsonlWriter(path, compressed=compressed, fields=fields)
        if kind == "csv":
            return CsvWriter(path, compressed=compressed, fields=fields, guard_formulas=for_spreadsheets)
        return ParquetWriter(path, fields=fields)


def _kind(path: Path, wanted: str | None) -> tuple[str, bool]:
    """Return the format, and whether it is packed in gzip."""
    suffixes = [suffix.lower().removeprefix(".") for suffix in path.suffixes]
    asked = wanted.lower().split(".") if wanted is not None else suffixes
    compressed = asked[-1:] == ["gz"] or suffixes[-1:] == ["gz"]
    name = next((part for part in reversed(asked) if part != "gz"), "")
    kind = _NAMES.get(name)
    if kind is None:
        said = f"there is no format {wanted!r}" if wanted is not None else f"the name {path.name!r} tells no format"
        raise InvalidError(f"{said}; there are {', '.join(_FORMATS)}, and .gz of the first two")
    if kind == "parquet" and compressed:
        raise InvalidError("Parquet files are compressed inside; unpack the gzip around this one")
    if kind == "parquet" and find_spec("pyarrow") is None:  # as in the functions of AWS, which have no room for it
        raise InvalidError("Parquet can be neither read nor written here: take CSV or JSONL")
    return kind, compressed
