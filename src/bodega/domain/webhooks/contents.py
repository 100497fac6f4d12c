"""Know what of an endpoint is staff's to set, what it becomes when they set it, and whether that makes sense."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bodega import schema
from bodega.domain.webhooks.model import Endpoint, EndpointInput, fits
from bodega.errors import Fault, InvalidError
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch, settable
from bodega.values.text import is_clean
from bodega.values.web_address import WebAddress, parse_web_address

_PATTERN = re.compile(r"\*|[a-z_]+(\.[a-z_]+)*(\.\*)?")
_READ_ONLY = frozenset({"id", "disabled_reason", "created_at", "updated_at", "version", "failing_since"})


def checked(given: EndpointInput, check_address: Callable[[WebAddress], None]) -> EndpointInput:
    """Return an endpoint's contents in their canonical form; InvalidError with every fault."""
    faults = []
    url = given.url
    try:
        address = parse_web_address(given.url)
        check_address(address)
        url = str(address)
    except InvalidError as exc:
        faults.append(Fault("/url", exc.code, exc.message))
    for number, pattern in enumerate(given.events):
        if not _PATTERN.fullmatch(pattern) or not any(fits(pattern, name) for name in schema.EVENTS):
            detail = f"no event is called {pattern!r}; there are {', '.join(schema.EVENTS)}"
            faults.append(Fault(f"/events/{number}", "unknown_event", detail))
    if not is_clean(given.description):
        faults.append(Fault("/description", "bad_text", "a description has no control characters"))
    if faults:
        raise InvalidError(f"the webhook has {len(faults)} fault(s): {faults[0].detail}", faults)
    return msgspec.structs.replace(given, url=url, events=list(dict.fromkeys(given.events)))


def input_of(endpoint: Endpoint) -> EndpointInput:
    """Return what staff would send to get this endpoint."""
    return EndpointInput(**{name: getattr(endpoint, name) for name in EndpointInput.__struct_fields__})


def patched(old: Endpoint, patch: Mapping[str, Any]) -> EndpointInput:
    """Return the contents that a merge patch makes of an endpoint; what staff cannot set must keep its value."""
    changes = settable(patch, msgspec.to_builtins(old), _READ_ONLY)
    return convert(merge_patch(msgspec.to_builtins(input_of(old)), changes), EndpointInput)
