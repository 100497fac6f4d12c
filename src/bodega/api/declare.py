"""Say what a route is: one declaration with its policy, types, statuses and handler, from which all else follows."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

import msgspec

from bodega.api.reply import Reply
from bodega.domain.accounts.model import SCOPES

# A handler takes a Call. A call knows its route, so that a route cannot name the type of a call.
Handler: TypeAlias = Callable[[Any], Reply]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

STORE_CACHE = "public, max-age=0, s-maxage=60, stale-while-revalidate=300"
"""For store reads: shared caches answer for a minute, and five more while they ask again; browsers revalidate."""
NO_STORE = "private, no-store"
BODY_BYTES = 1024 * 1024


class Public(msgspec.Struct, frozen=True):
    """Anybody may ask."""


class Shopper(msgspec.Struct, frozen=True):
    """Only a shopper who is signed in may ask."""


class Scope(msgspec.Struct, frozen=True):
    """Only an API key with this scope may ask."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in SCOPES:
            raise TypeError(f"there is no scope {self.name!r}")


class Signed(msgspec.Struct, frozen=True):
    """Whoever holds an address that this shop signed for this purpose may ask; the route checks the signature."""

    purpose: str


Policy: TypeAlias = Public | Shopper | Scope | Signed


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that takes no parameters."""


class Staging(msgspec.Struct, frozen=True):
    """Where a streamed body goes, its bound, and what looks at its first bytes and may refuse it."""

    key: str
    max_bytes: int
    inspect: Callable[[bytes], None] | None = None


class Stream(msgspec.Struct, frozen=True):
    """A body that is not read into memory: its content types, and what names its place before it arrives.

    `form` tells that it is the file of a form. `instead` says where a larger one may be sent.
    """

    content_types: tuple[str, ...]
    place: Callable[[Any], Staging]
    form: bool = False
    instead: str = ""


class Binary(msgspec.Struct, frozen=True):
    """A reply that is not JSON."""

    content_type: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route. There is no default policy: a route that does not say who may ask cannot be written down.

    `path` has parameters in braces, each filling what is between the fixed text of one segment. `replies` maps each
    success status to the type of its body, or to a tuple of types of which it has one. `body` is what JSON is decoded
    into and `stream` what else may be sent. `patches` names the type that a merge patch is of, `documents` the type
    that describes a body decoded loosely. `precondition` tells whether If-Match is demanded. `limit` names the rate
    limit that counts it. `threaded` keeps what may take longer than a few hundred microseconds off the event loop, and
    `lane` is for what computes as shortly and waits for nothing but its own commits. `pays` tells that it asks the
    payment provider, so that it has a thread all the same where that is somewhere on the network.
    `idempotency` tells what an Idempotency-Key is here: something that a client may send or must send, in both cases
    dealt with before the handler; or `own`, something that it must send and that the handler makes one effect itself.
    """

    method: Method
    path: str
    name: str
    summary: str
    policy: Policy
    handler: Handler
    replies: Mapping[int, Any]
    query: Any = NoQuery
    body: Any = None
    stream: Stream | None = None
    patches: Any = None
    documents: Any = None
    cache: str = NO_STORE
    precondition: bool = False
    limit: Literal["search", "admin", "feedback"] | None = None
    threaded: bool = False
    lane: bool = False
    pays: bool = False
    idempotency: Literal["optional", "required", "own"] = "optional"
    statuses: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Public | Shopper | Scope | Signed):
            raise TypeError(f"route {self.name} has no policy")
        if self.path.startswith("/v1/admin/") and not isinstance(self.policy, Scope):
            raise TypeError(f"route {self.name} is for staff but asks for no scope")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters in the path, in order."""
        return tuple(part.split("}", 1)[0] for part in self.path.split("{")[1:])

    def problems(self) -> dict[int, str]:
        """Return the refusals that the declaration implies, with the standard's names for them."""
        found = {400, 422, 500, 503, *self.statuses}
        if not isinstance(self.policy, Public):
            found |= {401, 403}
        if self.limit is not None or isinstance(self.policy, Scope):
            found.add(429)
        if "{" in self.path:
            found.add(404)
        if self.body is not None or self.stream is not None:
            found |= {413, 415}
        if self.method in {"POST", "PATCH"}:
            found.add(409)
        if self.precondition:
            found |= {409, 412, 428}
        return {status: HTTPStatus(status).phrase for status in sorted(found)}
