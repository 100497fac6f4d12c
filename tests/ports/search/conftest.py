"""Give tests of the search port an empty index, and one in which much has changed."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from searching import SYNONYMS, random_document

from bodega.adapters.local.search import TantivySearchIndex
from bodega.ports.search import SearchDocument, SearchIndex


@pytest.fixture(params=["local"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchIndex]:
    made = TantivySearchIndex(tmp_path / "search", synonyms=SYNONYMS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SearchIndex, list[SearchDocument]]]:
    """Many products with few different values, in several segments and with deleted ones among them."""
    chance = random.Random(5)
    made = TantivySearchIndex(tmp_path_factory.mktemp("crowd"))
    documents: dict[str, SearchDocument] = {}
    for batch in range(1, 6):
        changed = [random_document(chance, f"p{chance.randrange(150)}") for _ in range(50)]
        gone = [f"p{chance.randrange(150)}" for _ in range(10)]
        made.apply(changed, gone, position=batch)
        for name in gone:
            documents.pop(name, None)
        documents.update({found.id: found for found in changed})
    yield made, list(documents.values())
    made.close()
