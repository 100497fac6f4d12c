"""Read an address that a stranger gave and that this shop is to call, so that it can mean one thing only."""

import ipaddress
import re
from typing import Literal, TypeAlias

import idna
import msgspec

from bodega.errors import Fault, InvalidError

MAX_LENGTH = 2048
MAX_HOST_LENGTH = 253  # RFC 1035, section 2.3.4, without the root's dot
IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_WHOLE = re.compile(r"(https?)://(\[[^\]/?#]*\]|[^/?#:\[\]]*)(?::([0-9]{1,5}))?([/?].*)?", re.IGNORECASE)
_TARGET = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]|]|%[0-9A-Fa-f]{2})*")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535


class AddressError(InvalidError):
    """The text is no web address, or one that two programs could read differently."""

    code = "bad_address"


class WebAddress(msgspec.Struct, frozen=True):
    """An absolute HTTP address in parts. `host` is a lower-case ASCII name or an address of the Internet.

    `target` is what stands in the request line: path and query, at least `/`.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str

    @property
    def ip(self) -> IpAddress | None:
        """Return the host as a number, None if it is a name that has to be looked up."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Return host and port as a URL and the Host header have them, without a port that goes without saying."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_web_address(text: str) -> WebAddress:
    """Return the one meaning of an address; AddressError for everything that leaves room for another.

    Refused: user and password, fragments, backslashes, spaces, non-ASCII after the host, IPv6 zones, and numbers in any
    spelling but four plain decimals: octal, hexadecimal and short forms are read differently by resolvers.
    International names become their ASCII form (UTS 46, so that full-width digits and dots are seen for what they
    are); one dot at the end goes.

    >>> str(parse_web_address("https://Bücher.example.:443/hook"))
    'https://xn--bcher-kva.example/hook'
    """
    if len(text) > MAX_LENGTH:
        raise _bad(f"an address has at most {MAX_LENGTH} characters")
    match = _WHOLE.fullmatch(text)
    if match is None or "@" in text.partition("://")[2].partition("/")[0]:
        raise _bad("write it as https://host/path, without user, password, spaces or #fragment")
    scheme, host, port, target = match.groups()
    if not _TARGET.fullmatch(target or ""):
        raise _bad("path and query must be plain ASCII; write other characters as %XX")
    number = int(port) if port is not None else _DEFAULT_PORTS[scheme.lower()]
    if not 1 <= number <= _MAX_PORT:
        raise _bad(f"a port is a number from 1 to {_MAX_PORT}")
    path = target if target and target.startswith("/") else f"/{target or ''}"
    return WebAddress(_scheme(scheme), _host(host), number, path)


def _scheme(text: str) -> Literal["http", "https"]:
    return "https" if text.lower() == "https" else "http"


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1] if "%" not in text else ""))
        except ValueError:
            raise _bad("the host in brackets is not an IPv6 address") from None
    name = _ascii(text)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an address, in one spelling or another (WHATWG URL, "ends in a number").
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise _bad("write a numeric host as four decimals, such as 192.0.2.1") from None
    if len(name) > MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise _bad("the host is not a name")
    return name


def _ascii(text: str) -> str:
    name = text
    if not text.isascii():
        try:
            name = idna.encode(text, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise _bad("the host is not an international name") from None
    return name.lower().removesuffix(".")


def _bad(detail: str) -> AddressError:
    return AddressError(detail, [Fault("", "bad_address", detail)])
