"""Hold the stacks to AWS's own rules for good solutions, and say where they do not fit, and why.

`python -m infra.check FOLDER CONTEXT` writes a shop of each shape there, as `bodega synth` would, with what the context
says about all of them as JSON, and with cdk-nag's findings.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Aspects, Stack
from cdk_nag import AwsSolutionsChecks, NagPackSuppression, NagReportFormat, NagSuppressions, RegexAppliesTo

from infra.app import build, new_app
from infra.stage import Stage

SHAPES: Sequence[Mapping[str, Any]] = (
    {"name": "small", "mail_from": "Shop <shop@letters.example.com>", "mail_zone": "Z0123456789ABC"},
    {
        "name": "large",
        "shape": "fleet",
        "domain": "shop.example.com",
        "zone": "Z0123456789ABC",
        "alarm_email": "alarms@example.com",
        "settings": {"BODEGA_CURRENCY": "EUR", "BODEGA_MAIL_FROM": "Shop <shop@example.com>"},
        "secrets": ["BODEGA_SMTP_URL"],
    },
)
_PREFIXES = "media|imports|exports|models|search|training|uploads"
# What no stack can do without, wherever it stands.
_EVERYWHERE = (
    NagPackSuppression(
        id="AwsSolutions-IAM5",
        reason="objects have no names before they are there: what is named is the prefix, in one bucket",
        applies_to=[RegexAppliesTo(regex=rf"/^Resource::.*\/({_PREFIXES})\/\*$/")],
    ),
)
# Rule, the constructs it is about (the end of their path), what of it is meant, and why it does not fit.
_EXPLAINED: Sequence[tuple[str, str, str, str]] = (
    (
        "AwsSolutions-DDB3",
        "Table-keyring",
        "",
        "a customer is erased by destroying the key: a table that can be recovered would bring it back",
    ),
    ("AwsSolutions-DDB3", "Table-throttles", "", "counts of a few minutes"),
    ("AwsSolutions-DDB3", "Table-idempotency", "", "answers that are kept for a day, for retries of that day"),
    ("AwsSolutions-SMG4", "Master", "", "what it signs and seals would be lost with it; it is changed by restoring"),
    ("AwsSolutions-SMG4", "Origin", "", "CloudFormation hands it to both sides, so it changes by deploying again"),
    ("AwsSolutions-SMG4", "Token", "", "CloudFormation hands it to both sides, so it changes by deploying again"),
    ("AwsSolutions-SQS3", "-dead", "", "it is a queue of dead letters"),
    ("AwsSolutions-L1", "Functions", "", "the version that packages are built and tested for; Stage says which"),
    ("AwsSolutions-S1", "Logs", "", "logs of reading logs would go on for ever"),
    ("AwsSolutions-CFR1", "Distribution", "", "the shop sells wherever it ships to, which its own tables say"),
    ("AwsSolutions-CFR4", "Distribution", "", "without a domain of its own it has CloudFront's name and certificate"),
    (
        "AwsSolutions-CFR5",
        "Distribution",
        "",
        "CloudFront reaches the private load balancer within the VPC; nobody gives out certificates for its name",
    ),
    (
        "AwsSolutions-IAM4",
        "Role",
        r"/^Policy::.*AmazonSSMManagedInstanceCore$/",
        "AWS keeps up what its own program for sessions needs",
    ),
    ("AwsSolutions-AS3", "Group", "", "an instance that replaces another is no news; alarms watch the answers"),
)


def check(folder: Path, context: Mapping[str, Any]) -> None:
    """Write the templates and reports of every shape to folders named after their stages."""
    for shape in SHAPES:
        stage = Stage.from_context({**context, **shape})
        app = new_app(str(folder / stage.name))
        for stack in build(app, stage):
            _explain(stack)
        Aspects.of(app).add(AwsSolutionsChecks(verbose=True, report_formats=[NagReportFormat.JSON]))
        app.synth()


def _explain(stack: Stack) -> None:
    NagSuppressions.add_stack_suppressions(stack, list(_EVERYWHERE))
    for construct in stack.node.find_all():
        path = construct.node.path.removesuffix("/Resource")
        for rule, end, finding, reason in _EXPLAINED:
            fits = path.startswith(end) if rule == "AwsSolutions-L1" else path.rstrip("0123456789").endswith(end)
            if fits:
                applies = [RegexAppliesTo(regex=finding)] if finding else None
                NagSuppressions.add_resource_suppressions(
                    construct, [NagPackSuppression(id=rule, reason=reason, applies_to=applies)]
                )


if __name__ == "__main__":
    check(Path(sys.argv[1]), json.loads(sys.argv[2]))
