"""List every route of the API, and put the application together."""

from bodega.api import hot, system
from bodega.api.admin import (
    api_keys,
    dead_letters,
    deliveries,
    devices,
    exports,
    imports,
    media,
    order_acts,
    selling,
    stock,
    taxonomy,
    uploads,
    users,
    webhooks,
)
from bodega.api.admin import customers as admin_customers
from bodega.api.admin import orders as admin_orders
from bodega.api.admin import products as admin_products
from bodega.api.admin import recommendations as admin_recommendations
from bodega.api.admin import reviews as admin_reviews
from bodega.api.application import Api
from bodega.api.call import Desk, Options
from bodega.api.declare import Route
from bodega.api.metrics import Meter
from bodega.api.store import (
    addresses,
    carts,
    categories,
    checkout,
    collections,
    customers,
    feedback,
    orders,
    products,
    recommendations,
    reviews,
    sessions,
)
from bodega.domain.shop import Shop

ROUTES: tuple[Route, ...] = (
    *products.ROUTES,
    *categories.ROUTES,
    *collections.ROUTES,
    *reviews.ROUTES,
    *recommendations.ROUTES,
    *feedback.ROUTES,
    *carts.ROUTES,
    *checkout.ROUTES,
    *orders.ROUTES,
    *customers.ROUTES,
    *addresses.ROUTES,
    *sessions.ROUTES,
    *admin_products.ROUTES,
    *media.ROUTES,
    *uploads.ROUTES,
    *taxonomy.ROUTES,
    *imports.ROUTES,
    *exports.ROUTES,
    *stock.ROUTES,
    *devices.ROUTES,
    *admin_orders.ROUTES,
    *order_acts.ROUTES,
    *selling.ROUTES,
    *admin_reviews.ROUTES,
    *admin_recommendations.ROUTES,
    *api_keys.ROUTES,
    *admin_customers.ROUTES,
    *users.ROUTES,
    *webhooks.ROUTES,
    *deliveries.ROUTES,
    *dead_letters.ROUTES,
)
"""Every route of shoppers, staff and machines; health, metrics and description come on top."""

PREFIXES = ("/v1/", "/health/", "/metrics", "/openapi.json", "/docs")
"""Paths that are the API's, be there a route or not: an unknown one is answered with a problem document."""


def create_api(shop: Shop, options: Options) -> Api:
    """Return the ASGI application of the API around a shop."""
    meter = Meter(options.worker)
    return Api(Desk.of(shop, options), (*ROUTES, *system.routes(ROUTES, meter)), hot.PATHS, meter)
