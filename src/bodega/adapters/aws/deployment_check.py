"""Ask before a shop opens whether all that was deployed for it is there and its own, and say in a line what is not.

What this role may not look at is no fault as long as the shop does not need to: that is logged, and passed over.
"""

import logging
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.bus import EventBridgeBus
from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.aws.refusals import DENIED, code_of, unavailable
from bodega.adapters.aws.table_setup import check_tables
from bodega.adapters.aws.world import Clients
from bodega.errors import UnavailableError
from bodega.schema import Subscription, Table

_log = logging.getLogger(__name__)
_REGION = "x-amz-bucket-region"
_FOREIGN = 403
_ABSENT = 404
_ELSEWHERE = (301, 400)


def check_deployment(
    clients: Clients,
    *,
    tables: Sequence[Table],
    queue: SqsQueue,
    bus: EventBridgeBus,
    subscriptions: Sequence[Subscription],
) -> None:
    """Raise UnavailableError with the first thing that is wrong and what to do about it."""
    deployment = clients.deployment
    _check_bucket(clients, _account(clients))
    check_tables(clients.dynamo(), tables, prefix=deployment.prefix)
    queue.check()
    clients.secret(deployment.master_secret)
    _if_allowed("the encryption key", lambda: _check_key(clients))
    _if_allowed("the rules of the event bus", lambda: bus.check(subscriptions))


def _account(clients: Clients) -> str:
    try:
        return str(clients.boto("sts").get_caller_identity()["Account"])
    except (ClientError, BotoCoreError) as error:
        raise unavailable("AWS", "these credentials", error) from error


def _check_bucket(clients: Clients, account: str) -> None:
    """A name that somebody else was faster to take would be written to, or read from, without a word."""
    name, region = clients.deployment.bucket, clients.deployment.region
    try:
        answer = clients.boto("s3").head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        answered = error.response["ResponseMetadata"]
        found = answered.get("HTTPHeaders", {}).get(_REGION, region)
        status = answered.get("HTTPStatusCode")
        if status == _ABSENT:
            raise UnavailableError(
                f"bucket {name} is missing: check the region and BODEGA_AWS_BUCKET, or deploy first"
            ) from error
        if status in _ELSEWHERE and found != region:
            raise _elsewhere(name, found, region) from error
        if status == _FOREIGN and code_of(error) in {"403", *DENIED}:
            raise UnavailableError(
                f"bucket {name} belongs to somebody else, or this role may not list it: check BODEGA_AWS_BUCKET"
            ) from error
        raise unavailable("S3", f"bucket {name}", error) from error
    except BotoCoreError as error:
        raise unavailable("S3", f"bucket {name}", error) from error
    found = answer["ResponseMetadata"]["HTTPHeaders"].get(_REGION, region)
    if found != region:
        raise _elsewhere(name, found, region)


def _elsewhere(name: str, found: str, region: str) -> UnavailableError:
    return UnavailableError(f"bucket {name} is in region {found} and not in {region}: check BODEGA_AWS_REGION")


def _check_key(clients: Clients) -> None:
    key = clients.deployment.kms_key
    try:
        state = clients.boto("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except (ClientError, BotoCoreError) as error:
        raise unavailable("KMS", f"encryption key {key}", error) from error
    if state != "Enabled":
        raise UnavailableError(f"encryption key {key} is {state}: enable it, or name another in BODEGA_AWS_KMS_KEY")


def _if_allowed(what: str, check: Callable[[], None]) -> None:
    try:
        check()
    except UnavailableError as refusal:
        if refusal.__cause__ is None or code_of(refusal.__cause__) not in DENIED:
            raise
        _log.warning("this role may not check what was deployed", extra={"what": what})
