"""Make up sales of a large shop from a seed: long tails of customers and products, and tastes that they share."""

import numpy as np

from bodega.recsys.interactions import Interactions

# As in the public splits of books that recommenders are compared on.
CUSTOMERS, PRODUCTS, EVENTS = 52_643, 91_599, 3_000_000
TOPICS, TASTES = 400, 4
# Of what customers take, this is not of their taste but of everybody's.
FASHION = 0.2
TEST_SHARE = 0.2


def made_up(*, seed: int, customers: int, products: int, events: int) -> tuple[Interactions, Interactions]:
    """Return about `events` to learn from, without times, and a quarter as many to find again: a fifth of all pairs.

    How much customers take is log-normal, with at least eight products each; products are wanted by a power law. Each
    product is of one topic, each customer has a few tastes, the first the strongest; some topics are wanted more.
    """
    rng = np.random.default_rng(seed)
    # Pairs that are drawn twice count once: about a fifth of them, by this much more is drawn.
    user = np.repeat(np.arange(customers), _sizes(rng, customers, events * 1.53))
    worth = ((np.arange(products) + 30.0) ** -0.75)[rng.permutation(products)]
    topic = rng.integers(0, TOPICS, products)
    by_topic = np.argsort(topic, kind="stable")
    summed = np.r_[0.0, np.cumsum(worth[by_topic])]
    bounds = summed[np.searchsorted(topic[by_topic], np.arange(TOPICS + 1))]
    tastes = (TOPICS * rng.random((customers, TASTES)) ** 1.5).astype(np.int64)
    taste = tastes[user, (TASTES * rng.random(user.size) ** 2).astype(np.int64)]
    of_all = rng.random(user.size) < FASHION
    low, high = np.where(of_all, 0.0, bounds[taste]), np.where(of_all, summed[-1], bounds[taste + 1])
    drawn = low + (high - low) * rng.random(user.size)
    item = by_topic[np.minimum(np.searchsorted(summed, drawn, side="right") - 1, products - 1)]
    pairs = np.unique(user * products + item)
    test = rng.random(pairs.size) < TEST_SHARE
    past, future = (
        Interactions.of(chosen // products, chosen % products, n_users=customers, n_items=products)
        for chosen in (pairs[~test], pairs[test])
    )
    return past, future


def _sizes(rng: np.random.Generator, customers: int, events: float) -> np.ndarray:
    liveliness = rng.lognormal(0, 1.0, customers) + 0.25
    return np.maximum(8, liveliness / liveliness.sum() * events).astype(np.int64)
