"""What stands before a deployed shop, what watches it, and what everything in it is called, by the templates."""

import json
import re

from synthesis import flat

from bodega import schema
from bodega.api.store import customers, sessions
from bodega.web import links

# -- the fleet


def test_instances_are_replaced_when_they_do_not_answer_and_follow_the_requests(fleet):
    [group] = fleet.properties("AWS::AutoScaling::AutoScalingGroup")
    [policy] = fleet.properties("AWS::AutoScaling::ScalingPolicy")

    assert "ELB" in group["HealthCheckType"]
    assert int(group["MinSize"]) >= 2
    tracked = policy["TargetTrackingConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert tracked == "ALBRequestCountPerTarget"


def test_instances_are_encrypted_patched_and_have_no_way_in(fleet):
    [template] = fleet.properties("AWS::EC2::LaunchTemplate")
    data = template["LaunchTemplateData"]

    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert all(device["Ebs"]["Encrypted"] for device in data["BlockDeviceMappings"])
    assert "KeyName" not in data
    assert flat(data["ImageId"]).startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023")
    assert fleet.properties("AWS::AutoScaling::LaunchConfiguration") == []


def test_the_network_has_no_nat_and_a_way_to_each_service(fleet):
    assert fleet.properties("AWS::EC2::NatGateway") == []
    services = " ".join(flat(e["ServiceName"]) for e in fleet.properties("AWS::EC2::VPCEndpoint"))
    for service in ("s3", "dynamodb", "sqs", "kms", "secretsmanager", "ssm", "logs"):
        assert f".{service}" in services


# -- the edge and the watch


def test_the_edge_is_guarded_and_speaks_new_tls_only(shape):
    [distribution] = shape.properties("AWS::CloudFront::Distribution")
    config = distribution["DistributionConfig"]
    [acl] = shape.properties("AWS::WAFv2::WebACL")

    assert config["WebACLId"] == {"Ref": "AclArn"}
    assert acl["Scope"] == "CLOUDFRONT"
    kinds = {kind for rule in acl["Rules"] for kind in rule["Statement"]}
    assert kinds == {"ManagedRuleGroupStatement", "RateBasedStatement", "RegexMatchStatement"}
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert all(behavior["ViewerProtocolPolicy"] == "redirect-to-https" for behavior in behaviors)


def test_what_is_guessed_at_is_limited_and_what_is_internal_closed_however_it_is_written(shape):
    [acl] = shape.properties("AWS::WAFv2::WebACL")
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    narrowed = rules["sign-ins"]["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["RegexMatchStatement"]
    closed = rules["internal"]["Statement"]["RegexMatchStatement"]
    pages = (links.SIGN_IN, links.SIGN_UP, links.FORGOTTEN, links.RESET, links.STAFF_SIGN_IN)

    for path in (*pages, customers.PATH, sessions.PATH, sessions.RESETS, f"{sessions.RESETS}:redeem"):
        assert re.search(narrowed["RegexString"], path), path
    assert not re.search(narrowed["RegexString"], f"{customers.PATH}/me")
    assert re.search(closed["RegexString"], "/metrics")
    assert rules["internal"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 404
    for statement in (narrowed, closed):
        changes = sorted(statement["TextTransformations"], key=lambda change: change["Priority"])
        assert [change["Type"] for change in changes] == ["URL_DECODE", "NORMALIZE_PATH"]


def test_what_the_firewall_refuses_is_logged_without_what_says_who_somebody_is(shape):
    [logging] = shape.properties("AWS::WAFv2::LoggingConfiguration")
    name = f"aws-waf-logs-bodega-{shape.folder.name}-guard"
    [group] = [row for row in shape.properties("AWS::Logs::LogGroup") if row["LogGroupName"] == name]
    [policy] = shape.properties("AWS::Logs::ResourcePolicy")

    assert group["RetentionInDays"] == 30
    [destination] = logging["LogDestinationConfigs"]
    assert flat(destination).rstrip('"]}').endswith(f":log-group:{name}")  # and no star
    redacted = logging["RedactedFields"]
    headers = {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field}
    assert headers == {"authorization", "cookie"}
    assert {"QueryString": {}} in redacted  # links of letters and of orders have their tokens there
    [kept] = logging["LoggingFilter"]["Filters"]
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    actions = {one["ActionCondition"]["Action"] for one in kept["Conditions"]}
    assert "BLOCK" in actions
    assert "ALLOW" not in actions
    said = flat(policy["PolicyDocument"]).replace("\\", "")
    assert '"Service":"delivery.logs.amazonaws.com"' in said
    assert '"aws:SourceAccount":"' in said
    assert '"Principal":"*"' not in said


def test_the_cache_keeps_only_what_the_shop_allows(shape):
    for policy in shape.properties("AWS::CloudFront::CachePolicy"):
        config = policy["CachePolicyConfig"]
        assert config["MinTTL"] == 0
        assert config["DefaultTTL"] == 0
        key = config["ParametersInCacheKeyAndForwardedToOrigin"]
        assert key["QueryStringsConfig"]["QueryStringBehavior"] == "all"


def test_what_depends_on_who_asks_is_kept_apart(shape):
    policies = {
        p["CachePolicyConfig"]["Name"].rsplit("-", 1)[1]: p for p in shape.properties("AWS::CloudFront::CachePolicy")
    }
    keys = {
        name: policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        for name, policy in policies.items()
    }

    assert keys["pages"]["CookiesConfig"]["CookieBehavior"] == "all"
    assert "__Host-session" in keys["api"]["CookiesConfig"]["Cookies"]
    assert keys["api"]["HeadersConfig"]["Headers"] == ["authorization"]


def test_pictures_come_from_the_bucket_for_one_distribution_alone(serverless):
    [access] = serverless.properties("AWS::CloudFront::OriginAccessControl")
    assert access["OriginAccessControlConfig"]["SigningBehavior"] == "always"

    statements = [
        statement
        for policy in serverless.properties("AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and "cloudfront" in flat(statement["Principal"])
    ]

    [statement] = statements
    assert flat(statement["Resource"]).count("/media/*") == 1
    source = flat(statement["Condition"]["StringEquals"]["AWS:SourceArn"])
    assert '{"Ref": "Distribution"}' in source
    assert "*" not in source


def test_somebody_is_told_of_what_goes_wrong(shape):
    alarms = {alarm["AlarmName"].split("-", 2)[2] for alarm in shape.properties("AWS::CloudWatch::Alarm")}

    assert {"failing", "slow", "throttles", "tables", "waiting", "dead-letters-1", "queue-errors"} <= alarms
    assert all(alarm["AlarmActions"] for alarm in shape.properties("AWS::CloudWatch::Alarm"))
    assert shape.properties("AWS::Budgets::Budget")
    assert shape.properties("AWS::CloudWatch::Dashboard")


def test_somebody_is_told_when_no_machine_is_left_to_fail(fleet):
    alarms = {alarm["AlarmName"]: alarm for alarm in fleet.properties("AWS::CloudWatch::Alarm")}

    assert alarms["bodega-large-unanswered"]["MetricName"] == "HTTPCode_ELB_5XX_Count"


def test_every_dead_letter_queue_is_watched(serverless):
    watched = json.dumps(serverless.properties("AWS::CloudWatch::Alarm"))
    names = [row["QueueName"] for row in serverless.properties("AWS::SQS::Queue") if row["QueueName"].endswith("-dead")]
    exports = json.dumps(serverless.templates["Functions"]["Outputs"])

    assert len(names) >= len(schema.QUEUES)
    dead = {name for _, name, row, _ in serverless.resources("AWS::SQS::Queue") if row["QueueName"].endswith("-dead")}
    assert all(name in exports and name in watched for name in dead)


# -- names and tags

_NAMES = ("TableName", "QueueName", "FunctionName", "RoleName", "LogGroupName", "AlarmName", "AutoScalingGroupName")


def test_everything_is_named_from_the_stage(shape):
    stage = shape.folder.name
    for template in shape.templates.values():
        for name, resource in template["Resources"].items():
            for key in _NAMES:
                given = resource.get("Properties", {}).get(key)
                refers = isinstance(given, dict) and set(given) <= {"Ref", "Fn::GetAtt"}  # to what is named itself
                if given is not None and not refers:
                    said = flat(given)
                    assert f"bodega-{stage}-" in said or f"/bodega/{stage}/" in said, f"{name}: {said}"


def test_everything_that_can_be_tagged_says_whose_it_is(shape):
    tagged = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::IAM::Role",
              "AWS::KMS::Key", "AWS::EC2::VPC", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::WAFv2::WebACL",
              "AWS::CloudFront::Distribution", "AWS::SecretsManager::Secret", "AWS::SNS::Topic"}  # fmt: skip
    for template in shape.templates.values():
        for name, resource in template["Resources"].items():
            if resource["Type"] in tagged:
                tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
                assert tags["project"] == "bodega", name
                assert tags["stage"] == shape.folder.name, name
