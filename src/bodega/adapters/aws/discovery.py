"""Find services in Cloud Map, where instances register, and APIs in API Gateway, which knows their addresses itself."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.refusals import code_of, unavailable
from bodega.errors import NotFoundError
from bodega.ports.discovery import MAX_AGE_SECONDS
from bodega.schema import ADDRESS

_log = logging.getLogger(__name__)
_UNKNOWN = frozenset({"NamespaceNotFound", "ServiceNotFound"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HOST, _PORT, _SCHEME = "AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT", "scheme"


class AwsDiscovery:
    """Services of one namespace, and the HTTP APIs whose names begin with a prefix. Thread-safe."""

    def __init__(
        self,
        cloud_map: Any,
        api_gateway: Any,
        *,
        namespace: str,
        prefix: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take boto3's clients of `servicediscovery` and `apigatewayv2`, and a clock in seconds that never steps back.

        An instance has its URL in the attribute `address`, as what a stack registers, or Cloud Map's own of host and
        port, as what machines register; then `scheme` is an attribute too, `http` without it.
        """
        self._cloud_map = cloud_map
        self._api_gateway = api_gateway
        self._namespace = namespace
        self._prefix = prefix
        self._now = now
        self._kept: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._lock = threading.Lock()

    def find(self, service: str) -> Sequence[str]:
        """Return where a service answers now."""
        if not _NAME.fullmatch(service):
            raise NotFoundError("service", service[:80])  # what cannot be a name is not looked up
        kept = self._kept.get(service)
        if kept is not None and self._now() - kept[0] < MAX_AGE_SECONDS:
            return kept[1]
        try:
            found = self._asked(service)
        except (ClientError, BotoCoreError) as error:
            if kept is None:
                raise unavailable("Cloud Map", f"service {service}", error) from error
            _log.warning("services cannot be looked up; going on with what is known", extra={"service": service})
            return kept[1]
        with self._lock:
            self._kept[service] = (self._now(), found)
        return found

    def _asked(self, service: str) -> tuple[str, ...]:
        try:
            answer = self._cloud_map.discover_instances(
                NamespaceName=self._namespace, ServiceName=service, HealthStatus="HEALTHY"
            )
        except ClientError as error:
            if code_of(error) not in _UNKNOWN:
                raise
            apis = [api["ApiEndpoint"] for api in self._apis() if api["Name"] == self._prefix + service]
            if not apis:
                raise NotFoundError("service", service[:80]) from error
            return tuple(apis)
        return tuple(sorted(_address(instance["Attributes"]) for instance in answer["Instances"]))

    def _apis(self) -> Iterator[Mapping[str, str]]:
        more: dict[str, str] = {}
        while True:
            answer = self._api_gateway.get_apis(**more)
            yield from answer["Items"]
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}


def _address(attributes: Mapping[str, str]) -> str:
    if ADDRESS in attributes:
        return attributes[ADDRESS]
    port = f":{attributes[_PORT]}" if _PORT in attributes else ""
    return f"{attributes.get(_SCHEME, 'http')}://{attributes[_HOST]}{port}"
