"""Try a little: the last places of a list draw from those who came next, with chances that are known and kept.

Each such place has a pool of its own, the item that would have stood there and every so-manieth of those below, so that
draws are independent of each other and the chance of each is exactly 1 / pool: what off-policy evaluation needs.
"""

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Mask, Places

POOL = 8


class Explored(NamedTuple):
    """A list after exploring.

    Shape: all (m,), an entry a place of the list: `places` into the ranking; `pool` the number of items that might have
    stood here, each as likely, 0 where nothing was drawn; `usual` whether it is the item that would have stood here
    without exploring.
    """

    places: Places
    pool: NDArray[np.uint8]
    usual: Mask


def explore(ranked: int, *, k: int, slots: int, seed: str) -> Explored:
    """Return a list of k places out of a ranking of `ranked` >= k items, the last `slots` of them drawn by chance.

    The same seed draws the same. Without anything below the list there is nothing to explore.

    >>> explore(10, k=4, slots=0, seed="").places
    array([0, 1, 2, 3])
    """
    places = np.arange(min(k, ranked))
    pool = np.zeros(places.size, dtype=np.uint8)
    for slot, choices in enumerate(pools_of(ranked, k=k, slots=slots)):
        pool[choices[0]] = choices.size
        places[choices[0]] = choices[_draw(f"{seed}/{slot}", choices.size)]
    return Explored(places, pool, places == np.arange(places.size))


def pools_of(ranked: int, *, k: int, slots: int) -> list[Places]:
    """Return, for each of the last `slots` places, the places of the ranking it draws from, the usual one first."""
    k = min(k, ranked)
    slots = min(slots, k, ranked - k)
    return [
        np.concatenate(([k - slots + slot], np.arange(k + slot, ranked, slots)[: POOL - 1])) for slot in range(slots)
    ]


def _draw(seed: str, choices: int) -> int:
    """Return a number below `choices`; off by less than one in 2^57 from equal chances."""
    return int.from_bytes(blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % choices
