"""The same shop in a real account, which costs money: never made unless somebody asks, and taken down afterwards.

BODEGA_TEST_AWS_REGION=eu-west-1 .venv/bin/python -m pytest -n 0 -m aws tests/journeys/stories
"""

import contextlib
import json
import os

import boto3
import httpx
import pytest
from deployed import Deployed, key_of
from places import Place
from synthesis import run_bodega

from bodega.settings import Settings

REGION = os.environ.get("BODEGA_TEST_AWS_REGION", "")
STAGE = "trial"
PLACE = ("--stage", STAGE, "--region", REGION)


class OnAws(Deployed):
    """A stage in a real account, asked through CloudFront as everybody does."""

    def __init__(self, told, folder):
        self.outputs, self.variables, self.folder = told["outputs"], told["settings"], folder
        Place.__init__(self, address=self.outputs["Address"], staff=key_of(self.command), folder=folder)

    def way(self):
        return httpx.HTTPTransport()

    def letters(self, to):  # noqa: ARG002 - whoever it is
        pytest.skip("a trial has no mail server")

    def publishes(self, device, location, payload):  # noqa: ARG002
        pytest.skip("nobody has certificates for devices of a trial")

    def reachable(self, receiver, **more):  # noqa: ARG002
        pytest.skip("a shop on AWS reaches no program on this machine")

    def settings(self):
        return Settings.from_env(self.variables | {"BODEGA_DATA_DIR": str(self.folder / "commands")})

    def bank(self):
        return Place.bank(self)

    def command(self, *arguments):
        return run_bodega(*arguments, "--data", self.folder / "commands", **credentials(), **self.variables)

    def functions(self):
        return boto3.client("lambda", region_name=REGION)

    def log(self):
        """Return nothing: what was logged comes minutes later there, and an alarm tells of it."""
        return []


def credentials():
    """Return what says who we are, which commands of ours in tests are not given otherwise."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@contextlib.contextmanager
def trial(folder):
    """Build packages, deploy a trial with them, and remove all of it whatever happens."""
    if not REGION:
        pytest.skip("BODEGA_TEST_AWS_REGION names the region to deploy a trial to")
    built = run_bodega("package", "--into", folder / "dist")
    assert built.returncode == 0, built.stderr
    packages = ("--packages", folder / "dist")
    try:
        run = run_bodega("deploy", *PLACE, *packages, "--disposable", "--yes", "--json", **credentials())
        assert run.returncode == 0, run.stderr
        shop = OnAws(json.loads(run.stdout), folder)
        yield shop
    finally:
        gone = run_bodega("destroy", *PLACE, *packages, "--with-data", "--yes", **credentials())
        assert gone.returncode == 0, f"clean up by hand: {gone.stderr}"
