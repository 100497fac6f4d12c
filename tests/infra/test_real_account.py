"""The same shop in a real account, which costs money: never run by default, and it cleans up behind itself.

BODEGA_TEST_AWS_REGION=eu-west-1 .venv/bin/python -m pytest -n 0 -m aws tests/infra/test_real_account.py
"""

import json
import os

import boto3
import httpx
import pytest
from deployed import Deployed
from synthesis import run_bodega
from test_deployment import sells

REGION = os.environ.get("BODEGA_TEST_AWS_REGION", "")
STAGE = "trial"
PLACE = ("--stage", STAGE, "--region", REGION)
pytestmark = [
    pytest.mark.aws,
    pytest.mark.skipif(not REGION, reason="BODEGA_TEST_AWS_REGION names the region to deploy a trial to"),
]


class OnAws(Deployed):
    """A stage in a real account, asked through CloudFront as everybody does."""

    def __init__(self, told, folder):
        self.outputs, self.settings, self.folder = told["outputs"], told["settings"], folder

    def api(self, **headers):
        return httpx.Client(base_url=self.outputs["Address"], headers=headers, timeout=60)

    def command(self, *arguments):
        return run_bodega(*arguments, **credentials(), **self.settings)

    def functions(self):
        return boto3.client("lambda", region_name=REGION)


def credentials():
    """Return what says who we are, which commands of ours in tests are not given otherwise."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@pytest.fixture
def shop(tmp_path):
    built = run_bodega("package", "--into", tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    try:
        run = run_bodega("deploy", *PLACE, "--packages", tmp_path / "dist", "--disposable", "--yes", "--json",
                         **credentials())  # fmt: skip
        assert run.returncode == 0, run.stderr
        yield OnAws(json.loads(run.stdout), tmp_path)
    finally:
        gone = run_bodega("destroy", *PLACE, "--packages", tmp_path / "dist", "--with-data", "--yes", **credentials())
        assert gone.returncode == 0, f"clean up by hand: {gone.stderr}"


def test_a_shop_in_a_real_account_is_sold_from(shop):
    sells(shop, shop.staff())
