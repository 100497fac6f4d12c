"""`bodega mail`: look at the letters that a shop without a mail server keeps."""

import argparse
from collections.abc import Mapping

import msgspec

from bodega.cli.opening import add_data_argument, settings_of
from bodega.wiring import kept_letters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega mail list"
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="list letters, oldest first", epilog="example: bodega mail list")
    show = verbs.add_parser("show", help="show a letter", epilog="example: bodega mail show last")
    show.add_argument("id", help="the letter's id, as `list` shows it; `last` for the newest")
    for verb in (listing, show):
        add_data_argument(verb)
        verb.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says."""
    kept = kept_letters(settings_of(arguments, environment))
    found = kept.letters()
    if arguments.verb == "show":
        found = found[-1:] if arguments.id == "last" and found else [kept.get(arguments.id)]
    for letter in found:
        if arguments.json:
            print(msgspec.json.encode(letter).decode())
        elif arguments.verb == "show":
            print(f"To: {letter.to}\nSubject: {letter.subject}\nDate: {letter.sent_at}\n\n{letter.text}")
        else:
            print(f"{letter.id}  {letter.sent_at}  {letter.to}  {letter.subject}")
    return 0
