"""The stars of a product add up exactly, whoever writes, edits, removes, moderates and votes at the same time."""

import random
import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from review_bench import ReviewBench

from bodega.errors import ConflictError, NotFoundError
from bodega.ports.table import Key

THREADS = 16
DEADLINE_SECONDS = 120
LONG = pytest.mark.slow


@pytest.mark.parametrize("steps", [12, pytest.param(400, marks=LONG)])
def test_stars_and_votes_add_up_under_many_threads(tmp_path, steps):
    bench = ReviewBench(tmp_path)
    mug = bench.product()
    start = threading.Barrier(THREADS)
    broken = []

    def run(number):
        chance = random.Random(number)
        start.wait()
        for _ in range(steps):
            # Six customers for sixteen threads: most of the time two are the same person in two browsers.
            customer = f"cus_{chance.randrange(6)}"
            try:
                one_step(bench, mug, customer, chance)
            except (NotFoundError, ConflictError):
                continue
            except Exception as exc:  # noqa: BLE001  # the thread's end is not the test's: it is looked at below
                broken.append(exc)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    bench.relay()

    assert broken == []
    assert not any(thread.is_alive() for thread in threads)
    bench.adds_up(mug)
    for review in bench.reviews.all():
        assert review.helpful == votes_for(bench, review.id)
    bench.close()


def one_step(bench, mug, customer, chance):
    act = chance.choice(["write", "write", "write", "remove", "approve", "reject", "vote", "vote"])
    if act == "write":
        bench.write(mug, customer, chance.randint(1, 5))
    elif act == "remove":
        bench.reviewing.remove(mug, customer)
    else:
        review = bench.reviews.find(mug, customer)
        if review is None:
            return
        if act == "vote":
            bench.votes.add(review.id, f"cus_{chance.randrange(6)}")
        else:
            bench.reviewing.moderate(review.id, "published" if act == "approve" else "rejected")


def votes_for(bench, review_id):
    items = bench.table.query("review_votes", review_id, limit=1000).items
    return sum(item["voter"] != "place" for item in items)


def test_votes_that_come_at_the_same_moment_are_all_counted(tmp_path):
    bench = ReviewBench(tmp_path)
    review = bench.write(bench.product(), "cus_writer", 5)
    start = threading.Barrier(THREADS)

    def vote(number):
        start.wait()
        for again in range(6):
            bench.votes.add(review.id, f"cus_{number}_{again // 2}")

    threads = [threading.Thread(target=vote, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)

    assert bench.reviews.get(review.id).helpful == votes_for(bench, review.id) == 3 * THREADS
    item = bench.table.get("reviews", Key(review.product_id, review.reviewer))
    assert item["helpful_key"].startswith(f"{3 * THREADS:010d}#")  # and it stands where it belongs
    bench.close()


class Model(RuleBasedStateMachine):
    """What reviews are, said again in dictionaries, and compared after every step."""

    folders = None
    customers = st.sampled_from(["cus_A", "cus_B", "cus_C"])
    products = st.sampled_from([0, 1])

    def __init__(self):
        super().__init__()
        self.bench = ReviewBench(next(self.folders))
        self.ids = [self.bench.product("MUG"), self.bench.product("POT")]
        self.stars, self.status, self.votes = {}, {}, {}

    def teardown(self):
        self.bench.close()

    @rule(product=products, customer=customers, rating=st.integers(1, 5))
    def write(self, product, customer, rating):
        key = (product, customer)
        self.bench.write(self.ids[product], customer, rating)
        if self.status.get(key) == "rejected" and self.stars[key] != rating:
            self.status[key] = "pending"
        elif self.status.get(key) == "pending" and self.stars[key] != rating:
            self.status[key] = "published"  # nothing is held back here, so that an edit shows what waited
        self.status.setdefault(key, "published")
        self.stars[key] = rating

    @rule(product=products, customer=customers)
    def remove(self, product, customer):
        key = (product, customer)
        if key not in self.stars:
            with pytest.raises(NotFoundError):
                self.bench.reviewing.remove(self.ids[product], customer)
            return
        self.bench.reviewing.remove(self.ids[product], customer)
        del self.stars[key], self.status[key]
        self.votes.pop(key, None)

    @rule(product=products, customer=customers, status=st.sampled_from(["published", "rejected"]))
    def moderate(self, product, customer, status):
        review = self.bench.reviews.find(self.ids[product], customer)
        if review is not None:
            self.bench.reviewing.moderate(review.id, status)
            self.status[product, customer] = status

    @rule(product=products, customer=customers, voter=customers)
    def vote(self, product, customer, voter):
        review = self.bench.reviews.find(self.ids[product], customer)
        if review is None:
            return
        if voter == customer or self.status[product, customer] != "published":
            with pytest.raises((NotFoundError, ConflictError)):
                self.bench.votes.add(review.id, voter)
            return
        self.bench.votes.add(review.id, voter)
        self.votes.setdefault((product, customer), set()).add(voter)

    @rule(customer=customers)
    def forget(self, customer):
        self.bench.reviewing.forget_customer(customer)
        for key in [key for key in self.stars if key[1] == customer]:
            del self.stars[key], self.status[key]
            self.votes.pop(key, None)
        for voters in self.votes.values():
            voters.discard(customer)

    @invariant()
    def same(self):
        for number, product in enumerate(self.ids):
            expected = {
                k[1]: (self.stars[k], self.status[k], len(self.votes.get(k, ()))) for k in self.stars if k[0] == number
            }
            found = {
                r.customer_id: (r.rating, r.status, r.helpful)
                for r in self.bench.reviews.all()
                if r.product_id == product
            }
            assert found == expected
            shown = sum(status == "published" for _, status, _ in expected.values())
            assert len(self.bench.reviews.list_published(product).rows) == shown
            self.bench.adds_up(product)


@pytest.mark.parametrize(("examples", "steps"), [(8, 20), pytest.param(200, 50, marks=LONG)], ids=["short", "long"])
def test_reviews_are_what_a_model_says(tmp_path_factory, examples, steps):
    def folders():
        while True:
            yield tmp_path_factory.mktemp("reviews")

    machine = type("Reviews", (Model,), {"folders": folders()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
