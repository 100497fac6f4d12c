"""What is sold out, archived, filtered or blocked is not recommended, and lists are not shorter for it."""

import pytest

from bodega.domain.catalog.model import CategoryInput, VariantInput
from bodega.domain.flows.recommending import Filters
from bodega.domain.recommendations.rules import Pin, Rules
from bodega.errors import InvalidError, StaleVersionError
from bodega.values.money import Money


def reasons(found):
    return {item.card.title: item.reason for item in found.items}


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
