"""Look words up in the dictionary of one state of the index, each once: to walk there costs as much as a search."""

from collections.abc import Sequence

import tantivy

MAX_FORMS = 32
"""A prefix of up to this many words is asked as these words, which scores them; a wider one as an automaton."""
SHORTEST_SKU_PREFIX = 3
_MAX_REMEMBERED = 1000


class Dictionary:
    """What is known of a state's words. Thread-safe: what two threads look up at once is looked up twice."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        self._forms: dict[str, Sequence[str]] = {}
        self._sku_stems: dict[str, bool] = {}

    def forms(self, beginning: str) -> Sequence[str]:
        """Return the words that begin so, in order: all of them, or MAX_FORMS and one more."""
        forms = self._forms.get(beginning)
        if forms is None:
            found = self._searcher.terms_with_prefix("words", beginning, limit=MAX_FORMS + 1)
            forms = tuple(form for form, _ in found)
            if len(self._forms) >= _MAX_REMEMBERED:
                self._forms = {}
            self._forms[beginning] = forms
        return forms

    def has_sku(self, beginning: str) -> bool:
        """Tell whether a SKU begins so; what is shorter than SHORTEST_SKU_PREFIX is no question after one."""
        stem = beginning[:SHORTEST_SKU_PREFIX]
        if len(stem) < SHORTEST_SKU_PREFIX:
            return False
        known = self._sku_stems.get(stem)
        if known is None:
            known = self._begins_sku(stem)
            if len(self._sku_stems) >= _MAX_REMEMBERED:
                self._sku_stems = {}
            self._sku_stems[stem] = known
        return known and (len(beginning) == SHORTEST_SKU_PREFIX or self._begins_sku(beginning))

    def _begins_sku(self, text: str) -> bool:
        return bool(self._searcher.terms_with_prefix("sku", text, limit=1))
