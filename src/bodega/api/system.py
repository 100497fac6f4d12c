"""Answer those who run and explore the shop: health, metrics, the API's description and its readable page."""

import functools
from importlib.resources import files
from typing import Any, Literal

import msgspec
from minijinja import Environment

from bodega import schema
from bodega.api.call import Call
from bodega.api.declare import Binary, Public, Route
from bodega.api.errors import HttpError
from bodega.api.metrics import CONTENT_TYPE, Meter
from bodega.api.openapi import document
from bodega.api.reply import Reply, encode, etag_of_bytes
from bodega.errors import UnavailableError
from bodega.ports.table import Key

_HTML = b"text/html; charset=utf-8"
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_BRIEF_CACHE = "public, max-age=300"


class Health(msgspec.Struct, frozen=True):
    """That the process runs, or that it can serve."""

    status: Literal["alive", "ready"]


def live(_call: Call) -> Reply:
    """Answer that this process runs."""
    return Reply(body=encode(Health("alive")), headers=((b"cache-control", b"no-store"),))


def ready(call: Call) -> Reply:
    """Answer whether the shop can serve: its table and its object store answer."""
    world = call.shop.world
    try:
        world.table.get(schema.SYSTEM, Key("health", "probe"))
        world.objects.find(f"{schema.MEDIA}probe")  # where whoever serves may look, which is not everywhere
    except Exception as exc:
        if isinstance(exc, HttpError | UnavailableError):
            raise
        raise UnavailableError(f"the shop cannot serve: {type(exc).__name__}") from exc
    return Reply(body=encode(Health("ready")), headers=((b"cache-control", b"no-store"),))


def routes(declared: tuple[Route, ...], meter: Meter) -> tuple[Route, ...]:
    """Return the routes of this file; they describe all others, and themselves."""

    def metrics(_call: Call) -> Reply:
        return Reply(body=meter.expose(), content_type=CONTENT_TYPE, headers=((b"cache-control", b"no-store"),))

    @functools.cache
    def written() -> tuple[dict[str, Any], bytes, bytes]:
        described = document([*declared, *own])
        return described, encode(described), _page(described).encode()

    def openapi(_call: Call) -> Reply:
        body = written()[1]
        return Reply(body=body, etag=etag_of_bytes(body))

    def docs(_call: Call) -> Reply:
        body = written()[2]
        headers = ((b"content-security-policy", _POLICY),)
        return Reply(body=body, etag=etag_of_bytes(body), content_type=_HTML, headers=headers)

    own = (
        _route("/health/live", "health.live", "Whether this process runs", live, Health),
        _route("/health/ready", "health.ready", "Whether the shop can serve", ready, Health, threaded=True),
        _route("/metrics", "system.metrics", "Counts and durations for Prometheus", metrics, Binary("text/plain")),
        _route("/openapi.json", "system.openapi", "This description", openapi, dict[str, Any], cache=_BRIEF_CACHE),
        _route("/docs", "system.docs", "This description for people", docs, Binary("text/html"), cache=_BRIEF_CACHE),
    )
    return own


def _route(
    path: str, name: str, summary: str, handler: Any, kind: Any, *, cache: str = "no-store", threaded: bool = False
) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        policy=Public(),
        handler=handler,
        replies={200: kind},
        cache=cache,
        threaded=threaded,
    )


# -- the readable page


def _page(described: dict[str, Any]) -> str:
    template = (files("bodega.api") / "docs.html").read_text(encoding="utf-8")
    environment = Environment(
        templates={"docs.html": template},
        undefined_behavior="strict",
        trim_blocks=True,
        lstrip_blocks=True,
        auto_escape_callback=lambda _name: "html",
    )
    schemas = described["components"]["schemas"]
    return environment.render_template(
        "docs.html",
        info=described["info"] | {"description": _coded(described["info"]["description"])},
        groups=_groups(described["paths"]),
        schemas=[_schema_view(name, schemas[name]) for name in sorted(schemas)],
    )


def _groups(paths: dict[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation_view(path, method, operation))
    return [{"name": name, "anchor": f"group-{_anchor(name)}", "operations": rows} for name, rows in groups.items()]


def _operation_view(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "anchor": _anchor(operation["operationId"]),
        "method": method.upper(),
        "path": path,
        "summary": _coded(operation["summary"]),
        "scopes": [scope for entry in operation["security"] for scopes in entry.values() for scope in scopes],
        "parameters": [
            {
                "name": p["name"],
                "place": p["in"],
                "required": p["required"],
                "type": _type_view(p["schema"]),
                "text": _coded(p.get("description", "")),
            }
            for p in operation["parameters"]
        ],
        "bodies": [{"name": kind, "type": _type_view(value["schema"])} for kind, value in body.items()],
        "replies": [
            {"status": status, "text": reply["description"], "type": _reply_view(reply), "good": status < "400"}
            for status, reply in operation["responses"].items()
        ],
    }


def _reply_view(reply: dict[str, Any]) -> dict[str, Any] | None:
    for kind, value in reply.get("content", {}).items():
        return _type_view(value["schema"]) if "json" in kind else {"text": kind, "link": ""}
    return None


def _type_view(given: dict[str, Any]) -> dict[str, Any]:
    """Return a short name for a type, and the schema it links to."""
    if "$ref" in given:
        name = given["$ref"].rpartition("/")[2]
        return {"text": name, "link": name}
    if "anyOf" in given:
        views = [_type_view(option) for option in given["anyOf"]]
        return {
            "text": " or ".join(v["text"] for v in views),
            "link": next((v["link"] for v in views if v["link"]), ""),
        }
    if "enum" in given:
        return {"text": " | ".join(str(value) for value in given["enum"]), "link": ""}
    if given.get("type") == "array":
        inner = _type_view(given.get("items", {}))
        return {"text": f"list of {inner['text']}", "link": inner["link"]}
    kinds = given.get("type", "any")
    return {"text": kinds if isinstance(kinds, str) else " or ".join(kinds), "link": ""}


def _schema_view(name: str, given: dict[str, Any]) -> dict[str, Any]:
    required = given.get("required", ())
    fields = [
        {"name": field, "required": field in required, "type": _type_view(kind), "limits": _limits(kind)}
        for field, kind in given.get("properties", {}).items()
    ]
    return {"name": name, "text": _coded(given.get("description", "")), "fields": fields}


def _coded(text: str) -> list[dict[str, Any]]:
    """Return the parts of a text and which of them stand between backticks."""
    return [{"text": part, "code": index % 2 == 1} for index, part in enumerate(text.split("`")) if part]


def _limits(kind: dict[str, Any]) -> str:
    words = {
        "minLength": "from {} characters",
        "maxLength": "to {} characters",
        "minimum": "≥ {}",
        "maximum": "≤ {}",
        "minItems": "from {} items",
        "maxItems": "to {} items",
        "format": "{}",
    }
    return ", ".join(text.format(kind[limit]) for limit, text in words.items() if limit in kind)


def _anchor(text: str) -> str:
    return text.replace(" ", "-").replace(".", "-").replace("_", "-")
