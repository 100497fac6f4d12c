"""Decide who may ask: keys and their scopes, shoppers and their sessions, and how often."""

from urllib.parse import urlsplit

from bodega.api.call import Call, Desk
from bodega.api.declare import Public, Scope, Shopper, Signed
from bodega.api.errors import HttpError
from bodega.domain.accounts.model import ApiKey
from bodega.domain.accounts.sessions import Session
from bodega.errors import NotAllowedError

_MINUTE = 60
_MAX_COOKIES = 8192
_SAFE_METHODS = frozenset({"GET"})
_FRIENDLY_SITES = frozenset({"same-origin", "none"})
_SESSION = "ses_"
_CUSTOMER = "cus_"


def admit(call: Call) -> None:
    """Let the call pass or raise: 401 without a valid key or session, 403 without the scope, 429 too often."""
    policy = call.route.policy
    if isinstance(policy, Scope):
        call.key = _key(call)
        limit = call.desk.options.admin_per_minute
        call.extra_headers += count(call.desk, "admin", call.key.id, limit)
        require(call, policy.name)
    elif isinstance(policy, Shopper):
        signed_in(call)
    elif not isinstance(policy, Public | Signed):
        raise NotAllowedError("nobody may ask this")
    if call.route.limit == "search":
        limit = call.desk.options.search_per_minute
        call.extra_headers += count(call.desk, "search", call.address, limit)
    if call.route.limit == "feedback":
        limit = call.desk.options.feedback_per_minute
        call.extra_headers += count(call.desk, "feedback", call.address, limit)


def require(call: Call, scope: str | None) -> None:
    """Raise NotAllowedError unless the key that was shown has a scope; None asks for nothing."""
    if scope is not None and (call.key is None or not call.key.allows(scope)):
        raise NotAllowedError(f"this needs a key with the scope {scope}", missing_scope=scope)


def asker(call: Call) -> str | None:
    """Return the id of the customer who asks, None for a guest: for routes that serve both.

    A session is sent as `Authorization: Bearer ses_…`, or in the cookie that the shop's own pages set. A token that is
    sent on purpose and opens nothing is refused with 401, so that nobody takes a guest's answer for their own; a cookie
    that has outlived its session makes a guest.
    """
    if call.session is None:
        call.session = _session(call)
    return call.session.owner if call.session is not None else None


def signed_in(call: Call) -> Session:
    """Return the session of the customer who asks; 401 for everybody else."""
    if asker(call) is None or call.session is None:
        raise NotAllowedError("this is for shoppers who are signed in: send the token of a session")
    return call.session


def _session(call: Call) -> Session | None:
    kind, _, token = (call.header(b"authorization") or "").partition(" ")
    if kind.lower() == "bearer" and token.strip().startswith(_SESSION):
        session = _customers(call.shop.sessions.find(token.strip()))
        if session is None:
            raise NotAllowedError("this session is over, or its token was changed for another: sign in again")
        return session
    token = _cookie(call)
    if not token:
        return None
    session = _customers(call.shop.sessions.find(token))
    if session is not None and call.route.method not in _SAFE_METHODS:
        _check_site(call)
    return session


def _customers(session: Session | None) -> Session | None:
    return session if session is not None and session.owner.startswith(_CUSTOMER) else None


def _cookie(call: Call) -> str:
    """Return the token in the pages' cookie. Over TLS only the name counts that no neighbour can plant."""
    sent, names = call.header(b"cookie"), call.desk.options.session_cookies
    if names is None or sent is None or len(sent) > _MAX_COOKIES:
        return ""
    secure = call.scheme == "https" or call.desk.options.public_url.startswith("https:")
    prefix = f"{names[0 if secure else 1]}="
    # Not http.cookies, which drops the whole header for one odd cookie of somebody else's.
    pairs = (part.strip() for part in sent.split(";"))
    return next((pair.removeprefix(prefix) for pair in pairs if pair.startswith(prefix)), "")


def _check_site(call: Call) -> None:
    """Refuse a change that another site's page asks for with the cookie of somebody who happens to be signed in.

    The cookie is SameSite=Lax, so that browsers do not send it along; this is for those that do.
    """
    site, origin = call.header(b"sec-fetch-site"), call.header(b"origin")
    ours = {call.header(b"host") or "", urlsplit(call.desk.options.public_url).netloc} - {""}
    fair = site in _FRIENDLY_SITES if site is not None else origin is None or origin.partition("://")[2] in ours
    if not fair:
        raise HttpError(403, "foreign_site", "this request came from a page of another site")


def _key(call: Call) -> ApiKey:
    sent = call.header(b"authorization")
    if sent is None:
        raise NotAllowedError("send an API key: Authorization: Bearer bdg_…")
    kind, _, token = sent.partition(" ")
    key = call.shop.api_keys.find(token.strip()) if kind.lower() == "bearer" else None
    if key is None:
        raise NotAllowedError("this API key is not valid")
    return key


def count(desk: Desk, policy: str, who: str, per_minute: int) -> list[tuple[bytes, bytes]]:
    """Count a request against its minute and return the headers that say so; 429 when the minute is full.

    Source: draft-ietf-httpapi-ratelimit-headers-09. The window is fixed because the cache port counts and no more: at a
    minute's turn twice the rate can pass, which a limit against floods can bear.
    """
    now = desk.shop.world.clock.now().timestamp()
    minute, second = divmod(int(now), _MINUTE)
    used = desk.shop.world.cache.count(f"rate:{policy}:{who}:{minute}", ttl_seconds=_MINUTE)
    left, wait = max(0, per_minute - used), _MINUTE - second
    headers = [
        (b"ratelimit-policy", f'"{policy}";q={per_minute};w={_MINUTE}'.encode()),
        (b"ratelimit", f'"{policy}";r={left};t={wait}'.encode()),
    ]
    if used > per_minute:
        raise HttpError(
            429,
            "too_many_requests",
            f"at most {per_minute} requests a minute here; wait {wait} seconds",
            headers=[*headers, (b"retry-after", str(wait).encode())],
        )
    return headers
