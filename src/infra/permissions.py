"""Say what each function may do, in the schema's own words, and write it as an IAM policy that names every resource."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from bodega import schema
from infra.data import DataStack

# A transaction needs no action of its own: DynamoDB asks for those of what is in it.
_READ = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_SEND = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")
_RECEIVE = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
_PERSONAL = frozenset(t.name for t in schema.TABLES if t.personal_data) | {schema.CREDENTIALS, schema.KEYRING}
EVERY_TABLE = frozenset(t.name for t in (*schema.TABLES, schema.OUTBOX))
EVERY_QUEUE = frozenset(spec.name for spec in schema.QUEUES)


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What one function does its work with; what is not named here it is refused.

    reads, writes: tables (whoever writes may read). walks: tables that are read from end to end, which nobody may who
    answers requests. looks_up, puts, deletes: prefixes of objects that are read,
    written, deleted. sends, receives: queues. signs: whether it needs the master secret. seals: whether it also opens
    what is personal, which takes KMS. confides: whether it may know the settings that the stage keeps in a secret, if
    there are any: Stripe's keys, the mail server's password. publishes: whether it puts events on the bus.
    writes_letters: whether it hands them to SES, where the stage has a sender.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    walks: frozenset[str] = frozenset()
    looks_up: tuple[str, ...] = ()
    puts: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    sends: frozenset[str] = frozenset()
    receives: frozenset[str] = frozenset()
    signs: bool = False
    seals: bool = False
    confides: bool = False
    publishes: bool = False
    writes_letters: bool = False


def statements(needs: Needs, data: DataStack, queue_arns: Mapping[str, str], bus_arn: str) -> list[iam.PolicyStatement]:
    """Return the statements of a policy that allows exactly this."""
    made = [
        *_table_statements(needs, data),
        *_object_statements(needs, data),
        _allow("Send", _SEND, (queue_arns[name] for name in needs.sends)),
        _allow("Receive", _RECEIVE, (queue_arns[name] for name in needs.receives)),
    ]
    if needs.publishes:
        made.append(_allow("Publish", ("events:PutEvents",), [bus_arn]))
    if needs.signs or needs.seals:
        made.append(_allow("Master", ("secretsmanager:GetSecretValue",), [data.master.secret_arn]))
        made.append(_through("secretsmanager", "MasterKey", data.personal_key, ["kms:Decrypt"]))
    if needs.confides and data.settings_arn:
        made.append(_allow("Settings", ("secretsmanager:GetSecretValue",), [data.settings_arn]))
    if needs.seals:
        made.append(_allow("Seal", ("kms:Decrypt", "kms:GenerateDataKey"), [data.personal_key.key_arn]))
    return [statement for statement in made if statement is not None]


def _table_statements(needs: Needs, data: DataStack) -> Iterable[iam.PolicyStatement | None]:
    touched = needs.reads | needs.writes
    yield _allow("Read", _READ, _arns(touched, data, with_indexes=True))
    yield _allow("Write", _WRITE, _arns(needs.writes, data))
    yield _allow("Walk", ("dynamodb:Scan",), _arns(needs.walks, data))
    # A shop that opens compares all tables with its schema; this tells nothing of what is in them.
    yield _allow("Describe", ("dynamodb:DescribeTable",), _arns(EVERY_TABLE if touched else (), data))
    for key, name, tables in (
        (data.shop_key, "Shop", touched - _PERSONAL),
        (data.personal_key, "Personal", touched & _PERSONAL),
    ):
        if tables:
            actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
            yield _through("dynamodb", f"{name}Tables", key, actions)


def _arns(tables: Iterable[str], data: DataStack, *, with_indexes: bool = False) -> list[str]:
    found = []
    for name in sorted(tables):
        table = data.tables[name]
        found.append(table.table_arn)
        if with_indexes and name != schema.OUTBOX.name:
            found += [f"{table.table_arn}/index/{index.name}" for index in schema.table(name).indexes]
    return found


def _object_statements(needs: Needs, data: DataStack) -> Iterable[iam.PolicyStatement | None]:
    bucket = data.objects
    yield _allow("Look", ("s3:GetObject",), (bucket.arn_for_objects(f"{prefix}*") for prefix in needs.looks_up))
    yield _allow(
        "Put",
        ("s3:AbortMultipartUpload", "s3:PutObject"),
        (bucket.arn_for_objects(f"{prefix}*") for prefix in needs.puts),
    )
    yield _allow("Delete", ("s3:DeleteObject",), (bucket.arn_for_objects(f"{prefix}*") for prefix in needs.deletes))
    if needs.looks_up:
        # Without it S3 says 403 and not 404 for what is not there, and nobody could tell the two apart. A question for
        # one object has no prefix, hence IfExists.
        yield iam.PolicyStatement(
            sid="List",
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLikeIfExists": {"s3:prefix": sorted(f"{prefix}*" for prefix in needs.looks_up)}},
        )
    if needs.looks_up or needs.puts:
        yield _through("s3", "Objects", data.shop_key, ["kms:Decrypt", "kms:GenerateDataKey"])


def _through(service: str, sid: str, key: kms.IKey, actions: Sequence[str]) -> iam.PolicyStatement:
    """Return the right to have a service use a key on one's behalf, and nothing without that service."""
    return iam.PolicyStatement(
        sid=sid,
        actions=list(actions),
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": f"{service}.{Aws.REGION}.amazonaws.com"}},
    )


def _allow(sid: str, actions: Sequence[str], resources: Iterable[str]) -> iam.PolicyStatement | None:
    named = list(resources)
    return allowing(sid, actions, named) if named else None


def allowing(sid: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    """Return the right to these actions on these resources, which are at least one."""
    return iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources))
