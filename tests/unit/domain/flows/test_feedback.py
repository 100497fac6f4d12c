"""What shoppers do with lists is counted once, put down to the right list and version, and found in the report."""

from datetime import timedelta
from threading import Thread

import pytest
from counter import Counter

from bodega import schema
from bodega.domain.flows.crediting import Reported
from bodega.domain.recommendations.facts import CREDIT_SECONDS, KEPT_SECONDS, REMEMBERED_SECONDS
from bodega.domain.recommendations.receipts import LIFETIME_SECONDS, Place, Receipt, mark_of
from bodega.domain.recommendations.rules import Rules
from bodega.errors import ConflictError, InvalidError, NotFoundError
from bodega.ports.table import scan_all
from bodega.values.money import Money


def did(kind, product_id=None, actor="", **more):
    return Reported(kind=kind, product_id=product_id, actor=actor, **more)


def row(counter, placement="for_you", days=30):
    rows = counter.shop.recommendation_reports.report(days=days).rows
    return next((one for one in rows if one.placement == placement), None)


def bought(counter, cart_id, order_id, **units):
    """Do what the worker does once an order of a cart was placed."""
    goods = {counter.products[name]: (n, Money(250 * n, "GBP")) for name, n in units.items()}
    return counter.shop.crediting._feedback.ordered(cart_id, order_id, goods)


@pytest.fixture
def listed(counter):
    """A list that was served to a stranger."""
    return counter.asks(limit=5)


def test_what_is_reported_stands_in_the_report_of_its_placement_and_version(counter, listed):
    first, second = (item.card.id for item in listed.items[:2])

    found = counter.shop.crediting.report(
        listed.request_id, [did("impression"), did("click", first), did("click", second), did("cart", first)]
    )

    assert found == (4, 0, 0)
    counted = row(counter)
    assert (counted.lists, counted.shown, counted.clicks, counted.carts) == (1, 5, 2, 1)
    assert counted.model_version == counter.models.current_version()
    assert counted.click_through == pytest.approx(2 / 5)


def test_repeating_a_report_changes_nothing_in_any_order_or_grouping(counter, listed):
    first = listed.items[0].card.id
    report = counter.shop.crediting.report
    report(listed.request_id, [did("impression"), did("click", first)])

    again = report(listed.request_id, [did("click", first), did("click", first), did("impression")])
    mixed = report(listed.request_id, [did("click", first), did("cart", first)])

    assert again == (0, 3, 0)
    assert mixed == (1, 1, 0)
    assert (row(counter).lists, row(counter).clicks, row(counter).carts) == (1, 1, 1)


def test_shoppers_who_share_a_list_count_each(counter, listed):
    first = listed.items[0].card.id
    for visitor in ("ann", "bob", "ann"):
        counter.shop.crediting.report(
            listed.request_id, [did("impression", actor=visitor), did("click", first, visitor)]
        )

    assert (row(counter).lists, row(counter).shown, row(counter).clicks) == (2, 10, 2)


def test_what_was_not_in_the_list_or_cannot_be_done_with_a_whole_list_does_not_count(counter, listed):
    missing = next(p for p in counter.products.values() if p not in {item.card.id for item in listed.items})

    found = counter.shop.crediting.report(
        listed.request_id, [did("click", missing), did("click"), did("cart", "\ud800")]
    )

    assert found == (0, 0, 3)
    assert row(counter) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda r: r[:-1],
        lambda r: r[:30],
        lambda r: r.replace("rec_", ""),
        lambda _: "",
        lambda r: r[:-4] + "AAAA",
        lambda _: "rec_" + "é" * 9,
        lambda _: "rec_" + "A" * 1999,
    ],
)
def test_a_request_id_that_is_not_ours_is_refused(counter, listed, damage):
    with pytest.raises(InvalidError):
        counter.shop.crediting.report(damage(listed.request_id), [did("impression")])
    counter.shop.crediting.seen(damage(listed.request_id), visitor="v")
    counter.shop.crediting.clicked(damage(listed.request_id), "prod_x", visitor="v")

    assert row(counter) is None


def test_another_shop_s_receipt_is_not_ours(listed, tmp_path):
    stranger = Counter(tmp_path / "other")
    with pytest.raises(InvalidError):
        stranger.shop.crediting.report(listed.request_id, [did("impression")])
    stranger.close()


def test_a_list_is_accounted_for_for_a_month_and_what_counted_is_remembered_longer(counter, listed):
    counter.clock.advance(LIFETIME_SECONDS - 10)
    assert counter.shop.crediting.report(listed.request_id, [did("impression")]).counted == 1
    counter.clock.advance(20)

    assert counter.shop.crediting.report(listed.request_id, [did("impression")]) == (0, 0, 1)
    assert REMEMBERED_SECONDS > LIFETIME_SECONDS


def test_everything_that_is_kept_ends_by_itself(counter, listed):
    first = listed.items[0].card.id
    counter.shop.crediting.report(listed.request_id, [did("impression"), did("click", first)], cart_id="cart_1")
    kept = list(scan_all(counter.shop.world.table, schema.RECOMMENDATIONS))
    now = counter.clock.now().timestamp()

    assert len(kept) == 4
    assert all(now < item["expires_at"] <= now + KEPT_SECONDS for item in kept)
    assert CREDIT_SECONDS < KEPT_SECONDS


def test_racing_reports_of_one_event_count_it_once(counter, listed):
    first = listed.items[0].card.id

    def send():
        for _ in range(5):
            counter.shop.crediting.report(listed.request_id, [did("impression"), did("click", first)])

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (row(counter).lists, row(counter).clicks) == (1, 1)


# -- carts and orders


def test_a_purchase_is_put_down_to_the_list_in_which_the_product_was_clicked(counter, listed):
    first, other = (item.card.title for item in listed.items[:2])
    shop = counter.shop
    shop.crediting.clicked(listed.reference, counter.products[first], visitor="v1")
    assert not shop.crediting.carted("cart_1", counter.products[first], visitor="v1"), "the list was not seen"
    shop.crediting.seen(listed.request_id, visitor="v1")
    shop.crediting.clicked(listed.reference, counter.products[first], visitor="v1")

    assert shop.crediting.carted("cart_1", counter.products[first], visitor="v1")
    assert not shop.crediting.carted("cart_1", counter.products[first], visitor="v1")
    assert not shop.crediting.carted("cart_1", counter.products[other], visitor="v1")
    assert bought(counter, "cart_1", "ord_1", **{first: 2, other: 1}) == 1
    assert bought(counter, "cart_1", "ord_1", **{first: 2, other: 1}) == 0

    counted = row(counter)
    assert (counted.clicks, counted.carts, counted.orders, counted.units) == (1, 1, 1, 2)
    assert counted.revenue == [Money(500, "GBP")]
    assert counted.conversion == 1


def test_a_click_of_whoever_already_fills_a_cart_needs_no_name(counter, listed):
    first = listed.items[0].card
    counter.shop.crediting.report(listed.request_id, [did("click", first.id)], cart_id="cart_1")

    assert bought(counter, "cart_1", "ord_1", **{first.title: 1}) == 1
    assert bought(counter, "cart_2", "ord_2", **{first.title: 1}) == 0


def test_a_click_is_forgotten_after_a_month(counter, listed):
    first = listed.items[0].card
    counter.shop.crediting.report(listed.request_id, [did("click", first.id)], cart_id="cart_1", visitor="v1")
    counter.clock.advance(CREDIT_SECONDS + 1)

    assert bought(counter, "cart_1", "ord_1", **{first.title: 1}) == 0


def test_a_reported_purchase_counts_what_the_order_says_and_once_with_the_shop_s_own(counter, listed):
    first = listed.items[0].card
    counter.clock.advance(60)
    counter.buys("cus_1", first.title, days_ago=0)
    order = counter.shop.orders.list_by_customer("cus_1")[0]
    counter.shop.crediting.report(listed.request_id, [did("click", first.id)], cart_id="cart_1")

    told = [did("purchase", first.id, order_id=order.id, actor=name) for name in ("a", "b")]
    assert counter.shop.crediting.report(listed.request_id, told) == (1, 1, 0)
    assert bought(counter, "cart_1", order.id, **{first.title: 1}) == 0

    assert (row(counter).orders, row(counter).revenue) == (1, [Money(100, "GBP")])


def test_purchases_that_cannot_be_are_not_believed(counter, listed):
    first = listed.items[0].card
    counter.buys("cus_1", first.title, days_ago=1)
    counter.buys("cus_2", next(n for n in counter.products if n not in counter.names(listed)), days_ago=0)
    older, other = (counter.shop.orders.list_by_customer(c)[0].id for c in ("cus_1", "cus_2"))

    told = [did("purchase", first.id, order_id=order) for order in (older, other, "ord_none", None, "\ud800")]

    assert counter.shop.crediting.report(listed.request_id, told) == (0, 0, 5)


# -- what is tried, and reports


def test_what_was_tried_tells_what_not_trying_would_have_got(counter):
    for number in range(20):
        counter.puts_on_the_shelf(f"odd thing {number}")
    counter.trains()
    usual = {counter.asks(limit=10, seed=str(n)).items[9].card.title for n in range(60)}
    counter.shop.recommendation_rules.replace(Rules(explore_share=0), expected_version=0)
    counter.clock.advance(2)
    head = counter.asks(limit=10).items[9].card
    counter.shop.recommendation_rules.replace(Rules(), expected_version=1)
    counter.clock.advance(2)

    shown = heads = 0
    for number in range(120):
        found = counter.asks(limit=10, seed=str(number))
        last = found.items[9].card
        done = [did("impression")] + ([did("click", last.id)] if last.id == head.id else [])
        counter.shop.crediting.report(found.request_id, done)
        shown, heads = shown + 1, heads + (last.id == head.id)

    report = counter.shop.recommendation_reports.report(days=1)
    value = report.policies[0].value
    assert len(usual) > 4
    assert 0 < heads < 40
    assert [(p.policy, p.model_version) for p in report.policies] == [
        ("without trying", counter.models.current_version())
    ]
    assert value.showings == shown
    assert value.snips == 1
    assert value.logged == pytest.approx(heads / shown)
    assert value.ips == pytest.approx(8 * heads / shown)


def test_a_report_covers_the_days_asked_for_and_no_others(counter, listed):
    counter.shop.crediting.report(listed.request_id, [did("impression")])
    counter.clock.advance(3 * 86400)

    assert row(counter, days=3) is None
    assert row(counter, days=4).lists == 1
    for days in (0, -1, 10_000):
        with pytest.raises(InvalidError):
            counter.shop.recommendation_reports.report(days=days)


def test_a_receipt_holds_the_longest_list(counter):
    places = tuple(Place(mark_of(str(n), "n"), 2, 8, usual=True, rival=True) for n in range(100))
    receipts = counter.shop.crediting._receipts
    receipt = Receipt("01" * 13, "because_you_bought", 2**31, "v" * 80, "duel_" + "0" * 26, places)

    assert receipts.read(receipts.write(receipt)) == receipt


# -- duels


def two_versions(counter):
    """Train a second version that thinks otherwise, and return both; the first is in service again."""
    first = counter.models.current_version()
    for number in range(30):
        counter.buys(f"cus_n{number}", "pot", "gloves", days_ago=0.5)
    counter.trains()
    second = counter.models.current_version()
    counter.models.roll_back()
    counter.clock.advance(2)
    return first, second


def test_in_a_duel_both_versions_pick_and_clicks_count_for_whoever_picked(counter):
    first, second = two_versions(counter)
    duel = counter.shop.recommendation_duels.begin(second, share=1.0)

    for number in range(40):
        found = counter.asks("cus_c1", limit=4, seed=str(number))
        places = counter.shop.crediting._receipts.read(found.request_id).places
        assert {place.team for place in places} == {1, 2}
        seconds = [i.card.id for i, place in zip(found.items, places, strict=True) if place.team == 2]
        counter.shop.crediting.report(
            found.request_id, [did("impression"), did("click", seconds[0]), did("click", seconds[0])]
        )

    score = counter.shop.recommendation_reports.duel(duel.id)
    assert (duel.first, duel.rival) == (first, second)
    assert (score.lists, score.first_clicks, score.second_clicks) == (40, 0, 40)
    assert (score.verdict.second, score.verdict.winner) == (40, 2)


def test_a_list_is_won_by_whoever_has_more_clicks_in_the_end(counter):
    _, second = two_versions(counter)
    duel = counter.shop.recommendation_duels.begin(second, share=1.0)
    found = counter.asks("cus_c1", limit=4)
    places = counter.shop.crediting._receipts.read(found.request_id).places
    of = {team: [i.card.id for i, p in zip(found.items, places, strict=True) if p.team == team] for team in (1, 2)}

    def after(*clicked):
        counter.shop.crediting.report(found.request_id, [did("click", p) for p in clicked])
        verdict = counter.shop.recommendation_reports.duel(duel.id).verdict
        return verdict.first, verdict.second, verdict.ties

    assert after(of[1][0]) == (1, 0, 0)
    assert after(of[2][0]) == (0, 0, 1)
    assert after(of[2][0], of[2][1]) == (0, 1, 0)


def test_a_duel_is_for_known_shoppers_and_for_their_share(counter):
    _, second = two_versions(counter)
    duel = counter.shop.recommendation_duels.begin(second, share=0.5)

    def drafted(**asked):
        return counter.shop.crediting._receipts.read(counter.asks(**asked).request_id).duel

    shoppers = [drafted(who=f"visitor {n}", viewed=counter.ids("beans")) for n in range(40)]
    assert drafted(limit=5) == ""
    assert 8 < shoppers.count(duel.id) < 32
    assert shoppers == [drafted(who=f"visitor {n}", viewed=counter.ids("beans")) for n in range(40)]


def test_a_duel_ends_when_told_to_or_when_another_version_comes_into_service(counter):
    first, second = two_versions(counter)
    duels = counter.shop.recommendation_duels
    duels.begin(second, share=1.0)
    with pytest.raises(InvalidError):
        duels.begin(first, share=1.0)
    assert not counter.trainer.due(every=timedelta(days=1))
    counter.trains()
    assert duels.read() is None

    duels.begin(second, share=1.0)
    assert duels.end().rival == second
    assert duels.read() is None


def test_versions_that_cannot_compete_are_refused(counter):
    first, second = two_versions(counter)
    duels = counter.shop.recommendation_duels
    for rival in ("no-such-version", "../x", ""):
        with pytest.raises(NotFoundError):
            duels.begin(rival, share=1.0)
    for share in (0, -1, 1.5, float("nan")):
        with pytest.raises(InvalidError):
            duels.begin(second, share=share)
    with pytest.raises(InvalidError):
        duels.begin(first, share=1.0)
    duels.begin(second, share=1.0)
    with pytest.raises(ConflictError):
        duels.begin(second, share=1.0)
    duels.end()
    with pytest.raises(NotFoundError):
        duels.end()
