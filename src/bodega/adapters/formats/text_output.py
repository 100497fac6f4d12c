"""Write text files that appear under their name when they are complete, packed by gzip if wanted."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from bodega.adapters.formats.text import MAX_LINE_BYTES
from bodega.adapters.system.files import appearing
from bodega.errors import InvalidError, UnavailableError

Write: TypeAlias = Callable[[bytes], object]


@contextmanager
def text_output(path: Path, *, compressed: bool) -> Iterator[Write]:
    """Give a function that writes bytes to a new file."""
    try:
        with appearing(path) as handle:
            if not compressed:
                yield handle.write
                return
            # zlib and not the gzip module: no name and no time in it, so the same rows give the same file.
            deflater = zlib.compressobj(6, zlib.DEFLATED, 31)
            yield lambda data: handle.write(deflater.compress(data))
            handle.write(deflater.flush())
    except OSError as exc:
        raise UnavailableError(f"{path} cannot be written: {exc.strerror or exc}") from exc


def check_line(line: bytes, number: int) -> bytes:
    """Return the line, or raise InvalidError for one that our own readers would refuse."""
    if len(line) > MAX_LINE_BYTES:
        raise InvalidError(f"row {number} takes {len(line)} bytes; a line has at most {MAX_LINE_BYTES}")
    return line
