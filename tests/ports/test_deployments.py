"""What is wrong with a deployment is said in one line that names it and what to do: before a shop serves from it."""

import itertools
import json
import os
import subprocess
import sys
from zlib import crc32

import msgspec
import pytest
from engines import aws_client, deployed, dynamo_client, ministack
from scripted import scripted_server

from bodega import schema
from bodega.adapters.aws.refusals import refused
from bodega.cli.main import main
from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.wiring import check_place


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A deployment that is whole, but for what a test takes away and puts back."""
    name = f"w{crc32(str(tmp_path_factory.mktemp('stage')).encode()):08x}"
    return name, deployed(ministack(), name)


@pytest.fixture
def environment(stage, tmp_path, monkeypatch):
    given = stage[1] | {"BODEGA_DATA_DIR": str(tmp_path / "shop")}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, given.pop(name))
    return given


def told(environment, **changes):
    """Return the one line in which a deployment is refused."""
    with pytest.raises(UnavailableError) as refusal:
        check_place(Settings.from_env(environment | changes))
    assert "\n" not in refusal.value.message
    return refusal.value.message


def test_a_whole_deployment_is_fine(environment):
    check_place(Settings.from_env(environment))


def test_what_is_missing_is_named(environment):
    missing = told(environment, BODEGA_AWS_STAGE="nosuch")
    assert "table bodega-nosuch-" in missing
    assert "check the region and the stage, or deploy first" in missing
    elsewhere = told(environment, BODEGA_AWS_REGION="us-west-2")
    assert "is in region eu-west-1 and not in us-west-2: check BODEGA_AWS_REGION" in elsewhere
    assert "bucket nosuch is missing" in told(environment, BODEGA_AWS_BUCKET="nosuch")
    assert "encryption key 00000000" in told(environment, BODEGA_AWS_KMS_KEY="00000000-0000-0000-0000-000000000000")
    assert "cannot be reached" in told(environment, BODEGA_AWS_ENDPOINT="http://127.0.0.1:9")


def test_no_credentials_are_noticed(environment, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert "there are no AWS credentials" in told(environment)


def test_the_bucket_of_somebody_else_is_not_written_to(environment, monkeypatch):
    """The same bucket, looked at from another account: ministack takes an access key of twelve digits for one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111111111111")

    message = told(environment)

    assert f"bucket {environment['BODEGA_AWS_BUCKET']} belongs to somebody else" in message


def test_a_queue_that_is_missing_or_buries_otherwise_is_named(environment, stage):
    sqs = aws_client("sqs", ministack())
    url = sqs.get_queue_url(QueueName=f"bodega-{stage[0]}-mail")["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]

    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(json.loads(policy) | {"maxReceiveCount": 2})}
    )
    assert "mail does not bury after 12 attempts: deploy again" in told(environment)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    dead = sqs.get_queue_url(QueueName=f"bodega-{stage[0]}-mail-dead")["QueueUrl"]
    sqs.delete_queue(QueueUrl=dead)
    assert f"queue bodega-{stage[0]}-mail-dead is missing" in told(environment)
    sqs.create_queue(QueueName=f"bodega-{stage[0]}-mail-dead")


def test_a_key_that_is_switched_off_is_named(environment):
    kms = aws_client("kms", ministack())
    kms.disable_key(KeyId=environment["BODEGA_AWS_KMS_KEY"])

    assert "is Disabled: enable it" in told(environment)

    kms.enable_key(KeyId=environment["BODEGA_AWS_KMS_KEY"])


def test_a_rule_that_is_missing_is_named(environment, stage):
    bus = f"bodega-{stage[0]}-events"
    events = aws_client("events", ministack())
    events.disable_rule(Name=schema.rule_name(bus, "mail"), EventBusName=bus)

    assert f"event bus {bus} has no working rule for queue mail" in told(environment)

    events.enable_rule(Name=schema.rule_name(bus, "mail"), EventBusName=bus)


@pytest.mark.parametrize("fault", ["keys", "index", "projection", "missing"])
def test_a_table_of_another_version_is_named(environment, stage, fault):
    name = f"bodega-{stage[0]}-listings"
    client = dynamo_client(ministack())
    good = client.call("DescribeTable", {"TableName": name}, repeatable=True)["Table"]
    client.call("DeleteTable", {"TableName": name}, repeatable=False)
    try:
        if fault != "missing":
            client.call("CreateTable", _other(good, fault), repeatable=False)

        message = told(environment)

        if fault != "missing":
            client.call("DeleteTable", {"TableName": name}, repeatable=False)
    finally:
        client.call("CreateTable", _other(good, ""), repeatable=False)
        client.close()
    assert name in message
    assert {"keys": "other keys", "missing": "is missing"}.get(fault, "lacks the index by_price") in message


def _other(good, fault):
    """Return the declaration of a table, or of one that differs from it."""
    made = {name: good[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")}
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in good["GlobalSecondaryIndexes"]
    ]
    if fault == "keys":
        made["KeySchema"] = [good["KeySchema"][0] | {"AttributeName": "price"}, good["KeySchema"][1]]
        made["AttributeDefinitions"] = _strings("position", "price")
        indexes = []
    if fault == "index":
        made["AttributeDefinitions"] = _strings("list", "position")
        indexes = []
    if fault == "projection":
        indexes[0] = indexes[0] | {"Projection": {"ProjectionType": "KEYS_ONLY"}}
    more = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    return made | more | {"BillingMode": "PAY_PER_REQUEST"}


def _strings(*names):
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


# -- credentials and permissions, by an engine that checks them


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A deployment on an engine that lets in whom it knows, and a user of it who may do what a test says."""
    name = f"g{crc32(str(tmp_path_factory.mktemp('guarded')).encode()):08x}"
    made = deployed(ministack(auth=True), name)
    iam = aws_client("iam", ministack(auth=True))
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def allow(*actions):
        statement = {"Effect": "Allow", "Action": ["sts:GetCallerIdentity", *actions], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document)

    return {one: text for one, text in made.items() if one.startswith("BODEGA_")}, key, allow


def test_unknown_keys_and_wrong_secrets_are_told_apart(guarded, monkeypatch):
    environment, key, _ = guarded
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    assert "check the access key" in told(environment)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    assert "check the secret key" in told(environment)


def test_each_permission_that_is_missing_is_named_and_what_may_not_be_checked_is_passed_over(guarded, monkeypatch):
    environment, key, allow = guarded
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    allowed = []
    for action, missing in (
        ("s3:ListBucket", "or this role may not list it"),
        ("dynamodb:DescribeTable", "dynamodb:DescribeTable"),
        ("sqs:*", "sqs:GetQueueUrl"),
        ("secretsmanager:GetSecretValue", "secretsmanager:GetSecretValue"),
    ):
        allow(*allowed)
        assert missing in told(environment)
        allowed.append(action)

    allow(*allowed)
    check_place(Settings.from_env(environment))


# -- what AWS says of credentials that no engine here says


@pytest.mark.parametrize(
    ("code", "told_to"),
    [
        ("InvalidClientTokenId", "check the access key"),
        ("SignatureDoesNotMatch", "check the secret key"),
        ("ExpiredToken", "expired: sign in again"),
    ],
)
def test_credentials_that_are_wrong_or_expired_are_told_apart(environment, code, told_to):
    refusal = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
    with scripted_server(itertools.repeat((403, refusal.encode()))) as address:
        assert told_to in told(environment, BODEGA_AWS_ENDPOINT=address)


def test_a_permission_that_is_missing_is_named_with_what_it_is_for(environment):
    identity = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult>"
        b"</GetCallerIdentityResponse>"
    )
    denied = {
        "__type": "AccessDeniedException",
        "Message": "User: x is not authorized to perform:\ndynamodb:DescribeTable",
    }
    asked = []
    with scripted_server([(200, identity), (200, b""), (400, msgspec.json.encode(denied))], asked) as address:
        message = told(environment, BODEGA_AWS_ENDPOINT=address)

    # A foreign bucket that is open to all would be found to be fine, if its owner were not asked for.
    assert asked[1]["x-amz-expected-bucket-owner"] == "1"
    assert "refused this role the permission to use table bodega-" in message
    assert "dynamodb:DescribeTable" in message


@pytest.mark.parametrize("message", ["", "x" * 5000, "a\nb\r\nc"])
def test_whatever_a_service_says_is_one_line(message):
    for code in ("AccessDenied", "Strange", "QueueDoesNotExist", ""):
        line = refused("SQS", "queue jobs", code, message).message
        assert "\n" not in line
        assert len(line) < 500


@pytest.mark.parametrize("command", ["up", "worker"])
def test_commands_say_it_in_one_line_and_write_nothing(environment, command, capsys, monkeypatch):
    for name, text in (environment | {"BODEGA_AWS_BUCKET": "nosuch", "BODEGA_PORT": "0"}).items():
        monkeypatch.setenv(name, text)

    if command == "up":
        assert main([command]) == 1
        said = capsys.readouterr().err
    else:  # which listens to signals, and so needs a main thread of its own
        run = subprocess.run(
            [sys.executable, "-m", "bodega.cli.main", command],
            capture_output=True,
            text=True,
            env=os.environ,
            check=False,
        )
        assert run.returncode == 1
        said = run.stderr

    assert said.splitlines() == [
        f"bodega {command}: bucket nosuch is missing: check the region and BODEGA_AWS_BUCKET, or deploy first"
    ]
