"""Decide who may ask: keys and their scopes, and how often."""

from bodega.api.call import Call, Desk
from bodega.api.declare import Public, Scope, Signed
from bodega.api.errors import HttpError
from bodega.domain.accounts.model import ApiKey
from bodega.errors import NotAllowedError

_MINUTE = 60


def admit(call: Call) -> None:
    """Let the call pass or raise: 401 without a valid key, 403 with one that lacks the scope, 429 too often."""
    policy = call.route.policy
    if isinstance(policy, Scope):
        call.key = _key(call)
        limit = call.desk.options.admin_per_minute
        call.extra_headers += count(call.desk, "admin", call.key.id, limit)
        if not call.key.allows(policy.name):
            raise NotAllowedError(f"this needs a key with the scope {policy.name}", missing_scope=policy.name)
    elif not isinstance(policy, Public | Signed):
        raise NotAllowedError("this is for shoppers who are signed in")
    if call.route.limit == "search":
        limit = call.desk.options.search_per_minute
        call.extra_headers += count(call.desk, "search", call.address, limit)


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
