"""What is refused when a stage is deployed, each in one line that says what to do."""

import json

import pytest
from deployable import NOT_BUILT, bodega, deployable
from engines import REGION, aws_client, ministack


@pytest.fixture(scope="module")
def assembly(synthesised, tmp_path_factory):
    return deployable(synthesised / "small", tmp_path_factory.mktemp("assembly") / "small")


def test_a_stack_left_half_made_is_named_with_the_way_out_and_all_is_taken_down_but_the_data(assembly, tmp_path):
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
    goes_without_its_data()


def goes_without_its_data():
    server = ministack(auth=True)
    tables = aws_client("dynamodb", server)
    order = {"order_id": {"S": "ord_1"}, "part": {"S": "order"}}
    tables.put_item(TableName="bodega-small-orders", Item=order)
    asked = bodega("destroy", "--stage", "small")
    assert asked.returncode == 1
    assert "nobody to ask" in asked.stderr

    removed = bodega("destroy", "--stage", "small", "--yes")

    assert removed.returncode == 0, removed.stderr
    assert "bodega-small-data (CREATE_COMPLETE): stays" in removed.stdout
    left = {s["StackName"] for s in aws_client("cloudformation", server).describe_stacks()["Stacks"]}
    assert "bodega-small-functions" not in left
    assert tables.get_item(TableName="bodega-small-orders", Key=order)["Item"] == order


def unbuilt(assembly):
    path = assembly / "Functions.template.json"
    path.write_text(
        path.read_text().replace('"Handler": "bodega.', f'"Description": "{NOT_BUILT}", "Handler": "bodega.')
    )
    return assembly


def test_without_packages_nothing_is_deployed(synthesised, tmp_path):
    run = bodega("deploy", "--stage", "small", "--yes", "--assembly",
                 unbuilt(deployable(synthesised / "small", tmp_path / "empty")))  # fmt: skip

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


def test_a_setting_that_there_is_not_is_refused_before_anything_is_made(assembly):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--set", "BODEGA_COLOUR=red")

    assert run.returncode == 1
    assert run.stderr == "bodega deploy: BODEGA_COLOUR is no setting: docs/how-to/settings.md lists them\n"


def test_templates_of_another_stage_are_left_alone(assembly, tmp_path):
    run = bodega("deploy", "--stage", "other", "--assembly", assembly, "--yes")

    assert run.returncode == 1
    assert "bodega synth --stage other" in run.stderr


def test_who_may_not_deploy_is_told_which_permission_is_missing(assembly):
    iam = aws_client("iam", ministack(auth=True))
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]

    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes",
                 AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])  # fmt: skip

    assert run.returncode == 1
    assert "permission" in run.stderr
    assert "cloudformation:DescribeStacks" in run.stderr


@pytest.mark.long
def test_a_fleet_is_deployed_told_its_address_and_taken_down(synthesised, tmp_path):
    """Stacks, certificate and names: there are no machines behind this server's EC2."""
    fleet = deployable(synthesised / "large", tmp_path / "large")
    zones = aws_client("route53", ministack(auth=True))
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="large")["HostedZone"]["Id"].rpartition("/")[2]
    for path in fleet.glob("*.template.json"):
        path.write_text(path.read_text().replace("Z0123456789ABC", zone))
    secret = aws_client("secretsmanager", ministack(auth=True)).create_secret(
        Name="bodega/large/settings", SecretString=json.dumps({"BODEGA_SMTP_URL": "smtps://:p4ssword@mail.example"})
    )["ARN"]

    place = ("--stage", "large", "--shape", "fleet", "--assembly", fleet)
    run = bodega("deploy", *place, "--set", "BODEGA_CURRENCY=EUR", "--yes")

    assert run.returncode == 0, run.stderr
    assert "export BODEGA_CURRENCY=EUR" in run.stdout  # commands would sell in another
    assert "The shop: https://shop.example.com" in run.stdout
    assert "bodega-large-app: machines are being replaced" in run.stdout  # they began without knowing their address
    records = zones.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {record["Type"] for record in records if record["Name"] == "shop.example.com."} == {"A", "AAAA"}
    knows_its_secret_settings_and_shows_them_to_nobody(run)
    may_read_the_secret = {name for name in ("queue", "schedule", "stream", "device") if may_read(secret, name)}
    assert may_read_the_secret == {"queue", "schedule"}
    assert bodega("destroy", "--stage", "large", "--yes").returncode == 0


def knows_its_secret_settings_and_shows_them_to_nobody(run):
    functions = aws_client("lambda", ministack(auth=True))
    told = functions.get_function_configuration(FunctionName="bodega-large-queue")["Environment"]["Variables"]
    assert told["BODEGA_PUBLIC_URL"] == "https://shop.example.com"
    assert told["SECRET_SETTINGS"] == "BODEGA_SMTP_URL"
    assert "p4ssword" not in json.dumps(told)
    assert "search index: published" in run.stdout  # by a function that had to read the secret under its own role
    for name, event in (("queue", {"Records": []}), ("stream", {"Records": []}), ("device", {"Records": []})):
        answer = functions.invoke(FunctionName=f"bodega-large-{name}", Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()


def may_read(secret, function):
    answer = aws_client("iam", ministack(auth=True)).simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::000000000000:role/bodega-large-{function}-{REGION}",
        ActionNames=["secretsmanager:GetSecretValue"],
        ResourceArns=[secret],
    )
    return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_templates_for_a_folder_that_cannot_be_made_are_refused_at_once(tmp_path):
    (tmp_path / "taken").write_text("a file")

    refused = bodega("synth", "--stage", "small", "--out", tmp_path / "taken" / "cdk.out")

    assert refused.returncode == 1
    assert "name another folder with --out" in refused.stderr
