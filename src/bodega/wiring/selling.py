"""Build what sells: carts, checkout, payments' bookkeeping, orders."""

from typing import NamedTuple

from bodega.domain.accounts.vault import Vault
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.rates import Rates
from bodega.domain.carts.service import Carts
from bodega.domain.flows.carting import Carting
from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_recovery import CheckoutRecovery
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.holding import CartHolds
from bodega.domain.flows.returning import Returning
from bodega.domain.flows.settling import Settling
from bodega.domain.flows.unselling import Unselling
from bodega.domain.inventory.holds import Holds
from bodega.domain.orders.service import Orders
from bodega.domain.shop import World
from bodega.settings import Settings
from bodega.wiring.goods import Goods


class Selling(NamedTuple):
    """The way from a cart to a returned order."""

    carts: Carts
    coupons: Coupons
    rates: Rates
    holds: Holds
    carting: Carting
    contacts: Contacts
    orders: Orders
    checkout: Checkout
    recovery: CheckoutRecovery
    returning: Returning


def selling_of(settings: Settings, world: World, goods: Goods, vault: Vault) -> Selling:
    """Build what knows carts, money and orders."""
    table, clock, ids = world.table, world.clock, world.ids
    carts = Carts(table=table, clock=clock, ids=ids)
    coupons = Coupons(table=table, clock=clock, currency=settings.currency)
    rates = Rates(table=table, clock=clock, currency=settings.currency)
    holds = Holds(table=table, clock=clock, ids=ids)
    carting = Carting(
        carts=carts,
        coupons=coupons,
        rates=rates,
        products=goods.catalog.products,
        inventory=goods.inventory,
        holds=CartHolds(holds=holds),
        clock=clock,
        currency=settings.currency,
    )
    orders = Orders(table=table)
    contacts = Contacts(keys=world.keys, vault=vault)
    unselling = Unselling(carts=carts, coupons=coupons)
    settling = Settling(table=table, orders=orders, payments=world.payments, unselling=unselling, clock=clock)
    checkout = Checkout(
        table=table,
        orders=orders,
        holds=holds,
        payments=world.payments,
        source=carting,
        settling=settling,
        contacts=contacts,
        keys=world.keys,
        clock=clock,
        ids=ids,
        capture_later=settings.capture == "by_staff",
    )
    return Selling(
        carts=carts,
        coupons=coupons,
        rates=rates,
        holds=holds,
        carting=carting,
        contacts=contacts,
        orders=orders,
        checkout=checkout,
        recovery=CheckoutRecovery(
            table=table, checkout=checkout, orders=orders, settling=settling, payments=world.payments, clock=clock
        ),
        returning=Returning(table=table, orders=orders, settling=settling, unselling=unselling, clock=clock),
    )
