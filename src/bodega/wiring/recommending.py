"""Build what makes lists, for a whole shop or for a function that does nothing else."""

from bodega.domain.flows.arrivals import Arrivals
from bodega.domain.flows.recommending import Recommender
from bodega.domain.flows.shoppers import Shoppers
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.receipts import Receipts
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.reviews.service import Reviews
from bodega.wiring.goods import Goods, Ground


def recommender_of(
    ground: Ground,
    goods: Goods,
    orders: Orders,
    reviews: Reviews,
    *,
    rules: RuleBook,
    duels: Duels,
    receipts: Receipts,
) -> Recommender:
    """Build what makes lists."""
    return Recommender(
        models=goods.models,
        rules=rules,
        duels=duels,
        arrivals=Arrivals(catalog=goods.catalog, clock=ground.clock),
        showcase=goods.showcase,
        shoppers=Shoppers(orders=orders, reviews=reviews),
        receipts=receipts,
        clock=ground.clock,
        ids=ground.ids,
    )
