"""`bodega destroy`: remove a stage from AWS, and its data only if that is said."""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bodega.cli.deploy import add_place_arguments, ask, cloud_of
from bodega.cli.infra import add_stage_arguments, context_of, synthesise
from bodega.errors import NotFoundError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega destroy --stage dev"
    add_stage_arguments(parser)
    add_place_arguments(parser)
    parser.add_argument("--with-data", action="store_true", help="remove tables, objects and keys as well, for good")
    parser.add_argument("--only", metavar="STACK", help="only this one, such as watch: for one that was left half made")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Say what goes and what stays, ask, and remove it."""
    cloud = cloud_of(arguments, environment)
    from bodega.wiring.deploying import destroy, rollout, standing  # noqa: PLC0415  # see cloud_of

    there = standing(cloud, arguments.stage)
    if not there:
        raise NotFoundError("stage", f"{arguments.stage} in {cloud.identity.region}")
    doomed = [name for name, _ in there if _goes(name, arguments)]
    for name, state in there:
        print(f"  {name} ({state}): {'goes' if name in doomed else 'stays'}")
    if arguments.with_data:
        print("All orders, customers and pictures are lost. Keys are destroyed in 30 days, and until then can be kept.")
    if not arguments.yes and not ask(f"Type {arguments.stage} to remove this:", arguments.stage):
        print("nothing was removed")
        return 1
    if arguments.with_data:
        arguments.disposable = True
        with tempfile.TemporaryDirectory(prefix="bodega-synth-") as scratch:
            synthesise(context_of(arguments), Path(scratch))
            rolling, _ = rollout(cloud, Path(scratch), stage=arguments.stage, tell=print)
            rolling.expose_data()
    destroy(cloud, doomed, tell=print)
    return 0


def _goes(name: str, arguments: argparse.Namespace) -> bool:
    place = name.rpartition("-")[2]
    if arguments.only:
        return bool(place == arguments.only)
    return place != "data" or arguments.with_data
