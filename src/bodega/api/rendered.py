"""Keep rendered pages for as long as the state they were rendered from stands, in a bounded number of bytes."""

from collections.abc import Callable

from bodega.api.reply import Reply

# What a kept page costs besides its body: its query, its headers and the objects around them.
_OVERHEAD_BYTES = 1500


class KeptPages:
    """Replies by query string, all forgotten when the state changes. For one thread, the server's own.

    Half of the bytes are for pages that were asked for lately. When that half is full, it becomes the older one, and
    what was in the older one and not asked for since is forgotten: pages that nobody asks for twice pass through
    without driving out the others, and asking costs no more than looking into two dictionaries.
    """

    def __init__(self, state: Callable[[], object], *, max_bytes: int) -> None:
        """Take what tells the present state, to be compared with earlier ones."""
        self._state_now = state
        self._half_bytes = max_bytes // 2
        self._state: object = None
        self._recent: dict[bytes, Reply] = {}
        self._older: dict[bytes, Reply] = {}
        self._recent_bytes = 0

    def find(self, raw_query: bytes) -> Reply | None:
        """Return the page if it was rendered from the present state."""
        state = self._state_now()
        if state != self._state:
            self._recent, self._older, self._recent_bytes = {}, {}, 0
            self._state = state
            return None
        reply = self._recent.get(raw_query)
        if reply is None:
            reply = self._older.get(raw_query)
            if reply is not None:
                self.keep(raw_query, reply)
        return reply

    def keep(self, raw_query: bytes, reply: Reply) -> None:
        """Remember a page that was rendered after the last `find`; nothing may have been awaited between."""
        size_bytes = len(reply.body) + len(raw_query) + _OVERHEAD_BYTES
        if size_bytes > self._half_bytes:
            return
        if self._recent_bytes + size_bytes > self._half_bytes:
            self._older, self._recent, self._recent_bytes = self._recent, {}, 0
        self._recent[raw_query] = reply
        self._recent_bytes += size_bytes
