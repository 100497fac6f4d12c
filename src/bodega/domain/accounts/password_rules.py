"""Say what a password may be: long enough, short enough to be hashed, and none of those that are tried first."""

import unicodedata

from bodega.errors import Fault, InvalidError

MIN_LENGTH = 8
MAX_LENGTH = 256
# What every list of leaked passwords begins with, as far as it has eight characters. Online, ten tries a quarter of an
# hour do not get much further.
_FIRST_TRIED = frozenset(
    {
        "12345678", "123456789", "1234567890", "11111111", "00000000", "87654321", "qwertyui", "qwertyuiop",
        "qwerty123", "1q2w3e4r", "1qaz2wsx", "asdfghjkl", "password", "password1", "passw0rd", "p@ssw0rd", "iloveyou",
        "sunshine", "princess", "football", "baseball", "superman", "trustno1", "abcd1234",
    }
)  # fmt: skip


def checked_password(password: str, *, pointer: str = "/password", about: str = "") -> str:
    """Return a new password as it is hashed; InvalidError for one that should be none. `about`: its owner's e-mail."""
    canonical = canonical_password(password, pointer=pointer)
    folded = canonical.casefold()
    if len(canonical) < MIN_LENGTH:
        raise _refusal(pointer, "too_short", f"a password has at least {MIN_LENGTH} characters")
    if folded in _FIRST_TRIED or len(set(folded)) == 1 or folded in {about.casefold(), about.casefold().split("@")[0]}:
        raise _refusal(pointer, "too_common", "this password is one of the first that anybody would try")
    return canonical


def canonical_password(password: str, *, pointer: str = "/password") -> str:
    """Return a password as it is compared (NFKC, as NIST SP 800-63B asks); InvalidError before an hour is spent on it.

    So that it is the same password from a keyboard that composes its letters and from one that does not.
    """
    if len(password) > MAX_LENGTH:
        raise _refusal(pointer, "too_long", f"a password has at most {MAX_LENGTH} characters")
    return unicodedata.normalize("NFKC", password)


def _refusal(pointer: str, code: str, detail: str) -> InvalidError:
    return InvalidError(detail, [Fault(pointer, code, detail)])
