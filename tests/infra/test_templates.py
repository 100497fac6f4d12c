"""What a deployed shop must have, by the templates that are deployed."""

import contextlib
import json

import pytest
from synthesis import by_name, flat

from bodega import schema
from bodega.adapters.aws.table_layout import layouts_of
from bodega.adapters.aws.table_setup import _declaration
from bodega.api.call import Options
from bodega.lambdas.duties import SWEEP
from bodega.lambdas.queue import workers
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.worker.duties import letter_duties, long_duties, prompt_duties

FUNCTIONS = {"http", "recommend", "stream", "queue", "objects", "schedule", "device"}
WITHOUT_RECOVERY = {schema.KEYRING, schema.THROTTLES, schema.IDEMPOTENCY}
TABLES = (*schema.TABLES, schema.OUTBOX)


# -- data


def test_tables_are_those_that_the_adapter_looks_for(serverless):
    tables = by_name(serverless.properties("AWS::DynamoDB::Table"), "TableName")

    assert set(tables) == {f"bodega-small-{table.name}" for table in TABLES}
    for layout in layouts_of(TABLES, prefix="bodega-small-").values():
        wanted = _declaration(layout)
        table = tables[layout.physical]
        assert table["KeySchema"] == wanted["KeySchema"]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        found = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", ())}
        for index in wanted.get("GlobalSecondaryIndexes", ()):
            assert found.pop(index["IndexName"]) == index
        assert found == {}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_can_be_recovered_expires_and_is_encrypted_as_the_schema_says(serverless, table):
    made = by_name(serverless.properties("AWS::DynamoDB::Table"), "TableName")[f"bodega-small-{table.name}"]

    recovery = made["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert recovery == (table.name not in WITHOUT_RECOVERY)
    expiry = made.get("TimeToLiveSpecification", {})
    assert expiry.get("AttributeName") == table.ttl
    assert made["SSESpecification"]["SSEType"] == "KMS"
    key = flat(made["SSESpecification"]["KMSMasterKeyId"])
    secret = table.personal_data or table.name in {schema.CREDENTIALS, schema.KEYRING}
    assert ("PersonalKey" in key) == secret
    assert ("ShopKey" in key) != secret


def test_the_outbox_has_a_stream(serverless):
    tables = by_name(serverless.properties("AWS::DynamoDB::Table"), "TableName")

    streams = {name for name, table in tables.items() if "StreamSpecification" in table}
    assert streams == {"bodega-small-outbox"}


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"])
def test_what_must_not_be_lost_outlives_its_stack(shape, kind):
    kept = [row for row in shape.resources(kind) if row[0] == "Data"]

    assert kept
    for _, name, properties, resource in kept:
        assert resource["DeletionPolicy"] == "Retain", name
        assert resource["UpdateReplacePolicy"] == "Retain", name
        if kind == "AWS::DynamoDB::Table":
            assert properties["DeletionProtectionEnabled"] is True, name


def test_objects_have_versions_and_move_to_cheaper_classes(serverless):
    [bucket] = [row for row in serverless.properties("AWS::S3::Bucket") if "objects" in flat(row.get("BucketName", ""))]

    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    classes = {
        rule.get("Prefix"): transition["StorageClass"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        for transition in rule.get("Transitions", ())
    }
    assert classes == {
        schema.IMPORTS: "STANDARD_IA",
        schema.EXPORTS: "STANDARD_IA",
        schema.TRAINING: "STANDARD_IA",
        schema.MEDIA: "INTELLIGENT_TIERING",
    }
    assert any("NoncurrentVersionExpiration" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])


def test_uploads_are_told_and_what_becomes_a_picture_is_handed_on(serverless):
    [bucket] = [row for row in serverless.properties("AWS::S3::Bucket") if "objects" in flat(row.get("BucketName", ""))]
    rule = by_name(serverless.properties("AWS::Events::Rule"), "Name")["bodega-small-uploads"]

    assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True
    assert rule["EventPattern"]["detail"]["object"]["key"] == [{"prefix": schema.UPLOADS}]
    assert "uploads" in flat(rule["Targets"][0]["Arn"])
    assert "uploadsdead" in flat(rule["Targets"][0]["DeadLetterConfig"]["Arn"])


# -- functions and what starts them


def test_every_handler_has_a_function_under_a_role_of_its_own(serverless):
    functions = [f for f in serverless.properties("AWS::Lambda::Function") if f["Handler"].startswith("bodega.")]

    assert {f["Handler"] for f in functions} == {f"bodega.lambdas.{name}.handler" for name in FUNCTIONS}
    assert len({flat(f["Role"]) for f in functions}) == len(FUNCTIONS)
    for function in functions:
        assert function["FunctionName"] == f"bodega-small-{function['Handler'].split('.')[2]}"
        assert function["Environment"]["Variables"]["BODEGA_AWS_STAGE"] == "small"


def test_settings_reach_what_runs_and_secrets_by_their_names_only(fleet):
    for function in fleet.properties("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert variables["BODEGA_CURRENCY"] == "EUR"
        assert variables["SECRET_SETTINGS"] == "BODEGA_SMTP_URL"
    [template] = fleet.properties("AWS::EC2::LaunchTemplate")
    script, values = template["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    started = script + flat(values)
    assert values["SETTINGS"].splitlines() == [
        'BODEGA_CURRENCY="EUR"',
        'BODEGA_MAIL_FROM="Shop <shop@example.com>"',
        'SECRET_SETTINGS="BODEGA_SMTP_URL"',
    ]
    assert "<<'SETTINGS'\n${SETTINGS}\nSETTINGS\n" in script  # nothing in a setting is the shell's
    assert "resolve:secretsmanager" not in started


def test_a_stage_without_secrets_reads_none_and_nobody_in_it_may(serverless):
    for function in serverless.properties("AWS::Lambda::Function"):
        assert "SECRET_SETTINGS" not in flat(function["Environment"])
    assert "bodega/small/settings" not in json.dumps(serverless.templates)


def test_the_settings_in_the_secret_may_be_read_by_who_needs_them_only(fleet):
    allowed = {
        name.partition("Overflow")[0]: statement["Action"]
        for name, statement in fleet.statements
        if "bodega/large/settings" in flat(statement["Resource"])
    }

    machines = "Role"
    assert allowed == dict.fromkeys((machines, "queuerole", "schedulerole"), "secretsmanager:GetSecretValue")


def test_a_fleet_has_the_same_functions_but_the_one_that_serves_pages(fleet):
    handlers = {f["Handler"] for f in fleet.properties("AWS::Lambda::Function")}

    assert handlers == {f"bodega.lambdas.{name}.handler" for name in FUNCTIONS - {"http"}}
    assert fleet.properties("AWS::ApiGatewayV2::Api") == []


@pytest.mark.parametrize("spec", schema.QUEUES, ids=lambda spec: spec.name)
def test_a_queue_buries_what_failed_as_often_as_the_schema_says(shape, spec):
    named = {row["QueueName"].split("-", 2)[2]: (name, row) for _, name, row, _ in shape.resources("AWS::SQS::Queue")}

    _, queue = named[spec.name]
    dead, grave = named[f"{spec.name}-dead"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == spec.max_attempts
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert grave["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_every_queue_has_a_function_that_answers_for_each_message(serverless):
    sources = serverless.properties("AWS::Lambda::EventSourceMapping")
    fed = {flat(source["EventSourceArn"]) for source in sources}

    queues = {row["QueueName"]: name for _, name, row, _ in serverless.resources("AWS::SQS::Queue")}
    for spec in schema.QUEUES:
        if spec.name == schema.ANNOUNCEMENTS:
            continue  # only its dead letters are of use: what nobody could read
        assert any(queues[f"bodega-small-{spec.name}"] in arn for arn in fed), spec.name
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for source in sources)


def test_a_message_is_hidden_longer_than_its_function_may_take(serverless):
    functions = {name: row for _, name, row, _ in serverless.resources("AWS::Lambda::Function")}
    queues = {name: row for _, name, row, _ in serverless.resources("AWS::SQS::Queue")}
    for source in serverless.properties("AWS::Lambda::EventSourceMapping"):
        queue = (
            queues.get(source["EventSourceArn"]["Fn::GetAtt"][0]) if "Fn::GetAtt" in source["EventSourceArn"] else None
        )
        if queue is not None:
            function = functions[source["FunctionName"]["Ref"]]
            assert queue["VisibilityTimeout"] >= 6 * function["Timeout"], queue["QueueName"]


def test_the_stream_does_not_let_one_bad_record_block_the_rest(serverless):
    [source] = [s for s in serverless.properties("AWS::Lambda::EventSourceMapping") if "StartingPosition" in s]

    assert source["BisectBatchOnFunctionError"] is True
    assert 0 < source["MaximumRetryAttempts"] <= 100
    assert 0 < source["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert "streamdead" in flat(source["DestinationConfig"]["OnFailure"]["Destination"])


def test_the_bus_routes_as_the_schema_subscribes(serverless):
    rules = by_name(serverless.properties("AWS::Events::Rule"), "Name")

    for queue, prefixes in schema.subscribed().items():
        rule = rules[schema.rule_name("bodega-small-events", queue)]
        assert rule["EventPattern"] == json.loads(schema.event_pattern(prefixes))
        [target] = rule["Targets"]
        assert target["InputPath"] == "$.detail"
        assert "dead" in flat(target["DeadLetterConfig"]["Arn"])
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == schema.DELIVERY_ATTEMPTS


def test_everything_that_a_worker_does_is_done_by_a_function_too(serverless, tmp_path):
    scheduled = {
        json.loads(row["Target"]["Input"])["duty"] for row in serverless.properties("AWS::Scheduler::Schedule")
    }
    with contextlib.closing(open_shop(Settings.for_directory(tmp_path / "shop"))) as shop:
        duties = {duty.name for duty in (*prompt_duties(shop), *letter_duties(shop), *long_duties(shop))}
        queues = {"events" if name == "webhooks" else name for name in (*workers(shop), "counts")}
    # Who publishes a snapshot has the index follow what changed, and tidies it.
    by_schedule = (scheduled - {"sweep"}) | {*SWEEP} | {"index", "tidy index"}

    assert {"sweep", "publish-search-snapshot"} <= scheduled
    assert duties - queues - by_schedule == set()
    assert by_schedule - duties == {"publish-search-snapshot", "couriers"}


def test_functions_have_room_for_what_they_keep_in_files(serverless):
    sizes = {
        row["FunctionName"].rpartition("-")[2]: row["EphemeralStorage"]["Size"]
        for row in serverless.properties("AWS::Lambda::Function")
        if row["Handler"].startswith("bodega.")
    }

    largest_file_mb = Options().max_import_bytes // 1024**2
    assert all(sizes[name] > 2 * largest_file_mb for name in ("queue", "schedule", "http"))


def test_devices_speak_for_their_own_location_only(serverless):
    [rule] = serverless.properties("AWS::IoT::TopicRule")
    [policy] = serverless.properties("AWS::IoT::Policy")

    assert rule["TopicRulePayload"]["Sql"] == schema.counts_rule("bodega-small/counts")
    assert "Sqs" in rule["TopicRulePayload"]["ErrorAction"]
    publish = [s for s in policy["PolicyDocument"]["Statement"] if s["Action"] == "iot:Publish"]
    assert ":topic/bodega-small/counts/" in flat(publish[0]["Resource"])
    assert flat(publish[0]["Resource"]).count("iot:Connection.Thing") == 2


def test_the_api_lets_in_nobody_without_the_secret(serverless):
    routes = serverless.properties("AWS::ApiGatewayV2::Route")

    assert {route["RouteKey"] for route in routes} == {"ANY /", "ANY /{path+}"}
    assert all(route["AuthorizationType"] == "CUSTOM" for route in routes)
    assert all("AuthorizerId" in route for route in routes)
