"""Make the clients of one deployed shop: one region, one set of credentials, names from one stage.

What only tables, objects and the master secret are needed for does without boto3, which takes long to import.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import msgspec
from obstore.store import S3Store

from bodega.adapters.aws.dynamo import DynamoClient
from bodega.adapters.aws.forms import SignedForms
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.aws.secrets import Secrets
from bodega.adapters.aws.signing import Credentials, CredentialSource, Given, Signer
from bodega.ports.clock import Clock


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a shop is deployed. `endpoint` is empty for AWS itself; `prefix` begins the names of tables and queues."""

    region: str
    prefix: str
    bucket: str
    kms_key: str
    master_secret: str
    endpoint: str = ""


class Clients:
    """Makes clients of a deployment's services."""

    def __init__(self, deployment: Deployment, *, clock: Clock, given: Credentials | None = None) -> None:
        """Take `given` credentials, or find them; UnavailableError without any.

        `clock` must be the machine's: AWS checks the time.
        """
        self.deployment = deployment
        self._clock = clock
        self._given = given
        self._source: CredentialSource = Given(given) if given is not None else self._found()
        self.retry = Retry(backoff=Backoff(), budget=RetryBudget(), random=SystemRandom(), sleep=time.sleep)

    def dynamo(self) -> DynamoClient:
        """Return the client of the tables."""
        return DynamoClient(endpoint_url=self._address("dynamodb"), signer=self._signer("dynamodb"), retry=self.retry)

    def bucket(self) -> S3Store:
        """Return the store of the objects. Other engines are asked by path, since they have no names for buckets."""
        other: dict[str, Any] = {}
        if self.deployment.endpoint:
            other = {
                "endpoint": self.deployment.endpoint,
                "virtual_hosted_style_request": False,
                "client_options": {"allow_http": self.deployment.endpoint.startswith("http://")},
            }
        return S3Store(self.deployment.bucket, region=self.deployment.region, **other, **self._object_credentials())

    def forms(self) -> SignedForms:
        """Return what signs forms for the bucket of the objects."""
        bucket, endpoint = self.deployment.bucket, self.deployment.endpoint
        address = f"{endpoint}/{bucket}" if endpoint else f"https://{bucket}.s3.{self.deployment.region}.amazonaws.com/"
        return SignedForms(address=address, bucket=bucket, signer=self._signer("s3"))

    def boto(self, service: str) -> Any:
        """Return boto3's client of a service that is asked rarely; it is made when it is first asked."""
        return _Client(lambda: self._boto(service))

    def _boto(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - see above

        return self._session.client(
            service,
            endpoint_url=self.deployment.endpoint or None,
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"mode": "standard", "max_attempts": 3},
                inject_host_prefix=not self.deployment.endpoint,  # other engines have one name for all services
            ),
        )

    def secret(self, name: str) -> str:
        """Return a secret; UnavailableError that names it if it cannot be read."""
        service = "secretsmanager"
        secrets = Secrets(endpoint_url=self._address(service), signer=self._signer(service), retry=self.retry)
        return secrets.read(name)

    def _address(self, service: str) -> str:
        return self.deployment.endpoint or f"https://{service}.{self.deployment.region}.amazonaws.com"

    def _signer(self, service: str) -> Signer:
        return Signer(
            service=service,
            region=self.deployment.region,
            host=urlsplit(self._address(service)).netloc,
            credentials=self._source,
            now=self._clock.now,
        )

    @cached_property
    def _session(self) -> Any:
        import boto3  # noqa: PLC0415 - see above

        # It tells at every start where it found credentials.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        return boto3.Session(region_name=self.deployment.region)

    def _found(self) -> CredentialSource:
        from bodega.adapters.aws.credentials import BotoCredentials  # noqa: PLC0415 - botocore's, see above

        return BotoCredentials(self._session._session)  # noqa: SLF001 - botocore's own, which boto3 hides

    def _object_credentials(self) -> dict[str, Any]:
        if self._given is not None:
            given = self._given
            token = {} if given.session_token is None else {"session_token": given.session_token}
            return {"access_key_id": given.access_key, "secret_access_key": given.secret_key, **token}
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - see above

        return {"credential_provider": Boto3CredentialProvider(self._session)}


class _Client:
    """A client of boto3's that is not there yet: reading a service's description takes 5 to 40 ms of a start."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Any = None

    def __getattr__(self, operation: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, operation)
