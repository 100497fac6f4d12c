"""Recommendations as a shopper gets them: a small shop with two tastes, trained for real."""

from counter import COFFEE, GARDEN


def reasons(found):
    return {item.card.title: item.reason for item in found.items}


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
