"""Turn what is known of a shopper into what a model hears: purchases, stars, looks and the cart, each in its voice."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np

from bodega.domain.recommendations.versions import LoadedModel
from bodega.recsys.arrays import Days, Indices
from bodega.recsys.history import History

Source: TypeAlias = Literal["bought", "viewed", "in_cart"]

VIEWED_SAYS = 0.3
"""A look says less than a purchase."""
STARS_SAY: Mapping[int, float] = {1: -1.0, 2: -0.5, 3: 0.3, 4: 1.0, 5: 1.0}
"""What a purchase says once its stars are known: below zero, what is like it sinks."""
BAD_STARS = 2
MOST_SIGNALS = 5_000


class Purchase(msgspec.Struct, frozen=True):
    """A product that a shopper bought and how many days ago."""

    product_id: str
    age_days: float


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as far as anything is known: purchases in any order, stars by product, looks newest first."""

    bought: Sequence[Purchase] = ()
    stars: Mapping[str, int] = {}
    viewed: Sequence[str] = ()
    in_cart: Sequence[str] = ()

    @property
    def known(self) -> bool:
        """Tell whether there is anything to go by."""
        return bool(self.bought or self.stars or self.viewed or self.in_cart)


class Signals(NamedTuple):
    """A shopper as a model hears them.

    Shape: `history` of all events; `bought` and `bought_ages` (b,) the purchases alone; `disliked` and `in_cart` items,
    each once; `source` says of each item where it comes from, the cart before purchases before looks.
    """

    history: History
    bought: Indices
    bought_ages: Days
    disliked: Indices
    in_cart: Indices
    source: dict[int, Source]


def signals_of(shopper: Shopper, model: LoadedModel) -> Signals:
    """Return a shopper's events as items of a model; products it does not know are passed over.

    Of more than MOST_SIGNALS purchases the newest count.
    """
    bought = shopper.bought
    if len(bought) > MOST_SIGNALS:
        bought = sorted(bought, key=lambda purchase: purchase.age_days)[:MOST_SIGNALS]
    rated = [product_id for product_id in shopper.stars if product_id not in {p.product_id for p in bought}]
    names = [*(p.product_id for p in bought), *rated, *shopper.viewed, *shopper.in_cart]
    items = model.indices(names)
    ages = np.zeros(len(names))
    ages[: len(bought)] = [p.age_days for p in bought]
    said = [STARS_SAY.get(shopper.stars.get(p, 4), 1.0) for p in names[: len(bought) + len(rated)]]
    said += [VIEWED_SAYS] * len(shopper.viewed) + [1.0] * len(shopper.in_cart)
    looks, lines = len(names) - len(shopper.in_cart) - len(shopper.viewed), len(names) - len(shopper.in_cart)
    parts: list[tuple[Source, Indices]] = [
        ("viewed", items[looks:lines]),
        ("bought", items[:looks]),
        ("in_cart", items[lines:]),
    ]
    # The last to speak is what an item is remembered for.
    source: dict[int, Source] = {int(item): kind for kind, part in parts for item in part if item >= 0}
    known = items >= 0
    own = known[: len(bought)]
    disliked = model.indices([p for p, stars in shopper.stars.items() if stars <= BAD_STARS])
    in_cart = model.indices(list(shopper.in_cart))
    return Signals(
        history=History(items[known], ages[known], np.array(said, dtype=np.float32)[known]),
        bought=items[: len(bought)][own],
        bought_ages=ages[: len(bought)][own],
        disliked=disliked[disliked >= 0],
        in_cart=in_cart[in_cart >= 0],
        source=source,
    )
