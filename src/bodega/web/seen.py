"""Remember, in a signed cookie of the shopper's own browser, which products were looked at last."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.ports.keys import Keys

COOKIE = "seen"
MAX_SEEN = 20
_MAX_COOKIE_LENGTH = 3800
_MAX_AGE_SECONDS = 180 * 24 * 3600
_PURPOSE = "web.seen"
_SIGNATURE_BYTES = 32
_decode = msgspec.json.Decoder(list[str]).decode


def read_seen(keys: Keys, cookie: str | None) -> list[str]:
    """Return the ids, newest first; none for a cookie that is absent, damaged or not ours."""
    if not cookie or len(cookie) > _MAX_COOKIE_LENGTH or not cookie.isascii():
        return []
    try:
        raw = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except ValueError:
        return []
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not keys.verify(_PURPOSE, body, signature):
        return []
    try:
        return _decode(body)[:MAX_SEEN]
    except msgspec.MsgspecError:  # signed by another version of this file
        return []


def write_seen(keys: Keys, product_ids: Sequence[str]) -> str:
    """Return the cookie's text, the oldest ids dropped until it is one that browsers keep."""
    kept = list(dict.fromkeys(product_ids))[:MAX_SEEN]
    while True:
        body = msgspec.json.encode(kept)
        text = urlsafe_b64encode(keys.sign(_PURPOSE, body) + body).rstrip(b"=").decode()
        if len(text) <= _MAX_COOKIE_LENGTH:
            return text
        kept.pop()


def remember(response: Response, request: Request, keys: Keys, product_id: str) -> None:
    """Put a product first among those seen and send the cookie along with a response."""
    before = read_seen(keys, request.cookies.get(COOKIE))
    response.set_cookie(
        COOKIE,
        write_seen(keys, [product_id, *before]),
        max_age=_MAX_AGE_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
