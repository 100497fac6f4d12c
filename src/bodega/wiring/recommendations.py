"""Build what recommends: placements, rules, duels, feedback and training."""

from typing import NamedTuple

from bodega.domain.flows.checkout_attempts import Attempts
from bodega.domain.flows.crediting import Crediting
from bodega.domain.flows.order_chunks import OrderChunks
from bodega.domain.flows.order_log import OrderLog
from bodega.domain.flows.recommending import Recommender
from bodega.domain.flows.training import Trainer
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.feedback import Feedback
from bodega.domain.recommendations.receipts import Receipts
from bodega.domain.recommendations.reports import Reports
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.reviews.service import Reviews
from bodega.domain.shop import World
from bodega.wiring.goods import Goods
from bodega.wiring.recommending import recommender_of


class Advice(NamedTuple):
    """What recommends, how it learns and how it is known what it is worth."""

    recommender: Recommender
    rules: RuleBook
    duels: Duels
    reports: Reports
    crediting: Crediting
    trainer: Trainer


def advice_of(world: World, goods: Goods, orders: Orders, reviews: Reviews) -> Advice:
    """Build what recommends."""
    table, clock, ids = world.table, world.clock, world.ids
    receipts = Receipts(world.keys)
    rules = RuleBook(table=table, clock=clock)
    duels = Duels(table=table, models=goods.models, clock=clock, ids=ids)
    return Advice(
        recommender=recommender_of(world, goods, orders, reviews, rules=rules, duels=duels, receipts=receipts),
        rules=rules,
        duels=duels,
        reports=Reports(table=table, clock=clock),
        crediting=Crediting(
            feedback=Feedback(table=table, clock=clock),
            receipts=receipts,
            orders=orders,
            attempts=Attempts(table=table),
            queue=world.queue,
        ),
        trainer=Trainer(
            orders=orders,
            log=order_log_of(world, orders),
            catalog=goods.catalog,
            inventory=goods.inventory,
            models=goods.models,
            duels=duels,
            indexer=goods.indexer,
            clock=clock,
            ids=ids,
        ),
    )


def order_log_of(world: World, orders: Orders) -> OrderLog:
    """Build what knows the lines of all orders."""
    chunks = OrderChunks(table=world.table, objects=world.objects, clock=world.clock)
    return OrderLog(orders=orders, chunks=chunks, table=world.table)
