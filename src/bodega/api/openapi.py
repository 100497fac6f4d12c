"""Write the OpenAPI 3.1 document from the routes' declarations, so that it cannot say anything else than they do."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from bodega.api.declare import Binary, Public, Route, Scope, Signed
from bodega.api.errors import Problem
from bodega.api.forms import FIELD

VERSION = "1.0.0"
"""Of the contract: additions raise the middle number, and v1 never takes anything away."""

_REF = "#/components/schemas/{name}"
_PATCHED = "Patch"


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document as plain values."""
    listed = list(routes)
    writer = _Writer(listed)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bodega",
            "version": VERSION,
            "summary": "The shop's API: /v1/store for shoppers, /v1/admin for staff and machines",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(route) for route in listed)],
        "paths": paths,
        "components": {"schemas": writer.schemas, "securitySchemes": _SECURITY},
    }


class _Writer:
    """Writes operations around one set of schemas."""

    def __init__(self, routes: list[Route]) -> None:
        types: list[Any] = [Problem]
        for route in routes:
            types += [t for kind in route.replies.values() for t in _alternatives(kind)]
            types += [t for t in (route.body, route.patches, route.documents, route.query) if t is not None]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
        # Types are not all hashable (unions are), but each is one object of a declaration.
        self._by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
        self._types = types  # keeps them alive, so that their ids stay theirs
        self.schemas: dict[str, Any] = dict(components)
        for route in routes:
            if route.patches is not None:
                self.schemas[f"{route.patches.__name__}{_PATCHED}"] = self._patch(route.patches)
        for route in routes:
            self.schemas.pop(route.query.__name__, None)  # written out as parameters

    def operation(self, route: Route) -> dict[str, Any]:
        """Return one operation."""
        operation: dict[str, Any] = {
            "operationId": route.name,
            "summary": route.summary,
            "tags": [_tag(route)],
            "parameters": [*self._path_parameters(route), *self._query_parameters(route), *_headers(route)],
            "responses": self._responses(route),
            "security": _security(route),
        }
        body = self._body(route)
        if body is not None:
            operation["requestBody"] = body
        return operation

    def _path_parameters(self, route: Route) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in route.parameters
        ]

    def _query_parameters(self, route: Route) -> list[dict[str, Any]]:
        parameters = []
        for field in msgspec.structs.fields(route.query):
            hooks = msgspec.json.schema_components([field.type], ref_template=_REF)
            self.schemas.update(hooks[1])
            schema = dict(hooks[0][0])
            commas = _has_commas(field.type)
            if schema.get("type") == "object":
                schema = dict(schema.get("additionalProperties", {}))
            described = schema.pop("description", None)
            parameter: dict[str, Any] = {"name": field.encode_name, "in": "query", "required": field.required}
            if schema.get("type") == "array":
                parameter |= {"style": "form", "explode": not commas}
            parameter["schema"] = _not_null(schema)
            if described:
                parameter["description"] = described
            parameters.append(parameter)
        return parameters

    def _body(self, route: Route) -> dict[str, Any] | None:
        content: dict[str, Any] = {}
        if route.patches is not None:
            schema = {"$ref": _REF.format(name=f"{route.patches.__name__}{_PATCHED}")}
            content = {"application/merge-patch+json": {"schema": schema}, "application/json": {"schema": schema}}
        elif route.body is not None:
            content["application/json"] = {"schema": self._by_type[id(route.documents or route.body)]}
        if route.stream is not None:
            file: dict[str, Any] = {"type": "string", "format": "binary"}
            form = {"type": "object", "properties": {FIELD: file}, "required": [FIELD]}
            content |= {kind: {"schema": form if route.stream.form else file} for kind in route.stream.content_types}
        return {"required": True, "content": content} if content else None

    def _responses(self, route: Route) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        for status, kind in route.replies.items():
            response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
            if isinstance(kind, Binary):
                response["content"] = {kind.content_type: {"schema": {"type": "string"}}}
            elif kind is not None:
                schemas = [self._by_type[id(one)] for one in _alternatives(kind)]
                schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
                response["content"] = {"application/json": {"schema": schema}}
            responses[str(status)] = response
        if route.method == "GET":
            responses.setdefault("304", {"description": HTTPStatus(304).phrase})
        problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
        for status, phrase in route.problems().items():
            responses[str(status)] = {"description": phrase, "content": problem}
        return dict(sorted(responses.items()))

    def _patch(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a merge patch: every field may be left out, and null takes it away."""
        whole = self.schemas[kind.__name__]
        nullable = {
            name: schema if name in whole.get("required", ()) else {"anyOf": [schema, {"type": "null"}]}
            for name, schema in whole["properties"].items()
        }
        # A merge patch of a map holds changes of its entries, so only its being an object can be said.
        for name, schema in whole["properties"].items():
            if schema.get("type") == "object":
                nullable[name] = {"type": ["object", "null"]}
        return {
            "title": f"{kind.__name__}{_PATCHED}",
            "description": f"A JSON Merge Patch (RFC 7396) of {kind.__name__}.",
            "type": "object",
            "properties": nullable,
            "additionalProperties": False,
        }


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the types that a JSON reply may have."""
    if kind is None or isinstance(kind, Binary):
        return ()
    return kind if isinstance(kind, tuple) else (kind,)


def _tag(route: Route) -> str:
    parts = route.name.split(".")
    return " ".join(parts[: 2 if parts[0] in {"store", "admin"} else 1]).replace("_", " ")


def _headers(route: Route) -> list[dict[str, Any]]:
    found = []
    if route.precondition:
        found.append(("If-Match", "The ETag that the change was decided on, or `*`.", True))
    elif route.method == "PUT" and 412 in route.statuses:  # noqa: PLR2004
        found.append(("If-Match", "Replace only this version.", False))
        found.append(("If-None-Match", "`*` creates only.", False))
    if route.method == "GET":
        found.append(("If-None-Match", "The ETag of what the client has.", False))
    if route.method in {"POST", "PATCH"}:
        required = route.idempotency != "optional"
        found.append(("Idempotency-Key", "Makes repeats of this request one effect, for 24 hours.", required))
    if route.method in {"PUT", "PATCH"}:
        found.append(("Prefer", "`return=minimal` answers 204.", False))
    return [
        {"name": name, "in": "header", "required": required, "description": text, "schema": _header_schema(name)}
        for name, text, required in found
    ]


def _header_schema(name: str) -> dict[str, Any]:
    if name == "Idempotency-Key":
        return {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!-~][ -~]*$"}
    return {"type": "string", "examples": ['"1"', "*"] if "Match" in name else ["return=minimal"]}


def _security(route: Route) -> list[dict[str, list[str]]]:
    match route.policy:
        case Scope(name=name):
            return [{"apiKey": [name]}]
        case Public() | Signed():
            return []
        case _:
            return [{"session": []}]


def _has_commas(kind: Any) -> bool:
    info = msgspec.inspect.type_info(kind)
    return isinstance(info, msgspec.inspect.Metadata) and bool((info.extra or {}).get("commas"))


def _not_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out null: a parameter that is not there is not sent."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        return {**{k: v for k, v in schema.items() if k not in {"anyOf", "default"}}, **options[0]}
    found = {k: v for k, v in schema.items() if k != "default"}
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    return found


_SECURITY: dict[str, Any] = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key with the scope that the route names."}
}
_DESCRIPTION = """\
Money is `{"amount": 1999, "currency": "GBP"}`: whole minor units. Times are RFC 3339 in UTC. Lists page by opaque \
cursors. Changes by staff carry `If-Match`. Errors are problem documents (RFC 9457) with a stable `code`. A query \
parameter, filter or field that nobody knows is refused with 422."""
