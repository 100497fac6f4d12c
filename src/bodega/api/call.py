"""Give a handler what it may know of a request: decoded, checked, and without the wire."""

import re
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from bodega.api.declare import Route
from bodega.api.rendered import KeptPages
from bodega.api.tokens import Cursors
from bodega.domain.accounts.model import ApiKey
from bodega.domain.accounts.sessions import Session
from bodega.domain.shop import Shop

_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,255}")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set about the API.

    `inline_reads` runs reads in the event loop: right for an embedded engine that answers in microseconds, wrong for
    one across a network. `worker` names this process in its metrics. `session_cookies` are the names under which pages
    keep a shopper's session, over TLS and without. The limits count requests a minute: of each API key, and of each
    address that searches or reports. `max_passed_bytes` is the largest body that what stands before the shop lets
    through, None if it lets through all. The `kept_` and `packed_` sizes bound what is remembered of rendered pages,
    ready and compressed.
    """

    public_url: str = ""
    worker: str = "0"
    session_cookies: tuple[str, str] | None = None
    access_log: bool = False
    inline_reads: bool = True
    admin_per_minute: int = 6000
    search_per_minute: int = 600_000
    kept_list_bytes: int = 12 * 1024**2
    kept_search_bytes: int = 3 * 1024**2
    packed_search_bytes: int = 9 * 1024**2
    feedback_per_minute: int = 6000
    max_import_bytes: int = 4 * 1024**3
    max_media_bytes: int = 10 * 1024**2
    max_passed_bytes: int | None = None
    chunk_timeout_seconds: float = 60.0


class Staged(msgspec.Struct, frozen=True):
    """A streamed body that now lies in the object store."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What every handler works with: the shop, the options, its cursors, and pages that were rendered before."""

    shop: Shop
    options: Options
    cursors: Cursors
    listed: KeptPages
    searched: KeptPages

    @classmethod
    def of(cls, shop: Shop, options: Options) -> Self:
        """Return the desk of a shop, with nothing remembered yet."""
        freshness = shop.catalog.freshness
        return cls(
            shop,
            options,
            Cursors(shop.world.keys),
            KeptPages(freshness.lists, max_bytes=options.kept_list_bytes),
            KeptPages(
                freshness.searches, max_bytes=options.kept_search_bytes, packed_bytes=options.packed_search_bytes
            ),
        )


@dataclass(slots=True)
class Call:
    """One request to one route."""

    desk: Desk
    route: Route
    params: dict[str, str]
    headers: dict[bytes, bytes]
    scheme: str
    raw_path: bytes
    raw_query: bytes
    address: str
    request_id: str
    key: ApiKey | None = None
    session: Session | None = None
    query: Any = None
    body: Any = None
    body_bytes: bytes = b""
    staged: Staged | None = None
    extra_headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        """Return the shop."""
        return self.desk.shop

    def header(self, name: bytes) -> str | None:
        """Return a header's value, None if it was not sent."""
        value = self.headers.get(name)
        return value.decode("latin-1").strip() if value is not None else None

    @property
    def base_url(self) -> str:
        """Return the shop's address without a slash at its end: as configured, or as it was asked under."""
        if self.desk.options.public_url:
            return self.desk.options.public_url.rstrip("/")
        host = self.header(b"host") or ""
        return f"{self.scheme}://{host}" if _HOST.fullmatch(host) else ""
