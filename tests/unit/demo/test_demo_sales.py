"""The demo's sales: real structure, so that recommendations made from them make sense."""

from collections import Counter, defaultdict
from datetime import timedelta
from math import sqrt
from statistics import mean

import pytest

from bodega.demo.kinds.all import BY_CODE
from bodega.demo.words.grumbles import GRUMBLES
from bodega.demo.words.praise import PRAISE


def kind_of(sku):
    return sku.split("-")[0]


@pytest.fixture(scope="module")
def baskets(shop):
    return [{kind_of(sku) for sku, _, _ in order.lines} for order in shop.orders]


def lift(baskets, one, other):
    n_one, n_other = (sum(code in basket for basket in baskets) for code in (one, other))
    both = sum(one in basket and other in basket for basket in baskets)
    return both * len(baskets) / (n_one * n_other)


def test_orders_refer_to_what_exists(shop, owner):
    customers = {customer.key: customer for customer in shop.customers}
    assert len(customers) == len(shop.customers)
    assert len({order.number for order in shop.orders}) == len(shop.orders)

    for order in shop.orders:
        assert order.customer_key is None or order.placed_at >= customers[order.customer_key].joined_at
        assert order.lines
        assert len({sku for sku, _, _ in order.lines}) == len(order.lines)
        for sku, quantity, pence in order.lines:
            assert 1 <= quantity <= 6
            assert pence > 0
            assert owner[sku].launched_at <= order.placed_at
            assert owner[sku].input.status != "draft"


def test_orders_run_over_two_years_up_to_now_and_grow(shop, now):
    times = [order.placed_at for order in shop.orders]
    assert times == sorted(times)
    assert now - timedelta(days=731) <= times[0]
    assert now - timedelta(days=2) <= times[-1] < now

    year_ago = now - timedelta(days=365)

    assert sum(at >= year_ago for at in times) > 1.2 * sum(at < year_ago for at in times)


def test_some_orders_are_guests(shop):
    assert 0.08 < mean(order.customer_key is None for order in shop.orders) < 0.2


def test_prices_paid_were_close_to_todays_and_lower_long_ago(shop, owner):
    now_pence = {v.sku: v.price.amount for p in shop.products for v in p.input.variants}
    old, recent = shop.orders[:2000], shop.orders[-2000:]

    assert all(now_pence[sku] == pence for order in recent for sku, _, pence in order.lines)
    ratios = [pence / now_pence[sku] for order in old for sku, _, pence in order.lines]
    assert 0.9 < mean(ratios) < 0.98


@pytest.mark.parametrize(
    ("one", "other"),
    [("BEAN", "FLTR"), ("TPOT", "BLKT"), ("NOTE", "PENS"), ("PAST", "SAUC"), ("LAMP", "BULB"), ("CTOY", "CTRT"),
     ("WRAP", "RIBN"), ("HOLD", "DCAN"), ("FEED", "BSED"), ("MTCH", "CHSN")],
)  # fmt: skip
def test_complements_are_bought_together(baskets, one, other):
    assert lift(baskets, one, other) > 3


def test_strangers_are_not_bought_together(baskets):
    assert lift(baskets, "BEAN", "CTRT") < 1
    assert lift(baskets, "DTRT", "PENS") < 1


@pytest.mark.parametrize(
    ("codes", "high", "low"),
    [({"SCAN", "DCAN", "HOLD"}, (12,), (4, 5, 6, 7)), ({"VSED", "FLOW", "COMP"}, (3, 4, 5), (10, 11, 12)),
     ({"BLBS"}, (9, 10), (1, 2, 3, 4)), ({"WRAP", "CARD", "RIBN"}, (12,), (3, 4, 5, 6))],
)  # fmt: skip
def test_seasons_show(shop, codes, high, low):
    share = {}
    for months in (high, low):
        lines = [kind_of(sku) for o in shop.orders if o.placed_at.month in months for sku, _, _ in o.lines]
        share[months] = sum(code in codes for code in lines) / len(lines)

    assert share[high] > 1.8 * share[low]


def test_what_runs_out_is_bought_again_and_what_is_kept_is_not(shop, owner):
    again, bought = Counter(), Counter()
    seen = set()
    for order in shop.orders:
        for sku, _, _ in order.lines if order.customer_key else ():
            consumable = BY_CODE[kind_of(sku)].lasts_days > 0
            mark = (order.customer_key, owner[sku].key)
            bought[consumable] += 1
            again[consumable] += mark in seen
            seen.add(mark)

    assert again[True] / bought[True] > 0.35
    assert again[False] / bought[False] < 0.05


def test_rhythm_follows_how_long_things_last(shop, owner):
    gaps = defaultdict(list)
    last = {}
    for order in shop.orders:
        for sku, _, _ in order.lines if order.customer_key else ():
            mark = (order.customer_key, owner[sku].key)
            if mark in last:
                gaps[kind_of(sku)].append((order.placed_at - last[mark]).days)
            last[mark] = order.placed_at

    assert mean(gaps["CTRT"]) < mean(gaps["SCAN"]) < mean(gaps["SPIC"])


def test_popularity_has_a_long_tail(shop, owner):
    sold = sorted(Counter(owner[sku].key for o in shop.orders for sku, _, _ in o.lines).values(), reverse=True)

    assert sum(sold[:200]) > 0.4 * sum(sold)
    assert len(sold) > 1700


def purchases_before_and_after(shop, owner, cut):
    past, future = defaultdict(set), defaultdict(set)
    for order in shop.orders:
        if order.customer_key:
            side = past if order.placed_at < cut else future
            side[order.customer_key] |= {owner[sku].key for sku, _, _ in order.lines}
    return past, future


def test_co_occurrence_recommends_far_better_than_popularity(shop, owner, now):
    past, future = purchases_before_and_after(shop, owner, now - timedelta(days=60))
    count = Counter(key for keys in past.values() for key in keys)
    together = defaultdict(Counter)
    for keys in past.values():
        for one in keys:
            together[one].update(keys - {one})

    def by_likeness(keys):
        scores = Counter()
        for one in keys:
            for other, both in together[one].items():
                scores[other] += both / sqrt(count[one] * count[other] + 100)
        return scores

    recall = defaultdict(list)
    for customer, keys in list(past.items())[:250]:
        if new := future[customer] - keys:
            for name, scores in (("likeness", by_likeness(keys)), ("popularity", count)):
                best = [key for key, _ in scores.most_common(150) if key not in keys][:20]
                recall[name].append(len(new.intersection(best)) / len(new))

    assert mean(recall["likeness"]) > 2 * mean(recall["popularity"])


def test_reviews_refer_to_what_exists_and_come_after_the_order(shop, owner, now):
    bought = {}
    for order in shop.orders:
        for sku, _, _ in order.lines:
            bought.setdefault((order.customer_key, owner[sku].key), order.placed_at)
    names = {customer.key: customer.name for customer in shop.customers}
    products = {product.key: product for product in shop.products}
    assert len({(r.customer_key, r.product_key) for r in shop.reviews}) == len(shop.reviews)

    for review in shop.reviews:
        when = bought.get((review.customer_key, review.product_key))
        assert review.verified == (when is not None)
        assert when is None or when < review.created_at
        assert products[review.product_key].launched_at <= review.created_at < now
        assert review.author == names[review.customer_key]
        assert 1 <= review.rating <= 5
        assert review.text
        assert "{" not in review.text + review.title
    assert 0.93 < mean(review.verified for review in shop.reviews) < 0.99


def test_ratings_look_like_ratings_and_agree_about_a_product(shop):
    stars = Counter(review.rating for review in shop.reviews)
    assert stars[5] > stars[4] > stars[3] > stars[2] > stars[1] > 50
    by_product = defaultdict(list)
    for review in shop.reviews:
        by_product[review.product_key].append(review.rating)
    halves = [(mean(r[::2]), mean(r[1::2])) for r in by_product.values() if len(r) >= 8]
    good = [second for first, second in halves if first >= 4.6]
    poor = [second for first, second in halves if first <= 3.6]

    assert mean(good) > mean(poor) + 0.5


def test_words_of_a_review_fit_its_stars(shop):
    praise = {line for lines in PRAISE.values() for line in lines}
    grumbles = {line for lines in GRUMBLES.values() for line in lines}
    said = {stars: [review.text for review in shop.reviews if review.rating == stars] for stars in (1, 2, 5)}

    assert not any(line in text for text in said[5] for line in grumbles)
    assert not any(line in text for text in said[1] + said[2] for line in praise)
