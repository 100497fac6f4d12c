"""Build the services of a shop on its ports, whichever adapters answer for them."""

import random
from datetime import timedelta

from bodega.adapters.pillow.pictures import PillowPictures
from bodega.domain.accounts.service import ApiKeys
from bodega.domain.accounts.vault import Vault
from bodega.domain.devices.service import Devices
from bodega.domain.flows.buying import Buying
from bodega.domain.flows.counting import Counting
from bodega.domain.flows.leaving import Leaving
from bodega.domain.flows.mailing import Mailer
from bodega.domain.flows.pacing import Pacing
from bodega.domain.flows.picturing import Picturing
from bodega.domain.flows.relisting import Relister
from bodega.domain.flows.reviewing import Reviewing
from bodega.domain.reviews.service import Reviews
from bodega.domain.reviews.votes import Votes
from bodega.domain.shop import Shop, World
from bodega.domain.webhooks.courier import Courier
from bodega.domain.webhooks.deliveries import Deliveries
from bodega.domain.webhooks.endpoints import Endpoints
from bodega.domain.webhooks.fan_out import FanOut
from bodega.domain.webhooks.service import Webhooks
from bodega.ports.outgoing import Outgoing
from bodega.ports.search import SearchIndex
from bodega.settings import Settings
from bodega.wiring.goods import goods_of
from bodega.wiring.people import people_of
from bodega.wiring.providers import shop_url
from bodega.wiring.recommendations import advice_of
from bodega.wiring.selling import selling_of
from bodega.wiring.transfers import transfers_of


def build(
    settings: Settings,
    world: World,
    search: SearchIndex,
    outgoing: Outgoing,
    *,
    following: timedelta | None = None,
) -> Shop:
    """Build the services of a shop on its ports; `following` as `open_shop` takes it."""
    table, clock, ids = world.table, world.clock, world.ids
    vault = Vault(table=table, keys=world.keys)
    goods = goods_of(world, search, currency=settings.currency, following=following)
    selling = selling_of(settings, world, goods, vault)
    people = people_of(world, vault, selling.carting)
    reviews = Reviews(table=table)
    votes = Votes(table=table, reviews=reviews)
    reviewing = Reviewing(
        reviews=reviews,
        votes=votes,
        products=goods.catalog.products,
        orders=selling.orders,
        queue=world.queue,
        clock=clock,
        ids=ids,
        hold_back=settings.hold_reviews,
    )
    devices = Devices(table=table, clock=clock)
    advice = advice_of(world, goods, selling.orders, reviews)
    picturing = Picturing(objects=world.objects, pictures=PillowPictures())
    transfers = transfers_of(settings, world, goods, selling, people, reviews, picturing)
    return Shop(
        world=world,
        currency=settings.currency,
        catalog=goods.catalog,
        picturing=picturing,
        inventory=goods.inventory,
        stock=goods.stock,
        holds=selling.holds,
        devices=devices,
        counting=Counting(
            devices=devices, products=goods.catalog.products, stock=goods.stock, queue=world.queue, clock=clock
        ),
        carts=selling.carts,
        coupons=selling.coupons,
        rates=selling.rates,
        carting=selling.carting,
        buying=Buying(
            carting=selling.carting,
            checkout=selling.checkout,
            pacing=Pacing(
                cache=world.cache,
                clock=clock,
                per_minute=settings.checkouts_per_minute,
                per_cart=settings.checkouts_per_cart,
            ),
            keys=world.keys,
        ),
        checkout=selling.checkout,
        checkout_recovery=selling.recovery,
        contacts=selling.contacts,
        orders=selling.orders,
        returning=selling.returning,
        reviews=reviews,
        votes=votes,
        reviewing=reviewing,
        api_keys=ApiKeys(table=table, clock=clock, ids=ids),
        accounts=people.accounts,
        account_security=people.security,
        sessions=people.sessions,
        signing_in=people.signing_in,
        staff=people.staff,
        leaving=Leaving(
            accounts=people.accounts,
            carts=selling.carts,
            orders=selling.orders,
            contacts=selling.contacts,
            reviews=reviews,
            reviewing=reviewing,
        ),
        mailer=Mailer(
            accounts=people.accounts,
            security=people.security,
            orders=selling.orders,
            contacts=selling.contacts,
            mail=world.mail,
            queue=world.queue,
            keys=world.keys,
            clock=clock,
            shop_url=shop_url(settings),
        ),
        recommender=advice.recommender,
        recommendation_rules=advice.rules,
        recommendation_duels=advice.duels,
        recommendation_reports=advice.reports,
        crediting=advice.crediting,
        models=goods.models,
        trainer=advice.trainer,
        indexer=goods.indexer,
        relister=Relister(catalog=goods.catalog, queue=world.queue),
        importer=transfers.importer,
        exporter=transfers.exporter,
        jobs=transfers.jobs,
        event_exporter=transfers.events,
        export_files=transfers.export_files,
        offers=transfers.offers,
        leftovers=transfers.leftovers,
        webhooks=_webhooks(world, outgoing),
    )


def _webhooks(world: World, outgoing: Outgoing) -> Webhooks:
    table, clock, ids = world.table, world.clock, world.ids
    endpoints = Endpoints(table=table, keys=world.keys, clock=clock, ids=ids, check=outgoing.check)
    return Webhooks(
        endpoints=endpoints,
        fan_out=FanOut(table=table, endpoints=endpoints, queue=world.queue, clock=clock),
        courier=Courier(
            table=table,
            endpoints=endpoints,
            outgoing=outgoing,
            clock=clock,
            ids=ids,
            chance=random.random,
        ),
        deliveries=Deliveries(table=table, clock=clock),
    )
