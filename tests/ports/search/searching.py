"""Documents and questions for tests of the search port."""

import random
from typing import Any, get_args

from bodega.ports.search import SearchDocument, SearchIndex, SearchQuery, Sort

SORTS = get_args(Sort)
SYNONYMS = {"sofa": ["couch", "love seat"], "t shirt": ["tee"]}


def document(name: str, title: str = "", **more: Any) -> SearchDocument:
    plain: dict[str, Any] = {
        "status": "active",
        "title": title,
        "description": "",
        "brand": "",
        "skus": (),
        "categories": (),
        "collections": (),
        "attributes": (),
        "price": 1000,
        "created_at": 0,
        "sold": 0,
        "rating": 0,
        "card": name.encode(),
    }
    return SearchDocument(id=name, **{**plain, **more})


def ids(index: SearchIndex, text: str = "", **more: Any) -> list[str]:
    return [hit.id for hit in index.search(SearchQuery(text=text, **more)).hits]


def filled(index: SearchIndex, *documents: SearchDocument) -> SearchIndex:
    index.apply(documents, [], position=1)
    return index


def pages(index: SearchIndex, query: SearchQuery) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        result = index.search(SearchQuery(**{**fields(query), "after": after}))
        found += [hit.id for hit in result.hits]
        assert len(found) == len(set(found))  # A page that repeats itself would never end.
        if result.next is None:
            return found
        assert len(result.hits) == query.limit
        after = result.next


def fields(query: SearchQuery) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__struct_fields__}


def random_document(chance: random.Random, name: str) -> SearchDocument:
    words = ["red", "green", "lamp", "mug", "pot", "tall"]
    return document(
        name,
        f"Thing {chance.choice(words)} {chance.choice(words)}",
        description=chance.choice(words),
        brand=chance.choice(["", "Alpha", "Beta", "Gamma"]),
        status=chance.choice(["active", "active", "active", "draft"]),
        categories=chance.sample(["c1", "c2", "c3", "c4"], chance.randrange(4)),
        collections=chance.sample(["new", "sale"], chance.randrange(2)),
        attributes=chance.sample(["color=red", "color=blue", "size=1", "size=2"], chance.randrange(4)),
        price=chance.choice([None, 0, 99, 100, 101, 199, 200, 499, 500, 5_000, 10**10]),
        created_at=chance.randrange(5),
        sold=chance.randrange(3),
        rating=chance.randrange(3) * 1000,
    )
