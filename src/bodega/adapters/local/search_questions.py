"""Build tantivy queries from questions, term by term: what people type never meets a query parser."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tantivy

from bodega.adapters.local import search_fields, search_text
from bodega.adapters.local.search_dictionary import MAX_FORMS, Dictionary
from bodega.adapters.local.search_text import Word
from bodega.errors import InvalidError
from bodega.ports.search import MAX_TEXT_LENGTH, SearchQuery

Query = tantivy.Query
_MUST, _SHOULD, _MUST_NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
_SCHEMA = search_fields.SCHEMA

_TITLE_BOOST = 3.0
_SKU_BOOST = 50.0
_ONE_TYPO_FROM, _TWO_TYPOS_FROM, _LONGEST_TOLERANT = 4, 8, 32
_MAX_TOLERANT_WORDS = 8
_MAX_FILTER_VALUES, _MAX_VALUE_LENGTH = 250, 1000

Phrase = tuple[str, ...]


class Question(NamedTuple):
    """What must hold, and what only makes a hit better; counting needs no more than the first."""

    must: tuple[tantivy.Query, ...]
    better: tuple[tantivy.Query, ...] = ()
    unless: tuple[tantivy.Query, ...] = ()

    def where(self, filters: "Question") -> "Question":
        """Return the same question among the products for which the filters hold."""
        return Question((*self.must, *filters.must), self.better, filters.unless)

    def counted(self) -> tantivy.Query:
        """Return the query that decides which products are hits."""
        return Query.boolean_query(self._clauses())

    def scored(self) -> tantivy.Query:
        """Return the query that finds the same hits and says how good they are."""
        return Query.boolean_query([*self._clauses(), *((_SHOULD, query) for query in self.better)])

    def _clauses(self) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        # tantivy takes nothing but exclusions for a question without hits.
        must = self.must or (Query.all_query(),)
        return [*((_MUST, query) for query in must), *((_MUST_NOT, query) for query in self.unless)]


class Synonyms:
    """Words, or runs of up to four words, that may be written otherwise; compared as the index compares."""

    def __init__(self, synonyms: Mapping[str, Sequence[str]]) -> None:
        self._others: dict[Phrase, tuple[Phrase, ...]] = {}
        for phrase, others in synonyms.items():
            key = _phrase(phrase)
            if key:
                self._others[key] = tuple(filter(None, map(_phrase, others)))
        self._longest = max(map(len, self._others), default=0)

    def at(self, words: Sequence[Word], start: int) -> tuple[int, tuple[Phrase, ...]]:
        """Return how many words from `start` on have synonyms, the longest run first, and the synonyms."""
        for length in range(min(self._longest, len(words) - start), 0, -1):
            others = self._others.get(tuple(word.text for word in words[start : start + length]))
            if others:
                return length, others
        return 1, ()


def every(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return the query for what all of the queries find."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(_MUST, q) for q in queries])


def some(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return the query for what any of the queries finds."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(_SHOULD, q) for q in queries])


def filters(query: SearchQuery) -> Question:
    """Return the conditions of a question beside its text, none of which adds to a score."""
    only_active = tuple(query.statuses) == (search_fields.ACTIVE,)
    conditions = [
        *_one_of("status", () if only_active else query.statuses),
        *_one_of("category", query.categories),
        *_one_of("collection", query.collections),
        *_one_of("brand", query.brands),
    ]
    for name, values in query.attributes.items():
        path = search_fields.attribute_path(name)
        conditions += _one_of(path, [search_fields.attribute_value(value) for value in values])
    if query.price_from is not None or query.price_to is not None:
        conditions.append(_price_between(query.price_from, query.price_to))
    unless = (
        _term("hidden", search_fields.HIDDEN, "basic") if only_active else _term("mark", search_fields.NOTE, "basic")
    )
    return Question(tuple(Query.const_score_query(condition, 0.0) for condition in conditions), (), (unless,))


def strict(dictionary: Dictionary, text: str, synonyms: Synonyms) -> Question:
    """Return the question for text as typed: all words, the last perhaps unfinished; or a SKU's start."""
    words = search_text.asked(text)
    must: list[tantivy.Query] = []
    better: list[tantivy.Query] = []
    start = 0
    while start < len(words):
        length, others = synonyms.at(words, start)
        run = [_exact(word) for word in words[start : start + length]]
        if start + length == len(words) and words[-1].plain:
            run[-1] = _unfinished(dictionary, words[-1].text)
        must.append(some([every([q.must[0] for q in run]), *(every([_in_words(w) for w in p]) for p in others)]))
        better += [bonus for question in run for bonus in question.better]
        start += length
    key = search_text.compact(text)
    if dictionary.has_sku(key):
        return Question((some([every(must), _sku(key)]),), tuple(better))
    return Question(tuple(must) or (Query.empty_query(),), tuple(better))


def tolerant(dictionary: Dictionary, text: str) -> Question | None:
    """Return the question for near spellings, None if there is no word in which a typo is forgiven."""
    words = search_text.asked(text)
    typos = _typos(words)
    if not any(typos):
        return None
    last = len(words) - 1
    questions = []
    for place, word in enumerate(words):
        if typos[place]:
            questions.append(_near(word.text, typos[place], prefix=place == last))
        elif place == last and word.plain:
            questions.append(_unfinished(dictionary, word.text))
        else:
            questions.append(_exact(word))
    must = tuple(question.must[0] for question in questions)
    return Question(must, tuple(bonus for question in questions for bonus in question.better))


def titles(text: str, *, near: bool) -> tantivy.Query | None:
    """Return the query for titles with these words, the last perhaps unfinished; or with near spellings of them."""
    words = search_text.asked(text)
    typos = _typos(words) if near else (0,) * len(words)
    if not words or (near and not any(typos)):
        return None
    last = len(words) - 1
    return every(
        [
            _fuzzy("title", word.text, typos[place], prefix=place == last)
            if typos[place] or (place == last and word.plain)
            else _term("title", word.text)
            for place, word in enumerate(words)
        ]
    )


def brand(words: str) -> tantivy.Query:
    """Return the query for the brand that is written in these folded words."""
    return _term("brand_words", words, "basic")


def near_brand(text: str) -> tantivy.Query | None:
    """Return the query for brands that begin nearly so, None if no typo is forgiven."""
    words = search_text.joined(text)
    if not any(_typos([Word(words.replace(" ", ""), plain=True)])):
        return None
    return _fuzzy("brand_words", words, 1, prefix=True)


def active() -> Question:
    """Return the question for all active products."""
    return filters(SearchQuery())


def require(query: SearchQuery) -> None:
    """Raise InvalidError for a question that cannot be asked."""
    search_text.require_text(query.text, max_length=MAX_TEXT_LENGTH, what="the text of a search")
    for values in (
        query.statuses,
        query.categories,
        query.collections,
        query.brands,
        *query.attributes.values(),
    ):
        _require_values("a filter", values)
    _require_values("attributes", list(query.attributes))


def _require_values(what: str, values: Sequence[str]) -> None:
    if len(values) > _MAX_FILTER_VALUES:
        raise InvalidError(f"{what} may have at most {_MAX_FILTER_VALUES} values")
    for value in values:
        search_text.require_text(value, max_length=_MAX_VALUE_LENGTH, what=f"a value of {what}")


def _exact(word: Word) -> Question:
    return Question((_in_words(word.text),), (Query.boost_query(_term("title", word.text), _TITLE_BOOST),))


def _unfinished(dictionary: Dictionary, word: str) -> Question:
    """Return the question for words that begin so; the word itself counts most."""
    whole = _exact(Word(word, plain=True))
    if len(word) > 1:  # All words with one first letter are too many to walk through.
        forms = dictionary.forms(word)
        if forms in ((), (word,)):
            return whole
        if len(forms) <= MAX_FORMS:
            others = [_term("title", form) for form in forms if form != word]
            longer = Query.boost_query(some(others), _TITLE_BOOST / 2)
            return Question((some([_in_words(form) for form in forms]),), (*whole.better, longer))
    return Question((some([_in_words(word), _prefix("words", word)]),), (*whole.better, _prefix("title", word)))


def _near(word: str, typos: int, *, prefix: bool) -> Question:
    near = _fuzzy("words", word, typos, prefix=prefix)
    in_title = Query.boost_query(_fuzzy("title", word, typos, prefix=prefix), _TITLE_BOOST)
    return Question((some([_in_words(word), near]),), (in_title,))


def _sku(key: str) -> tantivy.Query:
    whole = Query.const_score_query(_term("sku", key, "basic"), _SKU_BOOST)
    return some([whole, _prefix("sku", key)])


def _typos(words: Sequence[Word]) -> tuple[int, ...]:
    """Return how many typos are forgiven in each word: none in short ones, in codes, and after the first eight."""
    return tuple(
        (len(word.text) >= _ONE_TYPO_FROM) + (len(word.text) >= _TWO_TYPOS_FROM)
        if word.plain and word.text.isalpha() and len(word.text) <= _LONGEST_TOLERANT and place < _MAX_TOLERANT_WORDS
        else 0
        for place, word in enumerate(words)
    )


def _fuzzy(field: str, word: str, typos: int, *, prefix: bool) -> tantivy.Query:
    return Query.fuzzy_term_query(_SCHEMA, field, word, distance=typos, prefix=prefix)


def _prefix(field: str, word: str) -> tantivy.Query:
    return _fuzzy(field, word, 0, prefix=True)


def _in_words(word: str) -> tantivy.Query:
    return _term("words", word)


def _term(field: str, value: str, index_option: str = "freq") -> tantivy.Query:
    return Query.term_query(_SCHEMA, field, value, index_option)


def _one_of(field: str, values: Sequence[str]) -> list[tantivy.Query]:
    if not values:
        return []
    if len(values) == 1:
        return [_term(field, values[0], "basic")]
    return [Query.term_set_query(_SCHEMA, field, list(values))]


def _price_between(low: int | None, high: int | None) -> tantivy.Query:
    """Return the query for prices from `low` to `high`, inclusive; products without one are not found."""
    last = search_fields.NO_PRICE - 1
    bounds = (max(-1, min(low or 0, last)), max(-1, min(last if high is None else high, last)))
    if bounds[0] > bounds[1]:
        return Query.empty_query()
    return Query.range_query(_SCHEMA, "price", tantivy.FieldType.Integer, *bounds)


def _phrase(text: str) -> Phrase:
    return tuple(word.text for word in search_text.asked(text))
