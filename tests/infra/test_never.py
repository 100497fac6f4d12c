"""What a deployed shop must never have, and the rules of others that it is held to."""

import json
import re
import subprocess
from itertools import chain

import pytest
from synthesis import ENVIRONMENT

from bodega import schema

_OPEN = {"0.0.0.0/0", "::/0"}
# AWS takes no new customers for these, or has ended them.
_CLOSED = (
    "AWS::AppRunner", "AWS::AppMesh", "AWS::OpsWorks", "AWS::Proton", "AWS::QLDB", "AWS::Evidently", "AWS::Forecast",
    "AWS::FraudDetector", "AWS::Pinpoint", "AWS::IoTAnalytics", "AWS::IoTEvents", "AWS::Greengrass::", "AWS::WAF::",
    "AWS::WAFRegional", "AWS::SDB", "AWS::DataPipeline", "AWS::S3ObjectLambda", "AWS::Timestream", "AWS::Kendra",
    "AWS::AutoScaling::LaunchConfiguration", "AWS::CloudFront::CloudFrontOriginAccessIdentity",
)  # fmt: skip


def listed(value):
    return value if isinstance(value, list) else [value]


def test_no_bucket_is_public(shape):
    buckets = shape.properties("AWS::S3::Bucket")

    assert buckets
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert "Public" not in bucket.get("AccessControl", "")


def test_no_bucket_is_asked_in_the_clear(shape):
    denied = [
        statement
        for policy in shape.properties("AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(statement)
    ]

    assert len(denied) == len(shape.properties("AWS::S3::Bucket"))


def test_nobody_else_s_account_is_let_in(shape):
    kinds = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::KMS::Key")
    for properties in chain.from_iterable(shape.properties(kind) for kind in kinds):
        document = properties.get("PolicyDocument") or properties["KeyPolicy"]
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                assert statement["Principal"] not in ("*", {"AWS": "*"}), statement


def test_no_permission_is_for_any_action_or_any_resource(shape):
    assert shape.statements
    for role, statement in shape.statements:
        for action in listed(statement["Action"]):
            assert "*" not in action, f"{role}: {action}"
        for resource in listed(statement["Resource"]):
            assert resource != "*", f"{role}: {statement['Action']}"
            text = json.dumps(resource)
            if "*" in text:
                # Objects have no names before they are there: the prefix is named, and nothing else ends in a star.
                prefixes = re.findall(r"/([a-z]+)/\*", text)
                assert prefixes, f"{role}: {text}"
                assert len(prefixes) == text.count("*"), f"{role}: {text}"


def test_nothing_is_stored_in_the_clear(shape):
    assert all(t["SSESpecification"]["SSEEnabled"] for t in shape.properties("AWS::DynamoDB::Table"))
    assert all("BucketEncryption" in bucket for bucket in shape.properties("AWS::S3::Bucket"))
    assert all(queue["SqsManagedSseEnabled"] for queue in shape.properties("AWS::SQS::Queue"))
    assert all("KmsMasterKeyId" in topic for topic in shape.properties("AWS::SNS::Topic"))
    assert all(key["EnableKeyRotation"] for key in shape.properties("AWS::KMS::Key"))
    for cache in shape.properties("AWS::ElastiCache::ReplicationGroup"):
        assert cache["AtRestEncryptionEnabled"]
        assert cache["TransitEncryptionEnabled"]
        assert cache["AuthToken"]


def test_no_port_is_open_to_the_world(fleet):
    inline = [
        rule for group in fleet.properties("AWS::EC2::SecurityGroup") for rule in group.get("SecurityGroupIngress", ())
    ]
    apart = fleet.properties("AWS::EC2::SecurityGroupIngress")

    assert inline + apart
    for rule in inline + apart:
        assert rule.get("CidrIp") not in _OPEN, rule
        assert rule.get("CidrIpv6") not in _OPEN, rule
        assert rule.get("FromPort") != 22, rule
    [balancer] = fleet.properties("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internal"


def test_no_secret_stands_in_a_template(shape):
    for name, template in shape.templates.items():
        for value in re.findall(r'"(?:AuthToken|HeaderValue|SecretString|Password)": (.{1,60})', json.dumps(template)):
            assert "resolve:secretsmanager" in value or '"Fn::Join"' in value, f"{name}: {value}"
        assert "AKIA" not in json.dumps(template)


def test_no_service_is_used_that_aws_has_closed(shape):
    for stack, template in shape.templates.items():
        for name, resource in template["Resources"].items():
            assert not resource["Type"].startswith(_CLOSED), f"{stack}.{name}"


def test_nothing_is_deployed_that_needs_a_function_of_cdk_s_own(shape):
    # Such functions come with rights over whole services.
    assert shape.properties("AWS::CloudFormation::CustomResource") == []
    assert not [kind for t in shape.templates.values() for kind in t["Resources"] if kind.startswith("Custom")]


def allowed(shape, role, *, actions):
    """Return the texts of the resources that a function's role may use with any of the actions."""
    return [
        json.dumps(resource)
        for name, statement in shape.statements
        if name.startswith(role)
        for resource in listed(statement["Resource"])
        if set(listed(statement["Action"])) & set(actions)
    ]


_WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")
_READS = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem")


@pytest.mark.parametrize("role", ["recommendrole"])
def test_who_only_recommends_writes_nothing(serverless, role):
    assert allowed(serverless, role, actions=_READS)
    assert allowed(serverless, role, actions=(*_WRITES, "s3:PutObject", "s3:DeleteObject", "sqs:SendMessage")) == []


def test_nobody_who_answers_requests_walks_through_a_table(shape):
    walking = {
        re.match(r"[a-zA-Z]*?[rR]ole", name).group()
        for name, statement in shape.statements
        if "dynamodb:Scan" in listed(statement["Action"])
    }

    assert walking == {"queuerole", "schedulerole"}
    assert allowed(shape, "schedulerole", actions=["dynamodb:Scan"])


@pytest.mark.parametrize("role", ["recommendrole", "objectsrole", "devicerole", "streamrole"])
@pytest.mark.parametrize(
    "table", [schema.CREDENTIALS, schema.KEYRING, schema.CUSTOMERS, schema.ACCESS, schema.SESSIONS]
)
def test_who_has_no_business_with_people_cannot_read_them(serverless, role, table):
    seen = allowed(serverless, role, actions=(*_READS, *_WRITES))

    assert seen
    assert not [arn for arn in seen if f"Table{table}" in arn]


def test_only_who_opens_what_is_personal_may_ask_kms_to(shape):
    asking = {
        re.match(r"[a-zA-Z]*?[rR]ole", name).group()
        for name, statement in shape.statements
        if "kms:Decrypt" in listed(statement["Action"]) and "Condition" not in statement
    }

    assert asking <= {"httprole", "queuerole", "schedulerole", "Role"}


# -- rules of others


def test_aws_s_own_rules_find_nothing_that_is_not_explained(shape):
    broken = [(f["ruleId"], f["resourceId"]) for f in shape.findings if f["compliance"] == "Non-Compliant"]

    assert len(shape.findings) > 100
    assert broken == []


def test_every_exception_says_why(shape):
    exceptions = [f for f in shape.findings if f["compliance"] == "Suppressed"]

    assert exceptions
    assert all(len(f["exceptionReason"]) > 15 for f in exceptions)


def test_cloudformation_finds_nothing_wrong(shape):
    report = json.loads((shape.folder / "validation-report.json").read_text())

    assert [violation for plugin in report["pluginReports"] for violation in plugin["violations"]] == []


@pytest.mark.long
def test_cfn_lint_finds_nothing_wrong(synthesised):
    # What both shapes have is read once: a linter takes its time.
    templates = [*synthesised.glob("large/*.template.json"), *synthesised.glob("small/[EFW]*.template.json")]
    # W3005: CDK names dependencies that follow from references anyway.
    run = subprocess.run(
        [ENVIRONMENT / "bin" / "cfn-lint", "--ignore-checks", "W3005", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )

    assert templates
    assert run.returncode == 0, run.stdout
