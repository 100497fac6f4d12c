"""New shops, new products, variety, and what is tried: lists that no sales could make."""

from counter import COFFEE

from bodega.domain.catalog.model import CategoryInput
from bodega.domain.recommendations.rules import Rules


def reasons(found):
    return {item.card.title: item.reason for item in found.items}


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
