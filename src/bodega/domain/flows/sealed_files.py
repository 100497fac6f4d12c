"""Keep files that say who people are sealed in the object store: in pieces, so that they need not fit into memory."""

from collections.abc import Iterable, Iterator

from bodega.ports.keys import Keys, UnsealError

SUFFIX = ".sealed"
_LENGTH_BYTES = 4
_END = b"\0" * _LENGTH_BYTES


def sealed(keys: Keys, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a file's chunks sealed, each for its place in this file and behind its length; an end follows them all."""
    number = 0
    for chunk in chunks:
        if chunk:
            piece = keys.seal(chunk, _context(name, number))
            yield len(piece).to_bytes(_LENGTH_BYTES) + piece
            number += 1
    yield _END + keys.seal(b"", _context(name, number) | {"end": "yes"})


def unsealed(keys: Keys, name: str, stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what was sealed under this name; UnsealError where pieces were changed, moved or are missing."""
    waiting, number = b"", 0
    for arrived in stream:
        waiting += arrived
        while len(waiting) >= _LENGTH_BYTES and not waiting.startswith(_END):
            length = int.from_bytes(waiting[:_LENGTH_BYTES])
            if len(waiting) < _LENGTH_BYTES + length:
                break
            piece, waiting = waiting[_LENGTH_BYTES : _LENGTH_BYTES + length], waiting[_LENGTH_BYTES + length :]
            yield keys.unseal(piece, _context(name, number))
            number += 1
    if not waiting.startswith(_END):
        raise UnsealError("the file is cut off")
    keys.unseal(waiting[_LENGTH_BYTES:], _context(name, number) | {"end": "yes"})


def _context(name: str, number: int) -> dict[str, str]:
    return {"kind": "file", "name": name, "piece": str(number)}
