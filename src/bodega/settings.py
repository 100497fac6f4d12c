"""Read the environment once, at start, and report all its faults together."""

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec

from bodega.errors import Fault, InvalidError
from bodega.values.money import Money

Server: TypeAlias = Literal["granian", "uvicorn"]
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["text", "json"]
Cloud: TypeAlias = Literal["none", "aws"]
HoldReviews: TypeAlias = Literal["nobody", "unverified", "everybody"]
Payments: TypeAlias = Literal["sandbox", "stripe"]
Capture: TypeAlias = Literal["at_once", "by_staff"]
PREFIX = "BODEGA_"
MAX_WORKERS = 64
_MAX_DIGITS = 12
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")


class Secret(str):
    """A text that is shown to nobody by accident: not in a log, nor in an error that quotes the settings."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say only whether there is one."""
        return "Secret(…)" if self else "Secret('')"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set from outside; each field is the environment variable `BODEGA_` + its name in capitals.

    data_dir: folder of everything the shop keeps. host, port: where it serves. workers: server processes.
    server: HTTP server. currency: the one currency the shop sells in. public_url: its address for people and search
    engines, empty for the address it was asked under. log_level: least serious message that is logged. log_format: for
    people, or one object of JSON a line for programs. access_log: log every request.
    tls_certificate, tls_key: files for HTTPS, both or neither. admin_requests_per_minute: limit for each API key.
    checkouts_per_minute: checkouts and holds that one address may begin in a minute. checkouts_per_cart: and that one
    cart may begin in a quarter of an hour.
    proxies: how many proxies of ours every request comes through; they say who asks.
    outgoing_allow: networks that webhooks may call although they are not public, and in the clear.
    uploads_kept_days: after how long uploads that nothing came of are removed.
    hold_reviews: whose reviews wait for staff before they are shown.
    payments: who moves money. capture: whether an order's money is taken when it is placed, or when staff say so.
    stripe_secret_key, stripe_webhook_secrets: Stripe's, the latter with commas while one is being replaced.
    cloud: where tables, objects, queues and keys are kept: with the data folder, or on AWS. aws_region, aws_stage,
    aws_bucket, aws_kms_key: what was deployed there. aws_endpoint: another server with AWS's APIs. redis_url: a cache
    that all processes share; may hold a password.
    mqtt_url: the broker that devices publish to, empty for none. mqtt_authorities: who vouches for it, a file.
    mqtt_certificate, mqtt_key: what the shop shows it, files, both or neither.
    smtp_url: the mail server, empty for letters that stay in the data folder. mail_by_ses: let SES bring them.
    mail_from: whom letters come from.
    """

    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    server: Server = "granian"
    currency: str = "GBP"
    public_url: str = ""
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"
    access_log: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    admin_requests_per_minute: int = 6000
    checkouts_per_minute: int = 6000
    checkouts_per_cart: int = 100
    outgoing_allow: tuple[Network, ...] = ()
    proxies: int = 0
    uploads_kept_days: int = 7
    hold_reviews: HoldReviews = "nobody"
    payments: Payments = "sandbox"
    capture: Capture = "at_once"
    stripe_secret_key: Secret = Secret()
    stripe_webhook_secrets: Secret = Secret()
    cloud: Cloud = "none"
    aws_region: str = ""
    aws_stage: str = ""
    aws_bucket: str = ""
    aws_kms_key: str = ""
    aws_endpoint: str = ""
    redis_url: Secret = Secret()
    mqtt_url: str = ""
    mqtt_authorities: Path | None = None
    mqtt_certificate: Path | None = None
    mqtt_key: Path | None = None
    smtp_url: Secret = Secret()
    mail_by_ses: bool = False
    mail_from: str = "Bodega <shop@localhost>"

    @classmethod
    def for_directory(cls, data_dir: Path, **changes: Any) -> Self:
        """Return default settings for a shop in a folder: for tests and tools."""
        return cls(data_dir=data_dir, **changes)

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, withheld: Collection[str] = ()) -> Self:
        """Parse; InvalidError lists every variable that is wrong or that nobody knows.

        `withheld` are variables that the shop has and this process is not told, because it does nothing with them.
        """
        given = {name.removeprefix(PREFIX).lower(): text for name, text in env.items() if name.startswith(PREFIX)}
        faults: list[Fault] = []
        values: dict[str, Any] = {}
        for name, text in given.items():
            parse = _PARSERS.get(name)
            if parse is None:
                faults.append(Fault(f"/{name}", "unknown_setting", f"{PREFIX}{name.upper()} is no setting"))
                continue
            try:
                values[name] = parse(text)
            except (ValueError, InvalidError) as exc:
                shown = "" if parse in {_secret, _mail_server} else f"={text[:60]!r}"
                faults.append(Fault(f"/{name}", "bad_setting", f"{PREFIX}{name.upper()}{shown}: {exc}"))
        present = {*given, *(name.removeprefix(PREFIX).lower() for name in withheld)}
        for certificate, key in (("tls_certificate", "tls_key"), ("mqtt_certificate", "mqtt_key")):
            if (certificate in present) != (key in present):
                both = f"{PREFIX}{certificate.upper()} and {PREFIX}{key.upper()}"
                faults.append(Fault(f"/{key}", "required", f"{both} go together"))
        if values.get("payments") == "stripe":
            faults += [
                Fault(f"/{name}", "required", f"{PREFIX}PAYMENTS=stripe needs {PREFIX}{name.upper()}")
                for name in ("stripe_secret_key", "stripe_webhook_secrets", "public_url")
                if name not in present
            ]
        if values.get("cloud") == "aws":
            faults += [
                Fault(f"/{name}", "required", f"{PREFIX}CLOUD=aws needs {PREFIX}{name.upper()}")
                for name in ("aws_region", "aws_stage", "aws_bucket", "aws_kms_key")
                if name not in present
            ]
        faults += _faults_of_mail(present, values)
        if faults:
            raise InvalidError("; ".join(fault.detail for fault in faults), faults)
        return cls(**values)


def _faults_of_mail(given: Collection[str], values: Mapping[str, Any]) -> list[Fault]:
    by_ses = values.get("mail_by_ses", False)
    if "smtp_url" not in given and not by_ses:
        return []
    name = f"{PREFIX}MAIL_BY_SES" if by_ses else f"{PREFIX}SMTP_URL"
    faults = [
        Fault(f"/{needed}", "required", f"{name} needs {PREFIX}{needed.upper()}")
        for needed in ("mail_from", "public_url")
        if needed not in given
    ]
    if by_ses and "smtp_url" in given:
        faults.append(Fault("/mail_by_ses", "bad_setting", f"{name} and {PREFIX}SMTP_URL exclude each other"))
    if by_ses and values.get("cloud") != "aws":
        faults.append(Fault("/mail_by_ses", "bad_setting", f"{name} needs {PREFIX}CLOUD=aws"))
    return faults


def to_env(settings: Settings) -> dict[str, str]:
    """Return the variables that `from_env` reads back as these settings: for the processes a server starts."""
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return {f"{PREFIX}{name.upper()}": _written(value) for name, value in values.items() if value not in (None, "", ())}


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and low <= int(text) <= high):
            raise ValueError(f"must be a number from {low} to {high}")
        return int(text)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _switch(text: str) -> bool:
    return _one_of("true", "false", "True", "False", "1", "0")(text) in {"true", "True", "1"}


def _text(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must not be blank; leave it unset for the default")
    return text


def _mail_server(text: str) -> Secret:
    """Return the address of a mail server; what is wrong is told without showing the password in it."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.path.strip("/") or parts.query or parts.fragment or not text.isprintable():
        raise ValueError("must be an address such as smtps://name:password@mail.example")
    return Secret(text)


def _broker(text: str) -> str:
    """Return the address of a broker: in the clear only on this machine."""
    try:
        parts = urlsplit(text)
        fine = (
            parts.scheme in {"mqtt", "mqtts"} and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        fine = False
    if not fine or parts.path.strip("/") or parts.query or parts.fragment or not text.isprintable():
        raise ValueError("must be an address such as mqtts://broker.example")
    if parts.scheme == "mqtt" and parts.hostname not in _THIS_MACHINE:
        raise ValueError("must begin with mqtts:// unless the broker is on this machine")
    return text


def _mailbox(text: str) -> str:
    name, address = parseaddr(text)
    if address.count("@") != 1 or not text.isprintable() or (name and not text.endswith(">")):
        raise ValueError("must be an address such as Bodega <shop@shop.example>")
    return text


def _secret(text: str) -> Secret:
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise ValueError("must be printable ASCII without spaces; leave it unset for none")
    return Secret(text)


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("must be a path; leave it unset for the default")
    return Path(text)


def _address(text: str) -> str:
    if text and not _ADDRESS.fullmatch(text):
        raise ValueError("must be an address such as https://shop.example")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be networks with commas between them, such as 127.0.0.0/8,10.1.0.0/16") from None


def _currency(text: str) -> str:
    return Money(0, text).currency


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "data_dir": _path,
    "host": _text,
    "port": _number(0, 65535),
    "workers": _number(1, MAX_WORKERS),
    "server": _one_of(*get_args(Server)),
    "currency": _currency,
    "public_url": _address,
    "log_level": _one_of(*get_args(LogLevel)),
    "log_format": _one_of(*get_args(LogFormat)),
    "access_log": _switch,
    "tls_certificate": _path,
    "tls_key": _path,
    "admin_requests_per_minute": _number(1, 10**9),
    "checkouts_per_minute": _number(1, 10**9),
    "checkouts_per_cart": _number(1, 10**9),
    "uploads_kept_days": _number(1, 3650),
    "outgoing_allow": _networks,
    "proxies": _number(0, 5),
    "hold_reviews": _one_of(*get_args(HoldReviews)),
    "payments": _one_of(*get_args(Payments)),
    "capture": _one_of(*get_args(Capture)),
    "stripe_secret_key": _secret,
    "stripe_webhook_secrets": _secret,
    "cloud": _one_of(*get_args(Cloud)),
    "aws_region": _text,
    "aws_stage": _text,
    "aws_bucket": _text,
    "aws_kms_key": _text,
    "aws_endpoint": _address,
    "redis_url": _secret,
    "mqtt_url": _broker,
    "mqtt_authorities": _path,
    "mqtt_certificate": _path,
    "mqtt_key": _path,
    "smtp_url": _mail_server,
    "mail_by_ses": _switch,
    "mail_from": _mailbox,
}
