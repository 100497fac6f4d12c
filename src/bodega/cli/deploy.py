"""`bodega deploy`: say what will be made and what it costs, make it, and say where the shop is."""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from bodega.cli.costs import bill, read_prices
from bodega.cli.infra import add_stage_arguments, context_of, synthesise
from bodega.errors import InvalidError, ShopError, UnavailableError

_MOST_KINDS = 6
_CURRENCY = "BODEGA_CURRENCY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega deploy --stage prod --domain shop.example.com --zone Z0123456789ABC"
    add_stage_arguments(parser)
    add_place_arguments(parser)
    parser.add_argument("--assembly", type=Path, metavar="DIR", help="deploy what bodega synth wrote there")
    parser.add_argument("--seed", action="store_true", help="fill an empty shop with the demo")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print JSON at the end")


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to deploy."""
    parser.add_argument("--region", help="AWS region (default: BODEGA_AWS_REGION, AWS_REGION or the profile's)")
    parser.add_argument("--endpoint", help="another server with AWS's APIs (default: BODEGA_AWS_ENDPOINT)")


def cloud_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Any:
    """Return the account that the credentials are of; one line of a ShopError if there is none."""
    try:
        from bodega.wiring.deploying import Cloud  # noqa: PLC0415  # AWS's libraries are an extra
    except ImportError as exc:
        raise UnavailableError("deploying needs AWS's libraries: install bodega[aws]") from exc
    region = arguments.region or environment.get("BODEGA_AWS_REGION") or environment.get("AWS_REGION") or ""
    endpoint = arguments.endpoint or environment.get("BODEGA_AWS_ENDPOINT") or ""
    return Cloud(region=region, endpoint=endpoint)


def ask(question: str, wanted: str) -> bool:
    """Ask on the terminal; InvalidError where there is nobody to answer."""
    if not sys.stdin.isatty():
        raise InvalidError("there is nobody to ask: say --yes if you are sure")
    return input(f"{question} ").strip() == wanted


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Deploy a stage, seed it if that was asked for, and let what it has be found."""
    context = context_of(arguments)
    cloud = cloud_of(arguments, environment)
    from bodega.wiring.deploying import rollout  # noqa: PLC0415  # as above

    tell = _tell_on_stderr if arguments.json else print
    with tempfile.TemporaryDirectory(prefix="bodega-synth-") as scratch:
        folder = arguments.assembly
        if folder is None:
            folder = Path(scratch)
            synthesise(context, folder)
        rolling, plans = rollout(cloud, folder, stage=arguments.stage, tell=tell)
        rolling.check()
        who = cloud.identity
        tell(f"Stage {arguments.stage} in {who.region} of account {who.account}, by {who.arn}:")
        for line in _plan_lines(plans):
            tell(line)
        costs = bill(read_prices(), arguments.shape, internet=arguments.internet, letters=bool(arguments.mail_from))
        for line in costs.lines():
            tell(line)
        if not arguments.yes and not ask("Deploy this? [yes/no]", "yes"):
            tell("nothing was deployed")
            return 1
        outputs = rolling.deploy()
    settings = _settings(cloud, context, outputs)
    _publish(cloud, arguments.stage, tell)
    if arguments.seed:
        tell("seeding …")
        # What it says is for people, and where programs read the end, not part of it.
        _seed({**environment, **settings}, said_on=sys.stderr if arguments.json else sys.stdout)
        _publish(cloud, arguments.stage, tell)
    _conclude(arguments, outputs, settings)
    return 0


def _plan_lines(plans: Sequence[Any]) -> list[str]:
    lines = []
    for plan in plans:
        kinds = Counter({kind.removeprefix("AWS::"): count for kind, count in plan.kinds.items()})
        shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_MOST_KINDS))
        more = len(kinds) - _MOST_KINDS
        lines.append(f"  {plan.name}: {shown}{f', and {more} kinds more' if more > 0 else ''}")
    return lines


def _settings(cloud: Any, context: Mapping[str, Any], outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which commands of ours are about the deployed shop, and sell in its currency."""
    settings = {
        "BODEGA_CLOUD": "aws",
        "BODEGA_AWS_REGION": cloud.identity.region,
        "BODEGA_AWS_STAGE": context["name"],
        "BODEGA_AWS_BUCKET": outputs["ObjectsBucketName"],
        "BODEGA_AWS_KMS_KEY": outputs["PersonalKeyArn"],
        "BODEGA_AWS_ENDPOINT": cloud.endpoint,
        _CURRENCY: context.get("settings", {}).get(_CURRENCY, ""),
    }
    return {name: value for name, value in settings.items() if value}


def _publish(cloud: Any, stage: str, tell: Callable[[str], None]) -> None:
    """Let searches find at once what the shop has; where that fails the deployment is good all the same."""
    from bodega.wiring.deploying import publish_search  # noqa: PLC0415  # as above

    tell("search index: publishing …")
    try:
        publish_search(cloud, stage)
    except ShopError as error:
        tell(f"search index: not published, which the stage tries again every five minutes by itself ({error})")
    else:
        tell("search index: published")


def _seed(environment: Mapping[str, str], *, said_on: TextIO) -> None:
    said_on.flush()  # or what was said before comes after it
    with tempfile.TemporaryDirectory(prefix="bodega-seed-") as folder:
        made = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-m", "bodega.cli.main", "prepare", "--demo", "--data", folder],
            env=environment,
            stdout=said_on,
            check=False,
        )
    if made.returncode != 0:
        raise UnavailableError("the shop is deployed, and could not be seeded: bodega deploy --seed tries again")


def _conclude(arguments: argparse.Namespace, outputs: Mapping[str, str], settings: Mapping[str, str]) -> None:
    if arguments.json:
        print(msgspec.json.encode({"outputs": dict(outputs), "settings": dict(settings)}).decode())
        return
    for name, what in (("Address", "The shop"), ("ApiAddress", "Its HTTP API"), ("DashboardAddress", "Its dashboard")):
        if name in outputs:
            print(f"{what}: {outputs[name]}")
    print("Commands are about this shop with:")
    for name, value in settings.items():
        print(f"  export {name}={value}")


def _tell_on_stderr(line: str) -> None:
    print(line, file=sys.stderr)
