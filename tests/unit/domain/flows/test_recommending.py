"""Recommendations as a shopper gets them: a small shop with two tastes, trained for real."""

import pytest
from counter import COFFEE, GARDEN

from bodega.domain.catalog.model import CategoryInput, VariantInput
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.recommending import Filters
from bodega.domain.recommendations.rules import Pin, Rules
from bodega.errors import InvalidError, StaleVersionError
from bodega.values.money import Money


def reasons(found):
    return {item.card.title: item.reason for item in found.items}


# -- for a shopper


def test_a_shopper_is_recommended_what_goes_with_what_they_bought_and_told_why(counter):
    counter.buys("cus_new", "beans")

    found = counter.asks("cus_new", limit=4)

    assert set(counter.names(found)) == set(COFFEE) - {"beans"}
    assert {item.reason.code for item in found.items} == {"because_you_bought"}
    assert all(list(item.reason.because) == counter.ids("beans") for item in found.items)
    assert found.fallback is None


def test_a_stranger_gets_what_is_popular_and_is_told_so(counter):
    found = counter.asks(limit=5)

    assert len(found.items) == 5
    assert found.fallback == "popular"
    assert {item.reason.code for item in found.items} == {"popular"}


def test_scores_of_a_list_never_rise(counter):
    counter.buys("cus_new", "beans")

    scores = [item.score for item in counter.asks("cus_new").items]

    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_what_was_looked_at_speaks_and_the_reason_says_looked(counter):
    found = counter.asks(viewed=counter.ids("spade"), limit=3)

    assert set(counter.names(found)) <= set(GARDEN) - {"spade"}
    assert {item.reason.code for item in found.items} == {"because_you_viewed"}
    assert found.fallback is None


def test_a_purchase_speaks_louder_than_a_look(counter):
    counter.buys("cus_new", "spade", days_ago=0)

    found = counter.asks("cus_new", viewed=counter.ids("beans"), limit=8)

    assert counter.names(found)[0] in GARDEN
    assert {reasons(found)[name].code for name in set(counter.names(found)[:3])} == {"because_you_bought"}


def test_an_order_changes_the_next_list_of_every_process_without_training(counter):
    another = counter.another_process()
    counter.buys("cus_new", "beans")
    before = another.recommender.suggest(customer_id="cus_new", limit=4)

    counter.buys("cus_new", "spade", days_ago=0)
    after = another.recommender.suggest(customer_id="cus_new", limit=4)

    assert set(counter.names(before)) == set(COFFEE) - {"beans"}
    assert counter.names(after)[0] in GARDEN
    assert not {"beans", "spade"} & set(counter.names(after))
    another.close()


def test_an_order_that_was_called_off_or_sent_back_says_nothing(counter):
    counter.buys("cus_off", "beans", state="cancelled")
    counter.buys("cus_back", "beans", returned={"beans": 1})

    for customer in ("cus_off", "cus_back"):
        found = counter.asks(customer, limit=10)
        assert found.fallback == "popular"
        assert "beans" in counter.names(found)


def test_a_bad_review_sinks_a_product_and_what_is_like_it_at_once(counter):
    counter.buys("cus_new", "beans", "spade")
    liked = counter.names(counter.asks("cus_new", limit=8))

    counter.rates("cus_new", "beans", 1)
    disliked = counter.names(counter.asks("cus_new", limit=8))

    assert min(liked.index(name) for name in COFFEE[1:]) < 3
    assert set(disliked[:4]) == set(GARDEN) - {"spade"}
    assert "beans" not in counter.names(counter.asks("cus_new", placement="account", limit=3))


def test_a_shop_whose_last_order_is_fifteen_years_old_still_knows_tastes(counter):
    counter.buys("cus_new", "beans")
    counter.clock.advance(15 * 365 * 86400)
    counter.trains()

    found = counter.asks("cus_new", limit=4)

    assert set(counter.names(found)) == set(COFFEE) - {"beans"}
    assert {item.reason.code for item in found.items} == {"because_you_bought"}


# -- other lists


def test_bought_together_names_the_product_it_goes_with_and_is_filled_with_nothing_else(counter):
    found = counter.recommender.bought_together(counter.products["spade"], limit=8)

    assert set(counter.names(found)) == set(GARDEN) - {"spade"}
    assert {item.reason.code for item in found.items} == {"bought_together"}
    assert all(item.reason.because == (counter.products["spade"],) for item in found.items)


def test_a_product_s_list_is_what_is_bought_with_it_then_what_is_like_it(counter):
    counter.buys("cus_other", "beans", "spade")
    counter.trains()

    found = counter.asks(placement="product", product_id=counter.products["beans"], limit=9)

    names = counter.names(found)
    assert set(names) == {*COFFEE, *GARDEN} - {"beans"}
    assert {reasons(found)[name].code for name in [*COFFEE[1:], "spade"]} == {"bought_together"}


def test_similar_is_what_reads_alike_and_what_the_same_customers_take(counter):
    mug = counter.puts_on_the_shelf("red clay mug", brand="Kiln")
    counter.puts_on_the_shelf("blue clay mug", brand="Kiln")
    counter.trains()

    by_text = counter.recommender.similar(mug, limit=1)
    by_taste = counter.recommender.similar(counter.products["beans"], limit=4)

    assert counter.names(by_text) == ["blue clay mug"]
    assert by_text.items[0].reason.code == "similar"
    assert set(counter.names(by_taste)) == set(COFFEE) - {"beans"}
    assert {item.reason.code for item in by_taste.items} == {"also_bought"}


def test_because_you_bought_is_about_one_thing_that_was_bought_and_liked(counter):
    counter.buys("cus_new", "beans", days_ago=9)
    counter.buys("cus_new", "spade", days_ago=1)

    newest = counter.asks("cus_new", placement="because_you_bought", limit=3)
    counter.rates("cus_new", "spade", 2)
    liked = counter.asks("cus_new", placement="because_you_bought", limit=3)
    asked = counter.asks("cus_new", placement="because_you_bought", product_id=counter.products["beans"], limit=3)

    assert {tuple(item.reason.because) for item in newest.items} == {(counter.products["spade"],)}
    assert {tuple(item.reason.because) for item in liked.items} == {(counter.products["beans"],)}
    assert counter.names(asked) == counter.names(liked)
    assert counter.asks(placement="because_you_bought").items == []
    assert counter.asks("cus_c1", placement="because_you_bought", product_id=counter.products["pot"]).items == []


def test_what_goes_with_a_cart_names_what_is_in_it(counter):
    found = counter.asks(placement="cart", in_cart=counter.ids("beans", "spade"), limit=8)

    by_name = reasons(found)
    assert {by_name[name].code for name in (*COFFEE[1:], *GARDEN[1:])} == {"because_in_cart"}
    assert list(by_name["filter"].because) == counter.ids("beans")
    assert list(by_name["pot"].because) == counter.ids("spade")


def test_recently_viewed_is_what_was_looked_at_newest_first_and_still_there(counter):
    counter.inventory.set_on_hand({"pot": 0})

    found = counter.asks(placement="recently_viewed", viewed=counter.ids("soil", "pot", "beans", "soil"), limit=5)

    assert counter.names(found) == ["soil", "beans"]
    assert {item.reason.code for item in found.items} == {"recently_viewed"}


def test_trending_is_what_more_customers_take_than_usual_whatever_one_bulk_buyer_takes(counter):
    for number in range(6):
        counter.buys(f"cus_t{number}", "gloves", days_ago=1 + number / 10)
    for number in range(40):
        counter.buys("cus_bulk", "scale", days_ago=1 + number / 100)
    counter.trains()

    found = counter.recommender.trending(limit=3)

    assert counter.names(found)[0] == "gloves"
    assert found.items[0].reason.code == "trending"
    assert found.fallback is None


def test_buying_again_follows_the_customer_s_own_rhythm_and_says_it(counter):
    for step in range(5):
        counter.buys("cus_habit", "beans", days_ago=9 + 10 * step)
        counter.buys("cus_habit", "filter", days_ago=2 + 60 * step)
    counter.trains()

    found = counter.asks("cus_habit", placement="buy_again", limit=5)

    # Filters were bought two days ago, and last two months: that they come last says the rhythm.
    assert counter.names(found) == ["beans", "filter"]
    assert {item.reason.code for item in found.items} == {"buy_again"}
    assert [item.reason.every_days for item in found.items] == [10, 60]


def test_a_habit_that_is_due_comes_back_in_the_personal_list_and_nothing_else_that_was_bought(counter):
    for step in range(5):
        counter.buys("cus_habit", "beans", days_ago=11 + 10 * step)
    counter.buys("cus_habit", "kettle", days_ago=40)

    found = counter.asks("cus_habit", limit=10)

    assert reasons(found)["beans"].code == "buy_again"
    assert "kettle" not in counter.names(found)


def test_the_account_page_shows_what_to_buy_again_and_then_what_else_suits(counter):
    counter.buys("cus_new", "beans", days_ago=40)

    found = counter.asks("cus_new", placement="account", limit=5)

    assert counter.names(found)[0] == "beans"
    assert found.items[0].reason.code == "buy_again"
    assert set(counter.names(found)[1:]) == set(COFFEE) - {"beans"}


# -- what must not be shown, and lists that are never short for it


def test_what_is_sold_out_archived_or_in_the_cart_is_passed_over_without_shortening_the_list(counter):
    counter.buys("cus_new", "beans")
    counter.inventory.set_on_hand({"filter": 0})
    counter.shop.catalog.products.archive(counter.products["grinder"], expected_version=1)

    found = counter.asks("cus_new", in_cart=counter.ids("kettle"), limit=5)

    names = counter.names(found)
    assert len(names) == 5
    assert not {"filter", "grinder", "kettle", "beans"} & set(names)


def test_what_comes_back_into_stock_is_recommended_again_soon_and_at_once_where_the_list_is_short(counter):
    counter.inventory.set_on_hand({"filter": 0})
    counter.buys("cus_new", "beans")
    assert "filter" not in counter.names(counter.asks("cus_new", limit=4))

    counter.inventory.set_on_hand({"filter": 5})
    assert "filter" in counter.names(counter.asks("cus_new", limit=9))
    counter.clock.advance(31)

    assert "filter" in counter.names(counter.asks("cus_new", limit=4))


def test_what_was_sold_out_when_the_model_was_trained_may_have_come_back(counter):
    counter.inventory.set_on_hand({"filter": 0})
    counter.trains()
    counter.inventory.set_on_hand({"filter": 5})
    counter.buys("cus_new", "beans")
    counter.asks("cus_new")
    counter.clock.advance(31)

    assert "filter" in counter.names(counter.asks("cus_new", limit=4))


def test_a_product_is_there_as_long_as_one_of_its_variants_is(counter):
    sizes = [VariantInput(sku=f"cup-{size}", price=Money(500, "GBP")) for size in ("s", "l")]
    cup = counter.puts_on_the_shelf("cup", variants=sizes)
    counter.inventory.set_on_hand({"cup-s": 0, "cup-l": 1})
    assert "cup" in counter.names(counter.asks(limit=20))

    counter.inventory.set_on_hand({"cup-l": 0})
    counter.clock.advance(60)

    assert cup not in {item.card.id for item in counter.asks(limit=20).items}


def test_filters_by_category_and_price_leave_lists_as_long_as_there_are_products(counter):
    taxonomy = counter.shop.catalog.taxonomy
    room = taxonomy.create_category(CategoryInput(name="Rooms")).id
    cellar = taxonomy.create_category(CategoryInput(name="Cellar", parent=room)).id
    inside = [counter.puts_on_the_shelf(f"jar {n}", price=100 * n, categories=[cellar]) for n in range(1, 9)]
    counter.buys("cus_new", "beans")

    for trained in (False, True):
        if trained:
            counter.trains()
        below = counter.asks("cus_new", limit=12, filters=Filters(categories=(room,)))
        cheap = counter.asks("cus_new", limit=12, filters=Filters(categories=(room,), price_to=300))
        dear = counter.asks("cus_new", limit=3, filters=Filters(price_from=1999))

        assert {item.card.id for item in below.items} == set(inside)
        assert {item.card.id for item in cheap.items} == set(inside[:3])
        assert len(dear.items) == 3
        assert all(item.card.price.amount >= 1999 for item in dear.items)
    assert counter.asks("cus_new", filters=Filters(categories=("cat_none",))).items == []


def test_a_price_that_changed_after_training_is_filtered_by_what_it_is_now(counter):
    patch = {"variants": [{"sku": "spade", "price": {"amount": 50, "currency": "GBP"}}]}
    counter.shop.catalog.products.patch(counter.products["spade"], patch, expected_version=None)

    assert counter.names(counter.asks(filters=Filters(price_to=60))) == ["spade"]
    assert "spade" not in counter.names(counter.asks(filters=Filters(price_from=60)))


def test_staff_block_and_pin(counter):
    rules = counter.shop.recommendation_rules
    counter.buys("cus_new", "beans")
    pins = [
        Pin(strip="for_you", product=counter.products[name], place=place) for name, place in (("pot", 1), ("kettle", 3))
    ]
    rules.replace(Rules(blocked=counter.ids("filter", "soil"), pins=pins), expected_version=0)
    counter.clock.advance(2)

    found = counter.asks("cus_new", limit=5)

    names = counter.names(found)
    assert (names[0], names[2]) == ("pot", "kettle")
    assert {reasons(found)[name].code for name in ("pot", "kettle")} == {"picked"}
    assert len(set(names)) == 5
    assert not {"filter", "soil"} & set(counter.names(counter.asks("cus_new", limit=20)))
    assert "filter" not in counter.names(counter.recommender.bought_together(counter.products["beans"]))


def test_a_pin_that_cannot_be_shown_is_left_out_and_a_block_outranks_it(counter):
    counter.inventory.set_on_hand({"pot": 0})
    pins = [
        Pin(strip="for_you", product=p, place=n + 1) for n, p in enumerate([*counter.ids("pot", "soil"), "prod_none"])
    ]
    counter.shop.recommendation_rules.replace(Rules(blocked=counter.ids("soil"), pins=pins), expected_version=0)
    counter.clock.advance(2)

    found = counter.asks(limit=5)

    assert len(found.items) == 5
    assert not {"pot", "soil"} & set(counter.names(found))


def test_a_blocked_category_takes_everything_beneath_it_out_new_products_too(counter):
    taxonomy = counter.shop.catalog.taxonomy
    adult = taxonomy.create_category(CategoryInput(name="Spirits")).id
    below = taxonomy.create_category(CategoryInput(name="Gin", parent=adult)).id
    counter.puts_on_the_shelf("old gin", categories=[below])
    counter.trains()
    counter.puts_on_the_shelf("new gin", categories=[below])
    counter.shop.recommendation_rules.replace(Rules(blocked_categories=[adult]), expected_version=0)
    counter.clock.advance(2)

    assert not {"old gin", "new gin"} & set(counter.names(counter.asks(limit=30)))


def test_rules_are_replaced_only_as_they_were_read_and_never_pin_two_to_one_place(counter):
    rules = counter.shop.recommendation_rules
    rules.replace(Rules(explore_share=0), expected_version=0)

    with pytest.raises(StaleVersionError):
        rules.replace(Rules(), expected_version=0)
    twice = [Pin(strip="trending", product=p, place=2) for p in counter.ids("pot", "soil")]
    with pytest.raises(InvalidError):
        rules.replace(Rules(pins=twice), expected_version=1)
    assert rules.read().version == 1


# -- new shops, new products


def test_a_shop_without_orders_recommends_what_is_new(empty_counter):
    counter = empty_counter
    found = counter.asks(limit=3)

    assert (len(found.items), found.fallback, found.model_version) == (3, "newest", None)
    assert {item.reason.code for item in found.items} == {"new"}
    counter.trains()
    assert counter.asks(limit=3).model_version is not None


def test_a_first_day_s_list_is_not_shortened_by_what_is_sold_out_or_in_the_cart(empty_counter):
    counter = empty_counter
    counter.inventory.set_on_hand({"gloves": 0})

    found = counter.asks(in_cart=counter.ids("soil"), limit=5)

    assert len(found.items) == 5
    assert not {"gloves", "soil"} & set(counter.names(found))


def test_after_the_first_order_of_a_shop_strangers_see_it_first(empty_counter):
    counter = empty_counter
    counter.buys("cus_first", "pot", days_ago=0)
    counter.trains()

    found = counter.asks(limit=3)

    assert counter.names(found)[0] == "pot"
    assert len(found.items) == 3


def test_a_new_product_is_recommended_at_once_to_those_who_took_what_it_reads_like(counter):
    counter.products["mug"] = counter.puts_on_the_shelf("clay mug with handle")
    counter.clock.advance(60 * 86400)
    for number in range(8):
        counter.buys(f"cus_m{number}", "mug", "beans", days_ago=1)
    counter.trains()
    counter.buys("cus_new", "mug", days_ago=0)
    new = counter.puts_on_the_shelf("large clay mug")
    counter.clock.advance(2)

    found = counter.asks("cus_new", limit=8)

    by_id = {item.card.id: item.reason for item in found.items}
    assert by_id[new].code == "similar"
    assert list(by_id[new].because) == counter.ids("mug")
    beside = counter.recommender.similar(counter.products["mug"], limit=2)
    assert {item.card.id: item.reason.code for item in beside.items}[new] == "similar"


def test_a_new_product_has_a_list_of_its_own(counter):
    counter.puts_on_the_shelf("red clay mug")
    counter.trains()
    new = counter.puts_on_the_shelf("blue clay mug")

    found = counter.recommender.similar(new, limit=1)

    assert counter.names(found) == ["red clay mug"]
    assert found.items[0].reason.because == (new,)


def test_a_list_longer_than_what_ever_sold_is_filled_with_what_is_new(counter):
    new = counter.puts_on_the_shelf("lamp")

    found = counter.asks("cus_c1", limit=100)

    bought = set(counter.products.values()) - {s.card.id for s in found.items}
    assert bought == set(counter.ids(*(COFFEE[(1 + step) % 5] for step in range(3))))
    assert new in {s.card.id for s in found.items}
    assert found.fallback is None


# -- variety and trying


def test_near_duplicates_stand_in_a_list_once_while_there_is_something_else(counter):
    text = {"brand": "Kiln", "attributes": {}}
    for number in range(6):
        name = f"striped linen tea towel from Ghent {'abcdef'[number]}"
        counter.products[name] = counter.puts_on_the_shelf(name, **text)
    counter.clock.advance(60 * 86400)
    towels = [name for name in counter.products if "towel" in name]
    for number in range(9):
        counter.buys(f"cus_d{number}", *towels, days_ago=1)
    counter.trains()

    assert sum("towel" in name for name in counter.names(counter.asks(limit=8))) == 1
    assert len(counter.asks(limit=15).items) == 15


def test_no_aisle_fills_a_list_while_others_have_something(counter):
    aisle = counter.shop.catalog.taxonomy.create_category(CategoryInput(name="Lamps")).id
    for number in range(8):
        name = f"lamp{number} {'xyzuvwrs'[number] * 4}"
        counter.products[name] = counter.puts_on_the_shelf(name, categories=[aisle])
    counter.clock.advance(60 * 86400)
    for number in range(9):
        counter.buys(f"cus_l{number}", *(n for n in counter.products if "lamp" in n), days_ago=1)
    counter.trains()

    assert sum("lamp" in name for name in counter.names(counter.asks(limit=9))) <= 3
    assert len(counter.asks(limit=17).items) == 17


def test_what_is_tried_is_the_same_under_a_seed_and_can_be_turned_off(counter):
    for number in range(30):
        counter.puts_on_the_shelf(f"odd thing {number}")
    counter.trains()
    lists = {seed: counter.names(counter.asks(limit=10, seed=seed)) for seed in map(str, range(30))}

    assert len({tuple(names[:9]) for names in lists.values()}) == 1
    assert len({names[9] for names in lists.values()}) > 3
    assert lists["7"] == counter.names(counter.asks(limit=10, seed="7"))

    counter.shop.recommendation_rules.replace(Rules(explore_share=0), expected_version=0)
    counter.clock.advance(2)
    assert len({tuple(counter.names(counter.asks(limit=10, seed=str(n)))) for n in range(30)}) == 1


# -- nonsense


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
