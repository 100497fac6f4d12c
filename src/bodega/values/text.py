"""Rules for the words that name things: SKUs, slugs, and text that people typed."""

import re
import unicodedata
from typing import NewType

from bodega.errors import InvalidError

Sku = NewType("Sku", str)
Slug = NewType("Slug", str)

MAX_SKU_LENGTH = 64
MAX_SLUG_LENGTH = 120
MAX_LOCATION_LENGTH = 40
_LOCATION = re.compile(r"[a-z0-9_.-]+")
_SLUG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# Control characters, lone surrogates, line and paragraph separators: Unicode's categories Cc, Cs, Zl and Zp.
_UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNCLEAN_EVEN_IN_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_WORD = re.compile(r"[\W_]+")


def parse_sku(text: str) -> Sku:
    """Return the SKU in its canonical form (NFKC, trimmed), so that look-alike spellings are one SKU.

    Case is kept: shops use codes that differ only in case. Control characters and lone surrogates are refused,
    as are inner line breaks, and anything over 64 characters.
    """
    if text.isascii() and text.isprintable() and 1 <= len(text) <= MAX_SKU_LENGTH and text == text.strip():
        return Sku(text)  # nearly every SKU, and imports ask a million times
    if not is_clean(text):
        raise InvalidError("a SKU must not contain control characters or broken Unicode")
    canonical = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(canonical) <= MAX_SKU_LENGTH:
        raise InvalidError(f"a SKU must have 1 to {MAX_SKU_LENGTH} characters")
    if not is_clean(canonical):
        raise InvalidError("a SKU must not contain control characters or broken Unicode")
    return Sku(canonical)


def parse_sku_or_none(text: str) -> str | None:
    """Return the canonical SKU, or None where it is none: for look-ups that come before validation."""
    try:
        return parse_sku(text)
    except InvalidError:
        return None


def parse_slug(text: str) -> Slug:
    """Return the slug if it is one: lower-case letters and digits of any script in words joined by hyphens."""
    canonical = unicodedata.normalize("NFKC", text).lower()
    if not (len(canonical) <= MAX_SLUG_LENGTH and _SLUG.fullmatch(canonical)):
        raise InvalidError(
            f"a slug has at most {MAX_SLUG_LENGTH} lower-case letters and digits in words joined by hyphens, "
            f"unlike {text[:40]!r}"
        )
    return Slug(canonical)


def parse_location(text: object) -> str:
    """Return the name of a place where stock lies if it is one; InvalidError otherwise."""
    if type(text) is not str or len(text) > MAX_LOCATION_LENGTH or not _LOCATION.fullmatch(text):
        raise InvalidError(f"a location is 1 to {MAX_LOCATION_LENGTH} of a-z, 0-9, '-', '_' and '.'")
    return text


def make_slug(title: str) -> Slug:
    """Derive a slug from a title: Latin letters lose their marks, other scripts are kept, "item" if nothing is left.

    >>> make_slug("Café Crème — 2 mugs")
    'cafe-creme-2-mugs'
    """
    # Twice: lower case of some letters has marks of its own, and some letters are capitals only once decomposed.
    plain = title.lower() if title.isascii() else _without_marks(_without_marks(title).lower())
    words = _NOT_WORD.sub("-", plain).strip("-")[:MAX_SLUG_LENGTH].strip("-")
    return Slug(words or "item")


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def is_clean(text: str, *, multiline: bool = False) -> bool:
    """Tell whether text is free of control characters, lone surrogates and, unless it is multiline, breaks and tabs."""
    if text.isprintable():
        return True
    return (_UNCLEAN_EVEN_IN_LINES if multiline else _UNCLEAN).search(text) is None
