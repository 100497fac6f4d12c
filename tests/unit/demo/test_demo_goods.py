"""The demo's goods: always the same, all valid, and worth looking at."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from statistics import median

import msgspec
import pytest

from bodega.demo import generate, stream_products
from bodega.demo.kinds.all import BY_CODE, KINDS, SEASONS
from bodega.demo.pricing import charm
from bodega.demo.tree import LEAVES, root_of
from bodega.demo.words.materials import MATERIALS
from bodega.demo.words.voices import voice_of
from bodega.domain.catalog.model import Attribute, Category, ProductInput
from bodega.domain.catalog.tree import CategoryTree
from bodega.domain.catalog.validate import check_product
from bodega.errors import InvalidError

SMALL = {"products": 150, "customers": 40, "orders": 300}
_PROGRAM = """
import hashlib, msgspec
from datetime import UTC, datetime
from bodega.demo import generate
shop = generate(5, now=datetime(2026, 11, 23, tzinfo=UTC), products=150, customers=40, orders=300)
pictures = [picture for product in shop.products for picture in product.pictures]
print(hashlib.sha256(msgspec.json.encode([shop, pictures])).hexdigest())
"""


def fingerprint(shop):
    pictures = [picture for product in shop.products for picture in product.pictures]
    return hashlib.sha256(msgspec.json.encode([shop, pictures])).hexdigest()


def test_the_same_seed_makes_the_same_bytes_in_another_process_too(now):
    here = fingerprint(generate(5, now=datetime(2026, 11, 23, tzinfo=UTC), **SMALL))

    # Another hash seed reorders sets of strings: nothing may depend on that.
    there = [
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip

    assert there == [here, here]


def test_another_seed_makes_another_shop(now):
    one, other = (generate(seed, now=now, **SMALL) for seed in (1, 2))

    assert fingerprint(one) != fingerprint(other)


def test_a_longer_stream_begins_with_the_goods_of_a_shorter_one(now):
    short = list(stream_products(3, now=now, count=40))

    assert list(stream_products(3, now=now, count=90))[:40] == short
    assert generate(3, now=now, products=40, customers=0, orders=0).products == short


def test_counts_are_what_was_asked_for(shop):
    assert len(shop.products) == 2000
    assert len(shop.customers) == 1500
    assert len(shop.orders) == 20_000
    assert len(shop.reviews) == 6000


def test_the_tree_has_three_levels_and_every_leaf_has_goods(shop):
    parents = {category.key: category.parent_key for category in shop.categories}
    assert sum(parent is None for parent in parents.values()) == 12
    assert {parents[parents[leaf]] for leaf in LEAVES} == {key for key, parent in parents.items() if parent is None}

    stocked = Counter(category for product in shop.products for category in product.input.categories)

    assert set(stocked) == set(LEAVES)
    assert min(stocked.values()) >= 5
    before = set()
    for category in shop.categories:
        assert category.parent_key is None or category.parent_key in before
        before.add(category.key)


def test_every_product_is_one_the_catalog_accepts(shop):
    tree = CategoryTree(
        Category(id=c.key, slug=c.key, name=c.name, parent=c.parent_key, position=c.position) for c in shop.categories
    )
    attributes = {name: Attribute(name=name, **msgspec.structs.asdict(declared)) for name, declared in shop.attributes}
    collections = {collection.key for collection in shop.collections}
    for product in shop.products:
        given = msgspec.convert(msgspec.to_builtins(product.input), ProductInput)

        check_product(given, tree=tree, collections=collections, attributes=attributes, currency="GBP")

        assert given == product.input
        assert set(given.attributes) <= set(attributes)


def test_names_keys_slugs_skus_and_barcodes_are_unique(shop):
    variants = [variant for product in shop.products for variant in product.input.variants]

    for names in (
        [product.key for product in shop.products],
        [product.input.title for product in shop.products],
        [product.input.slug for product in shop.products],
        [variant.sku for variant in variants],
        [variant.barcode for variant in variants],
    ):
        assert len(set(names)) == len(names)
    assert all(1 <= len(product.input.variants) <= 6 for product in shop.products)


def test_every_collection_has_goods(shop):
    used = Counter(key for product in shop.products for key in product.input.collections)

    assert all(used[collection.key] >= 10 for collection in shop.collections)


def test_gifts_under_20_are_under_20(shop):
    gifts = [product.input for product in shop.products if "gifts-under-20" in product.input.collections]

    assert all(min(variant.price.amount for variant in gift.variants) < 2000 for gift in gifts)


def test_prices_are_sensible(shop, owner):
    first = {product.key: product.input.variants[0] for product in shop.products}
    for sku, product in owner.items():
        variant = next(variant for variant in product.input.variants if variant.sku == sku)
        assert 75 <= variant.price.amount <= 60_000
        assert variant.price.amount == charm(variant.price.amount)
        assert variant.compare_at is None or variant.compare_at > variant.price
        assert all(entry.price < variant.price for entry in variant.schedule)

    by_root = {}
    for product in shop.products:
        root = root_of(product.input.categories[0])
        by_root.setdefault(root, []).append(first[product.key].price.amount)
    assert median(by_root["pantry"]) < median(by_root["tableware"]) < median(by_root["lighting"]) * 2
    assert median(by_root["home"]) > median(by_root["stationery"]) * 2


def test_some_goods_are_reduced_some_on_sale_now_some_later(shop, now):
    variants = [variant for product in shop.products for variant in product.input.variants]
    assert 0.05 < sum(variant.compare_at is not None for variant in variants) / len(variants) < 0.25

    starts = [entry for variant in variants for entry in variant.schedule]

    assert any(entry.valid_from <= now < entry.valid_until for entry in starts)
    assert any(entry.valid_from > now for entry in starts)
    assert any(entry.valid_until <= now for entry in starts)


def test_a_few_goods_are_drafts_archived_or_out_of_stock(shop):
    statuses = Counter(product.input.status for product in shop.products)
    assert 0.97 < statuses["active"] / 2000 < 1.0
    assert statuses["draft"]
    assert statuses["archived"]

    for product in shop.products:
        assert set(product.stock) == {variant.sku for variant in product.input.variants}
    empty = sum(not any(product.stock.values()) for product in shop.products)

    assert 20 < empty < 200


def test_descriptions_do_not_read_alike(shop):
    texts = [product.input.description for product in shop.products]

    assert len(set(texts)) > 1950
    assert all(60 < len(text) < 900 for text in texts)
    assert not any("{" in text or "  " in text for text in texts)


def test_some_names_have_accents_and_some_are_japanese_or_chinese(shop):
    titles = [product.input.title for product in shop.products]

    assert sum("抹茶" in title for title in titles) >= 3
    assert sum(any("\u3040" <= letter <= "\u9fff" for letter in title) for title in titles) >= 30
    assert sum(any("À" <= letter <= "ž" for letter in title) for title in titles) >= 100


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_kind_is_complete(kind):
    assert kind.leaf in LEAVES
    assert set(kind.companions) <= set(BY_CODE)
    assert kind.season in SEASONS
    assert kind.themes
    assert voice_of(kind)
    assert len(kind.details) >= 3
    described = {material for material in kind.materials if material in MATERIALS}
    assert not kind.materials or described
    assert kind.leads or kind.nouns


def test_a_sku_reads_as_kind_number_colour_and_size(shop):
    mugs = [product for product in shop.products if product.key.startswith("mugs-")]

    for mug in mugs:
        for variant in mug.input.variants:
            code, number, colour = variant.sku.split("-")
            assert code == "MUGS"
            assert number.isdigit()
            assert len(colour) == 3


def test_a_million_would_fit_because_a_stream_is_lazy(now):
    endless = stream_products(1, now=now, count=10**9)

    assert next(endless).key == next(stream_products(1, now=now, count=1)).key


def test_a_time_without_an_offset_and_negative_numbers_are_refused(now):
    with pytest.raises(InvalidError):
        generate(1, now=datetime(2026, 11, 23))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(InvalidError):
        generate(1, now=now, orders=-1)


@pytest.mark.parametrize("sizes", [(0, 0, 0), (0, 5, 10), (1, 0, 10), (1, 1, 1), (3, 2, 40), (12, 0, 5)])
def test_tiny_shops_work(now, sizes):
    products, customers, orders = sizes
    shop = generate(9, now=now, products=products, customers=customers, orders=orders)

    assert len(shop.products) == products
    assert len(shop.orders) in {orders, 0}
    assert len(shop.orders) == orders or not any(p.input.status != "draft" for p in shop.products)
    assert all(order.lines for order in shop.orders)
