"""What must not be lost: tables, objects, the shop's master secret, and a key for each class of data."""

from typing import Any

from aws_cdk import ArnFormat, Aws, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from bodega import schema
from infra.buckets import log_bucket
from infra.stage import Stage

NO_DISTRIBUTION = "none"
# Wrapped keys of customers: a key that was deleted must be gone, so no backup of it may be restored. The others hold
# what is over within a day.
WITHOUT_RECOVERY = frozenset({schema.KEYRING, schema.THROTTLES, schema.IDEMPOTENCY})
# Personal although the schema does not say so: hashes of addresses and passwords, and the wrapped keys of all the rest.
_UNDER_THE_PERSONAL_KEY = frozenset({schema.CREDENTIALS, schema.KEYRING})
_CHEAPER_AFTER = Duration.days(30)
_OLD_VERSIONS = Duration.days(30)
_UPLOADS = Duration.days(2)


class DataStack(Stack):
    """Tables on demand, the bucket of objects, the master secret, and the keys that all of it is encrypted with.

    The parameter `Distribution` is the id of the CloudFront distribution that may read pictures: it is made after the
    bucket, so that it is told here by a second deployment of this stack, and until then nobody may.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(
            scope,
            "Data",
            stack_name=stage.named("data"),
            description="Bodega: tables, objects and keys",
            termination_protection=stage.keep_data,
        )
        self._stage = stage
        self._removal = RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY
        self._distribution = CfnParameter(
            self,
            "Distribution",
            default=NO_DISTRIBUTION,
            allowed_pattern=r"none|[A-Z0-9]{4,32}",
            description="The CloudFront distribution that may read pictures",
        )
        self.shop_key = self._key("ShopKey", "shop", "Encrypts what the shop sells and keeps")
        self.personal_key = self._key("PersonalKey", "personal", "Encrypts what is personal, wraps customers' keys")
        self.tables = {table.name: self._table(table) for table in (*schema.TABLES, schema.OUTBOX)}
        self.objects = self._bucket()
        self._let_cloudfront_read_pictures()
        self._let_alarms_use_the_key()
        CfnOutput(self, "ObjectsBucketName", value=self.objects.bucket_name)
        CfnOutput(self, "PersonalKeyArn", value=self.personal_key.key_arn)
        self.settings_arn = self._settings_arn()
        self.master = self._secret("Master", "master", "What cursors, cookies and seals are signed and sealed under")

    def _key(self, name: str, alias: str, description: str) -> kms.Key:
        return kms.Key(
            self,
            name,
            alias=self._stage.named(alias),
            description=description,
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=self._removal,
        )

    def _table(self, table: schema.Table) -> dynamodb.Table:
        personal = table.personal_data or table.name in _UNDER_THE_PERSONAL_KEY
        made = dynamodb.Table(
            self,
            f"Table-{table.name}",
            table_name=self._stage.named(table.name),
            partition_key=_text(table.partition_key),
            sort_key=_text(table.sort_key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.personal_key if personal else self.shop_key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=table.name not in WITHOUT_RECOVERY
            ),
            time_to_live_attribute=table.ttl,
            stream=dynamodb.StreamViewType.NEW_IMAGE if table is schema.OUTBOX else None,
            deletion_protection=self._stage.keep_data,
            removal_policy=self._removal,
        )
        for index in table.indexes:
            made.add_global_secondary_index(**_index(table, index))
        return made

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Objects",
            bucket_name=f"{self._stage.named('objects')}-{Aws.ACCOUNT_ID}-{Aws.REGION}",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.shop_key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=log_bucket(self, self._stage),
            server_access_logs_prefix="objects/",
            lifecycle_rules=_lifecycle(),
            removal_policy=self._removal,
        )
        # Uploads are told to the account's own bus. CDK's switch for it would take a function with rights over buckets.
        made = bucket.node.default_child
        made.add_property_override("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True)  # noqa: FBT003
        return bucket

    def _let_cloudfront_read_pictures(self) -> None:
        only_that_one = {
            "StringEquals": {
                "AWS:SourceArn": f"arn:{Aws.PARTITION}:cloudfront::{Aws.ACCOUNT_ID}:distribution/"
                f"{self._distribution.value_as_string}"
            }
        }
        cloudfront = iam.ServicePrincipal("cloudfront.amazonaws.com")
        self.objects.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PicturesForTheDistribution",
                principals=[cloudfront],
                actions=["s3:GetObject"],
                resources=[self.objects.arn_for_objects(f"{schema.MEDIA}*")],
                conditions=only_that_one,
            )
        )
        self.shop_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PicturesForTheDistribution",
                principals=[cloudfront],
                actions=["kms:Decrypt"],
                resources=["*"],  # in a key's policy: this key
                conditions=only_that_one,
            )
        )

    def _let_alarms_use_the_key(self) -> None:
        """Let CloudWatch and Budgets write to the topic of alarms, which is encrypted with this key."""
        self.shop_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[
                    iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                    iam.ServicePrincipal("budgets.amazonaws.com"),
                ],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def _settings_arn(self) -> str:
        """Return the ARN of the secret with the shop's settings, up to what AWS makes of it; empty without one."""
        if not self._stage.secrets:
            return ""
        return self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{self._stage.settings_secret}-??????",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _secret(self, name: str, part: str, description: str) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            name,
            secret_name=f"bodega/{self._stage.name}/{part}",
            description=description,
            encryption_key=self.personal_key,
            removal_policy=self._removal,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True, require_each_included_type=True
            ),
        )


def _lifecycle() -> list[s3.LifecycleRule]:
    """Return what becomes of objects with time: old versions go, what is rarely read moves to cheaper classes."""
    rarely_read = s3.Transition(
        storage_class=s3.StorageClass.INFREQUENT_ACCESS,
        transition_after=_CHEAPER_AFTER,
    )
    return [
        s3.LifecycleRule(
            id="old-versions",
            abort_incomplete_multipart_upload_after=_UPLOADS,
            noncurrent_version_expiration=_OLD_VERSIONS,
            expired_object_delete_marker=True,
        ),
        *(
            s3.LifecycleRule(id=prefix.strip("/"), prefix=prefix, transitions=[rarely_read])
            for prefix in (schema.IMPORTS, schema.EXPORTS, schema.TRAINING)
        ),
        # Which pictures are looked at changes with what sells: S3 finds out by itself, without a fee for reading.
        s3.LifecycleRule(
            id="media",
            prefix=schema.MEDIA,
            transitions=[
                s3.Transition(
                    storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                    transition_after=Duration.days(0),
                )
            ],
        ),
    ]


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _index(table: schema.Table, index: schema.Index) -> dict[str, Any]:
    keys = {table.partition_key, table.sort_key, index.partition_key, index.sort_key}
    # The expiry too, so that whoever reads the index can leave out what has expired.
    shown = sorted({*index.projection, *({table.ttl} if table.ttl is not None else ())} - keys)
    projection: dict[str, Any] = {"projection_type": dynamodb.ProjectionType.KEYS_ONLY}
    if shown:
        projection = {"projection_type": dynamodb.ProjectionType.INCLUDE, "non_key_attributes": shown}
    return {
        "index_name": index.name,
        "partition_key": _text(index.partition_key),
        "sort_key": _text(index.sort_key),
        **projection,
    }
