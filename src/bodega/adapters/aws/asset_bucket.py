"""Keep what CloudFormation fetches in a bucket of the account, one a region, made when it is first needed."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.assembly import File
from bodega.adapters.aws.deploy_refusals import refusal
from bodega.errors import NotAllowedError

_FOREIGN = frozenset({"403", "AccessDenied", "BucketAlreadyExists"})


class AssetBucket:
    """A private bucket. Files are named after their contents, so that what is there already is not sent again."""

    def __init__(self, s3: Any, *, account: str, region: str) -> None:
        """Take boto3's client of S3."""
        self._s3 = s3
        self._account = account
        self._region = region
        self._known = ""

    def upload(self, file: File) -> str:
        """Send a file unless it is there, and return its address; NotAllowedError for a bucket of somebody else."""
        bucket = self._ready(file.bucket)
        own = {"Bucket": bucket, "Key": file.key, "ExpectedBucketOwner": self._account}
        try:
            if not self._has(own):
                with file.path.open("rb") as body:
                    self._s3.put_object(**own, Body=body, ServerSideEncryption="AES256", ChecksumAlgorithm="SHA256")
            return f"{self._address(bucket)}/{file.key}"
        except (ClientError, BotoCoreError) as error:
            raise refusal(error, doing=f"sending {file.path.name} to {bucket}", region=self._region) from error

    # -- inside --------------------------------------------------------------------------------------------

    def _address(self, bucket: str) -> str:
        endpoint: str = self._s3.meta.endpoint_url
        if ".amazonaws.com" in endpoint:
            return f"https://{bucket}.s3.{self._region}.amazonaws.com"
        return f"{endpoint}/{bucket}"

    def _ready(self, pattern: str) -> str:
        name = pattern.replace("${AWS::AccountId}", self._account).replace("${AWS::Region}", self._region)
        if self._known != name:
            try:
                if not self._exists(name):
                    self._make(name)
            except (ClientError, BotoCoreError) as error:
                if _code(error) in _FOREIGN:
                    raise NotAllowedError(
                        f"bucket {name} belongs to somebody else, or these credentials may not use it: "
                        "ask for s3 permissions on it, or report the name to AWS if it is not yours"
                    ) from error
                raise refusal(error, doing=f"making bucket {name}", region=self._region) from error
            self._known = name
        return name

    def _exists(self, name: str) -> bool:
        try:
            self._s3.head_bucket(Bucket=name, ExpectedBucketOwner=self._account)
        except ClientError as error:
            if _code(error) in {"404", "NoSuchBucket"}:
                return False
            raise
        return True

    def _make(self, name: str) -> None:
        where = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        self._s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        everything = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        # Nothing in it expires: instances that start fetch the shop from here for as long as it is deployed.
        self._s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=everything)

    def _has(self, own: dict[str, str]) -> bool:
        try:
            self._s3.head_object(**own)
        except ClientError as error:
            if _code(error) in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True


def empty(s3: Any, bucket: str) -> None:
    """Delete every object of a bucket for good, in all its versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        doomed = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for one in page.get(kind, ())
        ]
        if doomed:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
