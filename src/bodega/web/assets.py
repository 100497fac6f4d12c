"""Serve the files that pages need, under names that change with their contents so that they can be cached for ever."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.ports.objects import content_type_of
from bodega.web.links import Href

_IMMUTABLE = "public, max-age=31536000, immutable"
_WORTH_COMPRESSING = 1024


class Asset(msgspec.Struct, frozen=True):
    """A static file, compressed as well if that is worth it."""

    name: str
    body: bytes
    compressed: bytes | None
    content_type: str


class Assets:
    """All static files, read once; `hrefs` maps plain names to addresses."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._by_name: dict[str, Asset] = {}
        self.hrefs: dict[str, Href] = {}
        for plain, body in contents.items():
            stem, _, suffix = plain.rpartition(".")
            name = f"{stem}.{hashlib.blake2b(body, digest_size=6).hexdigest()}.{suffix}"
            packed = gzip.compress(body, mtime=0) if len(body) >= _WORTH_COMPRESSING else None
            self._by_name[name] = Asset(name, body, packed, content_type_of(plain))
            self.hrefs[plain] = Href(f"/static/{name}")

    def answer(self, request: Request) -> Response | None:
        """Return the file that the path names, or None."""
        asset = self._by_name.get(request.path_params["file"])
        if asset is None:
            return None
        headers = {"cache-control": _IMMUTABLE, "x-content-type-options": "nosniff", "content-type": asset.content_type}
        if asset.compressed is None:
            return Response(asset.body, headers=headers)
        headers["vary"] = "accept-encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.body, headers=headers)
        return Response(asset.compressed, headers=headers | {"content-encoding": "gzip"})


@cache
def load_assets() -> Assets:
    """Read the package's static files, once a process."""
    folder = files("bodega.web") / "static"
    return Assets({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()})
