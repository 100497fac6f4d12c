"""Read text files line by line in bounded memory, whatever they are really made of."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bodega.ports.tabular import UnreadableFileError

MAX_LINE_BYTES = 1 << 20
LINE_TOO_LONG = f"line too long (over {MAX_LINE_BYTES} bytes)"

_CHUNK_BYTES = 1 << 18
# Each member of a gzip file costs a copy of what is left of the chunk, so the chunk is small.
_GZIP_CHUNK_BYTES = 1 << 14
# DEFLATE reaches 1,032:1, on nothing but repetition. Rows of a shop reach 5 to 30.
_MAX_RATIO = 200
_RATIO_FROM_BYTES = 8 << 20
_BOM = b"\xef\xbb\xbf"
_MAX_NUL_SHARE = 5

_SIGNATURES = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "packed by gzip, so that its name should end in .gz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\xfd7zXZ\x00", "packed by xz"),
    (b"\xff\xfe", "in UTF-16 and not in UTF-8"),
    (b"\xfe\xff", "in UTF-16 and not in UTF-8"),
    (b"SQLite format 3\x00", "a database"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "XML"),
)


def text_segments(path: Path, *, compressed: bool) -> Iterator[tuple[bytes, str | None]]:
    """Yield runs of whole lines, each ending in a line feed, and single faulty lines with their fault.

    A line over 1 MiB is passed over and stands as an empty one, or as one quotation mark if it held an odd
    number of them, so that a CSV record around it still ends where it should. A byte order mark is left out.
    UnreadableFileError where the file is damaged, or at once if it is no text.
    """
    segments = _whole_lines(_text_chunks(path, compressed=compressed))
    for data, fault in segments:
        yield data.removeprefix(_BOM), fault
        break
    yield from segments


def check_is_text(path: Path, *, compressed: bool) -> None:
    """Raise UnreadableFileError if the file's beginning is no text."""
    for _ in _text_chunks(path, compressed=compressed):
        return


def count_hint(path: Path, *, compressed: bool) -> int | None:
    """Return about how many lines a file has, judged by how it begins; None if that cannot be told."""
    if compressed:
        return None
    with path.open("rb") as handle:
        beginning = handle.read(_CHUNK_BYTES)
    lines = beginning.count(b"\n") + (not beginning.endswith(b"\n"))
    return round(lines * path.stat().st_size / len(beginning)) if beginning else 0


def _text_chunks(path: Path, *, compressed: bool) -> Iterator[bytes]:
    try:
        with path.open("rb") as handle:
            chunks = _inflated(handle) if compressed else iter(lambda: handle.read(_CHUNK_BYTES), b"")
            for chunk in chunks:
                _check_text(chunk)
                yield chunk
                break
            yield from chunks
    except OSError as exc:
        raise UnreadableFileError(f"{path.name} cannot be read: {exc.strerror}") from exc


def _check_text(beginning: bytes) -> None:
    start = beginning.removeprefix(_BOM).lstrip()[:16].lower()
    for signature, meaning in _SIGNATURES:
        if beginning.startswith(signature) or (signature.startswith(b"<") and start.startswith(signature)):
            raise UnreadableFileError(f"this is no text: it is {meaning}")
    if beginning.count(b"\0") * _MAX_NUL_SHARE > len(beginning):
        raise UnreadableFileError("this is no text in UTF-8: it is full of NUL bytes")
    if b"\r" in beginning and b"\n" not in beginning and len(beginning) >= beginning.find(b"\r") + 2:
        raise UnreadableFileError("the lines end in carriage returns alone; save it with line feeds")


def _inflated(handle: BinaryIO) -> Iterator[bytes]:
    """Unpack gzip, of any number of members, into chunks of one size; what came before damage is yielded."""
    ready = bytearray()
    try:
        for piece in _inflated_pieces(handle):
            ready += piece
            if len(ready) >= _CHUNK_BYTES:
                yield bytes(ready)
                ready.clear()
    except (zlib.error, UnreadableFileError) as exc:
        if ready:
            yield bytes(ready)
        if isinstance(exc, UnreadableFileError):
            raise
        raise UnreadableFileError(f"the gzip data is damaged ({exc})") from exc
    if ready:
        yield bytes(ready)


def _inflated_pieces(handle: BinaryIO) -> Iterator[bytes]:
    inflater = None  # between members
    taken = made = 0
    while data := handle.read(_GZIP_CHUNK_BYTES):
        if not taken and not data.startswith(b"\x1f\x8b"):
            raise UnreadableFileError("this is not gzip, though its name says so")
        taken += len(data)
        while data:
            if inflater is None:
                data = data.lstrip(b"\0")  # tapes and some tools pad with zeros
                if not data:
                    break
                inflater = zlib.decompressobj(wbits=31)
            piece = inflater.decompress(data, _CHUNK_BYTES)
            made += len(piece)
            if made > max(_RATIO_FROM_BYTES, taken * _MAX_RATIO):
                raise UnreadableFileError(f"it unpacks to over {_MAX_RATIO} times its size; no honest file does")
            yield piece
            ended = inflater.eof
            data = inflater.unused_data if ended else inflater.unconsumed_tail
            inflater = None if ended else inflater
    # The last bytes may have filled a piece and left a little inside.
    while inflater is not None and (piece := inflater.decompress(b"", _CHUNK_BYTES)):
        yield piece
    if not taken or not (inflater is None or inflater.eof):
        raise UnreadableFileError("the gzip data ends too early; the file is truncated")


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, str | None]]:
    begun = b""
    skipping = odd = False
    for chunk in chunks:
        rest = chunk
        if skipping:
            passed, ended, rest = chunk.partition(b"\n")
            odd ^= passed.count(b'"') % 2 == 1
            if not ended:
                continue
            yield _stand_in(odd), LINE_TOO_LONG
            skipping = False
        end = rest.rfind(b"\n") + 1
        whole, begun = (begun + rest[:end], rest[end:]) if end else (b"", begun + rest)
        # Only the first line can have grown over more than a chunk.
        if len(whole) > MAX_LINE_BYTES and whole.find(b"\n") > MAX_LINE_BYTES:
            passed, _, whole = whole.partition(b"\n")
            yield _stand_in(passed.count(b'"') % 2 == 1), LINE_TOO_LONG
        if whole:
            yield whole, None
        if len(begun) > MAX_LINE_BYTES:
            skipping, odd, begun = True, begun.count(b'"') % 2 == 1, b""
    if skipping:
        yield _stand_in(odd), LINE_TOO_LONG
    elif begun:
        yield begun + b"\n", None


def _stand_in(odd: bool) -> bytes:  # noqa: FBT001
    return b'"\n' if odd else b"\n"
