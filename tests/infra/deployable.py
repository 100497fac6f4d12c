"""Templates as ministack can deploy them, and the commands that do it."""

import json
import os
import shutil
import subprocess
import sys

from engines import REGION, ministack

# What ministack 1.5.33 does not know. The templates that AWS gets keep all of it; nothing the shop itself does is here.
UNKNOWN = {
    "AWS::Budgets::Budget",
    "AWS::CloudFront::VpcOrigin",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
}
NOT_BUILT = "not built: bodega package"


def deployable(folder, into, *, built=True):
    """Copy an assembly without what ministack does not know, and with an empty package in the place of each mark."""
    shutil.copytree(folder, into)
    for path in into.glob("*.template.json"):
        template = json.loads(path.read_text())
        template["Resources"] = {
            name: resource for name, resource in template["Resources"].items() if not _is_unknown(resource)
        }
        text = json.dumps(template)
        path.write_text(text.replace(NOT_BUILT, "built") if built else text)
    return into


def _is_unknown(resource):
    # An alarm over a sum of metrics is refused as well.
    return resource["Type"] in UNKNOWN or "Metrics" in resource.get("Properties", {})


def bodega(*arguments, **environment):
    """Run a command of ours against a ministack that checks signatures and permissions."""
    return subprocess.run(
        [sys.executable, "-m", "bodega.cli.main", *map(str, arguments)],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "BODEGA_AWS_REGION": REGION,
            "BODEGA_AWS_ENDPOINT": ministack(auth=True),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
