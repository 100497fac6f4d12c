"""`bodega synth`: write the templates of a stage, without an account."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bodega.cli.infra import add_stage_arguments, context_of, synthesise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega synth --stage dev --shape serverless --out cdk.out"
    add_stage_arguments(parser)
    parser.add_argument("--out", type=Path, default=Path("cdk.out"), metavar="DIR", help="where to (default cdk.out)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, _environment: Mapping[str, str]) -> int:
    """Write the templates and say where they are."""
    folder = arguments.out.resolve()
    synthesise(context_of(arguments), folder)
    names = sorted(path.name for path in folder.glob("*.template.json"))
    if arguments.json:
        print(msgspec.json.encode({"folder": str(folder), "templates": names}).decode())
    else:
        print(f"{len(names)} templates in {arguments.out}: {', '.join(names)}")
    return 0
