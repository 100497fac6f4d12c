"""Turn object keys into file names that every file system keeps apart and understands, and back.

    media/prod_1/2.svg   media+/prod_1+/2.svg
    media                media
    Prod É               =prod%20%c3%89

Lower-case letters, digits, `.`, `_` and `-` stay; a capital is `=` and its small letter, every other byte of
the UTF-8 form is `%xx`. So names that differ only in case or Unicode form are different files everywhere, and
no separator, drive letter or device name can be spelled. A segment that has others below it ends in `+`,
which is what lets `media` and `media/x` both exist. Names over 200 characters go on in a folder whose name
ends in `&`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-")
_CAPITALS = range(ord("A"), ord("Z") + 1)
_LONGEST_NAME = 200  # file systems take 255 bytes; the rest is room for the marks
_BELOW = "+"
_GOES_ON = "&"
_CONTINUED = "_"  # begins what goes on, so that no piece is a device name or hidden by chance

# Windows opens a device for these whatever the suffix:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_ESCAPED = re.compile(rb"%([0-9a-f]{2})|=([a-z])")


def _escape(byte: int) -> str:
    if byte in _PLAIN:
        return chr(byte)
    return "=" + chr(byte).lower() if byte in _CAPITALS else f"%{byte:02x}"


_ESCAPES = [_escape(byte) for byte in range(256)]


def file_path(root: Path, key: str) -> Path:
    """Return where a key's file is; the key keeps the port's rules, the path is always inside `root`."""
    *folders, name = key.split("/")
    return root.joinpath(*(part for folder in folders for part in _parts(folder, _BELOW)), *_parts(name, ""))


def key_entries(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield keys that start with the prefix, and their files, in order of the keys' UTF-8 bytes.

    One folder's names are in memory at a time, and those of the folders above it.
    """
    above, slash, _ = prefix.rpartition("/")
    if above:
        root = root.joinpath(*(part for folder in above.split("/") for part in _parts(folder, _BELOW)))
    for key, path in _walk(root, above.encode() + slash.encode(), prefix.encode()):
        yield key.decode(), path


def _walk(folder: Path, above: bytes, prefix: bytes) -> Iterator[tuple[bytes, Path]]:
    # A folder sorts as its name and the slash, or `a/b` would come before `a-b`.
    for name, path in sorted(_names(folder, "")):
        key = above + name
        if not name.endswith(b"/"):
            if key.startswith(prefix):
                yield key, path
        elif key.startswith(prefix) or prefix.startswith(key):
            yield from _walk(path, key, prefix)


def _names(folder: Path, begun: str) -> Iterator[tuple[bytes, Path]]:
    """Yield the segments that a folder holds, those that are folders with a slash behind them."""
    try:
        found = os.listdir(folder)  # noqa: PTH208  # half the memory of paths, in folders with many names
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in found:
        if begun and not name.startswith(_CONTINUED):
            continue
        whole = begun + (name[1:] if begun else name)
        if name.endswith(_GOES_ON):
            yield from _names(folder / name, whole[:-1])
            continue
        segment = _decode(whole.removesuffix(_BELOW))
        # What another program left here (.DS_Store, Thumbs.db) is not spelled our way, so it is no object.
        if _encode(segment) == whole.removesuffix(_BELOW) and _is_text(segment):
            yield segment + (b"/" if name.endswith(_BELOW) else b""), folder / name


def _parts(segment: str, mark: str) -> list[str]:
    name = _encode(segment.encode())
    pieces = [name[start : start + _LONGEST_NAME] for start in range(0, len(name), _LONGEST_NAME)]
    marked = [piece + _GOES_ON for piece in pieces[:-1]] + [pieces[-1] + mark]
    return marked[:1] + [_CONTINUED + piece for piece in marked[1:]]


def _encode(segment: bytes) -> str:
    name = "".join([_ESCAPES[byte] for byte in segment])
    if _DEVICE.match(name):
        name = f"%{segment[0]:02x}" + name[len(_ESCAPES[segment[0]]) :]
    # Windows drops a dot at the end of a name.
    return name[:-1] + "%2e" if name.endswith(".") else name


def _decode(name: str) -> bytes:
    return _ESCAPED.sub(_unescape, name.encode(errors="replace"))


def _is_text(segment: bytes) -> bool:
    try:
        return bool(segment.decode())
    except UnicodeDecodeError:
        return False


def _unescape(match: re.Match[bytes]) -> bytes:
    code, capital = match.groups()
    return bytes.fromhex(code.decode()) if code else capital.upper()
