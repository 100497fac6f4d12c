"""Make the buckets that services write their logs to."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.stage import Stage

_KEPT = Duration.days(90)


def log_bucket(scope: Construct, stage: Stage, name: str = "Logs", *, acls: bool = False) -> s3.Bucket:
    """Return a private bucket for logs, which are deleted after 90 days; with `acls` for CloudFront, which needs them.

    S3's own key encrypts it: the services that deliver logs cannot write under a key of ours.
    """
    return s3.Bucket(
        scope,
        name,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=(
            s3.ObjectOwnership.BUCKET_OWNER_PREFERRED if acls else s3.ObjectOwnership.BUCKET_OWNER_ENFORCED
        ),
        lifecycle_rules=[s3.LifecycleRule(expiration=_KEPT)],
        removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
    )
