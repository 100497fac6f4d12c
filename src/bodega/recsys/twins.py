"""Find items that are nearly the same, so that a list shows one of them."""

import numpy as np

from bodega.recsys.arrays import Indices, Weights

NEARLY_THE_SAME = 0.9


def twins_of(alike: Indices, says: Weights, worth: Weights) -> Indices:
    """Return (n_items,) for each item the one that stands for it: itself, or a nearly equal one that is worth more.

    `alike` and `says` (n_items, width) are neighbours by text with cosines, `worth` (n_items,) decides who stands for
    whom. Items join a leader and never a follower, so that a long row of small differences is not one thing.

    >>> near = np.array([[1, -1], [0, 2], [1, -1]], dtype=np.int32)
    >>> twins_of(near, np.array([[0.95, 0], [0.95, 0.92], [0.92, 0]], np.float32), np.array([3, 2, 1], np.float32))
    array([0, 0, 2], dtype=int32)
    """
    leader = np.arange(worth.size, dtype=np.int32)
    close = (says >= NEARLY_THE_SAME) & (alike >= 0)
    settled = np.zeros(worth.size, dtype=np.bool_)
    for item in np.argsort(-worth, kind="stable"):
        if settled[item]:
            continue
        followers = alike[item][close[item]]
        followers = followers[~settled[followers]]
        leader[followers] = item
        settled[followers] = settled[item] = True
    return leader
