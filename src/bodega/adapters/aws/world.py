"""Make the clients of one deployed shop: one region, one set of credentials, names from one stage."""

import time
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from bodega.adapters.aws.credentials import BotoCredentials
from bodega.adapters.aws.dynamo import DynamoClient
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.aws.signing import Signer
from bodega.errors import UnavailableError
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

    def __init__(self, deployment: Deployment, *, clock: Clock) -> None:
        """Find credentials; UnavailableError without any. `clock` must be the machine's: AWS checks the time."""
        self.deployment = deployment
        self._clock = clock
        self._session = boto3.Session(region_name=deployment.region)
        self.retry = Retry(backoff=Backoff(), budget=RetryBudget(), random=SystemRandom(), sleep=time.sleep)

    def dynamo(self) -> DynamoClient:
        """Return the client of the tables."""
        address = self.deployment.endpoint or f"https://dynamodb.{self.deployment.region}.amazonaws.com"
        signer = Signer(
            service="dynamodb",
            region=self.deployment.region,
            host=urlsplit(address).netloc,
            credentials=BotoCredentials(self._session._session),  # noqa: SLF001 - botocore's own, which boto3 hides
            now=self._clock.now,
        )
        return DynamoClient(endpoint_url=address, signer=signer, retry=self.retry)

    def bucket(self) -> S3Store:
        """Return the store of the objects. Other engines are asked by path, since they have no names for buckets."""
        other: dict[str, Any] = {}
        if self.deployment.endpoint:
            other = {
                "endpoint": self.deployment.endpoint,
                "virtual_hosted_style_request": False,
                "client_options": {"allow_http": self.deployment.endpoint.startswith("http://")},
            }
        return S3Store(
            self.deployment.bucket,
            region=self.deployment.region,
            credential_provider=Boto3CredentialProvider(self._session),
            **other,
        )

    def boto(self, service: str) -> Any:
        """Return boto3's client of a service that is asked rarely."""
        return self._session.client(
            service,
            endpoint_url=self.deployment.endpoint or None,
            config=Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3}),
        )

    def secret(self, name: str) -> str:
        """Return a secret; UnavailableError that names it if it cannot be read."""
        try:
            answer = self.boto("secretsmanager").get_secret_value(SecretId=name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise UnavailableError(
                f"secret {name} cannot be read ({code}): check the stage, or deploy first"
            ) from error
        except BotoCoreError as error:
            raise UnavailableError(f"Secrets Manager cannot be reached: {type(error).__name__}") from error
        return str(answer["SecretString"])
