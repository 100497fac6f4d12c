"""Say what a page is: its address, who may see it, what shows it and what takes its forms. Deny by default."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.model import SCOPES

# What shows a page takes the Site. The site knows who may come in, so that a page cannot name the type of a site.
Show: TypeAlias = Callable[[Any, Request], Response]
Take: TypeAlias = Callable[[Any, Request, Mapping[str, str]], Response]


class Anybody(msgspec.Struct, frozen=True):
    """Anybody may come in."""


class Shopper(msgspec.Struct, frozen=True):
    """Only customers who are signed in; others are asked to sign in and brought back."""


class Staff(msgspec.Struct, frozen=True):
    """Only staff whose role has this scope; without one, whoever works here."""

    scope: str | None = None

    def __post_init__(self) -> None:
        if self.scope is not None and self.scope not in SCOPES:
            raise TypeError(f"there is no scope {self.scope!r}")


Policy: TypeAlias = Anybody | Shopper | Staff
ANYBODY = Anybody()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the shop for people. `show` answers GET, `take` the forms that are sent there.

    `writes` tells that showing it may take as long as a disk: then it is done in a thread. Its forms are taken in
    threads as well, or in the `lane`, if they compute shortly and wait for nothing but their own commits. `pays` tells
    that they ask the payment provider, which may be somewhere on the network: then it is a thread all the same.

    There is no default policy: a page that does not say who may come in cannot be written down.
    """

    path: str
    policy: Policy
    show: Show | None = None
    take: Take | None = None
    writes: bool = False
    lane: bool = False
    pays: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Anybody | Shopper | Staff):
            raise TypeError(f"page {self.path} has no policy")
        if self.path.split("/")[1] == "admin" and not isinstance(self.policy, Staff):
            raise TypeError(f"page {self.path} is for staff but lets others in")
        if self.path.split("/")[1] == "account" and not isinstance(self.policy, Shopper):
            raise TypeError(f"page {self.path} is a customer's but lets others in")
        if self.show is None and self.take is None:
            raise TypeError(f"page {self.path} answers nothing")
