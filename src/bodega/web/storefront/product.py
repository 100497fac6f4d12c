"""Show a product: pictures, price, variants, stock, reviews, and what goes with it."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.catalog.model import AttributeValue, Category, Product, Variant
from bodega.domain.inventory.model import Level
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, NotFoundError
from bodega.values.text import parse_slug
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.site import Site, shortened
from bodega.web.storefront.bundle import Bundle, build_bundle
from bodega.web.storefront.cards import (
    Picture,
    Stars,
    compare_at_text,
    initial,
    is_reduced,
    picture,
    saving_text,
    stars,
    tone,
)
from bodega.web.storefront.category import Crumb, crumbs
from bodega.web.storefront.facets import label_of, value_text
from bodega.web.storefront.review_form import review_form
from bodega.web.storefront.reviewing import ReviewsView, build_reviews
from bodega.web.storefront.stock import StockView, stock_view
from bodega.web.storefront.strips import Strip, build_strip
from bodega.web.storefront.structured import JsonText, product_data
from bodega.web.storefront.variants import OptionRow, option_rows, pick_variant

_MAX_PICTURES = 8
_SIMILAR = 8
_MAX_REFERENCE = 64
_read = msgspec.json.Decoder(Product).decode


class Fact(msgspec.Struct, frozen=True):
    """A row of the table of attributes."""

    label: str
    value: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen variant: what it costs and whether it is there."""

    sku: str
    title: str
    price: str
    compare_at: str
    saving: str
    saved: str
    stock: StockView


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product's page."""

    title: str
    brand: str
    brand_href: Href
    crumbs: Sequence[Crumb]
    pictures: Sequence[Picture]
    tone: int
    initial: str
    offer: Offer
    rows: Sequence[OptionRow]
    paragraphs: Sequence[str]
    facts: Sequence[Fact]
    stars: Stars | None
    reviews: ReviewsView
    bundle: Bundle | None
    similar: Strip | None
    seen: Href
    data: JsonText


def product_page(site: Site, request: Request) -> Response:
    """Answer with a product's page; an old slug leads on to the new one, and what is not on sale is not found."""
    given = request.path_params["slug"]
    product, current = find_on_sale(site.shop, given)
    if not current or product.slug != given:
        href = links.with_params(links.product(product.slug), request.query_params.multi_items())
        return RedirectResponse(href, 301, {"cache-control": headers.PUBLIC})
    levels = site.shop.inventory.find_levels(variant.sku for variant in product.variants)
    chosen = pick_variant(product, levels, request.query_params.get("sku"))
    view = _view(site, request, product, chosen, levels)
    frame = site.frame(
        request,
        title=f"{product.title} by {product.brand}" if product.brand else product.title,
        path=links.product(product.slug),
        description=_description(product, view),
        image=view.pictures[0].href if view.pictures else None,
        kind="product",
        current=_root_slug(site.shop, product),
    )
    response = site.page("product.html", frame, view, caching=headers.PUBLIC)
    return headers.revalidated(request, response)


def find_on_sale(shop: Shop, slug: str) -> tuple[Product, bool]:
    """Return the product that has or had a slug, as shoppers see it, and whether that is its current slug."""
    try:
        found = shop.catalog.products.find_id_by_slug(parse_slug(slug))
    except InvalidError:
        found = None
    stored = shop.catalog.products.find_stored(found[0]) if found else None
    if found is None or stored is None or stored.public is None:
        raise NotFoundError("product", slug[:80])
    return _read(stored.public), found[1]


def _view(site: Site, request: Request, product: Product, chosen: Variant, levels: Mapping[str, Level]) -> ProductView:
    shop = site.shop
    visitor = site.visitors.customer(request)
    form = review_form(shop, visitor, product) if visitor is not None else None
    similar = shop.recommender.suggest(placement="similar", product_id=product.id, limit=_SIMILAR, shared=True)
    url = site.absolute(request, links.product(product.slug))
    images = [site.absolute(request, links.media(media.key)) for media in product.media[:_MAX_PICTURES]]
    return ProductView(
        title=product.title,
        brand=product.brand,
        brand_href=links.with_params(links.SEARCH, [("brand", product.brand)]),
        crumbs=crumbs(_way(shop, product)),
        pictures=[
            picture(media, product.title, eager=index == 0) for index, media in enumerate(product.media[:_MAX_PICTURES])
        ],
        tone=tone(product.id),
        initial=initial(product.title),
        offer=_offer(chosen, levels),
        rows=option_rows(product, chosen, levels),
        paragraphs=[" ".join(part.split()) for part in product.description.split("\n\n") if part.strip()],
        facts=_facts(shop, product, chosen),
        stars=stars(product.rating),
        reviews=build_reviews(shop, request, product, form=form),
        bundle=build_bundle(shop, product, chosen),
        similar=build_strip("similar", "You may also like", similar, shop.catalog.shelves),
        seen=links.seen(product.id, via=request.query_params.get("via", "")[:_MAX_REFERENCE]),
        data=product_data(product, levels, url=url, images=images),
    )


def _offer(variant: Variant, levels: Mapping[str, Level]) -> Offer:
    price, before = variant.price, variant.compare_at
    saved = ""
    if price and before and is_reduced(price, before):
        saved = msgspec.structs.replace(price, amount=before.amount - price.amount).format()
    return Offer(
        sku=variant.sku,
        title=value_text(variant.title) or ", ".join(map(value_text, variant.options.values())),
        price=price.format() if price else "",
        compare_at=compare_at_text(price, before),
        saving=saving_text(price, before),
        saved=saved,
        stock=stock_view(levels.get(variant.sku)),
    )


def _facts(shop: Shop, product: Product, variant: Variant) -> list[Fact]:
    declared = shop.catalog.taxonomy.attributes()
    rows = []
    for name, value in product.attributes.items():
        unit = declared[name].unit if name in declared else ""
        rows.append(Fact(label_of(name, declared), f"{_plain(value)} {unit}".strip()))
    if variant.weight_grams:
        rows.append(Fact("Weight", _weight(variant.weight_grams)))
    rows.append(Fact("Article number", variant.sku))
    return [row for row in rows if row.value]


def _plain(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return value_text(", ".join(value))
    return f"{value:g}" if isinstance(value, float) else value_text(str(value))


def _weight(grams: int) -> str:
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams} g"  # noqa: PLR2004


def _way(shop: Shop, product: Product) -> list[Category]:
    tree = shop.catalog.taxonomy.tree()
    return next((way for c in product.categories if (way := tree.path(c))), [])


def _root_slug(shop: Shop, product: Product) -> str | None:
    way = _way(shop, product)
    return way[0].slug if way else None


def _description(product: Product, view: ProductView) -> str:
    return shortened(product.description, 160) or f"{product.title} {view.offer.price} at Bodega."
