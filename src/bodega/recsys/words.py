"""Cut texts into words, in one form whatever their spelling, for everything that compares texts."""

import re
import unicodedata

# A text counts with its first so many words, so that one endless description costs no more than others.
MOST_WORDS = 500
_MOST_CHARACTERS = 20_000
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in one form, whatever its case, width or accents' spelling.

    >>> words_of("Red-Mug, 250ml (RED)")
    ['red', 'mug', '250ml', 'red']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS]).casefold())[:MOST_WORDS]
