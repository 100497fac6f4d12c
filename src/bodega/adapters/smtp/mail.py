"""Hand letters to a mail server: over TLS, unless it is on this machine."""

import ipaddress
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Self
from urllib.parse import unquote, urlsplit

from bodega.adapters.system.letters import composed
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.mail import Letter, UndeliverableError

TIMEOUT_SECONDS = 20.0
_PORTS: Mapping[str, int] = {"smtp": 587, "smtps": 465}
_FOR_GOOD = 500


class MailServerError(UnavailableError):
    """The mail server cannot be reached, or does not take letters at present."""

    code = "mail_server"


class SmtpMail:
    """One conversation a letter: a shop sends few, and what is kept open is cut off by those who do not wait."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        implicit_tls: bool,
        username: str = "",
        password: str = "",
        sender: str,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._implicit_tls = implicit_tls
        self._username = username
        self._password = password
        self._sender = sender
        self._clock = clock
        self._tls = tls or ssl.create_default_context()

    @classmethod
    def of_url(cls, url: str, *, sender: str, clock: Clock) -> Self:
        """Return the mail server of an address such as `smtps://name:password@mail.example` or `smtp://127.0.0.1:25`."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            implicit_tls=parts.scheme == "smtps",
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=sender,
            clock=clock,
        )

    def send(self, letter: Letter) -> None:
        """Have the server take the letter on."""
        message = composed(letter, sender=self._sender, at=self._clock.now())
        with self._connected() as server:
            try:
                server.send_message(message)
            except (OSError, smtplib.SMTPException) as exc:
                if _for_good(exc):
                    raise UndeliverableError("the mail server refuses this letter for good") from exc
                raise MailServerError("the mail server does not take letters at present") from exc

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Greet the server. Whatever goes wrong here is between it and us, and no fault of a letter."""
        with ExitStack() as opened:
            try:
                server = opened.enter_context(self._opened())
                if not self._implicit_tls and not _is_loopback(self._host):
                    # Whoever sits in between could strike the offer of TLS out: without it there is no letter.
                    server.starttls(context=self._tls)
                if self._username:
                    server.login(self._username, self._password)
            except (OSError, smtplib.SMTPException) as exc:
                raise MailServerError(f"the mail server {self._host} does not let us in") from exc
            yield server

    def _opened(self) -> smtplib.SMTP:
        if self._implicit_tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=self._tls)
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)


def _for_good(exc: Exception) -> bool:
    """Tell whether trying again is of no use."""
    match exc:
        case smtplib.SMTPRecipientsRefused():
            return all(code >= _FOR_GOOD for code, _ in exc.recipients.values())
        case smtplib.SMTPSenderRefused():
            return False  # that is our own address, and can be mended
        case smtplib.SMTPResponseException():
            return exc.smtp_code >= _FOR_GOOD
        case _:
            return isinstance(exc, smtplib.SMTPNotSupportedError)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
