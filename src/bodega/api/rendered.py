"""Keep rendered pages for as long as the state they were rendered from stands, in a bounded number of bytes."""

import zlib
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from bodega.api.reply import Reply

T = TypeVar("T")
# What a kept page costs besides its body: its query, its headers and the objects around them; packed, the objects.
_OVERHEAD_BYTES, _PACKED_OVERHEAD_BYTES = 1500, 500
# One bit a query, by its hash, emptied when an eighth are set: to take one query for another costs a compression.
_SEEN_BITS = 1 << 17
_MAX_SEEN = _SEEN_BITS // 8


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """What of a reply is kept in few bytes."""

    body: bytes
    etag: str | None
    headers: tuple[tuple[bytes, bytes], ...]
    content_type: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


class _Lately(Generic[T]):
    """Things by query string, those that were asked for lately before others, in a bounded number of bytes.

    Half of the bytes are for what was asked for lately. When that half is full, it becomes the older one, and what was
    in the older one and not asked for since is forgotten: what nobody asks for twice passes through without driving out
    the rest, and asking costs no more than looking into two dictionaries.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.clear()

    @property
    def size_bytes(self) -> int:
        return self._recent_bytes + self._older_bytes

    def clear(self) -> None:
        self._recent: dict[bytes, tuple[T, int]] = {}
        self._older: dict[bytes, tuple[T, int]] = {}
        self._recent_bytes = self._older_bytes = 0

    def find(self, query: bytes) -> T | None:
        found = self._recent.get(query)
        if found is None:
            found = self._older.get(query)
            if found is None:
                return None
            self.keep(query, *found)
        return found[0]

    def keep(self, query: bytes, thing: T, size_bytes: int) -> None:
        half_bytes = self.max_bytes // 2
        if size_bytes > half_bytes:
            return
        if self._recent_bytes + size_bytes > half_bytes:
            self._older, self._older_bytes = self._recent, self._recent_bytes
            self._recent, self._recent_bytes = {}, 0
        self._recent[query] = thing, size_bytes
        self._recent_bytes += size_bytes


class KeptPages:
    """Replies by query string, all forgotten when the state changes. For one thread, the server's own."""

    def __init__(self, state: Callable[[], object], *, max_bytes: int, packed_bytes: int = 0) -> None:
        """Take what tells the present state, to be compared with earlier ones.

        With `packed_bytes`, pages that have to be rendered a second time are kept compressed besides: four times as
        many in the same room. To compress one costs a third of rendering it, to expand it a tenth. What they do not
        take yet of their room is for pages that are ready.
        """
        self._state_now = state
        self._state: object = None
        self._ready: _Lately[Reply] = _Lately(max_bytes)
        self._packed: _Lately[bytes] = _Lately(packed_bytes)
        self._all_bytes = max_bytes + packed_bytes
        self._seen = bytearray(_SEEN_BITS // 8)
        self._seen_count = 0

    def find(self, raw_query: bytes) -> Reply | None:
        """Return the page if it was rendered from the present state."""
        state = self._state_now()
        if state != self._state:
            self._ready.clear()
            self._packed.clear()
            self._forget_seen()
            self._state = state
            return None
        reply = self._ready.find(raw_query)
        if reply is None and (packed := self._packed.find(raw_query)) is not None:
            reply = _expanded(packed)
            self._keep_ready(raw_query, reply)
        return reply

    def keep(self, raw_query: bytes, reply: Reply) -> None:
        """Remember a page that was rendered after the last `find`; nothing may have been awaited between."""
        self._keep_ready(raw_query, reply)
        if self._packed.max_bytes and self._is_seen_again(raw_query):
            packed = zlib.compress(_encode(_Packed(reply.body, reply.etag, reply.headers, reply.content_type)), 1)
            self._packed.keep(raw_query, packed, len(packed) + len(raw_query) + _PACKED_OVERHEAD_BYTES)

    def _keep_ready(self, raw_query: bytes, reply: Reply) -> None:
        self._ready.max_bytes = self._all_bytes - self._packed.size_bytes
        self._ready.keep(raw_query, reply, len(reply.body) + len(raw_query) + _OVERHEAD_BYTES)

    def _is_seen_again(self, raw_query: bytes) -> bool:
        """Tell whether this was rendered before, lately."""
        byte, bit = divmod(hash(raw_query) % _SEEN_BITS, 8)
        if self._seen[byte] >> bit & 1:
            return True
        if self._seen_count >= _MAX_SEEN:
            self._forget_seen()
        self._seen[byte] |= 1 << bit
        self._seen_count += 1
        return False

    def _forget_seen(self) -> None:
        if self._seen_count:
            self._seen = bytearray(_SEEN_BITS // 8)
            self._seen_count = 0


def _expanded(packed: bytes) -> Reply:
    page = _decode(zlib.decompress(packed))
    return Reply(body=page.body, etag=page.etag, headers=page.headers, content_type=page.content_type)
