"""Whatever is asked, by whomever, of whatever shop: a list or a clear refusal, in bounded time."""

import time

import pytest
from counter import COFFEE, GARDEN, Counter

from bodega.domain.catalog.model import VariantInput
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.shoppers import MOST_ORDERS
from bodega.domain.recommendations.shopper import MOST_SIGNALS, Purchase, Shopper, signals_of
from bodega.errors import InvalidError
from bodega.values.money import Money


def test_a_product_page_needs_a_product_and_limits_are_kept(counter):
    for placement in ("product", "similar", "bought_together"):
        with pytest.raises(InvalidError):
            counter.recommender.suggest(placement=placement)
    for limit in (0, -1, 101):
        with pytest.raises(InvalidError):
            counter.recommender.suggest(limit=limit)


def test_texts_that_are_no_products_and_no_customers_are_unknown(counter):
    whole = counter.asks(limit=5)
    for text in ("", "\0", "\ud800", "x" * 10_000, counter.products["beans"] + "\0"):
        found = counter.asks(text, viewed=[text], in_cart=[text], limit=5)
        assert counter.names(found) == counter.names(whole)
        assert counter.recommender.similar(text).fallback == "popular"
        assert counter.recommender.bought_together(text).items == []
        assert counter.asks(placement="product", product_id=text).items


def test_somebody_with_a_hundred_thousand_purchases_gets_a_list_of_the_newest_of_them_as_fast_as_others(counter):
    model = counter.models.current()
    names = (*COFFEE, *GARDEN)

    def spent(purchases):
        bought = [Purchase(counter.products[names[n % 10]], float(n)) for n in range(purchases)]
        started = time.process_time()
        signals = signals_of(Shopper(bought=bought), model)
        model.recommender.recommend(signals.history, k=5)
        return signals, time.process_time() - started

    few, usual = min((spent(1_000) for _ in range(3)), key=lambda pair: pair[1])
    many, longest = spent(100_000)

    assert few.bought.size == 1_000
    assert many.bought.size == MOST_SIGNALS
    assert many.bought_ages.max() < MOST_SIGNALS
    assert longest < 100 * max(usual, 0.002)


def test_a_shopper_with_thousands_of_orders_is_read_as_far_as_it_matters(counter):
    for number in range(120):
        counter.buys("cus_shop", "beans" if number < 60 else "spade", days_ago=number + 1)

    shopper = counter.recommender._shoppers.gather("cus_shop")

    assert len(shopper.bought) == MOST_ORDERS
    assert {purchase.product_id for purchase in shopper.bought} == set(counter.ids("beans"))


@pytest.mark.parametrize("name", ["دفتر", "🐈 mug", "'; DROP--", "\uff46ull", "a\u0301"], ids=ascii)
def test_products_of_any_script_are_recommended_like_others(counter, name):
    sku = f"sku-{len(name)}"
    variants = [VariantInput(sku=sku, price=Money(500, "GBP"))]
    counter.products[sku] = counter.puts_on_the_shelf(name, variants=variants)
    for number in range(6):
        counter.buys(f"cus_u{number}", sku, "beans", days_ago=1)
    counter.trains()

    found = counter.recommender.bought_together(counter.products["beans"], limit=9)

    assert counter.products[sku] in {item.card.id for item in found.items}
    assert counter.recommender.similar(counter.products[sku], limit=3).items


def test_a_shop_with_one_product_and_one_customer_has_nothing_left_for_them(tmp_path):
    counter = Counter(tmp_path / "tiny", names=("only",))
    counter.buys("cus_1", "only")
    counter.trains()

    assert counter.names(counter.asks(limit=100)) == ["only"]
    assert counter.asks("cus_1", limit=100).items == []
    assert counter.names(counter.asks("cus_1", placement="buy_again")) == ["only"]
    counter.close()


def test_the_search_index_learns_what_sells(counter):
    for number in range(9):
        counter.buys(f"cus_s{number}", "scale", days_ago=2.0)
    counter.trains()

    page = counter.shop.catalog.shelves.find(ShelfQuery(sort="best_selling", limit=1, audience="staff"))
    assert b'"scale"' in page.cards[0]


def test_evaluation_beats_popularity_where_tastes_are_clear(counter):
    for number in range(12):
        for kind, taste in (("c", COFFEE), ("g", GARDEN)):
            counter.buys(f"cus_{kind}{number}", taste[(number + 3) % 5], days_ago=0.5)

    report = counter.trainer.evaluate(days=2.0, k=2, repeat="exclude")

    shop, popularity = report.models
    assert report.test_customers == 24
    assert shop.recall > popularity.recall + 0.2


def test_evaluating_without_orders_says_so(empty_counter):
    with pytest.raises(InvalidError):
        empty_counter.trainer.evaluate(days=7, k=5, repeat="include")
