"""Let a shopper choose between a product's variants, by links that work everywhere."""

from collections.abc import Mapping, Sequence

import msgspec

from bodega.domain.catalog.model import Product, Variant
from bodega.domain.inventory.model import Level
from bodega.web import links
from bodega.web.links import Href
from bodega.web.storefront.facets import label_of, value_text
from bodega.web.storefront.stock import StockView, stock_view


class VariantLink(msgspec.Struct, frozen=True):
    """A value to choose, with what it would cost and whether it is there."""

    label: str
    price: str
    stock: StockView
    href: Href
    chosen: bool


class OptionRow(msgspec.Struct, frozen=True):
    """An option (size, colour) and its values."""

    label: str
    chosen: str
    links: Sequence[VariantLink]


def pick_variant(product: Product, levels: Mapping[str, Level], sku: str | None) -> Variant:
    """Return the variant with that SKU; without one, the first that is there, or the first."""
    for variant in product.variants:
        if variant.sku == sku:
            return variant
    there = (v for v in product.variants if v.price and stock_view(levels.get(v.sku)).state != "out_of_stock")
    return next(there, product.variants[0])


def option_rows(product: Product, chosen: Variant, levels: Mapping[str, Level]) -> list[OptionRow]:
    """Show one row an option; where options do not tell all variants apart, one row by their titles."""
    if len(product.variants) < 2:  # noqa: PLR2004 - nothing to choose
        return []
    names = list(dict.fromkeys(name for variant in product.variants for name in variant.options))
    combinations = {tuple(v.options[n] for n in names) for v in product.variants if len(v.options) == len(names)}
    if len(combinations) < len(product.variants):
        return [_titles(product, chosen, levels)]
    return [row for name in names if len((row := _row(product, name, chosen, levels)).links) > 1]


def _titles(product: Product, chosen: Variant, levels: Mapping[str, Level]) -> OptionRow:
    found = [(v.title or ", ".join(v.options.values()) or v.sku, v) for v in product.variants]
    shown = [_link(product, label, v, chosen=v.sku == chosen.sku, levels=levels) for label, v in found]
    return OptionRow("Choose", next(link.label for link in shown if link.chosen), shown)


def _row(product: Product, name: str, chosen: Variant, levels: Mapping[str, Level]) -> OptionRow:
    values = dict.fromkeys(v.options[name] for v in product.variants if name in v.options)
    mine = chosen.options.get(name, "")
    shown = [
        _link(product, value, _nearest(product, name, value, chosen), chosen=value == mine, levels=levels)
        for value in values
    ]
    return OptionRow(label_of(name, {}), value_text(mine), shown)


def _nearest(product: Product, name: str, value: str, chosen: Variant) -> Variant:
    """Return the variant with this value that agrees with the chosen one in most other options."""
    having = [v for v in product.variants if v.options.get(name) == value]
    return max(having, key=lambda v: sum(v.options.get(n) == o for n, o in chosen.options.items() if n != name))


def _link(product: Product, label: str, variant: Variant, *, chosen: bool, levels: Mapping[str, Level]) -> VariantLink:
    return VariantLink(
        label=value_text(label),
        price=variant.price.format() if variant.price else "",
        stock=stock_view(levels.get(variant.sku)),
        href=links.product(product.slug, sku=variant.sku),
        chosen=chosen,
    )
