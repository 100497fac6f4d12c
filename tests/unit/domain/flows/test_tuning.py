"""Tuning chooses on the shop's own last weeks, keeps what it chose, and publishes nothing that is worth less."""

import pytest
from counter import COFFEE, GARDEN

from bodega.domain.recommendations.evidence import NotWorthItError


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
