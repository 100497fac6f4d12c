"""What the network of a fleet lets through, by the templates: this stage's own, asked by this account."""

import json
import re

import pytest
from synthesis import flat

ACCOUNT = {"Ref": "AWS::AccountId"}
SERVICES = {"s3", "dynamodb", "sqs", "kms", "secretsmanager", "ssm", "ssmmessages", "logs"}
# What Systems Manager is asked is about the machine that asks.
WITHOUT_RESOURCES = {"ssm", "ssmmessages"}


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def ways(fleet):
    """Return the statements of each way out of the network, by the service that it leads to."""
    endpoints = fleet.properties("AWS::EC2::VPCEndpoint")
    return {
        re.findall(r"\.([a-z0-9]+)\"", json.dumps(one["ServiceName"]))[-1]: one["PolicyDocument"]["Statement"]
        for one in endpoints
    }


@pytest.fixture(scope="module")
def statements(ways):
    return [(service, statement) for service, its in ways.items() for statement in its]


def is_about_packages(statement):
    return "al2023-repos-" in flat(statement["Resource"])


def test_every_way_says_what_it_lets_through(ways):
    assert set(ways) == SERVICES
    assert all(ways.values())


def test_nothing_but_packages_is_let_through_for_anybody_of_another_account(statements):
    for service, statement in statements:
        assert statement["Effect"] == "Allow"
        if not is_about_packages(statement):
            assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == ACCOUNT, (service, statement)


def test_nothing_is_let_through_for_everybody_to_do_anything(statements):
    for service, statement in statements:
        for action in listed(statement["Action"]):
            assert action.startswith(f"{service}:"), statement
            assert "*" not in action, statement


def test_what_is_let_through_is_about_this_stage_alone(statements, fleet):
    own = set(fleet.templates["App"]["Resources"])
    for service, statement in statements:
        if service in WITHOUT_RESOURCES:
            role = flat(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
            assert '{"Fn::GetAtt": ["Role' in role
            continue
        for resource in listed(statement["Resource"]):
            assert resource != "*"
            text = flat(resource)
            made_here = set(re.findall(r'"Fn::GetAtt": \["([A-Za-z0-9]+)"|"Ref": "([A-Za-z]+[A-F0-9]{8})"', text))
            named = "bodega-large-" in text or "bodega/large/" in text or any({*names} & own for names in made_here)
            assert named or "bodega-assets-" in text or is_about_packages(statement), text


def test_packages_of_amazon_linux_stay_reachable_and_can_only_be_read(ways):
    [packages] = [one for one in ways["s3"] if is_about_packages(one)]

    assert packages["Action"] == "s3:GetObject"
    assert packages["Principal"] == "*"  # dnf says not who it is
    assert "Condition" not in packages
    buckets = {re.sub(r".*:s3:::", "", flat(one)) for one in packages["Resource"]}
    assert {re.sub(r'", {"Ref": "AWS::Region"}, "', "REGION", one).rstrip('"]}') for one in buckets} == {
        "al2023-repos-REGION-de612dc2/*",
        "amazon-ssm-REGION/*",
    }


def test_no_policy_outgrows_what_a_way_takes(ways):
    """20,480 characters are the most; an ARN of ours has at most 120, with the longest names of stages and regions."""
    for service, its in ways.items():
        named = sum(len(listed(one["Resource"])) for one in its)
        assert named * 120 + 2000 < 20_480, service


def test_whatever_machines_may_do_has_a_way(ways, fleet):
    """A right without a way would be found out by a shop that does not open."""
    mine = [statement for name, statement in fleet.statements if re.fullmatch(r"Role(DefaultPolicy|Overflow).*", name)]
    asked = [one for one in mine if "kms:ViaService" not in json.dumps(one.get("Condition", {}))]
    let = {
        (action, flat(resource))
        for its in ways.values()
        for one in its
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    }

    assert len(asked) > 5
    for statement in asked:
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                assert (action, flat(resource)) in let, (action, resource)
