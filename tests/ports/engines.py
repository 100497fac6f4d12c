"""Servers that speak AWS's protocols on this machine, started once a test process and stopped with it."""

import atexit
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from bodega.adapters.aws.dynamo import DynamoClient
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.aws.signing import Credentials, Signer
from bodega.adapters.system.clock import SystemClock

REGION = "eu-west-1"
_REPOSITORY = Path(__file__).resolve().parents[2]
_ENGINES = _REPOSITORY / ".venv-engines" / "bin"
_START_SECONDS = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@functools.cache
def ministack():
    """Return the address of a running ministack."""
    program = _found("ministack")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="ministack-")
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": folder,
        "S3_DATA_DIR": f"{folder}/s3",
    }
    _start([program], environment, folder)
    address = f"http://127.0.0.1:{port}"
    _await_answer(f"{address}/_localstack/health")
    return address


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


def _found(name):
    program = _ENGINES / name
    if program.exists():
        return str(program)
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing: ./test.sh installs it")
    return pytest.skip(f"{name} is not installed: ./test.sh installs it")


def _start(command, environment, folder):
    with (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)

    def stop():
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)


def _await_answer(address):
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - loopback
                answer.read()
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
