"""Servers that speak AWS's protocols on this machine, started once a test process and stopped with it."""

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from random import Random, SystemRandom
from urllib.parse import urlsplit

import boto3
import pytest
from obstore.store import S3Store

from bodega import schema
from bodega.adapters.aws.dynamo import DynamoClient
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.aws.signing import Credentials, Signer
from bodega.adapters.aws.table_setup import create_missing
from bodega.adapters.system.clock import SystemClock
from bodega.schema import DEAD

REGION = "eu-west-1"
_REPOSITORY = Path(__file__).resolve().parents[2]
ENGINES = _REPOSITORY / ".venv-engines" / "bin"
_START_SECONDS = 60
_running = []
_PORTS = range(20_000, 32_000)  # below those from which Linux, Windows and macOS choose the near ends of connections


def free_port():
    """Return a port that nobody uses, and that stays free until it is: the system itself gives it to nobody."""
    while True:
        port = SystemRandom().choice(_PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@functools.cache
def ministack(*, auth=False):
    """Return the address of a ministack that all tests of this process share, as `start_ministack` says."""
    return start_ministack(auth=auth)


def start_ministack(*, auth=False):
    """Return the address of a ministack that runs from now on; with `auth` it checks signatures and policies."""
    program = found("ministack")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="ministack-")
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": folder,
        "AUTH": str(auth).lower(),
        "S3_DATA_DIR": f"{folder}/s3",
        "TMPDIR": folder,  # it unpacks functions there, and leaves them
    }
    start([program], environment, folder)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/_localstack/health"))
    return address


@functools.cache
def redis_server():
    """Return the address of a running Redis (or Valkey), Debian's or whatever the machine has."""
    program = shutil.which("redis-server") or shutil.which("valkey-server") or missing("redis-server")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="redis-")
    start([program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder], os.environ, folder)
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=2).close())
    return f"redis://127.0.0.1:{port}"


class FixedCredentials:
    """Credentials that never change."""

    def current(self):
        return Credentials("test", "test")


def retry():
    return Retry(backoff=Backoff(), budget=RetryBudget(), random=Random(), sleep=time.sleep)


def dynamo_client(address, credentials=None):
    """Return a client of the DynamoDB at an address."""
    signer = Signer(
        service="dynamodb",
        region=REGION,
        host=urlsplit(address).netloc,
        credentials=credentials or FixedCredentials(),
        now=SystemClock().now,
    )
    # Patient: the engine is slower than AWS by far, and this machine may be busy.
    return DynamoClient(endpoint_url=address, signer=signer, retry=retry(), read_seconds=60)


def deployed(address, stage):
    """Make what a deployed shop has, and return the environment that finds it."""
    prefix = f"bodega-{stage}-"
    client = dynamo_client(address)
    create_missing(client, schema.TABLES, prefix=prefix)
    client.close()
    make_queues(address, schema.QUEUES, prefix=prefix)
    make_bus(address, schema.SUBSCRIPTIONS, prefix=prefix)
    aws_client("s3", address).create_bucket(
        Bucket=f"{prefix}objects", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws_client("secretsmanager", address).create_secret(Name=f"bodega/{stage}/master", SecretString="m" * 64)
    key = aws_client("kms", address).create_key()["KeyMetadata"]["KeyId"]
    return {
        "BODEGA_CLOUD": "aws",
        "BODEGA_AWS_REGION": REGION,
        "BODEGA_AWS_STAGE": stage,
        "BODEGA_AWS_BUCKET": f"{prefix}objects",
        "BODEGA_AWS_KMS_KEY": key,
        "BODEGA_AWS_ENDPOINT": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def make_queues(address, queues, *, prefix):
    """Make queues and those of their dead letters, as the infrastructure declares them."""
    client = aws_client("sqs", address)
    for spec in queues:
        dead = client.create_queue(QueueName=prefix + spec.name + DEAD)["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": spec.max_attempts})
        client.create_queue(QueueName=prefix + spec.name, Attributes={"RedrivePolicy": policy})


def make_bus(address, subscriptions, *, prefix):
    """Make the event bus and a rule for each subscribed queue, as the infrastructure declares them."""
    client, bus = aws_client("events", address), f"{prefix}events"
    client.create_event_bus(Name=bus)
    for queue, prefixes in schema.subscribed(subscriptions).items():
        rule = schema.rule_name(bus, queue)
        client.put_rule(Name=rule, EventBusName=bus, EventPattern=schema.event_pattern(prefixes))
        client.put_targets(Rule=rule, EventBusName=bus, Targets=[_target(address, prefix + queue)])


def _target(address, queue):
    return {
        "Id": "queue",
        "Arn": queue_arn(address, queue),
        "InputPath": "$.detail",
        "DeadLetterConfig": {"Arn": queue_arn(address, queue + DEAD)},
        "RetryPolicy": {
            "MaximumRetryAttempts": schema.DELIVERY_ATTEMPTS,
            "MaximumEventAgeInSeconds": schema.DELIVERY_AGE_SECONDS,
        },
    }


def queue_arn(address, queue):
    """Return the name that AWS gives to a queue."""
    client = aws_client("sqs", address)
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def aws_client(service, address, access_key="test", secret_key="test", *, region=REGION, config=None):  # noqa: S107
    """Return a client of boto3's for what is rare: making buckets, keys and queues."""
    return boto3.client(
        service,
        endpoint_url=address,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )


def s3_bucket(address, name, access_key="test", secret_key="test"):  # noqa: S107
    """Make a bucket and return obstore's store of it."""
    aws_client("s3", address, access_key, secret_key).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return S3Store(
        name,
        endpoint=address,
        region=REGION,
        access_key_id=access_key,
        secret_access_key=secret_key,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def found(name):
    program = ENGINES / name
    return str(program) if program.exists() else missing(name)


def missing(name):
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing: ./test.sh installs it")
    return pytest.skip(f"{name} is not installed: ./test.sh installs it")


def start(command, environment, folder):
    """Run a server until all tests of this process are over; what it started itself ends with it."""
    with (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    _running.append((process, folder))


def stop_all():
    """Stop all servers that this process started, at once: a test process that takes long to end is killed."""
    for process, _ in _running:
        process.terminate()
    while _running:
        process, folder = _running.pop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(stop_all)  # for whoever uses servers without tests


def wait_until(ready):
    """Call until it works."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return ready()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def answers(address):
    with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - loopback
        answer.read()
