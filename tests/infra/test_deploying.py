"""Deploying and removing a stage by our own commands, on a server with AWS's APIs that checks who asks."""

import json
import re

import pytest
from deployable import bodega, deployable
from engines import aws_client, dynamo_client, ministack

from bodega import schema
from bodega.adapters.aws.table_setup import check_tables


@pytest.fixture(scope="module")
def assembly(synthesised, tmp_path_factory):
    return deployable(synthesised / "small", tmp_path_factory.mktemp("assembly") / "small")


@pytest.fixture(scope="module")
def deployed(assembly):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json")
    assert run.returncode == 0, run.stderr
    return run


def test_a_deployment_says_what_it_makes_what_that_costs_and_where_it_is(deployed):
    told = json.loads(deployed.stdout)

    assert told["outputs"]["Address"].startswith("https://")
    assert told["settings"]["BODEGA_AWS_STAGE"] == "small"
    assert "26 DynamoDB::Table" in deployed.stderr
    assert re.search(r"a month in which nobody comes: [0-9.]+", deployed.stderr)


def test_a_shop_accepts_the_tables_that_were_deployed(deployed):
    client = dynamo_client(ministack(auth=True))
    try:
        check_tables(client, schema.TABLES, prefix="bodega-small-")
    finally:
        client.close()


def test_what_was_made_first_is_told_what_was_made_after_it(deployed):
    distribution = json.loads(deployed.stdout)["outputs"]["DistributionId"]
    bucket = json.loads(deployed.stdout)["outputs"]["ObjectsBucketName"]

    policy = aws_client("s3", ministack(auth=True)).get_bucket_policy(Bucket=bucket)["Policy"]

    assert f"distribution/{distribution}" in policy
    assert "distribution/none" not in policy


def test_deploying_again_changes_nothing(deployed, assembly):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json")

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == json.loads(deployed.stdout)


def test_removing_a_stage_asks_and_keeps_its_data(deployed, assembly):
    cloud = aws_client("dynamodb", ministack(auth=True))

    asked = bodega("destroy", "--stage", "small")
    assert asked.returncode == 1
    assert "nobody to ask" in asked.stderr

    removed = bodega("destroy", "--stage", "small", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "bodega-small-data (UPDATE_COMPLETE): stays" in removed.stdout
    assert cloud.describe_table(TableName="bodega-small-orders")["Table"]["TableStatus"] == "ACTIVE"
    left = aws_client("cloudformation", ministack(auth=True)).describe_stacks()["Stacks"]
    assert "bodega-small-functions" not in {stack["StackName"] for stack in left}


def test_a_stack_that_was_left_half_made_is_named_with_the_way_out(assembly, tmp_path):
    broken = deployable(assembly, tmp_path / "broken")
    template = json.loads((broken / "Guard.template.json").read_text())
    # An alarm over a sum, which this server refuses when it comes to making it.
    template["Resources"]["Bad"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m"}]}}
    (broken / "Guard.template.json").write_text(json.dumps(template))

    first = bodega("deploy", "--stage", "small", "--assembly", broken, "--yes")
    again = bodega("deploy", "--stage", "small", "--assembly", broken, "--yes")

    assert first.returncode == again.returncode == 1
    assert "stack bodega-small-guard failed" in first.stderr
    assert "bodega destroy --stage small --only guard" in again.stderr
    assert bodega("destroy", "--stage", "small", "--only", "guard", "--yes").returncode == 0


def test_without_packages_nothing_is_deployed(synthesised, tmp_path):
    run = bodega("deploy", "--stage", "small", "--yes", "--assembly",
                 deployable(synthesised / "small", tmp_path / "empty", built=False))  # fmt: skip

    assert run.returncode == 1
    assert "bodega package" in run.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, "does not know these credentials"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no AWS credentials"),
        ({"AWS_PROFILE": "nobody"}, "AWS_PROFILE"),
        ({"BODEGA_AWS_REGION": "somewhere else"}, "--region"),
        ({"BODEGA_AWS_ENDPOINT": "nonsense"}, "asking who we are failed"),
        ({"BODEGA_AWS_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
    ids=["unknown", "none", "profile", "region", "address", "nobody-there"],
)
def test_who_cannot_deploy_is_told_why_in_one_line(assembly, environment, said):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", **environment)

    assert run.returncode == 1
    assert said in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_who_may_not_deploy_is_told_which_permission_is_missing(assembly):
    iam = aws_client("iam", ministack(auth=True))
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]

    run = bodega("deploy", "--stage", "other", "--assembly", assembly, "--yes",
                 AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])  # fmt: skip

    assert run.returncode == 1
    assert "permission" in run.stderr
    assert "cloudformation:DescribeStacks" in run.stderr
