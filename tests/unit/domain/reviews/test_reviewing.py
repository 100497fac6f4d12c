"""Customers write, edit and remove reviews, staff moderate them, others find them helpful; the stars always add up."""

import msgspec
import pytest
from review_bench import NOW, ReviewBench

from bodega.domain.catalog.model import Rating
from bodega.domain.reviews.model import Review, ReviewInput
from bodega.domain.reviews.votes import OwnReviewError
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.table import Event

ANN, BEN, CEM = "cus_ANN", "cus_BEN", "cus_CEM"


@pytest.fixture
def bench(tmp_path):
    bench = ReviewBench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def mug(bench):
    return bench.product()


def authors(page):
    return [review.customer_id for review in page.rows]


def test_a_review_is_shown_and_counted_at_once(bench, mug):
    review = bench.write(mug, ANN, 4, title="Nice", text="Holds tea.", author="Ann")

    assert bench.reviews.list_published(mug).rows == [review]
    assert bench.reviews.get(review.id) == review
    assert bench.adds_up(mug).stars == (0, 0, 0, 1, 0)


def test_a_customer_has_one_review_of_a_product_and_edits_it(bench, mug):
    first, new = bench.reviewing.write(mug, ANN, ReviewInput(rating=4))
    bench.clock.advance(60)
    second, again_new = bench.reviewing.write(mug, ANN, ReviewInput(rating=2, text="It broke."))
    third, _ = bench.reviewing.write(mug, ANN, ReviewInput(rating=2, text="It broke."))

    assert (new, again_new) == (True, False)
    assert (second.id, second.created_at, second.version) == (first.id, NOW, 2)
    assert second.updated_at > NOW
    assert third == second
    assert bench.adds_up(mug).stars == (0, 1, 0, 0, 0)


def test_who_bought_it_is_found_out_by_the_shop(bench, mug):
    bench.bought(ANN, mug)
    bench.bought(BEN, mug, state="cancelled")
    bench.bought(CEM, bench.product("POT"))

    assert bench.write(mug, ANN, 5).verified
    assert not bench.write(mug, BEN, 5).verified
    assert not bench.write(mug, CEM, 5).verified
    bench.bought(CEM, mug, state="fulfilled")
    assert bench.write(mug, CEM, 5).verified


def test_a_review_that_is_removed_is_gone_with_its_stars_and_can_be_written_anew(bench, mug):
    old = bench.write(mug, ANN, 1)
    bench.votes.add(old.id, BEN)
    bench.reviewing.remove(mug, ANN)

    assert bench.reviews.find(mug, ANN) is None
    assert bench.adds_up(mug).count == 0
    assert list(bench.votes.list_by_customer(BEN)) == []
    for lost in (lambda: bench.reviewing.remove(mug, ANN), lambda: bench.reviews.get(old.id)):
        with pytest.raises(NotFoundError):
            lost()
    new = bench.write(mug, ANN, 5)
    assert new.id != old.id
    assert bench.adds_up(mug).stars == (0, 0, 0, 0, 1)


def test_what_staff_take_down_is_neither_shown_nor_counted(bench, mug):
    review = bench.write(mug, ANN, 1)
    bench.write(mug, BEN, 5)

    bench.reviewing.moderate(review.id, "rejected")
    assert authors(bench.reviews.list_published(mug)) == [BEN]
    assert bench.adds_up(mug).stars == (0, 0, 0, 0, 1)
    assert bench.write(mug, ANN, 2).status == "pending"  # an edit does not bring it back by itself
    assert authors(bench.reviews.list_all(status="pending")) == [ANN]

    bench.reviewing.moderate(review.id, "published")
    bench.reviewing.moderate(review.id, "published")
    assert bench.adds_up(mug).stars == (0, 1, 0, 0, 1)
    assert bench.reviews.get(review.id).version == 4


@pytest.mark.parametrize(
    ("hold_back", "waiting"), [("nobody", set()), ("unverified", {BEN}), ("everybody", {ANN, BEN})]
)
def test_a_setting_says_whose_reviews_wait_for_staff(tmp_path, hold_back, waiting):
    bench = ReviewBench(tmp_path, hold_back=hold_back)
    mug = bench.product()
    bench.bought(ANN, mug)
    bench.write(mug, ANN, 5)
    bench.write(mug, BEN, 5)

    assert set(authors(bench.reviews.list_all(status="pending"))) == waiting
    assert bench.adds_up(mug).count == 2 - len(waiting)
    bench.close()


@pytest.mark.parametrize("rating", [0, 6, -1, 1.5, True, "5", float("nan"), None, 10**30])
def test_stars_are_one_to_five_and_whole(rating):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"rating": rating}, ReviewInput)


@pytest.mark.parametrize(
    "words",
    [{"text": "a\x00b"}, {"title": "a\nb"}, {"author": "Ann\u202enimda"}, {"text": "\u2066x"}, {"text": "\ud800"}],
    ids=["zero", "break", "override", "isolate", "half"],
)
def test_words_that_could_do_more_than_be_read_are_refused(bench, mug, words):
    with pytest.raises(InvalidError) as refusal:
        bench.write(mug, ANN, 5, **words)

    assert refusal.value.faults[0].pointer == f"/{next(iter(words))}"
    assert bench.adds_up(mug).count == 0


def test_markup_and_right_to_left_words_are_words(bench, mug):
    words = "<script>alert(1)</script> \u05e9\u05dc\u05d5\u05dd\n\u0645\u0631\u062d\u0628\u0627 \U0001f375"

    assert bench.write(mug, ANN, 5, text=words).text == words


def test_an_edit_decided_on_a_review_that_was_replaced_meanwhile_is_decided_again(bench, mug, monkeypatch):
    old = bench.write(mug, ANN, 1)
    find, seen = bench.reviews.find, []

    def find_then_replace(product_id, reviewer):
        found = find(product_id, reviewer)
        if not seen:  # another tab removes it and writes another, at the same version, before this one commits
            seen.append(found)
            bench.reviewing.remove(mug, ANN)
            bench.write(mug, ANN, 2)
        return found

    with monkeypatch.context() as context:
        context.setattr(bench.reviews, "find", find_then_replace)
        edited = bench.write(mug, ANN, 5)

    assert edited.id != old.id
    assert bench.reviews.get(edited.id) == edited
    assert bench.adds_up(mug).stars == (0, 0, 0, 0, 1)


# -- lists


def test_each_order_is_paged_without_gaps_or_repetitions(bench, mug):
    for number in range(11):
        bench.clock.advance(1)
        review = bench.write(mug, f"cus_{number:02d}", 1 + number % 5)
        for voter in range(number % 4):
            bench.votes.add(review.id, f"cus_voter{voter}")
    everything = bench.reviews.list_published(mug, limit=50).rows
    keys = {
        "created_at": lambda r: r.created_at,
        "rating": lambda r: (r.rating, r.created_at),
        "helpful": lambda r: (r.helpful, r.created_at),
    }

    for sort in ("-created_at", "created_at", "-helpful", "-rating", "rating"):
        seen, position = [], None
        while True:
            page = bench.reviews.list_published(mug, sort=sort, position=position, limit=4)
            seen += page.rows
            position = page.next
            if position is None:
                break
        key = keys[sort.removeprefix("-")]
        assert seen == sorted(everything, key=key, reverse=sort.startswith("-")), sort


@pytest.mark.parametrize("product_id", ["", "x" * 3000, "\u00e9" * 1500, "a\x1fb", "\ud800"])
def test_what_cannot_be_a_product_has_no_reviews(bench, product_id):
    assert bench.reviews.list_published(product_id).rows == []
    assert bench.reviews.tally(product_id).count == 0
    assert bench.reviews.find(product_id, ANN) is None


def test_staff_see_everything_newest_first(bench, mug):
    for number, customer in enumerate([ANN, BEN, CEM]):
        bench.clock.advance(1)
        review = bench.write(mug, customer, 3)
        if number == 1:
            bench.reviewing.moderate(review.id, "rejected")

    assert authors(bench.reviews.list_all()) == [CEM, BEN, ANN]
    assert authors(bench.reviews.list_all(status="published")) == [CEM, ANN]
    assert authors(bench.reviews.list_all(limit=2, position=bench.reviews.list_all(limit=2).next)) == [ANN]


# -- votes


def test_a_customer_s_vote_counts_once(bench, mug):
    review = bench.write(mug, ANN, 5)

    assert bench.votes.add(review.id, BEN).helpful == 1
    assert bench.votes.add(review.id, BEN).helpful == 1
    assert bench.votes.add(review.id, CEM).helpful == 2
    bench.write(mug, ANN, 4)  # an edit keeps the votes
    assert bench.reviews.get(review.id).helpful == 2


def test_nobody_votes_for_their_own_review_or_for_one_that_is_not_shown(bench, mug):
    review = bench.write(mug, ANN, 5)
    with pytest.raises(OwnReviewError):
        bench.votes.add(review.id, ANN)
    bench.reviewing.moderate(review.id, "rejected")

    for review_id in (review.id, "rev_x", "x" * 3000, ""):
        with pytest.raises(NotFoundError):
            bench.votes.add(review_id, BEN)
    assert bench.reviews.get(review.id).helpful == 0


# -- what others are told, and forgetting


def test_every_change_is_announced_without_a_word_of_it(bench, mug):
    review = bench.write(mug, ANN, 5, text="secret words", author="Ann Teak")
    bench.write(mug, ANN, 4, text="other words")
    bench.reviewing.moderate(review.id, "rejected")
    bench.reviewing.remove(mug, ANN)

    facts = bench.facts()
    events = [one.event for one in bench.table.announced(0) if one.event.name == "review.changed"]
    assert [fact["status"] for fact in facts] == ["published", "published", "rejected", "removed"]
    assert [fact["rating"] for fact in facts] == [5, 4, 4, 4]
    assert [event.version for event in events] == [1, 2, 3, 4]
    assert len({event.id for event in events}) == 4
    assert not any(b"words" in event.data or b"Teak" in event.data for event in events)


def test_a_rating_that_could_not_be_shown_at_once_is_shown_by_the_worker(bench, mug, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(bench.reviewing, "_show", lambda _product_id: None)  # killed between commit and showing it
        bench.write(mug, ANN, 4)
        bench.write(mug, BEN, 5)
    assert bench.shown(mug) == Rating()

    bench.relay()

    assert bench.adds_up(mug).total == 9


def test_a_customer_who_is_forgotten_leaves_neither_words_nor_votes(bench, mug):
    pot = bench.product("POT")
    mine = bench.write(mug, ANN, 1, text="I live in Mill Lane")
    bench.write(pot, ANN, 2)
    other = bench.write(mug, BEN, 5)
    bench.votes.add(other.id, ANN)
    bench.votes.add(mine.id, CEM)

    bench.reviewing.forget_customer(ANN)
    bench.reviewing.forget_customer(ANN)

    assert [review.customer_id for review in bench.reviews.all()] == [BEN]
    assert bench.reviews.get(other.id).helpful == 0
    assert bench.adds_up(mug).stars == (0, 0, 0, 0, 1)
    assert bench.adds_up(pot).count == 0
    assert list(bench.votes.list_by_customer(CEM)) == []


def test_what_was_written_while_an_account_was_erased_is_removed_by_the_worker(bench, mug):
    bench.table.transact([], [Event("evt_1", "customer.erased", ANN, 3, "2026-05-01T12:00:00.000Z", b"{}")])
    bench.write(mug, ANN, 1)

    bench.relay()

    assert bench.reviews.find(mug, ANN) is None
    assert bench.adds_up(mug).count == 0


def test_an_event_that_nobody_can_read_becomes_a_dead_letter(bench):
    bench.queue.send("reviews", [b"nothing"])
    for _ in range(6):
        bench.reviewing.work_once()
        bench.clock.advance(10)

    assert len(bench.queue.dead_letters("reviews")) == 1


# -- reviews from elsewhere


def imported(product, number, **changes):
    fields = {"id": f"rev_{number}", "product_id": product, "reviewer": f"r{number}", "rating": 3, "created_at": NOW}
    return Review(**(fields | changes))


def test_imported_reviews_count_and_are_announced(bench, mug):
    recorded = bench.reviews.record_many([imported(mug, n, rating=1 + n % 5) for n in range(12)])
    bench.relay()

    assert (recorded.created, recorded.changed, recorded.unchanged, recorded.clashes) == (12, 0, 0, [])
    assert bench.adds_up(mug).count == 12
    assert len(bench.facts()) == 12
    assert bench.reviews.record_many([imported(mug, n, rating=1 + n % 5) for n in range(12)]).unchanged == 12


def test_an_import_changes_reviews_it_has_newer_words_of(bench, mug):
    bench.reviews.record_many([imported(mug, 1), imported(mug, 1, rating=5), imported(mug, 2, status="pending")])
    recorded = bench.reviews.record_many([imported(mug, 2, rating=1), imported(mug, 1, rating=5, id="rev_other")])
    bench.relay()

    assert (recorded.changed, recorded.unchanged) == (1, 1)
    assert bench.adds_up(mug).stars == (1, 0, 0, 0, 1)


def test_two_reviews_cannot_have_one_id(bench, mug):
    recorded = bench.reviews.record_many([imported(mug, 1), imported(mug, 2, id="rev_1"), imported(mug, 3)])
    bench.relay()

    assert (recorded.created, recorded.clashes) == (2, [1])
    assert bench.adds_up(mug).count == 2
