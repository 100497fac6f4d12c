"""`bodega import`: read a file, go on where an interrupted run stopped, and report what became of each row."""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.cli.progress import Shown
from bodega.domain.flows.import_files import FORMATS
from bodega.domain.flows.jobs import Job, Rejection
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, UnavailableError

_EXAMPLES = {
    "products": "example: bodega import products products.csv --columns sku=code,title=name",
    "sales": (
        "example: bodega import sales sales.parquet --timezone Europe/London \\\n"
        "           --columns order=invoice,sku=stock_code,name=description,quantity=quantity,"
        "time=timestamp,unit_price=unit_price,customer=customer_id"
    ),
    "orders": "example: bodega import orders orders.jsonl",
    "stock": "example: bodega import stock counted.csv --columns sku=code,on_hand=units",
    "reviews": "example: bodega import reviews reviews.jsonl --report rejected.jsonl",
    "categories": "example: bodega import categories categories.jsonl",
    "customers": "example: bodega import customers customers.jsonl",
}
_PURPOSES = {
    "products": "create and change products, by id or SKU",
    "sales": "order lines: make missing products, anonymous customers and past orders",
    "orders": "whole orders, as `bodega export orders` writes them",
    "stock": "what was counted of each SKU, and how it is kept",
    "reviews": "reviews of products, with ratings counted anew",
    "categories": "the category tree, as `bodega export categories` writes it",
    "customers": "anonymous customers, as `bodega export customers` writes them",
}
_EDGE_BYTES = 64 * 1024
_SHOWN_REJECTIONS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = _EXAMPLES["products"]
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    for subject, purpose in _PURPOSES.items():
        verb = subjects.add_parser(
            subject,
            help=purpose,
            description=purpose.capitalize() + ".",
            epilog=_EXAMPLES[subject],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_argument("file", type=Path, metavar="FILE", help="JSONL, CSV (both also .gz) or Parquet")
        verb.add_argument("--format", choices=FORMATS, help="if the file's name does not say it")
        verb.add_argument(
            "--columns", type=_columns, default={}, metavar="NAME=COLUMN,…", help="our names for the file's columns"
        )
        verb.add_argument(
            "--report", type=Path, metavar="PATH", help="write every rejected line to this file, as JSONL"
        )
        verb.add_argument("--resume", metavar="JOB", help="go on with this job although its file was corrected")
        verb.add_argument("--json", action="store_true", help="print the report as JSON")
        add_data_argument(verb)
        if subject in {"sales", "reviews"}:
            verb.add_argument("--timezone", metavar="ZONE", help="of times without an offset (default UTC)")
            verb.add_argument("--source", help="where order and customer numbers come from (default sales)")
        if subject == "sales":
            verb.add_argument(
                "--non-goods", metavar="CODE,…", help="codes that are no products, in place of the built-in list"
            )
        else:
            verb.add_argument("--ignore", metavar="COLUMN,…", help="columns of the file to leave out")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Import the file and print what became of it; 1 if the file could not be read to its end."""
    fingerprint = fingerprint_of(arguments.file)
    with opened_shop(arguments, environment) as shop:
        job, first = _import(shop, arguments, fingerprint)
    if arguments.json:
        print(msgspec.json.encode({**msgspec.to_builtins(job), "rows_per_second": _speed(job)}).decode())
    else:
        _print_report(job, first, arguments)
    if job.state == "failed":
        print(f"bodega import: {job.message}", file=sys.stderr)
        print(f"  correct the file, then go on with --resume {job.id}", file=sys.stderr)
    return 0 if job.state == "done" else 1


def fingerprint_of(path: Path) -> str:
    """Return what tells this file from others: a hash of its beginning, then its size, age and a hash of its end."""
    try:
        stat = path.stat()
        with path.open("rb") as file:
            head = hashlib.sha256(file.read(_EDGE_BYTES)).hexdigest()[:24]
            file.seek(max(0, stat.st_size - _EDGE_BYTES))
            tail = hashlib.sha256(file.read(_EDGE_BYTES)).hexdigest()[:24]
    except FileNotFoundError:
        raise InvalidError(f"there is no file {path}") from None
    except OSError as exc:
        raise UnavailableError(f"cannot read {path}: {exc.strerror}") from exc
    return f"{head}:{stat.st_size}:{stat.st_mtime_ns}:{tail}"


def _import(shop: Shop, arguments: argparse.Namespace, fingerprint: str) -> tuple[Job, list[Rejection]]:
    """Run the import; return the job and the first rejections."""
    first: list[Rejection] = []
    report: IO[str] | None = None
    with ExitStack() as open_files:
        shown = open_files.enter_context(Shown(f"importing {arguments.subject}", quiet=arguments.json))

        def start(job: Job, rows: int | None) -> None:
            nonlocal report
            shown.expect(rows)
            if job.read and not arguments.json:
                print(f"going on with job {job.id} behind {job.read:,} rows", file=sys.stderr)
            if arguments.report is not None:
                report = open_files.enter_context(_opened_report(arguments.report, job))

        def reject(rejection: Rejection) -> None:
            if len(first) < _SHOWN_REJECTIONS:
                first.append(rejection)
            if report is not None:
                report.write(_line(rejection))

        job = shop.jobs.import_file(
            arguments.subject,
            arguments.file.resolve(),
            fingerprint=fingerprint,
            format=arguments.format,
            columns=arguments.columns,
            options=_options(arguments),
            resume=arguments.resume,
            on_start=start,
            on_progress=lambda job: shown.tell(job.read, f"{job.rejected:,} rejected" if job.rejected else ""),
            on_rejection=reject,
        )
    return job, first


def _opened_report(path: Path, job: Job) -> IO[str]:
    """Open the report; what an interrupted run wrote of rows that will not be read again stays in it."""
    kept: list[str] = []
    if (job.checkpoint.line or job.checkpoint.late) and path.exists():
        with path.open(encoding="utf-8") as before:
            kept = [line for line in before if _stays(line, job)]
    try:
        file = path.open("w", encoding="utf-8", buffering=1)  # by the line, because a killed run must have written them
    except OSError as exc:
        raise UnavailableError(f"cannot write {path}: {exc.strerror}") from exc
    file.writelines(kept)
    return file


def _stays(line: str, job: Job) -> bool:
    try:
        rejection = msgspec.json.decode(line, type=Rejection)
    except msgspec.DecodeError:
        return False  # half a line
    return rejection.line <= job.checkpoint.line or rejection.reason in job.checkpoint.late


def _line(rejection: Rejection) -> str:
    return msgspec.json.encode(rejection).decode() + "\n"


def _options(arguments: argparse.Namespace) -> dict[str, str]:
    return {
        name: value
        for name in ("timezone", "non_goods", "source", "ignore")
        if (value := getattr(arguments, name, None))
    }


def _columns(text: str) -> dict[str, str]:
    pairs = [pair.split("=", 1) for pair in text.split(",") if pair.strip()]
    if not pairs or not all(len(pair) == 2 and pair[0].strip() and pair[1].strip() for pair in pairs):  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=column,name=column")
    return {name.strip(): column.strip() for name, column in pairs}


def _speed(job: Job) -> float:
    return round(job.read / job.seconds, 1) if job.seconds else 0.0


def _print_report(job: Job, first: list[Rejection], arguments: argparse.Namespace) -> None:
    """Print what was read and what became of it."""
    made = "orders" if job.subject == "sales" else job.subject
    print(f"{job.subject} from {arguments.file.name}: {job.state}, job {job.id}")
    print(f"  {job.read:>12,} rows read in {job.seconds:.1f} s, {_speed(job):,.0f} rows/s")
    for outcome in ("created", "changed", "unchanged"):
        print(f"  {getattr(job, outcome):>12,} {made} {outcome}")
    for name, number in job.counts.items():
        print(f"  {number:>12,} {name} {'counted anew' if name == 'ratings' else 'added'}")
    print(f"  {job.rejected:>12,} rows rejected")
    for reason, number in job.rejected_by_reason.items():
        print(f"  {number:>12,}   {reason}")
    for rejection in first:
        print(f"    line {rejection.line}: {rejection.reason}: {rejection.detail}")
    if job.rejected > len(first):
        where = f"all in {arguments.report}" if arguments.report else "--report PATH writes them all"
        print(f"    … {where}")
