"""Turn what people write into the words of the search index, the same way for documents and for questions."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bodega.errors import InvalidError

# More than the description of any product; the rest of a longer text is not searchable.
MAX_INDEXED_LENGTH = 20_000

# Letters that Unicode does not decompose into a plain letter and a mark, but that people type as if it did.
_PLAIN = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "\u0131": "i",
    "ħ": "h",
    "ŧ": "t",
}
_APOSTROPHES = {"'", "\u2018", "\u2019", "\u02bc"}
# Han, Hiragana, Katakana and Hangul: scripts without spaces, or with words glued to their particles.
_CJK = re.compile(
    "([\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u3099-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U00016fe0-\U00018cff\U0001aff0-\U0001b16f\U00020000-\U0003fffd]+)"
)
_MARKS = range(0x300, 0x370)
_MAX_REMEMBERED = 20_000


class Word(NamedTuple):
    """A word to look for; `plain` is false for a piece of CJK text, never completed nor corrected."""

    text: str
    plain: bool


class _Folding(dict[int, str]):
    """What each character becomes; filled as characters are met, emptied when it grows too large."""

    def __missing__(self, code: int) -> str:
        if len(self) > _MAX_REMEMBERED:
            self.clear()
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cf" or char in _APOSTROPHES or ord(char) in _MARKS:
        return ""
    if kind[0] == "M":
        return char
    if kind[0] not in "LN":
        return " "
    decomposed = unicodedata.normalize("NFD", char.casefold())
    bare = "".join(_PLAIN.get(c, c) for c in decomposed if ord(c) not in _MARKS)
    return unicodedata.normalize("NFC", bare)


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Return the text without case, accents and punctuation: words between single or several spaces.

    >>> fold("Café-Crème, 2 Mugs'")
    'cafe creme  2 mugs'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.translate(_FOLDING)


def words_of(text: str) -> str:
    """Return a document's words joined by spaces; CJK runs as their characters and overlapping pairs."""
    folded = fold(text)
    if folded.isascii() or not _CJK.search(folded):
        return folded
    return _CJK.sub(lambda match: f" {' '.join([*match[0], *_pairs(match[0])])} ", folded)


def compact(text: str) -> str:
    """Return the text as one word, as SKUs are compared: `ab-12/3` and `AB 123` are the same."""
    return fold(text).replace(" ", "")


def joined(text: str) -> str:
    """Return the text's words with single spaces between them, CJK runs whole: how brands are compared."""
    return " ".join(fold(text).split())


def asked(text: str) -> Sequence[Word]:
    """Return the words of a question in order, each once.

    >>> [word.text for word in asked("Tシャツ red RED")]
    ['t', 'シャ', 'ャツ', 'red']
    """
    found: dict[Word, None] = {}
    for part in fold(text).split():
        if part.isascii():
            found[Word(part, plain=True)] = None
            continue
        for piece in filter(None, _CJK.split(part)):
            if not _CJK.fullmatch(piece):
                found[Word(piece, plain=True)] = None
            elif len(piece) == 1:
                found[Word(piece, plain=False)] = None
            else:
                found.update((Word(pair, plain=False), None) for pair in _pairs(piece))
    return tuple(found)


def require_text(text: str, *, max_length: int, what: str) -> None:
    """Raise InvalidError for text that is too long or is not Unicode text at all."""
    if len(text) > max_length:
        raise InvalidError(f"{what} must have at most {max_length} characters")
    if not is_encodable(text):
        raise InvalidError(f"{what} contains broken Unicode (a lone surrogate)")


def is_encodable(text: str) -> bool:
    """Tell whether the text can be written as UTF-8, which lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
