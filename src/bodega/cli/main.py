"""Read the command line and hand it to the command it names."""

import argparse
import gc
import importlib
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from bodega import errors

# Command -> module with `add_arguments(parser)` and `run(arguments, environment) -> exit code`, and what it is for.
# A module is imported when its command is used: `bodega key` should not pay for the web server.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("bodega.cli.up", "set up what is missing, then serve the shop"),
    "prepare": ("bodega.cli.prepare", "set up what is missing, without serving"),
    "import": ("bodega.cli.imports", "read products, past sales or reviews from a file"),
    "export": ("bodega.cli.exports", "write products, orders, customers or reviews to a file"),
    "recommend": ("bodega.cli.recommend", "train the recommender, ask it, and measure it"),
    "user": ("bodega.cli.users", "make, list, change and remove the people who run the shop"),
    "mail": ("bodega.cli.mail", "look at the letters that a shop without a mail server keeps"),
    "key": ("bodega.cli.keys", "create, list and revoke API keys"),
    "device": ("bodega.cli.devices", "say which devices count stock, and where"),
    "where": ("bodega.cli.where", "print where a service of the shop answers"),
    "index": ("bodega.cli.index", "rebuild the search index"),
    "synth": ("bodega.cli.synth", "write the templates of a shop on AWS, without an account"),
    "deploy": ("bodega.cli.deploy", "deploy the shop to AWS"),
    "destroy": ("bodega.cli.destroy", "remove a deployed shop, and its data only if told to"),
    "cost": ("bodega.cli.cost", "say what a deployed shop costs"),
    "package": ("bodega.cli.package", "build what AWS runs as functions"),
    "worker": ("bodega.cli.worker", "do the shop's background work (`up` starts one by itself)"),
}
_SHOWN_FAULTS = 20
_log = logging.getLogger(__name__)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: exit code 0 on success, 2 on wrong usage, 1 on failure with one line that says what to do."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(given)
    parsed = parser.parse_args(given)
    module = importlib.import_module(COMMANDS[parsed.command][0])
    # Imports make and drop millions of small objects without cycles; looking for cycles every 700 costs a third.
    gc.set_threshold(100_000, 20, 50)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(module.run(parsed, os.environ))  # noqa: TID251  # the command line is where the environment comes in
    except errors.ShopError as exc:
        _print_refusal(parsed.command, exc)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as exc:  # a full disk, a folder without rights: nothing that a traceback would explain better
        _log.debug("command failed", exc_info=True)
        print(f"bodega {parsed.command}: {exc.strerror or exc}: {exc.filename or 'no file'}", file=sys.stderr)
        return 1


def _print_refusal(command: str, refusal: errors.ShopError) -> None:
    """Print one line that says what is wrong, or one for each fault if there are several."""
    faults = getattr(refusal, "faults", ())
    if refusal.message == "; ".join(fault.detail for fault in faults):  # nothing but the faults, as of settings
        for fault in faults:
            print(f"bodega {command}: {fault.detail}", file=sys.stderr)
        return
    print(f"bodega {command}: {refusal.message}", file=sys.stderr)
    for fault in faults[:_SHOWN_FAULTS]:
        print(f"  {fault.pointer}: {fault.detail}", file=sys.stderr)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bodega",
        description="An online store that starts as one process and grows to AWS.",
        epilog="example: bodega up --port 8000 --data ./data",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    wanted = next((word for word in given if not word.startswith("-")), None)
    for name, (module, purpose) in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=purpose,
            description=purpose.capitalize() + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == wanted:
            importlib.import_module(module).add_arguments(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
