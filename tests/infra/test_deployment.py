"""A whole shop deployed from its templates, with its real packages, on a server with AWS's APIs that checks who asks.

What people and programs do with it is told in tests/journeys/stories. What this server cannot do is told in
docs/how-to/deploy.md and left out here: nothing is made to look as if it were.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import httpx
import pytest
from deployable import bodega
from engines import REGION, aws_client, dynamo_client, free_port
from processes import wait_until
from shopping import agrees_to, buys, fills_a_cart, puts_up_for_sale, stock_of

from bodega import schema
from bodega.adapters.aws.table_setup import check_tables


@pytest.fixture(scope="module")
def shop(deployed):
    return deployed


def test_who_deploys_is_told_what_is_made_what_it_costs_and_where_it_is(shop):
    assert f"{len(schema.TABLES) + 1} DynamoDB::Table" in shop.said
    assert "a month in which nobody comes: " in shop.said
    assert shop.outputs["Address"].startswith("https://")


def test_its_tables_are_those_of_the_schema(shop):
    with contextlib.closing(dynamo_client(shop.server)) as client:
        check_tables(client, schema.TABLES, prefix="bodega-small-")


def test_it_can_be_searched_as_soon_as_it_is_deployed(shop):
    assert "search index: published" in shop.said
    assert shop.first_search == 200


def test_nothing_changes_when_it_is_deployed_again_by_who_may_not_call_functions(shop):
    place = ("--stage", "small", "--assembly", shop.folder / "assembly")
    somebody = somebody_who_may_not("lambda:InvokeFunction", shop.server)
    run = bodega("deploy", *place, "--yes", "--json", server=shop.server, **somebody)

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["outputs"] == shop.outputs
    assert "bodega-small-data: is as it should be" in run.stderr
    assert "search index: not published" in run.stderr.splitlines()[-1]
    assert "lambda:InvokeFunction" in run.stderr.splitlines()[-1]


def somebody_who_may_not(action, server):
    """Return the credentials of somebody who may do everything else."""
    iam = aws_client("iam", server)
    iam.create_user(UserName="almost")
    rules = (("Allow", "*"), ("Deny", action))
    statements = [{"Effect": effect, "Action": what, "Resource": "*"} for effect, what in rules]
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_user_policy(UserName="almost", PolicyName="almost", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="almost")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_nobody_is_let_in_but_cloudfront(shop):
    with shop.client(**shop.gateway()) as api:
        assert api.get("/health/live").status_code == 200
        assert api.get("/health/live", headers={"x-bodega-origin": "guessed"}).status_code == 403
        del api.headers["x-bodega-origin"]
        assert api.get("/health/live").status_code == 401

    bucket = shop.outputs["ObjectsBucketName"]
    s3 = aws_client("s3", shop.server)
    s3.put_object(Bucket=bucket, Key="media/mug.png", Body=b"picture", ContentType="image/png")
    s3.put_object(Bucket=bucket, Key="exports/customers.csv", Body=b"private")
    with shop.api() as cloudfront:
        assert cloudfront.get("/media/mug.png", timeout=60).content == b"picture"
    anonymous = httpx.get(f"{shop.server}/{bucket}/media/mug.png", timeout=60)
    assert anonymous.status_code == 403
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert f"distribution/{shop.outputs['DistributionId']}" in policy


def test_it_is_found_by_name(shop):
    found = shop.command("where", "http")

    assert found.stdout == f"{shop.outputs['ApiAddress']}\n", found.stderr


def test_the_function_that_recommends_does_so_by_itself(shop):
    with shop.api() as api:
        puts_up_for_sale(api, shop.staff, "DEPLOYED-CUP")

    recommended = shop.invoke("recommend", {"placement": "home", "limit": 5})

    assert recommended["data"]
    assert all(row["reason"]["code"] for row in recommended["data"])


def test_what_happened_is_carried_on_until_nothing_waits(shop):
    """The stream's function moves events to the queues of who subscribed, whose function does the work."""
    with shop.api() as api:
        puts_up_for_sale(api, shop.staff, "DEPLOYED-POT")
        buys(api, {}, key="carried on", email="deployed@example.com", **{"DEPLOYED-POT": 1})
    assert shop.invoke("schedule", {"duty": "sweep"})["relay"] >= 1
    sqs = aws_client("sqs", shop.server)

    def left():
        found = {}
        for spec in schema.QUEUES:
            for name in (spec.name, spec.name + schema.DEAD):
                url = sqs.get_queue_url(QueueName=f"bodega-small-{name}")["QueueUrl"]
                counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
                found[name] = int(counts["ApproximateNumberOfMessages"]) + int(
                    counts["ApproximateNumberOfMessagesNotVisible"]
                )
        return {name: count for name, count in found.items() if count}

    wait_until(lambda: left() == {}, what="empty queues", every=1, seconds=240)  # others go on buying meanwhile
    assert [letter for letter in shop.letters("deployed@example.com") if "order" in letter.subject.lower()]
    assert shop.complaints() == []


JOBS_WITHOUT_LETTERS = {"http", "recommend", "stream", "schedule", "device", "objects"}
ALLOWED = [
    ("http", "dynamodb:PutItem", "table/bodega-small-orders"),
    ("recommend", "dynamodb:Query", "table/bodega-small-orders/index/by_customer"),
    ("stream", "dynamodb:UpdateItem", "table/bodega-small-outbox"),
    ("queue", "dynamodb:PutItem", "table/bodega-small-reviews"),
    ("schedule", "dynamodb:UpdateItem", "table/bodega-small-inventory"),
    ("device", "dynamodb:UpdateItem", "table/bodega-small-inventory"),
    ("objects", "dynamodb:UpdateItem", "table/bodega-small-catalog"),
    ("queue", "ses:SendRawEmail", "identity/letters.example.com"),
    ("queue", "dynamodb:Scan", "table/bodega-small-customers"),
    ("schedule", "dynamodb:Scan", "table/bodega-small-orders"),
]
DENIED = [
    ("http", "dynamodb:DeleteTable", "table/bodega-small-orders"),
    ("http", "dynamodb:Scan", "table/bodega-small-catalog"),
    ("schedule", "dynamodb:Scan", "table/bodega-small-customers"),
    ("recommend", "dynamodb:PutItem", "table/bodega-small-orders"),
    ("recommend", "dynamodb:GetItem", "table/bodega-small-customers"),
    ("stream", "dynamodb:GetItem", "table/bodega-small-credentials"),
    ("queue", "dynamodb:GetItem", "table/bodega-small-sessions"),
    ("schedule", "dynamodb:GetItem", "table/bodega-small-keyring"),
    ("device", "dynamodb:GetItem", "table/bodega-small-orders"),
    ("objects", "dynamodb:GetItem", "table/bodega-small-customers"),
    ("device", "dynamodb:PutItem", "table/bodega-large-inventory"),
    *((name, "ses:SendRawEmail", "identity/letters.example.com") for name in sorted(JOBS_WITHOUT_LETTERS)),
]


def test_each_role_is_allowed_its_own_and_no_more(shop):
    """Ask with each function's own credentials' policies; its real calls were made above, and refused where wrong."""
    iam = aws_client("iam", shop.server)

    def decision(function, action, resource):
        answer = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::000000000000:role/bodega-small-{function}-{REGION}",
            ActionNames=[action],
            ResourceArns=[f"arn:aws:{action.partition(':')[0]}:{REGION}:000000000000:{resource}"],
        )
        return answer["EvaluationResults"][0]["EvalDecision"]

    assert [row for row in ALLOWED if decision(*row) != "allowed"] == []
    assert [row for row in DENIED if decision(*row) == "allowed"] == []


@pytest.mark.long
def test_machines_serve_the_same_shop_and_their_death_leaves_it_consistent(shop, packages, tmp_path):
    """The app in processes behind a load balancer, beside the functions, on the same tables; one is killed."""
    port, sku, staff = free_port(), "DEPLOYED-TEA", shop.staff
    key = {"idempotency-key": "killed"}
    with shop.api() as functions:
        puts_up_for_sale(functions, staff, sku)
        with (
            app_on(port, shop, packages / "app.zip", tmp_path) as app,
            shop.client(host=balancer_to(shop, port)) as api,
        ):
            wait_until(lambda: api.get("/health/ready").status_code == 200, what="a healthy target", every=0.2)
            searched = {"q": "DEPLOYED-TEA"}  # what no worker brings these machines, their searches look for
            wait_until(lambda: api.get("/v1/store/products", params=searched).json()["data"], what="tea", every=0.2)
            url = fills_a_cart(api, {}, **{sku: 1})
            body = agrees_to(api.get(url))
            asked = threading.Thread(target=lambda: _try(api.post, f"{url}:checkout", json=body, headers=key))
            asked.start()
            time.sleep(0.05)  # somewhere in the middle; whatever had been written by then must be carried on or undone
            os.killpg(app.pid, signal.SIGKILL)
            asked.join()
        # The one that died holds the checkout for a while.
        order = wait_until(lambda: finished(functions, url, body, key), what="the order", every=1)
        assert order.status_code == 201, order.text
        assert stock_of(functions, staff, sku) == (4, 0)
        orders = functions.get("/v1/admin/orders", params={"limit": 250}, headers=staff).json()["data"]
        assert [one["id"] for one in orders].count(order.json()["id"]) == 1
        assert sum(sku in json.dumps(one) for one in orders) <= 1


def finished(api, url, body, key):
    order = api.post(f"{url}:checkout", json=body, headers=key)
    return None if order.status_code in {202, 409} else order


def balancer_to(shop, port):
    """Make a load balancer with a target on this machine, and return its name on the server.

    Whom nobody signed for, this server looks for in us-east-1.
    """
    elb, ec2 = (aws_client(service, shop.server, region="us-east-1") for service in ("elbv2", "ec2"))
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    balancer = elb.create_load_balancer(Name="machines", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="machines", Protocol="HTTP", Port=port, VpcId=vpc, TargetType="ip", HealthCheckPath="/health/ready"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return "machines.alb.localhost"


@contextlib.contextmanager
def app_on(port, shop, package, folder):
    """Serve as an instance's systemd unit does, from the package of machines and nothing else that is installed.

    Machines may do what the function may that serves the same: infra.fleet gives them its needs.
    """
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / "app")
    process = subprocess.Popen(
        [Path(sys.executable).resolve(), "-S", "-m", "granian", "--interface", "asgi", "--factory",
         "--host", "127.0.0.1", "--port", str(port), "bodega.asgi:app_from_environment"],
        env={**os.environ, **shop.variables, **credentials_of(shop, "http"), "BODEGA_PROXIES": "1",
             "PYTHONPATH": str(folder / "app"), "BODEGA_DATA_DIR": str(folder / "data")},
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def credentials_of(shop, function):
    """Return what lets a process do what a function may, and no more."""
    role = f"arn:aws:iam::000000000000:role/bodega-small-{function}-{REGION}"
    given = aws_client("sts", shop.server).assume_role(RoleArn=role, RoleSessionName="machine")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _try(call, *arguments, **named):
    with contextlib.suppress(httpx.HTTPError):
        call(*arguments, **named)
