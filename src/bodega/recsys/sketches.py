"""Sketch texts in a few bytes each, so that a serving process can say what reads alike, new products included.

A sketch is a random projection of the text's TF-IDF vector: every word has a fixed direction of +1s and -1s, drawn from
its hash, and inner products of sums of such directions estimate those of the vectors (Johnson and Lindenstrauss 1984;
Achlioptas, PODS 2001). How rare a word is is kept for buckets of words, so that it needs no dictionary.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.words import words_of

Sketches = NDArray[np.int8]

DIMENSIONS = 128
BUCKETS = 1 << 14
# Sketches have length 1 before they are rounded to whole parts of so many; a part of 1/2 or more is cut off.
SCALE = 254.0
# Below this, likeness is mostly the noise of the projection, whose deviation is 1 / sqrt(DIMENSIONS) = 0.09.
FLOOR = 0.3
_ROWS_AT_ONCE = 8192
_DIRECTIONS_KEPT = 1 << 16


def rarity_of(texts: Iterable[str]) -> Weights:
    """Return (BUCKETS,) float32: ln(texts / texts with a word of the bucket), at least 0; what nobody wrote is rarest.

    A word in half of the texts tells hardly anything; one in all of them nothing.
    """
    spread = np.zeros(BUCKETS, dtype=np.float64)
    count = 0
    for text in texts:
        count += 1
        spread[list({_bucket(word) for word in words_of(text)})] += 1
    return np.log((count + 1) / (spread + 1)).astype(np.float32)


def sketches_of(texts: Sequence[str], rarity: Weights) -> Sketches:
    """Return (n_texts, DIMENSIONS) int8, each row a direction of length about SCALE; zeros for a text without words.

    >>> texts = ["red clay mug", "red wool scarf", "tin of tea"]
    >>> known, new = sketches_of(texts, rarity_of(texts)), sketches_of(["a large clay mug"], rarity_of(texts))
    >>> int(likeness(new, known).argmax())
    0
    """
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.int8)
    for row, text in enumerate(texts):
        counted = Counter(words_of(text))
        if counted:
            found[row] = _sketch(counted, rarity)
    return found


def likeness(one: Sketches, others: Sketches) -> Weights:
    """Return the estimated cosines of texts, in [-1, 1]: of one (DIMENSIONS,) or several with each of the others.

    Shape: (n_others,) for one, (n_ones, n_others) for several.
    """
    right = others.astype(np.float32)
    cosines: Weights = one.astype(np.float32) @ right.T / np.float32(SCALE * SCALE)
    return np.minimum(np.maximum(cosines, -1), 1)


def most_alike(ones: Sketches, others: Sketches, width: int) -> tuple[Indices, Weights]:
    """Return (n_ones, width) the others most like each one, and how much; -1 and 0 for what is not above FLOOR."""
    near = np.full((len(ones), width), -1, dtype=np.int32)
    says = np.zeros((len(ones), width), dtype=np.float32)
    for start in range(0, len(others), _ROWS_AT_ONCE):
        cosines = likeness(ones, others[start : start + _ROWS_AT_ONCE])
        columns = np.arange(start, start + cosines.shape[1], dtype=np.int32)
        says, near = _merged(says, near, cosines, np.broadcast_to(columns, cosines.shape), width)
    return np.where(says > FLOOR, near, np.int32(-1)), np.where(says > FLOOR, says, np.float32(0))


def _merged(
    says: Weights, near: Indices, more_says: Weights, more_near: NDArray[np.int32], width: int
) -> tuple[Weights, Indices]:
    """Return the best `width` of both, a row each, ties by index."""
    says, near = np.concatenate((says, more_says), axis=1), np.concatenate((near, more_near), axis=1)
    if says.shape[1] > 4 * width:
        kept = np.argpartition(-says, 2 * width, axis=1)[:, : 2 * width]
        says, near = np.take_along_axis(says, kept, axis=1), np.take_along_axis(near, kept, axis=1)
    rank = np.lexsort((near, -says), axis=1)[:, :width]
    return np.take_along_axis(says, rank, axis=1), np.take_along_axis(near, rank, axis=1)


def _sketch(counted: Mapping[str, int], rarity: Weights) -> NDArray[np.int8]:
    weights = np.array(
        [(1 + np.log(number)) * rarity[_bucket(word)] for word, number in counted.items()], dtype=np.float32
    )
    total = weights @ np.stack([_direction(word) for word in counted])
    length = float(np.sqrt(total @ total))
    if length == 0:
        return np.zeros(DIMENSIONS, dtype=np.int8)
    sketch: NDArray[np.int8] = np.clip(np.rint(total * np.float32(SCALE / length)), -127, 127).astype(np.int8)
    return sketch


def _bucket(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % BUCKETS


@lru_cache(maxsize=_DIRECTIONS_KEPT)
def _direction(word: str) -> NDArray[np.int8]:
    """Return a word's direction, the same in every process: (DIMENSIONS,) of +1 and -1."""
    bits = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=DIMENSIONS // 8).digest()
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).astype(np.int8) * 2 - 1
