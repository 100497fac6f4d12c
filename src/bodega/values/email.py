"""Read e-mail addresses: as people write them, and as the one form by which two spellings are the same address."""

import unicodedata
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from bodega.errors import Fault, InvalidError

MAX_EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets


class EmailAddress(NamedTuple):
    """An address: `text` is what mail goes to, `key` tells whether two addresses are one."""

    text: str
    key: str


def parse_email(text: str, *, pointer: str = "/email") -> EmailAddress:
    """Return an address; InvalidError for what is none. Whether somebody reads it is not asked.

    The key ignores case and compatibility forms of Unicode everywhere (NFKC, case folded, NFKC), and knows a domain by
    its ASCII form (IDNA 2008). RFC 5321 lets a server tell Ann@ from ann@; none that people use does, and accounts
    that look alike are what impostors ask for. Dots and "+tags" are left alone: what one provider ignores is part of
    the name at others.

    >>> parse_email("Ann@B\u00dcCHER.example").key == parse_email("a\uff4en@b\u00fccher.example").key
    True
    """
    plain = unicodedata.normalize("NFKC", text[: MAX_EMAIL_LENGTH + 1].strip())
    try:
        found = validate_email(plain, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError):
        detail = "this is no e-mail address"
        raise InvalidError(detail, [Fault(pointer, "bad_email", detail)]) from None
    return EmailAddress(found.normalized, f"{_folded(found.local_part)}@{found.ascii_domain.lower()}")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
