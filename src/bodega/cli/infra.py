"""Have CDK write templates, in an environment of its own, which is made when it is first needed."""

import argparse
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bodega.errors import InvalidError, UnavailableError
from bodega.settings import PREFIX, Settings

_ROOT = Path(__file__).resolve().parents[3]
_ENVIRONMENT = _ROOT / ".venv-infra"
_WRONG_STAGE = 2


def add_stage_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what describes a stage; what each means, `infra.stage` checks."""
    parser.add_argument("--stage", default="dev", help="what everything is named from (default dev)")
    parser.add_argument("--shape", default="serverless", help="serverless (functions) or fleet (EC2)")
    parser.add_argument("--domain", default="", help="the shop's own domain, such as shop.example.com")
    parser.add_argument("--zone", default="", help="the Route 53 zone that is to point to it")
    parser.add_argument("--certificate", default="", help="instead of a zone: ARN of a certificate in us-east-1")
    parser.add_argument("--internet", action="store_true", help="let a fleet reach the Internet: for Stripe and mail")
    parser.add_argument("--mail-from", default="", help="let SES bring letters, from 'Shop <shop@example.com>'")
    parser.add_argument("--mail-zone", default="", help="the Route 53 zone of the sender's domain")
    parser.add_argument("--alarm-email", default="", help="who is told when something is wrong")
    parser.add_argument(
        "--budget", default="50", metavar="DOLLARS", help="warn at so much a month (default 50, 0: never)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the shop: BODEGA_CURRENCY=EUR"
    )
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="a setting kept in the secret bodega/STAGE/settings",
    )
    parser.add_argument("--disposable", action="store_true", help="let data go with its stack: for trials and tests")
    parser.add_argument("--packages", default="dist", metavar="DIR", help="what bodega package built (default dist)")


def context_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return a stage's description as the infrastructure reads it; InvalidError for a setting that there is not."""
    settings = dict(text.partition("=")[::2] for text in arguments.set)
    for name in (*settings, *arguments.secret):
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX).lower() not in Settings.__struct_fields__:
            raise InvalidError(f"{name[:60]} is no setting: docs/how-to/settings.md lists them")
    packages = Path(arguments.packages).resolve()
    said = {
        "name": arguments.stage,
        "shape": arguments.shape,
        "domain": arguments.domain,
        "zone": arguments.zone,
        "certificate": arguments.certificate,
        "internet": "true" if arguments.internet else "",
        "mail_from": arguments.mail_from,
        "mail_zone": arguments.mail_zone,
        "alarm_email": arguments.alarm_email,
        "monthly_budget": arguments.budget,
        "keep_data": "false" if arguments.disposable else "",
        "packages": str(packages),
        "settings": settings,
        "secrets": arguments.secret,
        **_target(packages),
    }
    return {name: text for name, text in said.items() if text}


def synthesise(context: Mapping[str, Any], folder: Path) -> None:
    """Write a stage's templates to a folder; InvalidError for a stage that cannot be meant.

    Raises UnavailableError if the folder cannot be written to, or CDK cannot be had.
    """
    _make(folder)
    _prepare()
    run = subprocess.run(  # noqa: S603  # our own interpreter
        [_ENVIRONMENT / "bin" / "python", "-m", "infra.app"],
        env={
            **os.environ,  # noqa: TID251  # the process needs what every process needs
            "PATH": f"{_ENVIRONMENT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",  # noqa: TID251
            "PYTHONPATH": str(_ROOT / "src"),
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": msgspec.json.encode({"bodega": dict(context)}).decode(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == _WRONG_STAGE:
        raise InvalidError(run.stderr.strip())
    if run.returncode != 0:
        said = run.stderr.strip().splitlines()
        raise UnavailableError(f"the templates could not be written: {said[-1] if said else run.returncode}")


def _make(folder: Path) -> None:
    """Make the folder before CDK would: what it cannot make, CDK goes on trying to for ever."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UnavailableError(f"{folder} cannot be made ({exc.strerror}): name another folder with --out") from exc
    if not os.access(folder, os.W_OK):
        raise UnavailableError(f"{folder} cannot be written to: name another folder with --out")


def _prepare() -> None:
    """Make the environment if it is not there, or not as it is pinned."""
    script = _ROOT / "scripts" / "environment.sh"
    if not script.exists():
        raise UnavailableError("deploying takes the shop's repository: clone it, and run bodega from there")
    made = subprocess.run(  # our own script
        ["sh", "-c", ". ./scripts/environment.sh && prepare_infra"],  # noqa: S607  # the shell is where it always is
        cwd=_ROOT,
        check=False,
    )
    if made.returncode != 0 or not (_ENVIRONMENT / "bin" / "node").exists():
        raise UnavailableError("CDK could not be installed: look at what pip said above")


def _target(packages: Path) -> dict[str, str]:
    """Return what packages were built for, as `bodega package` notes beside them."""
    try:
        noted = msgspec.json.decode((packages / "target.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {name: noted[name] for name in ("python", "architecture") if name in noted}
