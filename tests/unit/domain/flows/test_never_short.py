"""Whatever is sold out, archived, blocked, bought, in the cart or filtered: lists are as long as the shop allows."""

import pytest
from counter import Counter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.domain.catalog.model import CategoryInput
from bodega.domain.flows.recommending import Filters
from bodega.domain.recommendations.rules import Pin, Rules

COUNT = 36
NAMES = [f"thing{number}" for number in range(COUNT)]
some = st.sets(st.sampled_from(NAMES), max_size=COUNT)


@pytest.fixture(scope="module")
def big_counter(tmp_path_factory):
    """Thirty-six things on three shelves at prices of 1 to 36: most were sold, some are new, six are archived."""
    counter = Counter(tmp_path_factory.mktemp("big") / "shop", names=())
    taxonomy = counter.shop.catalog.taxonomy
    root = taxonomy.create_category(CategoryInput(name="All of it")).id
    counter.shelves = [taxonomy.create_category(CategoryInput(name=f"Shelf {n}", parent=root)).id for n in range(3)]
    counter.root = root
    for number, name in enumerate(NAMES):
        if number == COUNT - 4:
            counter.clock.advance(40 * 86400)  # the last four are new
        counter.products[name] = counter.puts_on_the_shelf(
            name, price=number + 1, categories=[counter.shelves[number % 3]], brand=f"maker {number % 5}"
        )
        if number == COUNT - 5:
            for customer in range(24):
                bought = [NAMES[(customer * step) % (COUNT - 10)] for step in (1, 3, 7)]
                counter.buys(f"cus_{customer}", *dict.fromkeys(bought), days_ago=1 + customer / 10)
            counter.trains()
    counter.archived = set(NAMES[10:16])
    for name in counter.archived:
        counter.shop.catalog.products.archive(counter.products[name], expected_version=None)
    yield counter
    counter.close()


class Case:
    """One state of the shop, and what may be shown in it."""

    def __init__(self, counter, draw):
        self.counter = counter
        self.sold_out, self.blocked, self.in_cart = (
            draw(some),
            draw(some),
            draw(st.sets(st.sampled_from(NAMES), max_size=5)),
        )
        self.customer = draw(st.sampled_from([None, "cus_3", "cus_20", "cus_nobody"]))
        self.shelf = draw(st.sampled_from([None, 0, 1, 2]))
        self.low, self.high = draw(st.none() | st.integers(0, COUNT)), draw(st.none() | st.integers(0, COUNT))
        self.pinned = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
        self.limit = draw(st.integers(1, 40))
        self.seed = draw(st.text(max_size=3))

    def arrange(self):
        counter = self.counter
        counter.inventory.set_on_hand({name: 0 if name in self.sold_out else 9 for name in NAMES})
        pins = [Pin(strip="for_you", product=counter.products[n], place=1 + 2 * p) for p, n in enumerate(self.pinned)]
        rules = Rules(blocked=counter.ids(*sorted(self.blocked)), pins=pins)
        counter.shop.recommendation_rules.replace(rules, expected_version=None)
        counter.clock.advance(31)

    def asks(self, **more):
        counter = self.counter
        shelf = () if self.shelf is None else (counter.shelves[self.shelf],)
        return counter.asks(
            self.customer,
            in_cart=counter.ids(*sorted(self.in_cart)),
            limit=self.limit,
            seed=self.seed,
            filters=Filters(shelf, self.low, self.high),
            **more,
        )

    def fits(self, name):
        number = NAMES.index(name)
        return (
            name not in self.sold_out | self.blocked | self.in_cart | self.counter.archived
            and self.shelf in {None, number % 3}
            and (self.low is None or number + 1 >= self.low)
            and (self.high is None or number + 1 <= self.high)
        )

    @property
    def bought(self):
        orders = self.counter.shop.orders.list_by_customer(self.customer) if self.customer else []
        return {line.sku for order in orders for line in order.lines}


LONG = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.data())
@LONG
def test_a_personal_list_has_what_may_be_shown_as_much_of_it_as_there_is_and_nothing_else(big_counter, data):
    case = Case(big_counter, data.draw)
    case.arrange()

    found = case.asks()

    names = big_counter.names(found)
    pinned = {name for place, name in enumerate(case.pinned) if 1 + 2 * place <= case.limit}
    allowed = {name for name in NAMES if case.fits(name) and (name not in case.bought or name in pinned)}
    assert set(names) <= allowed
    assert len(names) == len(set(names)) == min(case.limit, len(allowed))
    assert names == big_counter.names(case.asks())
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)


@given(st.data())
@LONG
def test_pins_stand_at_their_places_wherever_they_may_stand(big_counter, data):
    case = Case(big_counter, data.draw)
    case.arrange()

    names = big_counter.names(case.asks())

    standing = [(1 + 2 * place, name) for place, name in enumerate(case.pinned) if case.fits(name)]
    for place, name in standing:
        if place <= min(case.limit, len(names)):
            assert names[place - 1] == name


@given(st.data(), st.sampled_from(["cart", "account", "trending", "product", "similar"]))
@LONG
def test_every_other_list_that_is_filled_is_full_too(big_counter, data, placement):
    case = Case(big_counter, data.draw)
    case.arrange()
    about = data.draw(st.sampled_from(NAMES)) if placement in {"product", "similar"} else None

    found = case.asks(placement=placement, product_id=big_counter.products[about] if about else None)

    names = big_counter.names(found)
    allowed = {name for name in NAMES if case.fits(name) and name != about}
    assert set(names) <= allowed
    assert len(names) == len(set(names)) >= min(case.limit, len(allowed - case.bought))


@given(st.data(), st.sampled_from(["bought_together", "because_you_bought", "buy_again", "recently_viewed"]))
@LONG
def test_lists_that_claim_a_tie_hold_nothing_without_one(big_counter, data, placement):
    case = Case(big_counter, data.draw)
    case.arrange()
    about = data.draw(st.sampled_from(NAMES)) if placement == "bought_together" else None
    viewed = data.draw(st.lists(st.sampled_from(NAMES), max_size=6))

    found = case.asks(
        placement=placement,
        product_id=big_counter.products[about] if about else None,
        viewed=big_counter.ids(*viewed),
    )

    assert all(case.fits(name) for name in big_counter.names(found))
    for item in found.items:
        because = set(item.reason.because)
        match placement:
            case "bought_together":
                assert because == {big_counter.products[about]}
                orders = [{line.product_id for line in order.lines} for order in big_counter.shop.orders.all()]
                assert any({item.card.id, big_counter.products[about]} <= lines for lines in orders)
            case "because_you_bought":
                assert because <= set(big_counter.ids(*case.bought))
            case "buy_again":
                assert item.card.title in case.bought
            case _:
                assert item.card.title in viewed
