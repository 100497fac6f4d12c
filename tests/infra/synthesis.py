"""Templates as `bodega synth` writes them, made once for all tests that read them."""

import json
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-infra"


class Shape:
    """The templates of one stage, by the names of their stacks, and what cdk-nag found in them."""

    def __init__(self, folder):
        self.folder = folder
        self.templates = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(folder.glob("*.template.json"))
        }

    def resources(self, kind):
        """Return all resources of a type, as (stack, logical id, properties, whole)."""
        return [
            (stack, name, resource.get("Properties", {}), resource)
            for stack, template in self.templates.items()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        ]

    def properties(self, kind):
        return [properties for _, _, properties, _ in self.resources(kind)]

    @cached_property
    def findings(self):
        return [
            line
            for path in sorted(self.folder.glob("*NagReport.json"))
            for line in json.loads(path.read_text())["lines"]
        ]

    @cached_property
    def statements(self):
        """Return all statements of policies of roles, as (logical id, statement)."""
        found = []
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for _, name, properties, _ in self.resources(kind):
                found += [(name, statement) for statement in properties["PolicyDocument"]["Statement"]]
        return found


def by_name(rows, key):
    return {properties[key]: properties for properties in rows}


def flat(value):
    """Return the text of a value that is put together when it is deployed."""
    return value if isinstance(value, str) else json.dumps(value)


def built_for(packages):
    """Return what packages were built for."""
    return json.loads((packages / "target.json").read_text())


def run_bodega(*arguments, **environment):
    """Run a command of ours with nothing of AWS in its environment but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BODEGA_"))}
    return subprocess.run(
        [sys.executable, "-m", "bodega.cli.main", *map(str, arguments)],
        env={**kept, "PYTHONPATH": str(ROOT / "src"), "AWS_EC2_METADATA_DISABLED": "true", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def run_infra(module, *arguments, **environment):
    """Run a module of the infrastructure in its own environment."""
    if not (ENVIRONMENT / "bin" / "node").exists():
        if os.environ.get("CI"):
            pytest.fail(".venv-infra is missing: ./test.sh makes it")
        pytest.skip(".venv-infra is missing: ./test.sh makes it")
    return subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-m", module, *map(str, arguments)],
        env={
            **os.environ,
            "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
