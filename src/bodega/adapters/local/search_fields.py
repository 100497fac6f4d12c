"""Declare the fields of the search index and fill them from a product's document."""

import bisect
import hashlib
import re
from functools import lru_cache
from typing import Any

import msgspec
import tantivy

from bodega.adapters.local import search_text
from bodega.errors import InvalidError
from bodega.ports.search import SearchDocument

# Part of a folder's name: raise it when fields or the treatment of text change; older ones are unusable then.
FORMAT = 2

# Stands for "no price" in the ascending order (last), and -1 in the descending order (last as well).
NO_PRICE = 2**53
ACTIVE = "active"
# Says that a document is not an active product. To leave out these few costs less than to pass by all others.
HIDDEN = "hidden"
_INTEGERS = range(-(2**53), 2**53)
# The document that is no product has this mark.
NOTE = "note"
# Longer words than this in a document are not indexed.
_MAX_WORD_BYTES = 130
_MAX_KEY_LENGTH = 1000
_TOKENIZER = "words"
# 1, 2, 5, 10 ... in minor units: fine enough for any currency, and the same for every question.
PRICE_STEPS = tuple(step * 10**power for power in range(2, 10) for step in (1, 2, 5))
_UNSAFE = re.compile(r"[^a-z0-9]")
PRICE = "price"
_ATTRIBUTE = "attributes."
_VALUE_MARK = "="
_FACETS = {"category": "category", "brand": "brand", "collection": "collection", PRICE: "price_step"}
_PRICE_RANGES = tuple(f"{low}-{high}" for low, high in zip(("", *PRICE_STEPS), (*PRICE_STEPS, ""), strict=True))


class Note(msgspec.Struct, frozen=True):
    """What a commit reaches: a position in the change stream, how many rows there are, the last batch, the last card.

    A row is one writing of a document: when a product changes, it gets another. A batch is what one commit wrote;
    a commit that changes no document has none, so that a batch names what there is to be found.
    """

    position: int = -1
    rows: int = 0
    batch: int = -1
    last_card_at: int | None = None


def _build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Words of the title, and words of everything: two lists to read for a common question instead of six.
    builder.add_text_field("title", tokenizer_name=_TOKENIZER, index_option="freq")
    builder.add_text_field("words", tokenizer_name=_TOKENIZER, index_option="freq")
    builder.add_text_field("brand", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("id", "status", "sku", "brand_words", "mark", "hidden", "batch"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("category", "collection"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_json_field("attributes", fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("price", "price_down", "price_step", "created_at", "sold", "rating", "tie", "row", "card_at"):
        builder.add_integer_field(name, fast=True, indexed=name == "price_step")
    builder.add_bytes_field("shown_title", stored=True)
    builder.add_bytes_field("note", stored=True)
    return builder.build()


SCHEMA = _build_schema()


def prepare(index: tantivy.Index) -> tantivy.Index:
    """Register what an index needs before it reads or writes: the tokenizer, and no watching thread."""
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_TOKENIZER, words.filter(tantivy.Filter.remove_long(_MAX_WORD_BYTES)).build())
    index.config_reader("manual")
    return index


def tie_of(product_id: str) -> int:
    """Return the number that orders products whose sort values are equal: 63 bits of the id's digest.

    tantivy can neither sort by two fields nor compare text in a filter, hence a number. That two ids of a
    million share one has a probability of 10^-7, and then only the order of those two is left to chance.
    """
    return int.from_bytes(hashlib.blake2b(product_id.encode(), digest_size=8).digest(), "big") >> 1


def stored_text(document: tantivy.Document, field: str) -> str:
    """Return a stored text of a hit."""
    return str(document.get_first(field))


def stored_bytes(document: tantivy.Document, field: str) -> bytes:
    """Return stored bytes of a hit."""
    value: bytes = document.get_first(field) or b""
    return bytes(value)


def attribute_path(name: str) -> str:
    """Return the path of an attribute's values; characters that a path could misread are numbers in it."""
    return _ATTRIBUTE + _attribute_key(name)


def attribute_value(value: str) -> str:
    """Return an attribute's value as stored; the mark keeps tantivy from reading a date or number into it."""
    return _VALUE_MARK + value


def is_facet(facet: str) -> bool:
    """Tell whether hits can be counted by it."""
    return facet in _FACETS or (facet.startswith(_ATTRIBUTE) and facet != _ATTRIBUTE)


def facet_field(facet: str) -> str:
    """Return the field or path that has a facet's values."""
    return _FACETS.get(facet) or attribute_path(facet.removeprefix(_ATTRIBUTE))


def shown(facet: str, text: str) -> str:
    """Return a facet's value as people know it, from how the index has it."""
    if facet == PRICE:
        return _PRICE_RANGES[int(text)]
    return text.removeprefix(_VALUE_MARK) if facet.startswith(_ATTRIBUTE) else text


def record(document: SearchDocument) -> tantivy.Document:
    """Return a sound document in the index's fields."""
    attributes: dict[str, list[str]] = {}
    values = []
    for pair in document.attributes:
        name, _, value = pair.partition("=")
        attributes.setdefault(_attribute_key(name), []).append(attribute_value(value))
        values.append(value)
    said = " ".join(values)[: search_text.MAX_INDEXED_LENGTH]
    # Twice is a weight: brand and attributes say more about a product than a word of its description does. It is one
    # text because folding a short one costs as much as a long one.
    title = document.title[: search_text.MAX_INDEXED_LENGTH]
    everything = (
        f"{title} {document.brand} {document.brand} {said} {said} {' '.join(document.skus)} "
        f"{document.description[: search_text.MAX_INDEXED_LENGTH]}"
    )
    fields: dict[str, Any] = {
        "id": document.id,
        "status": document.status,
        "title": search_text.words_of(title),
        "words": search_text.words_of(everything),
        "sku": [search_text.compact(sku) for sku in document.skus],
        "category": list(document.categories),
        "collection": list(document.collections),
        "attributes": attributes,
        "price": NO_PRICE if document.price is None else document.price,
        "price_down": -1 if document.price is None else document.price,
        "created_at": document.created_at,
        "sold": document.sold,
        "rating": document.rating,
        "tie": tie_of(document.id),
        "shown_title": document.title.encode(),
    }
    if document.price is not None:
        fields["price_step"] = bisect.bisect_right(PRICE_STEPS, document.price)
    if document.status != ACTIVE:
        fields["hidden"] = HIDDEN
    if document.brand:
        fields["brand"] = document.brand
        fields["brand_words"] = search_text.joined(document.brand)
    return tantivy.Document.from_dict(fields, SCHEMA)


def check(document: SearchDocument) -> None:
    """Refuse a document with broken Unicode, a text that is too long or a number out of range."""
    keys = (
        document.id,
        document.status,
        document.brand,
        *document.categories,
        *document.collections,
        *document.attributes,
    )
    # One text is checked quicker than a dozen.
    if not search_text.is_encodable("".join((document.title, document.description, *document.skus, *keys))):
        raise InvalidError(f"product {document.id!r} contains broken Unicode (a lone surrogate)")
    if not document.id or max(map(len, keys)) > _MAX_KEY_LENGTH:
        raise InvalidError(f"product {document.id[:40]!r}: ids and values are 1 to {_MAX_KEY_LENGTH} characters")
    if not (
        document.created_at in _INTEGERS
        and document.sold in _INTEGERS
        and document.rating in _INTEGERS
        and 0 <= (document.price or 0) < NO_PRICE
    ):
        raise InvalidError(f"product {document.id!r}: a number is out of range")


def note_of(note: Note) -> tantivy.Document:
    """Return the one document that is no product: what this commit reaches."""
    return tantivy.Document.from_dict({"mark": NOTE, "hidden": HIDDEN, "note": msgspec.json.encode(note)}, SCHEMA)


def read_note(document: tantivy.Document) -> Note:
    """Return what the commit reaches; ValueError if it does not say."""
    return msgspec.json.decode(stored_bytes(document, "note"), type=Note)


def stamp(record: tantivy.Document, *, row: int, batch: int, card_at: int) -> None:
    """Add what is known of a document only when it is written."""
    record.add_integer("row", row)
    record.add_text("batch", str(batch))
    record.add_integer("card_at", card_at)


@lru_cache(maxsize=10_000)
def _attribute_key(name: str) -> str:
    return _UNSAFE.sub(lambda match: f"_{ord(match[0]):x}_", name)
