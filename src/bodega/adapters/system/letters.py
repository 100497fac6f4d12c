"""Put letters into the form in which the Internet carries them: RFC 5322."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from bodega.ports.mail import MAX_TEXT_LENGTH, Letter, UndeliverableError


def composed(letter: Letter, *, sender: str, at: datetime) -> EmailMessage:
    """Return a letter as a message. `sender` is an address, with a name if need be: `Bodega <shop@shop.example>`.

    A domain in letters of its own is written in ASCII (IDNA), which every server understands. UndeliverableError for
    what could not be a letter.
    """
    try:
        to = validate_email(letter.to, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise UndeliverableError("this is no e-mail address") from None
    if len(letter.text) > MAX_TEXT_LENGTH:
        raise UndeliverableError("a letter is too long")
    name, address = parseaddr(sender)
    message = EmailMessage()
    try:
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=f"{to.local_part}@{to.ascii_domain}")
        message["Subject"] = letter.subject
    except ValueError:
        raise UndeliverableError("a letter's subject is one line") from None
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{letter.id}@{address.rpartition('@')[2]}>"
    # RFC 3834: so that nobody's holiday answers it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message
