"""Put the stacks of a stage together; `python -m infra.app` writes them to cdk.out without an account."""

import sys
from collections.abc import Sequence

from aws_cdk import App, CliCredentialsStackSynthesizer, Stack, Tags

from infra.data import DataStack
from infra.edge import EdgeStack
from infra.fleet import FleetStack
from infra.functions import FunctionsStack
from infra.guard import GuardStack
from infra.stage import Stage, StageError
from infra.watch import WatchStack

_CONTEXT = "bodega"
# Where packages are uploaded to before they are deployed; `bodega deploy` makes it, so that nothing is bootstrapped.
ASSETS = "bodega-assets-${AWS::AccountId}-${AWS::Region}"
# How CDK itself builds new projects; without them it keeps what old ones are used to.
_FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-ec2:restrictDefaultSecurityGroup": False,  # it would take a function with rights of its own
    "@aws-cdk/core:enablePartitionLiterals": True,
}


def new_app(outdir: str | None = None) -> App:
    """Return an empty app; it writes to `outdir`, or where CDK_OUTDIR says."""
    return App(
        outdir=outdir,
        context=_FLAGS,
        analytics_reporting=False,
        default_stack_synthesizer=CliCredentialsStackSynthesizer(file_assets_bucket_name=ASSETS),
    )


def build(app: App, stage: Stage) -> Sequence[Stack]:
    """Add the stacks of a stage to an app and return them in the order in which they are deployed."""
    data = DataStack(app, stage=stage)
    functions = FunctionsStack(app, stage=stage, data=data)
    fleet = FleetStack(app, stage=stage, data=data, functions=functions) if stage.shape == "fleet" else None
    guard = GuardStack(app, stage=stage)
    edge = EdgeStack(app, stage=stage, data=data, functions=functions, fleet=fleet)
    watch = WatchStack(app, stage=stage, data=data, functions=functions, fleet=fleet)
    Tags.of(app).add("project", "bodega")
    Tags.of(app).add("stage", stage.name)
    return [stack for stack in (data, functions, fleet, guard, edge, watch) if stack is not None]


def main() -> int:
    """Synthesise what the context describes; 2 and one line for a stage that cannot be meant."""
    app = new_app()
    try:
        stage = Stage.from_context(app.node.try_get_context(_CONTEXT) or {})
    except StageError as error:
        print(error, file=sys.stderr)
        return 2
    build(app, stage)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
