"""Read a file of this machine in chunks, as an object store takes it."""

from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def chunks_of(path: Path, *, size_bytes: int | None = None) -> Iterator[bytes]:
    """Yield a file, or so many bytes from the beginning of one that may have grown since."""
    left = path.stat().st_size if size_bytes is None else size_bytes
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
