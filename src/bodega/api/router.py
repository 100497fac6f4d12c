"""Find the route of a request by its raw path, so that an encoded slash inside a name stays inside it."""

import re
from collections.abc import Iterable

from bodega.api.declare import Route
from bodega.api.errors import HttpError
from bodega.api.query import unquote
from bodega.values.text import is_clean

MAX_PATH_BYTES = 4096
_PARAMETER = re.compile(r"\{(\w+)\}")


class Router:
    """All routes by their paths. One without parameters wins over one with; of those with, more fixed text wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        patterns: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            table = patterns if "{" in route.path else self._fixed
            methods = table.setdefault(route.path, {})
            if route.method in methods:
                raise TypeError(f"{route.method} {route.path} is declared twice")
            methods[route.method] = route
        self._patterns: dict[int, list[tuple[re.Pattern[str], dict[str, Route]]]] = {}
        for path in sorted(patterns, key=lambda p: -len(_PARAMETER.sub("", p))):
            self._patterns.setdefault(path.count("/"), []).append((_compiled(path), patterns[path]))

    def match(self, method: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """Return the route and its path parameters; 404 for an unknown path, 405 for an unknown method of one."""
        if len(raw_path) > MAX_PATH_BYTES:
            raise HttpError(404, "not_found", f"no route has a path of over {MAX_PATH_BYTES} bytes")
        path = raw_path.decode("latin-1")
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        methods = self._fixed.get(path)
        if methods is not None:
            if wanted in methods:
                return methods[wanted], {}
            allowed |= methods.keys()
        for pattern, methods in self._patterns.get(path.count("/"), ()):
            found = pattern.fullmatch(path)
            if found is not None:
                if wanted in methods:
                    return methods[wanted], {name: _parameter(text) for name, text in found.groupdict().items()}
                allowed |= methods.keys()
                break  # `x:resume` is a state to change, and not a name that a less specific route may read
        if not allowed:
            raise HttpError(404, "not_found", "there is no such route; see /docs")
        listed = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        raise HttpError(405, "method_not_allowed", f"allowed here: {listed}", headers=[(b"allow", listed.encode())])


def _compiled(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)
    return re.compile("".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>[^/]+)" for i, p in enumerate(parts)))


def _parameter(text: str) -> str:
    value = unquote(text.encode("latin-1"), "path")
    if not is_clean(value):
        raise HttpError(404, "not_found", "nothing has a name with control characters")
    return value
