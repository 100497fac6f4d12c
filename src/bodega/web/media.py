"""Serve pictures from the object store, so that nothing in them can act on a page's behalf."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bodega import schema
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.objects import MAX_KEY_BYTES, ObjectInfo, ObjectStore
from bodega.web.headers import is_fresh
from bodega.web.site import Site

_CACHING = "public, max-age=86400, stale-while-revalidate=604800"
_SMALL_BYTES = 1 << 18
# An SVG is a document: opened on its own it could run script with the shop's origin.
_SVG_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


def media_file(site: Site, request: Request) -> Response:
    """Answer with the picture under a key; NotFoundError for anything else, be the key sound or not."""
    objects = site.shop.world.objects
    info = _find(objects, request.path_params["key"])
    headers = _headers(info)
    if is_fresh(request, info.etag):
        return Response(status_code=304, headers=headers)
    headers["content-length"] = str(info.size_bytes)
    if request.method == "HEAD":
        return Response(headers=headers)
    if info.size_bytes > _SMALL_BYTES:
        return StreamingResponse(objects.stream(info.key), headers=headers)
    body = objects.get(info.key)
    return Response(body, headers=headers | {"content-length": str(len(body))})


def _find(objects: ObjectStore, path: str) -> ObjectInfo:
    key = f"{schema.MEDIA}{path}"
    try:
        if len(key) > MAX_KEY_BYTES:
            raise NotFoundError("picture", path[:80])
        info = objects.find(key)
    except (InvalidError, UnicodeEncodeError):
        raise NotFoundError("picture", path[:80]) from None
    if info is None:
        raise NotFoundError("picture", path[:80])
    return info


def _headers(info: ObjectInfo) -> dict[str, str]:
    headers = {
        "cache-control": _CACHING,
        "content-type": info.content_type,
        "etag": f'"{info.etag.strip(chr(34))}"',
        "x-content-type-options": "nosniff",
    }
    if info.content_type == "image/svg+xml":
        headers["content-security-policy"] = _SVG_POLICY
    elif not info.content_type.startswith("image/"):
        headers["content-disposition"] = "attachment"
    return headers
