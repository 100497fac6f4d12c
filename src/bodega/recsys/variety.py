"""Put variety into a list: near-duplicates once, not too much of one aisle, and what adds something first.

The re-ranking is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next item is the one with the
largest

    (1 - SAMENESS) * relevance - SAMENESS * likeness to the most alike item already in the list

among those that are no near-duplicate of an item in the list and whose aisle has room. Relevance is scaled to [0, 1]
over the candidates, likeness is the cosine of the items' texts.
"""

from collections import Counter

import numpy as np

from bodega.recsys.arrays import Indices, Mask, Places, Weights
from bodega.recsys.sketches import FLOOR, Sketches, likeness

# A quarter makes lists a fifth less alike and costs one per cent of ndcg, which is within its error.
SAMENESS = 0.25
# So large a part of a list may come from one aisle, as long as others have something, too.
AISLE_SHARE = 1 / 3
FEWEST_AN_AISLE = 2


def varied(relevance: Weights, sketches: Sketches, aisles: Indices, twins: Indices, *, k: int) -> Places:
    """Return the places of up to k candidates in the order in which they are shown.

    Shape: `relevance` (m,) any numbers, larger is better; `sketches` (m, DIMENSIONS); `aisles` (m,) -1 for none;
    `twins` (m,) equal for near-duplicates, no two of which are ever returned. The list is shorter than k only when
    there are fewer different candidates; when aisles are full and no other has anything left, they take more. Ties go
    to the candidate that stands first.
    """
    scaled = relevance - relevance.min(initial=np.inf)
    worth = scaled * np.float32((1 - SAMENESS) / max(float(scaled.max(initial=0)), 1e-9))
    alike = likeness(sketches, sketches)
    # What the projection cannot tell from noise is no likeness.
    alike = np.where(alike > FLOOR, alike * np.float32(SAMENESS), np.float32(0))
    closest = np.zeros(relevance.size, dtype=np.float32)
    most = max(FEWEST_AN_AISLE, int(np.ceil(k * AISLE_SHARE)))
    filled: Counter[int] = Counter()
    full: Mask = np.zeros(relevance.size, dtype=np.bool_)
    waiting = worth.copy()
    chosen: list[int] = []
    while len(chosen) < min(k, relevance.size):
        place = int((worth - closest).argmax())
        if worth[place] == -np.inf:
            if not full.any():
                break
            # Nothing is left but what stands in full aisles: from here on they take what there is.
            worth, full, most = np.where(full, waiting, worth), np.zeros_like(full), k
            continue
        chosen.append(place)
        same = twins == twins[place]
        worth[same] = waiting[same] = -np.inf
        closest = np.maximum(closest, alike[place])
        aisle = int(aisles[place])
        filled[aisle] += 1
        if aisle >= 0 and filled[aisle] == most:
            full |= aisles == aisle
            worth[full] = -np.inf
    return np.array(chosen, dtype=np.intp)
