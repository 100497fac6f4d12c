"""Versions of the model: published whole or not at all, refused when broken, and put back by one call."""

import gc
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bodega.domain.flows.training import Trainer
from bodega.domain.recommendations.artifacts import KEPT, BrokenModelError
from bodega.errors import ConflictError, NotFoundError, UnavailableError
from bodega.wiring.recommendations import order_log_of
from descriptors import FOLDER, open_files


def copied(counter, version, name):
    """Store a version's files again under another name."""
    for info in list(counter.objects.list(f"models/{version}/")):
        counter.objects.put(info.key.replace(version, name), counter.objects.get(info.key))


def another_trainer(counter, models):
    shop = counter.shop
    return Trainer(
        orders=shop.orders,
        log=order_log_of(shop.world, shop.orders),
        catalog=shop.catalog,
        inventory=shop.inventory,
        models=models,
        duels=shop.recommendation_duels,
        indexer=shop.indexer,
        clock=counter.clock,
        ids=shop.world.ids,
    )


@pytest.mark.parametrize("part", ["neighbours", "product_ids", "items_sketches", "together_weights", "category_ids"])
@pytest.mark.parametrize("bytes_there", [b"no array at all", b"PK\x03\x04 an archive"], ids=["text", "archive"])
def test_a_broken_artifact_is_refused_and_the_last_good_model_stays(counter, part, bytes_there):
    good = counter.models.current_version()
    copied(counter, good, "evil")
    counter.objects.put(f"models/evil/{part}.npy", bytes_there)

    with pytest.raises(BrokenModelError):
        counter.models.point_at("evil", expected=good)
    counter.points_at("evil")
    counter.clock.advance(2)

    assert counter.models.current().version == good


def test_arrays_that_do_not_belong_together_are_refused(counter):
    good = counter.models.current_version()
    counter.puts_on_the_shelf("lamp")
    counter.trains()
    later = counter.models.current_version()
    copied(counter, good, "mixed")
    counter.objects.put("models/mixed/items_prices.npy", counter.objects.get(f"models/{later}/items_prices.npy"))

    with pytest.raises(BrokenModelError):
        counter.models.point_at("mixed", expected=later)


def test_a_model_of_another_version_of_the_shop_is_refused_and_training_is_due(counter):
    good = counter.models.current_version()
    key = f"models/{good}/manifest.json"
    manifest = msgspec.json.decode(counter.objects.get(key))
    counter.objects.put(key, msgspec.json.encode(manifest | {"format": 2}))

    another = counter.another_store()

    assert another.current() is None
    assert another.versions() == []
    assert another_trainer(counter, another).due(every=timedelta(days=1))


def test_when_no_stored_model_can_be_read_training_is_due_again(counter):
    for info in list(counter.objects.list("models/")):
        counter.objects.put(info.key, b"from another age")
    another = counter.another_store()
    trainer = another_trainer(counter, another)

    assert another.versions() == []
    assert trainer.due(every=timedelta(days=1))
    trainer.train()
    assert not trainer.due(every=timedelta(days=1))


@pytest.mark.parametrize("damage", [b"{", b"\xff", b'{"format": 3}', None], ids=["cut", "bytes", "poor", "gone"])
def test_a_process_that_meets_a_damaged_manifest_serves_the_last_good_model(counter, damage):
    good = counter.models.current_version()
    copied(counter, good, "later")
    if damage is None:
        counter.objects.delete("models/later/manifest.json")
    else:
        counter.objects.put("models/later/manifest.json", damage)
    counter.points_at("later")

    another = counter.another_store()

    assert another.current().version == good
    assert [manifest.version for manifest in another.versions()] == [good]


def test_a_manifest_with_a_time_that_is_none_is_broken(counter):
    key = f"models/{counter.models.current_version()}/manifest.json"
    manifest = msgspec.json.decode(counter.objects.get(key))
    counter.objects.put(key, msgspec.json.encode(manifest | {"as_of": "lately"}))

    assert counter.another_store().current() is None


def test_a_store_that_cannot_be_reached_for_a_moment_is_asked_again(counter):
    class Flaky:
        def __init__(self, objects):
            self.objects, self.down = objects, True

        def __getattr__(self, name):
            if self.down:
                raise UnavailableError("no answer")
            return getattr(self.objects, name)

    flaky = Flaky(counter.objects)
    another = counter.another_store(flaky)
    with pytest.raises(UnavailableError):
        another.current()

    flaky.down = False

    assert another.current().version == counter.models.current_version()


def test_the_lost_count_of_what_was_sold_stops_neither_search_nor_training(counter):
    version = counter.models.current_version()
    counter.objects.put(f"models/{version}/sold.json", b"{\xff")

    assert counter.another_store().sold() == {}
    assert counter.trains().version != version
    assert counter.models.sold()


def test_publishing_over_a_version_that_moved_meanwhile_is_refused(counter):
    with pytest.raises(ConflictError):
        counter.models.point_at(counter.models.current_version(), expected="another")
    with pytest.raises(NotFoundError):
        counter.models.point_at("no-such-version", expected=counter.models.current_version())


@pytest.mark.parametrize("version", ["", "..", "../x", "\0", "\ud800", "x" * 81, "a/b"], ids=ascii)
def test_no_name_of_a_version_reaches_beyond_the_models(counter, version):
    with pytest.raises(NotFoundError):
        counter.models.point_at(version, expected=counter.models.current_version())
    assert counter.models.find(version) is None


def test_rolling_back_puts_the_version_before_into_service_in_every_process(counter):
    first = counter.models.current_version()
    counter.trains()
    another = counter.another_process()
    assert another.models.current().version != first

    assert counter.models.roll_back() == first
    counter.clock.advance(2)

    assert another.models.current().version == counter.models.current().version == first
    another.close()


def test_a_rollback_lasts_until_the_next_training_is_due(counter):
    counter.clock.advance(23 * 3600)
    counter.trains()
    counter.models.roll_back()
    counter.clock.advance(2 * 3600)

    assert not counter.trainer.due(every=timedelta(days=1))

    counter.clock.advance(23 * 3600)
    assert counter.trainer.due(every=timedelta(days=1))


def test_a_broken_version_is_passed_over_when_rolling_back(counter):
    first = counter.models.current_version()
    counter.trains()
    counter.objects.delete(f"models/{counter.models.current_version()}/weights.npy")
    counter.trains()

    assert counter.models.roll_back() == first
    with pytest.raises(NotFoundError):
        counter.models.roll_back()


def test_before_any_model_there_is_nothing_to_roll_back_to(empty_counter):
    with pytest.raises(NotFoundError):
        empty_counter.models.roll_back()


def test_rolling_back_to_a_version_whose_files_are_gone_is_refused(counter):
    first = counter.models.current_version()
    counter.trains()
    second = counter.models.current_version()
    for info in list(counter.objects.list(f"models/{first}/")):
        if not info.key.endswith("manifest.json"):
            counter.objects.delete(info.key)

    with pytest.raises(BrokenModelError):
        counter.models.point_at(first, expected=second)

    assert counter.models.current_version() == second


def test_old_versions_are_deleted_but_for_a_few_and_those_in_use(counter):
    first = counter.models.current_version()
    for _ in range(KEPT + 2):
        counter.trains()

    stored = [manifest.version for manifest in counter.models.versions()]
    assert len(stored) == KEPT
    assert first not in stored
    assert counter.models.current_version() == stored[-1]
    assert not list(counter.objects.list(f"models/{first}/"))


def files_of_models(folder):
    """Return the files of models below a folder that this process has open."""
    return [
        Path(name)
        for name in open_files()
        if name.startswith(f"{folder}/") and name.endswith((".npy", ".npy (deleted)"))
    ]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="only Linux tells what a process has open")
def test_a_closed_shop_has_no_file_of_a_model_open(counter):
    # Python would find them one day. Until then each shop that was opened and closed costs two dozen descriptors.
    gc.disable()
    try:
        counter.asks("cus_c1")
        assert files_of_models(counter.folder)

        counter.close()

        assert files_of_models(counter.folder) == []
    finally:
        gc.enable()


@pytest.mark.skipif(not FOLDER.is_dir(), reason="only Linux tells what a process has open")
def test_of_the_versions_before_no_file_stays_open(counter):
    # What was deleted is on the disk for as long as it is open, and a large shop's model has a hundred megabytes.
    for _ in range(4):
        counter.trains()
        counter.asks("cus_c1")
    gc.collect()

    versions = {path.parent.name for path in files_of_models(counter.folder)}

    assert len(versions) == 2  # the one in service, and the one before, in case that both are compared
