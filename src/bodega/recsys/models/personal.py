"""Rank what the customer took before by how often and how lately: "buy again"."""

from bodega.recsys.history import HalfLives
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model, popularity
from bodega.recsys.models.popularity import silent_table
from bodega.recsys.serving import ItemTable, Mix


class Personal(Model, frozen=True, kw_only=True, tag="personal"):
    """Decayed frequency of the customer's own purchases, and a little popularity for the rest.

    own[u, i] = sum over u's purchases of i of 2 ** (-age / half-life). On shops whose customers come back
    for the same things it beats every collaborative model.
    """

    half_life_days: float = 120.0
    popular_half_life_days: float = 28.0

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the popularity; the customer's own past arrives with each request."""
        mix = Mix(
            table=0,
            own=1,
            own_table=0,
            own_count=0,
            own_recency=1,
            half_lives=HalfLives(own_days=self.half_life_days),
        )
        heard = popularity(interactions, now=now, half_life_days=self.popular_half_life_days)
        return silent_table(heard, mix)
