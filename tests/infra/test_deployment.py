"""A whole shop deployed from its templates, with its real packages, on a server with AWS's APIs that checks who asks.

What this server cannot do is told in docs/how-to/deploy.md and left out here: nothing is made to look as if it were.
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
from itertools import chain
from pathlib import Path

import httpx
from deployable import bodega, deployable
from deployed import Deployed
from engines import REGION, aws_client, dynamo_client, free_port
from processes import wait_until
from story import fills_a_cart, sells_and_takes_back, stock_of

from bodega import schema
from bodega.adapters.aws.table_setup import check_tables


def test_a_shop_is_deployed_sold_from_and_taken_down(synthesised, packages, tmp_path):
    assembly = deployable(synthesised / "small", tmp_path / "small")
    shop = deploys(assembly, tmp_path)
    accepts_its_tables(shop)
    changes_nothing_when_it_is_deployed_again(assembly, shop)
    lets_in_nobody_but_cloudfront(shop)
    is_found_by_name(shop)
    staff = shop.staff()
    sells(shop, staff)
    carries_on_what_happened(shop)
    writes_to_who_bought(shop)
    allows_each_role_its_own_and_no_more(shop)
    serves_from_machines_too_and_survives_their_death(shop, staff, packages / "app.zip")
    goes_without_its_data(shop)


def deploys(assembly, folder):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json")

    assert run.returncode == 0, run.stderr
    assert f"{len(schema.TABLES) + 1} DynamoDB::Table" in run.stderr
    assert "a month in which nobody comes: " in run.stderr
    shop = Deployed(json.loads(run.stdout), folder)
    assert shop.outputs["Address"].startswith("https://")
    return shop


def accepts_its_tables(shop):
    with contextlib.closing(dynamo_client(shop.address)) as client:
        check_tables(client, schema.TABLES, prefix="bodega-small-")


def changes_nothing_when_it_is_deployed_again(assembly, shop):
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json")

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["outputs"] == shop.outputs
    assert "bodega-small-data: is as it should be" in run.stderr


def lets_in_nobody_but_cloudfront(shop):
    with shop.api() as api:
        assert api.get("/health/live").status_code == 200
        assert api.get("/health/live", headers={"x-bodega-origin": "guessed"}).status_code == 403
        del api.headers["x-bodega-origin"]
        assert api.get("/health/live").status_code == 401

    bucket = shop.outputs["ObjectsBucketName"]
    s3 = aws_client("s3", shop.address)
    s3.put_object(Bucket=bucket, Key="media/mug.png", Body=b"picture", ContentType="image/png")
    s3.put_object(Bucket=bucket, Key="exports/customers.csv", Body=b"private")
    with shop.client(shop.outputs["DistributionDomain"]) as cloudfront:
        assert cloudfront.get("/media/mug.png").content == b"picture"
    anonymous = httpx.get(f"{shop.address}/{bucket}/media/mug.png")
    assert anonymous.status_code == 403
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert f"distribution/{shop.outputs['DistributionId']}" in policy


def is_found_by_name(shop):
    found = shop.command("where", "http", "--data", shop.folder / "where")

    assert found.stdout == f"{shop.outputs['ApiAddress']}\n", found.stderr


def sells(shop, staff):
    with shop.api() as api:
        sells_and_takes_back(api, staff)
    recommended = shop.invoke("recommend", {"placement": "home", "limit": 5})
    assert "TEA-1" in json.dumps(recommended["data"])


def carries_on_what_happened(shop):
    """The stream's function moves events to the queues of who subscribed, whose function does the work."""
    assert shop.invoke("schedule", {"duty": "sweep"})["relay"] >= 1
    sqs = aws_client("sqs", shop.address)

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

    wait_until(lambda: left() == {}, what="empty queues", every=1)
    logs = aws_client("logs", shop.address)
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/bodega-small-")["logGroups"]:
        written = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        assert not [line["message"] for line in written if "refused this role" in line["message"]]


def writes_to_who_bought(shop):
    """Letters leave by SES, from the function that may send them."""
    letters = chain.from_iterable(httpx.get(f"{shop.address}/_ministack/ses/messages").json()["messages"].values())

    assert {letter["Source"] for letter in letters} == {"Shop <shop@letters.example.com>"}


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
]
DENIED = [
    ("http", "dynamodb:DeleteTable", "table/bodega-small-orders"),
    ("http", "dynamodb:Scan", "table/bodega-small-customers"),
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


def allows_each_role_its_own_and_no_more(shop):
    """Ask with each function's own credentials' policies; its real calls were made above, and refused where wrong."""
    iam = aws_client("iam", shop.address)

    def decision(function, action, resource):
        answer = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::000000000000:role/bodega-small-{function}-{REGION}",
            ActionNames=[action],
            ResourceArns=[f"arn:aws:{action.partition(':')[0]}:{REGION}:000000000000:{resource}"],
        )
        return answer["EvaluationResults"][0]["EvalDecision"]

    assert [row for row in ALLOWED if decision(*row) != "allowed"] == []
    assert [row for row in DENIED if decision(*row) == "allowed"] == []


def serves_from_machines_too_and_survives_their_death(shop, staff, package):
    """The app in processes behind a load balancer, beside the functions, on the same tables; one is killed."""
    port = free_port()
    balanced = balancer_to(shop, port)
    with app_on(port, shop, package) as app, shop.client(balanced) as api:
        wait_until(lambda: api.get("/health/ready").status_code == 200, what="a healthy target")
        before = stock_of(api, staff, "TEA-1")
        url, body = fills_a_cart(api, "TEA-1", {})
        key = {"idempotency-key": "killed"}
        asked = threading.Thread(target=lambda: _try(api.post, f"{url}:checkout", json=body, headers=key))
        asked.start()
        time.sleep(0.05)  # somewhere in the middle; whatever had been written by then must be carried on or undone
        os.killpg(app.pid, signal.SIGKILL)
        asked.join()
    with shop.api() as api:
        # The one that died holds the checkout for a while.
        order = wait_until(lambda: finished(api, url, body, key), what="the order", every=1)
        assert order.status_code == 201, order.text
        assert stock_of(api, staff, "TEA-1") == (before[0] - 1, 0)
        orders = api.get("/v1/admin/orders", headers=staff).json()["data"]
        assert [one["id"] for one in orders].count(order.json()["id"]) == 1
        assert sum("TEA-1" in json.dumps(one) for one in orders) <= 1


def finished(api, url, body, key):
    order = api.post(f"{url}:checkout", json=body, headers=key)
    return None if order.status_code in {202, 409} else order


def balancer_to(shop, port):
    """Make a load balancer with a target on this machine, and return its name on the server.

    Whom nobody signed for, this server looks for in us-east-1.
    """
    elb, ec2 = (aws_client(service, shop.address, region="us-east-1") for service in ("elbv2", "ec2"))
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
def app_on(port, shop, package):
    """Serve as an instance's systemd unit does, from the package of machines and nothing else that is installed."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(shop.folder / "app")
    process = subprocess.Popen(
        [Path(sys.executable).resolve(), "-S", "-m", "granian", "--interface", "asgi", "--factory",
         "--host", "127.0.0.1", "--port", str(port), "bodega.asgi:app_from_environment"],
        env={**os.environ, **shop.environment(), "BODEGA_PROXIES": "1",
             "PYTHONPATH": str(shop.folder / "app"), "BODEGA_DATA_DIR": str(shop.folder / "data")},
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _try(call, *arguments, **named):
    with contextlib.suppress(httpx.HTTPError):
        call(*arguments, **named)


def goes_without_its_data(shop):
    asked = bodega("destroy", "--stage", "small")
    assert asked.returncode == 1
    assert "nobody to ask" in asked.stderr

    removed = bodega("destroy", "--stage", "small", "--yes")

    assert removed.returncode == 0, removed.stderr
    assert "bodega-small-data (UPDATE_COMPLETE): stays" in removed.stdout
    left = {s["StackName"] for s in aws_client("cloudformation", shop.address).describe_stacks()["Stacks"]}
    assert "bodega-small-functions" not in left
    table = aws_client("dynamodb", shop.address).describe_table(TableName="bodega-small-orders")["Table"]
    assert table["ItemCount"] >= 2
