"""Tuning chooses on the shop's own last weeks and keeps what it chose; nothing is published that is worth less."""

import logging
from datetime import timedelta

import msgspec
import pytest
from counter import COFFEE, GARDEN

from bodega.domain.flows import order_events, tuning
from bodega.domain.flows.order_events import read_events
from bodega.domain.recommendations.evidence import NotWorthItError
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.ease import Ease
from bodega.recsys.training import TrainSettings
from bodega.recsys.tune import Tuned
from bodega.worker.duties import train_if_due


@pytest.fixture
def busy(counter):
    """The trained counter, to which forty customers came every other week and bought by their taste."""
    for number in range(40):
        taste = (COFFEE, GARDEN)[number % 2]
        for visit in range(5):
            counter.buys(f"cus_{number}", taste[(number + visit) % 5], days_ago=1 + 14 * visit + number / 40)
    return counter


def test_what_tuning_chose_is_kept_with_the_version_and_used_by_later_trainings(busy):
    report = busy.trainer.tune(seconds=0.0)
    tuned = busy.models.current()
    busy.clock.advance(60)
    busy.trainer.train()
    trained = busy.models.current()

    assert report.version == tuned.version
    assert report.trials == 2  # no time for more than popularity and what was there
    assert report.judged.ndcg >= report.judged.popularity_ndcg
    assert tuned.manifest.facts["chosen"]["type"] == "blend"
    assert trained.version != tuned.version
    assert trained.manifest.facts["chosen"] == tuned.manifest.facts["chosen"]


def test_parameters_of_another_version_of_the_shop_are_passed_over(busy):
    busy.trainer.tune(seconds=0.0)
    manifest = busy.models.current().manifest
    manifest.facts["chosen"] = {"type": "blend", "unheard_of": 1}

    assert busy.trainer.train().version == busy.models.current().version


def test_a_shop_with_too_few_customers_to_tell_keeps_the_model_it_has(counter):
    before = counter.models.current_version()

    with pytest.raises(NotWorthItError):
        counter.trainer.tune(seconds=5.0)

    assert counter.models.current_version() == before


# -- training without tuning


@pytest.fixture
def poor(monkeypatch):
    """Let those who judge a training find that it is worth less than what is popular."""
    learn = order_events.train_and_judge

    def badly(*args, **options):
        trained, worth = learn(*args, **options)
        return trained, worth._replace(ndcg=worth.popularity_ndcg - 0.01)

    monkeypatch.setattr(order_events, "train_and_judge", badly)


def test_a_training_is_judged_by_customers_who_came_again(busy):
    busy.trains()

    judged = busy.models.current().manifest.facts["judged"]
    assert judged["customers"] == 20
    assert 1 >= judged["ndcg"] > judged["popularity_ndcg"] > 0


@pytest.mark.usefixtures("poor")
def test_a_training_that_is_worth_less_than_popularity_leaves_the_model_that_serves(busy):
    before = busy.models.current_version()

    with pytest.raises(NotWorthItError):
        busy.trainer.train()

    assert busy.models.current_version() == before
    assert busy.trainer.train(forced=True).version == busy.models.current_version() != before


@pytest.mark.usefixtures("poor")
def test_a_first_model_is_published_whatever_it_is_worth(empty_counter):
    counter = empty_counter
    for number in range(40):
        for visit in range(3):
            counter.buys(f"cus_{number}", COFFEE[(number + visit) % 5], days_ago=1 + 14 * visit)

    assert counter.trainer.train().version == counter.models.current_version()


@pytest.mark.usefixtures("poor")
def test_a_training_that_was_refused_is_not_due_again_at_once(busy, caplog):
    caplog.set_level(logging.INFO)
    before = busy.models.current_version()
    for number in range(40):
        busy.buys(f"cus_{number}", "kettle", days_ago=-0.5)
    busy.clock.advance(86400)
    assert busy.trainer.due(every=timedelta(days=1))

    train_if_due(busy.shop)

    assert "stays" in caplog.text
    assert busy.models.current_version() == before
    busy.clock.advance(3600)
    assert not busy.trainer.due(every=timedelta(days=1))
    for number in range(40):
        busy.buys(f"cus_{number}", "kettle", days_ago=0.001)
    assert busy.trainer.due(every=timedelta(days=1))


@pytest.mark.parametrize("better", [True, False])
def test_a_model_that_serves_and_is_learnt_otherwise_stays_if_it_does_better_and_is_asked_once(
    busy, monkeypatch, better
):
    events = read_events(busy.shop.orders.all())
    other = Blend(table=Ease(ridge=77))
    busy.trainer.publish(events.learnt(now=events.newest, settings=TrainSettings(model=other)), forced=True)
    busy.clock.advance(2)
    asked = []

    def tune(*args, **options):
        asked.append(1)
        popular, wanted, served = tuned(*args, **options).trials
        trials = [popular, wanted, msgspec.structs.replace(served, ndcg=wanted.ndcg + (0.01 if better else -0.01))]
        return Tuned(wanted.model, trials)

    tuned = tuning.tune
    monkeypatch.setattr(tuning, "tune", tune)

    ridges = []
    for _ in range(2):
        busy.trains()
        ridges.append(busy.models.current().manifest.facts["learnt"]["table"].get("ridge", Ease().ridge))

    assert ridges == [77 if better else Ease().ridge] * 2
    assert len(asked) == 1
