"""Choose who moves money and who brings letters: by the settings, wherever the shop runs."""

from collections.abc import Callable

from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.mail import FolderMail
from bodega.adapters.local.payments import SandboxPayments
from bodega.adapters.local.payments_ledger import Ledger
from bodega.adapters.smtp.mail import SmtpMail
from bodega.adapters.system.clock import SystemClock
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.mail import Mail
from bodega.ports.payments import PaymentProvider, PaymentSandbox
from bodega.settings import Settings
from bodega.wiring.folder import claim_folder


def payments_of(
    settings: Settings, ledger: Callable[[], Ledger], keys: Keys, clock: Clock, ids: Ids
) -> tuple[PaymentProvider, PaymentSandbox | None]:
    """Return who moves money; the second is the same if it moves none, and then remembers payments in the ledger."""
    public_url = settings.public_url.rstrip("/")
    if settings.payments == "sandbox":
        sandbox = SandboxPayments(ledger(), keys=keys, clock=clock, ids=ids, bank_url=f"{public_url}/sandbox/bank")
        return sandbox, sandbox
    try:
        # Only who takes money through Stripe needs its library.
        from bodega.adapters.stripe.payments import StripePayments  # noqa: PLC0415
    except ImportError as exc:
        raise UnavailableError("BODEGA_PAYMENTS=stripe needs Stripe's library: install bodega[stripe]") from exc
    stripe = StripePayments.of_account(
        settings.stripe_secret_key,
        webhook_secrets=settings.stripe_webhook_secrets.split(","),
        return_url=f"{public_url}/checkout",
        clock=clock,
    )
    return stripe, None


def mail_of(settings: Settings, keys: Keys, clock: Clock) -> Mail:
    """Return who brings letters: a mail server, or nobody, and then they are kept to be looked at."""
    if settings.smtp_url:
        return SmtpMail.of_url(settings.smtp_url, sender=settings.mail_from, clock=clock)
    return FolderMail(settings.data_dir / "mail", sender=settings.mail_from, keys=keys, clock=clock)


def places_of(settings: Settings) -> dict[str, list[str]]:
    """Return where the services of a shop in a folder are, without passwords."""
    addresses = {"http": shop_url(settings), "broker": settings.mqtt_url}
    return {service: [address] for service, address in addresses.items() if address}


def shop_url(settings: Settings) -> str:
    """Return the address that letters lead to: what is set, and never what somebody asked under."""
    scheme = "https" if settings.tls_certificate is not None else "http"
    return settings.public_url or f"{scheme}://{settings.host}:{settings.port}"


def kept_letters(settings: Settings) -> FolderMail:
    """Return the letters that a shop without a mail server keeps, to be looked at."""
    if settings.mail_by_ses:
        raise UnavailableError("letters go by SES (BODEGA_MAIL_BY_SES), and none is kept here")
    if settings.smtp_url:
        raise UnavailableError("letters go to the mail server that BODEGA_SMTP_URL names, and none is kept here")
    claim_folder(settings.data_dir, currency=settings.currency)
    return FolderMail(
        settings.data_dir / "mail",
        sender=settings.mail_from,
        keys=LocalKeys(settings.data_dir / "keys"),
        clock=SystemClock(),
    )
