"""`bodega user`: make, list, change and remove the people who run the shop."""

import argparse
import getpass
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.domain.accounts.roles import ROLES
from bodega.domain.accounts.staff import StaffUser
from bodega.domain.shop import Shop
from bodega.errors import InvalidError

_EXAMPLE = "example: bodega user create --email ann@shop.example --role manager"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = _EXAMPLE
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a user", epilog=_EXAMPLE)
    create.add_argument("--role", required=True, choices=ROLES, help="what the user may do")
    create.add_argument("--name", default="", help="what the others call them")
    listing = verbs.add_parser("list", help="list users", epilog="example: bodega user list")
    role = verbs.add_parser(
        "role",
        help="give a user another role",
        epilog="example: bodega user role --email ann@shop.example --role owner",
    )
    role.add_argument("--role", required=True, choices=ROLES, help="what the user may do from now on")
    password = verbs.add_parser(
        "password",
        help="give a user another password",
        epilog="example: bodega user password --email ann@shop.example",
    )
    remove = verbs.add_parser(
        "remove",
        help="let a user in no more, and forget who they were",
        epilog="example: bodega user remove --email ann@shop.example",
    )
    for verb in (create, role, password, remove):
        verb.add_argument("--email", required=True, help="the address that the user signs in with")
    for verb in (create, password):
        verb.add_argument(
            "--ask-password",
            action="store_true",
            help="ask for the password, or read a line of standard input; without this one is made up and printed",
        )
    for verb in (create, listing, role, password, remove):
        add_data_argument(verb)
        verb.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says."""
    with opened_shop(arguments, environment) as shop:
        for document in _done(arguments, shop):
            print(msgspec.json.encode(document).decode() if arguments.json else _line(document))
    return 0


def _done(arguments: argparse.Namespace, shop: Shop) -> list[dict[str, Any]]:
    staff = shop.staff
    if arguments.verb == "list":
        return [_shown(user) for user in staff.list()]
    if arguments.verb == "create":
        password, told = _password(arguments, shop)
        user = staff.create(email=arguments.email, role=arguments.role, name=arguments.name, password=password)
        return [_shown(user) | told]
    user = staff.get_by_email(arguments.email)
    if arguments.verb == "role":
        return [_shown(staff.set_role(user.id, arguments.role))]
    if arguments.verb == "password":
        password, told = _password(arguments, shop)
        staff.set_password(user.id, password)
        return [_shown(user) | told]
    staff.remove(user.id)
    return [_shown(user) | {"removed": True}]


def _password(arguments: argparse.Namespace, shop: Shop) -> tuple[str, dict[str, str]]:
    """Return a password, and what to tell of it: one that was asked for is known already."""
    if not arguments.ask_password:
        made = shop.staff.new_password()
        return made, {"password": made}
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n"), {}
    given = getpass.getpass("password: ")
    if given != getpass.getpass("again: "):
        raise InvalidError("the two passwords differ; nothing was changed")
    return given, {}


def _shown(user: StaffUser) -> dict[str, Any]:
    return {"id": user.id, "email": user.email, "role": user.role, "name": user.name}


def _line(document: Mapping[str, Any]) -> str:
    line = f"{document['id']}  {document['role']:12}  {document['email']}  {document['name']}".rstrip()
    if document.get("removed"):
        line += "  removed"
    return f"{line}\npassword: {document['password']}" if "password" in document else line
