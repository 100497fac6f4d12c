"""`bodega export`: write products, orders and the rest to a file that `bodega import` reads back."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.cli.progress import Shown
from bodega.domain.flows.exporting import ABOUT_PEOPLE
from bodega.domain.flows.import_files import FORMATS
from bodega.domain.flows.jobs import EXPORT_SUBJECTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega export products products.jsonl"
    parser.add_argument("subject", choices=EXPORT_SUBJECTS, help="what to write")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="its name ends in .jsonl, .csv (both also .gz) or .parquet"
    )
    parser.add_argument("--format", choices=FORMATS, help="if the file's name does not say it")
    parser.add_argument(
        "--personal",
        action="store_true",
        help="with what says who people are: customers' accounts with the hashes of their passwords, orders' addresses",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_data_argument(parser)


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Write the file and say how much was written."""
    started = time.perf_counter()
    with (
        opened_shop(arguments, environment) as shop,
        Shown(f"exporting {arguments.subject}", quiet=arguments.json) as shown,
    ):
        rows = shop.exporter.write(
            arguments.subject,
            arguments.file,
            format=arguments.format,
            privacy="with_passwords" if arguments.personal else "anonymous",
            on_progress=shown.tell,
        )
    seconds = time.perf_counter() - started
    if arguments.subject in ABOUT_PEOPLE and not arguments.personal:
        print("without --personal, nothing that says who people are was written", file=sys.stderr)
    if arguments.json:
        report = {"subject": arguments.subject, "file": str(arguments.file), "rows": rows, "seconds": round(seconds, 3)}
        print(msgspec.json.encode(report).decode())
    else:
        print(f"{rows:,} rows of {arguments.subject} written to {arguments.file} in {seconds:.1f} s")
    return 0
