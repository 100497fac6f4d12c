"""Find items that read alike, by TF-IDF of their words: what can be said of a product that nobody bought yet."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.tables import top_of_sparse
from bodega.recsys.words import words_of

# A word in more than this share of the items tells nothing apart, and would make every product a
# neighbour of every other; in a small shop so many items may still share a word.
COMMON_SHARE, COMMON_ITEMS = 0.05, 50
ROWS_AT_ONCE = 1000


def tf_idf(texts: Sequence[str]) -> sparse.csr_array:
    """Return (n_texts, n_words) float32 with rows of length 1: (1 + ln count) ln(n / texts with the word).

    Words in one text only, or in too many, are left out; a text of nothing else is a row of zeros.
    """
    counted = [Counter(words_of(text)) for text in texts]
    spread = Counter(word for words in counted for word in words)
    most = max(COMMON_ITEMS, COMMON_SHARE * len(texts))
    telling = sorted(word for word, number in spread.items() if 1 < number <= most)
    column = {word: place for place, word in enumerate(telling)}
    rarity = np.log([len(texts) / spread[word] for word in telling])
    rows, columns, cells = [], [], []
    for row, words in enumerate(counted):
        for word, number in words.items():
            place = column.get(word)
            if place is not None:
                rows.append(row)
                columns.append(place)
                cells.append((1 + np.log(number)) * rarity[place])
    matrix = sparse.csr_array((cells, (rows, columns)), shape=(len(texts), len(telling)), dtype=np.float32)
    lengths = np.sqrt((matrix * matrix).sum(axis=1))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)


def content_neighbours(texts: Sequence[str], *, width: int = 20) -> tuple[Indices, Weights]:
    """Return (n, width) the items whose texts are nearest by cosine, in (0, 1], and -1 and 0 where there are fewer.

    Put everything into a text that should count: title, brand, category, attributes.

    >>> near, says = content_neighbours(["red clay mug", "clay mug", "red wool scarf", "wool scarf"], width=1)
    >>> near[:, 0]
    array([1, 0, 3, 2], dtype=int32)
    """
    matrix = tf_idf(texts)
    near = np.full((len(texts), max(1, width)), -1, dtype=np.int32)
    says = np.zeros(near.shape, dtype=np.float32)
    across = sparse.csr_array(matrix.T)
    for start in range(0, len(texts), ROWS_AT_ONCE):
        block = sparse.csr_array(matrix[start : start + ROWS_AT_ONCE] @ across)
        owner = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        block.data[block.indices == owner] = 0
        top, cells = top_of_sparse(block, near.shape[1])
        near[start : start + top.shape[0], : top.shape[1]] = top
        says[start : start + top.shape[0], : top.shape[1]] = cells
    return near, np.minimum(says, 1)
