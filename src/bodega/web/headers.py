"""Know the headers that pages are sent with: what may be cached where, and what a page may load."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
PRIVATE = "private, no-cache"
UNCACHED = "no-store"

# Pages bring their own style sheet and pictures and no script at all; JSON-LD is data and is not covered by script-src.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
}


def html(body: str, *, status: int = 200, caching: str = PRIVATE, extra: Mapping[str, str] = {}) -> Response:
    """Return a page as a response."""
    headers = _SAFE | {"cache-control": caching, **extra}
    return Response(body, status, headers, media_type="text/html")


def revalidated(request: Request, response: Response) -> Response:
    """Return the response with an ETag of its body, or 304 if the browser has that already."""
    etag = hashlib.blake2b(bytes(response.body), digest_size=12).hexdigest()
    response.headers["etag"] = f'"{etag}"'
    if not is_fresh(request, etag):
        return response
    kept = {name: response.headers[name] for name in ("etag", "cache-control", "vary") if name in response.headers}
    return Response(status_code=304, headers=kept)


def is_fresh(request: Request, etag: str) -> bool:
    """Tell whether the browser's copy is this version: weak comparison, RFC 9110 section 13.1.2."""
    known = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")}
    return bool(known) and (etag.strip('"') in tags or "*" in tags)
