"""Say what differs between the shops that one account holds: stage, shape, address and limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, get_args

from bodega import schema

Shape: TypeAlias = Literal["serverless", "fleet"]
Architecture: TypeAlias = Literal["arm64", "x86_64"]
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_ZONE = re.compile(r"Z[A-Z0-9]{1,32}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[0-9a-f-]{36}")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_LOCAL_PART = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_PYTHON = re.compile(r"3\.\d{2}")
_MAX_BUDGET = 1_000_000
_MAX_VALUE = 1000
_SETTING = re.compile(r"BODEGA_[A-Z_]{1,60}")
# What a deployment says itself, and what means nothing there: who ends TLS, listens or brokers is no file's or port's
# matter.
_OWN_SETTINGS = re.compile(
    r"BODEGA_(CLOUD|AWS_.*|DATA_DIR|HOST|PORT|WORKERS|SERVER|LOG_FORMAT|REDIS_URL|PUBLIC_URL|PROXIES|MAIL_BY_SES|TLS_.*|MQTT_.*)"
)
# What nobody may read; functions that neither move money nor bring letters are not told it.
CONFIDENTIAL = frozenset({"BODEGA_STRIPE_SECRET_KEY", "BODEGA_STRIPE_WEBHOOK_SECRETS", "BODEGA_SMTP_URL"})
# What says otherwise who brings letters.
_OTHER_MAIL = frozenset({"BODEGA_SMTP_URL", "BODEGA_MAIL_FROM"})


class StageError(ValueError):
    """The stage's description cannot be meant; the message says what to write."""


@dataclass(frozen=True)
class Sender:
    """Whom letters come from. mailbox: as people see it. zone: the Route 53 zone of its domain, empty without one."""

    mailbox: str
    zone: str = ""

    @property
    def address(self) -> str:
        """Return the mailbox's address, without the name before it."""
        return parseaddr(self.mailbox)[1]

    @property
    def identity(self) -> str:
        """Return what SES is to verify: the whole domain where its zone is at hand, else this one address."""
        return self.address.rpartition("@")[2] if self.zone else self.address


@dataclass(frozen=True)
class Stage:
    """A shop to be deployed.

    name: what everything is named from. shape: Lambda only, or EC2 behind a load balancer. domain: the shop's own
    domain name, empty for CloudFront's; with zone, the Route 53 zone that is to point to it, or certificate, one that
    was issued for it in us-east-1. internet: whether a fleet reaches the Internet, which payments through Stripe and
    mail servers need. mail_from: whom letters that SES brings come from, such as `Shop <shop@example.com>`, empty for
    no SES; mail_zone: the Route 53 zone of that domain, empty to have the address alone verified. keep_data: whether
    tables and buckets outlive their stack and refuse deletion. alarm_email: who is told when something is wrong, nobody
    if empty. monthly_budget: US dollars, 0 for no warning. settings: the shop's own, by their variables. secrets: names
    of those whose values are in the secret `bodega/<name>/settings`, a JSON object. packages: the folder with what
    `bodega package` built. python, architecture: what it was built for.
    """

    name: str
    shape: Shape = "serverless"
    domain: str = ""
    zone: str = ""
    certificate: str = ""
    internet: bool = False
    mail_from: str = ""
    mail_zone: str = ""
    keep_data: bool = True
    alarm_email: str = ""
    monthly_budget: int = 50
    packages: Path = Path("dist")
    python: str = "3.12"
    architecture: Architecture = "arm64"
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be part of every name, and what does not go together."""
        _check(self.name, _NAME, "a stage is 1 to 16 small letters and digits, the first a letter")
        if self.shape not in get_args(Shape):
            raise StageError(f"the shape is one of {', '.join(get_args(Shape))}, not {self.shape[:40]!r}")
        if self.architecture not in get_args(Architecture):
            raise StageError(f"the architecture is one of {', '.join(get_args(Architecture))}")
        _check(self.python, _PYTHON, "python is a version such as 3.12")
        self._check_address()
        self._check_sender()
        self._check_settings()
        if self.alarm_email:
            _check(self.alarm_email, _ADDRESS, "the alarm's e-mail is one address")
        if not 0 <= self.monthly_budget <= _MAX_BUDGET:
            raise StageError(f"the monthly budget is 0 to {_MAX_BUDGET} US dollars")

    def _check_address(self) -> None:
        if self.domain:
            _check(self.domain, _DOMAIN, "a domain is written like shop.example.com")
            if bool(self.zone) == bool(self.certificate):
                raise StageError("a domain needs its Route 53 zone, or the ARN of a certificate: one of the two")
        elif self.zone or self.certificate:
            raise StageError("a zone or a certificate is of no use without a domain")
        if self.zone:
            _check(self.zone, _ZONE, "a zone is the id that Route 53 shows, such as Z0123456789ABC")
        if self.certificate:
            _check(self.certificate, _CERTIFICATE, "CloudFront takes certificates of us-east-1 only: give such an ARN")

    def _check_sender(self) -> None:
        if self.mail_zone:
            _check(self.mail_zone, _ZONE, "the sender's zone is the id that Route 53 shows, such as Z0123456789ABC")
        sender = self.sender
        if sender is None:
            if self.mail_zone:
                raise StageError("a zone for letters is of no use without whom they come from")
            return
        local, _, domain = sender.address.rpartition("@")
        plain = f"{sender.mailbox[: -len(sender.address) - 2].rstrip()} <{sender.address}>".lstrip()
        if (
            not _LOCAL_PART.fullmatch(local)
            or not _DOMAIN.fullmatch(domain)
            or not sender.mailbox.isprintable()
            or sender.mailbox not in {sender.address, plain}
        ):
            raise StageError(f"letters come from somebody like Shop <shop@example.com>, not {self.mail_from[:60]!r}")
        said = sorted(_OTHER_MAIL & {*self.settings, *self.secrets})
        if said:
            raise StageError(f"{said[0]} says otherwise who brings letters: leave it out, or the sender for SES")

    def _check_settings(self) -> None:
        for name in (*self.settings, *self.secrets):
            _check(name, _SETTING, "a setting is a variable such as BODEGA_CURRENCY")
            if not self.may_be_set(name):
                raise StageError(f"{name} follows from the deployment, or means nothing there: it cannot be set")
        for name in self.secrets:
            if name not in CONFIDENTIAL:
                raise StageError(f"{name} is no secret, and needed where secrets are not told: say it by --set")
        for name, value in self.settings.items():
            if not value.isprintable() or len(value) > _MAX_VALUE:
                raise StageError(f"{name} is one line of at most {_MAX_VALUE} characters")

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Return the stage that CDK's context describes; StageError for a key that is none of the fields."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(context) - known)
        if unknown:
            raise StageError(f"{unknown[0]!r} says nothing about a stage: {', '.join(sorted(known))} do")
        values: dict[str, Any] = {"name": "dev", **context}
        for name in ("keep_data", "internet"):
            if name in context:
                values[name] = _switch(name, context[name])
        if "monthly_budget" in context:
            values["monthly_budget"] = _number(context["monthly_budget"])
        if "packages" in context:
            values["packages"] = Path(context["packages"])
        values["secrets"] = tuple(context.get("secrets", ()))
        return cls(**values)

    @property
    def sender(self) -> Sender | None:
        """Return whom letters that SES brings come from; None if SES brings none."""
        return Sender(self.mail_from, self.mail_zone) if self.mail_from else None

    @property
    def shop_settings(self) -> Mapping[str, str]:
        """Return the shop's own settings, by their variables, wherever it runs."""
        if self.sender is None:
            return self.settings
        return {**self.settings, "BODEGA_MAIL_BY_SES": "true", "BODEGA_MAIL_FROM": self.sender.mailbox}

    @staticmethod
    def may_be_set(name: str) -> bool:
        """Tell whether a setting, by its variable, is for whoever deploys to say."""
        return not _OWN_SETTINGS.fullmatch(name)

    @property
    def secret_settings(self) -> Mapping[str, str]:
        """Return how what runs is told which settings to read from the secret: by bodega.wiring.confidential."""
        return {schema.SECRET_SETTINGS: ",".join(sorted(self.secrets))} if self.secrets else {}

    @property
    def settings_secret(self) -> str:
        """Return the name of the secret that holds settings which nobody may read; whoever runs the shop makes it."""
        return schema.settings_secret(self.name)

    def named(self, part: str) -> str:
        """Return a name of this stage's: for what must be found by name."""
        return f"bodega-{self.name}-{part}"


def _check(text: str, pattern: re.Pattern[str], wanted: str) -> None:
    if not pattern.fullmatch(text):
        raise StageError(f"{wanted}, not {text[:60]!r}")


def _switch(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise StageError(f"{name} is true or false, not {text[:40]!r}")
    return text == "true"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_BUDGET))):
        raise StageError(f"the monthly budget is a whole number of US dollars, not {text[:40]!r}")
    return int(text)
