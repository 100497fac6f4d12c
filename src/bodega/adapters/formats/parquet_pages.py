"""Look at the headers of a Parquet file's pages before anybody decodes them: what a page claims is reserved at once.

`pyarrow` reads such headers in C++, trusts them, and offers no limit. They are structs in Thrift's compact protocol:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader) and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from bodega.ports.tabular import UnreadableFileError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MAX_PAGE_BYTES = 256 << 20
"""Most writers end a page at 1 MB; some write one for a whole group of rows."""
MAX_DICTIONARY_BYTES = 64 << 20
"""Of each value a dictionary holds 16 bytes more when it is read; writers give up dictionaries at 1 MB."""
_MAX_RATIO = 200
_RATIO_FROM_BYTES = 64 << 20
_HEADER_BYTES = 4096
_MAX_HEADER_BYTES = 1 << 20  # statistics may hold the least and the largest value, whole
_MAX_DEPTH = 8
_LEAST_BYTES = {"BYTE_ARRAY": 4, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}

# Fields of a page header, and in it of what says how many values there are.
_UNPACKED, _PACKED, _DATA, _DICTIONARY, _DATA_V2, _VALUES = 2, 3, 5, 7, 8, 1
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
_VARINT_BYTES = 10
_LONG_LIST = 15


def check_pages(file: IO[bytes], group: "pq.RowGroupMetaData") -> None:
    """Raise UnreadableFileError if a page of a group of rows says that it is larger than it can honestly be."""
    for number in range(group.num_columns):
        _check_column(file, group.column(number))


def _check_column(file: IO[bytes], column: "pq.ColumnChunkMetaData") -> None:
    position = column.data_page_offset
    if column.dictionary_page_offset:
        position = min(position, column.dictionary_page_offset)
    end, left = position + column.total_compressed_size, column.num_values
    while position < end and left > 0:
        header, size = _header(file, position)
        packed, unpacked = header.get(_PACKED), header.get(_UNPACKED)
        if not (isinstance(packed, int) and isinstance(unpacked, int)) or packed < 0 or unpacked < 0:
            raise UnreadableFileError(f"a page at byte {position} does not say how large it is")
        if unpacked > min(MAX_PAGE_BYTES, max(_RATIO_FROM_BYTES, packed * _MAX_RATIO)):
            raise UnreadableFileError(f"a page says that {packed} bytes unpack to {unpacked}; no honest page does")
        if _DICTIONARY in header:
            _check_dictionary(header[_DICTIONARY], unpacked, column.physical_type)
        left -= _values(header)
        position += size + packed


def _check_dictionary(header: Any, unpacked: int, kind: str) -> None:
    number = header.get(_VALUES, -1) if isinstance(header, dict) else -1
    if unpacked > MAX_DICTIONARY_BYTES or not 0 <= number <= unpacked // _LEAST_BYTES.get(kind, 1):
        raise UnreadableFileError(f"a dictionary says that it holds {number} values in {unpacked} bytes")


def _values(header: Mapping[int, Any]) -> int:
    """Return how many values a page of data holds; the reader stops when it has seen all of a column's."""
    for field in (_DATA, _DATA_V2):
        if isinstance(header.get(field), dict):
            return max(int(header[field].get(_VALUES, 0)), 0)
    return 0


def _header(file: IO[bytes], position: int) -> tuple[Mapping[int, Any], int]:
    """Return a page header and how many bytes it takes."""
    wanted = _HEADER_BYTES
    while True:
        file.seek(position)
        data = file.read(wanted)
        try:
            struct = _Struct(data)
            return struct.fields(), struct.place
        except IndexError:
            if len(data) < wanted or wanted >= _MAX_HEADER_BYTES:
                raise UnreadableFileError(f"there is no page at byte {position}") from None
            wanted *= 16


class _Struct:
    """Reads one struct of the compact protocol; IndexError where the bytes end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def fields(self, depth: int = 0) -> dict[int, Any]:
        """Return integers and structs by field; what else there is is passed over."""
        if depth > _MAX_DEPTH:
            raise UnreadableFileError("a page header is nested too deep")
        found: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._integer()
            value = self._value(head & 0x0F, depth)
            if value is not None:
                found[field] = value
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.fields(depth + 1)
        if kind == _BINARY:
            self._skip(self._varint())
        elif kind in (_BYTE, _DOUBLE):
            self._skip(1 if kind == _BYTE else 8)
        elif kind in (_LIST, _SET, _MAP):
            self._pass_over(kind, depth)
        elif kind not in (_TRUE, _FALSE):
            raise UnreadableFileError("a page header has a field of no known type")
        return None

    def _pass_over(self, kind: int, depth: int) -> None:
        """Pass over a collection; no field that is known has one, and a large one is nothing to be patient with."""
        if kind == _MAP or depth > _MAX_DEPTH:
            raise UnreadableFileError("a page header has a field of no known type")
        head = self._byte()
        number = self._varint() if head >> 4 == _LONG_LIST else head >> 4
        for _ in range(min(number, _MAX_HEADER_BYTES)):
            # In a list truth takes a byte; in a field it is the type itself.
            self._skip(1) if head & 0x0F in (_TRUE, _FALSE) else self._value(head & 0x0F, depth + 1)

    def _byte(self) -> int:
        byte = self._data[self.place]
        self.place += 1
        return byte

    def _skip(self, number: int) -> None:
        if number > len(self._data) - self.place:
            raise IndexError
        self.place += number

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _VARINT_BYTES, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004  # the highest bit says that there is more
                return value
        raise UnreadableFileError("a page header has a number that does not end")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
